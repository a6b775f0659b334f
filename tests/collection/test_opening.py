"""One picture of a person's: whatever stands under its name, there is a picture or a sentence, and no waiting."""

import os
import socket
import time
from pathlib import Path

import pytest
from PIL import Image

from sfumato.collection.opening import opened
from sfumato.errors import SfumatoError


def refusal(path: Path) -> str:
    began = time.monotonic()
    with pytest.raises(SfumatoError) as caught:
        opened(path)
    assert time.monotonic() - began < 10
    return str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(tmp_path / "pipe.png").endswith("pipe.png: a pipe, not a file; give another picture")
    assert "a device, not a file" in refusal(Path("/dev/zero"))


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its name may have a hundred letters at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
    assert refusal(Path("s.png")) == "s.png: a socket, not a file; give another picture"


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.png").symlink_to("two.png")
    (tmp_path / "two.png").symlink_to("one.png")
    (tmp_path / "gone.png").symlink_to("nothing.png")
    assert "a circular link" in refusal(tmp_path / "one.png")
    assert "No such file" in refusal(tmp_path / "gone.png")
    assert "no such file; give a picture" in refusal(tmp_path / "nothing.png")
    assert "is a directory; give one picture" in refusal(tmp_path)
    assert "zero byte" in refusal(tmp_path / "a\x00b.png") or "no such file" in refusal(tmp_path / "a\x00b.png")


def test_a_file_of_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(40 * 10**9)
    assert "40.0 GB large; the limit is 1.1 GB" in refusal(tmp_path / "large.jpg")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("1", (9_600, 9_600)).save(tmp_path / "bomb.png")
    assert "9600 x 9600 pixels; the limit is 89 million" in refusal(tmp_path / "bomb.png")


def test_what_it_is_instead_is_said(tmp_path: Path) -> None:
    (tmp_path / "cover.kra").write_bytes(b"PK\x03\x04" + bytes(300))
    assert refusal(tmp_path / "cover.kra").endswith("a Krita document: export it as PNG; give another picture")


def test_a_tilde_is_the_home_of_its_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Image.new("RGB", (20, 20), "red").save(tmp_path / "mine.png")
    assert opened(Path("~/mine.png")).getpixel((3, 3)) == (255, 0, 0)
    assert refusal(Path("~/other.png")) == "~/other.png: no such file; give a picture"
    assert "no such file" in refusal(Path("~nobody-of-that-name/a.png"))
