"""Pictures are decoded by processes that can die, and thumbnails are kept until the file is another."""

import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sfumato.studio.place import Place
from sfumato.studio.server import pictures
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.pictures import Pictures


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pictures]:
    found = Pictures(Place(tmp_path_factory.mktemp("shown")), processes=1)
    try:
        yield found
    finally:
        found.close()


def picture(path: Path, colour: str = "red", size: tuple[int, int] = (90, 60)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def test_a_thumbnail_is_made_once_and_anew_when_the_file_is_another(
    shown: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture(tmp_path / "1.png")
    first = shown.thumbnail(path)
    with monkeypatch.context() as patch:
        patch.setattr(Pictures, "view", lambda *_, **__: pytest.fail("it was kept"))
        assert shown.thumbnail(path) == first
    picture(path, "blue")
    assert shown.thumbnail(path) != first


def test_a_file_in_a_zip_or_a_folder_is_shown(shown: Pictures, tmp_path: Path) -> None:
    path = picture(tmp_path / "1.png")
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        archive.write(path, "deep/1.png")
    expected = shown.thumbnail(path)
    assert shown.thumbnail(tmp_path / "art.zip", inside="deep/1.png") == expected
    assert shown.thumbnail(tmp_path, inside="1.png") == expected
    assert shown.thumbnail(tmp_path, inside="art.zip/deep/1.png") == expected


def test_a_decoder_that_dies_takes_one_picture_along_and_no_more(shown: Pictures, tmp_path: Path) -> None:
    path = picture(tmp_path / "1.png")
    shown.look(path)
    process = shown._decoders[0].start()
    os.kill(process.pid, signal.SIGSTOP)  # it hangs, as in a decoder written in C
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "_SECONDS", 0.2)
        assert shown.look(path) == "decoding it took longer than 0.2 s"
    assert shown.look(path) == (90, 60)
    shown._decoders[0].start().kill()
    assert shown.look(path) in ("its decoder died", (90, 60))
    assert shown.look(path) == (90, 60)


@pytest.mark.parametrize("name", ["none.png", "none/1.png", "a\0b"])
def test_a_file_that_is_gone_is_404(shown: Pictures, tmp_path: Path, name: str) -> None:
    with pytest.raises(HttpError) as error:
        shown.thumbnail(tmp_path / name)
    assert error.value.status == 404


def test_a_pipe_in_a_pictures_place_holds_up_nobody(shown: Pictures, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(HttpError, match="a pipe") as error:
        shown.thumbnail(tmp_path / "pipe.png")
    assert error.value.status == 422


def test_no_process_is_left_at_the_end(tmp_path: Path) -> None:
    ended = Pictures(Place(tmp_path), processes=2)
    ended.warm()
    processes = [decoder.start() for decoder in ended._decoders]
    ended.close()
    assert all(process.poll() is not None for process in processes)
    assert ended.look(picture(tmp_path / "1.png")) == "the decoder does not start"
