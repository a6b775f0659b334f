import io
import os
import sys
import zipfile
from contextlib import closing

import pytest

from sfumato.collection.sources import Source, split_packed
from sfumato.images import unusable
from sfumato.images.unusable import UnusableError


@pytest.fixture
def picture(paint) -> bytes:
    buffer = io.BytesIO()
    paint(1).save(buffer, "PNG")
    return buffer.getvalue()


def kind(source: Source, file: str) -> str:
    with pytest.raises(UnusableError) as caught:
        source.read(file)
    return caught.value.kind


def test_the_same_files_are_read_from_a_folder_a_zip_and_a_zip_in_a_folder(tmp_path, picture):
    (tmp_path / "art" / "a").mkdir(parents=True)
    (tmp_path / "art" / "a" / "1.png").write_bytes(picture)
    (tmp_path / "art" / "t.txt").write_bytes(b"text")
    with zipfile.ZipFile(tmp_path / "art" / "Some.ZIP", "w") as archive:
        archive.writestr("a/1.png", picture)
        archive.writestr("t.txt", b"text")
    for path, before in (
        (tmp_path / "art", ""),
        (tmp_path / "art" / "Some.ZIP", ""),
        (tmp_path / "art", "Some.ZIP/"),
    ):
        with closing(Source(path)) as source:
            assert source.read(f"{before}a/1.png") == picture
            assert source.read_text(f"{before}t.txt", 2) == b"te"
            assert kind(source, f"{before}t.txt") == unusable.NOT_A_PICTURE
            assert kind(source, f"{before}gone.png") == unusable.UNREADABLE


def test_a_zip_that_is_gone_or_broken_is_unreadable(tmp_path, picture):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    with closing(Source(tmp_path)) as source:
        assert kind(source, "broken.zip/1.png") == unusable.UNREADABLE
        assert kind(source, "gone.zip/1.png") == unusable.UNREADABLE


def test_a_folder_may_be_called_like_a_zip(tmp_path, picture):
    (tmp_path / "a.zip").mkdir()
    (tmp_path / "a.zip" / "1.png").write_bytes(picture)
    with closing(Source(tmp_path)) as source:
        assert source.read("a.zip/1.png") == picture


def test_where_a_name_leaves_the_folder_for_a_zip():
    assert split_packed("a/B.Zip/c/d.png") == ("a/B.Zip", "c/d.png")
    assert split_packed("a.cbz/b.zip/1.png") == ("a.cbz", "b.zip/1.png")
    assert split_packed("a/b.zip") == ("", "a/b.zip")
    assert split_packed("zip/1.png") == ("", "zip/1.png")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_holds_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with closing(Source(tmp_path)) as source:
        assert kind(source, "pipe.png") == unusable.SPECIAL


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep their file names Unicode")
def test_a_name_of_any_bytes_opens_its_file(tmp_path, picture):
    name = os.fsdecode(b"Gem\xe4lde.png")
    (tmp_path / name).write_bytes(picture)
    with closing(Source(tmp_path)) as source:
        assert source.read(name) == picture
