"""Files that came from a browser keep their names, and nothing of a name can lead elsewhere."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.studio.place import Place
from sfumato.studio.uploads import NoSuchUploadError, Upload, safe_path


def test_files_lie_under_their_paths_and_are_found_by_their_numbers(tmp_path: Path) -> None:
    place = Place(tmp_path)
    upload = Upload.begin(place)
    upload.add([(io.BytesIO(b"one"), "art/waves/1.png"), (io.BytesIO(b"two"), "art/2.png")])
    later = Upload.open(place, upload.id)
    (third,) = later.add([(io.BytesIO(b"three"), "metadata.csv")])
    assert [(each.number, each.path, each.bytes) for each in later.listed()] == [
        (0, "art/waves/1.png", 3), (1, "art/2.png", 3), (2, "metadata.csv", 5),
    ]  # fmt: skip
    assert later.path_of(third.number).read_bytes() == b"three"
    assert later.path_of(0) == upload.files / "art" / "waves" / "1.png"


def test_no_file_takes_the_place_of_another(tmp_path: Path) -> None:
    upload = Upload.begin(Place(tmp_path))
    added = upload.add([(io.BytesIO(bytes([number])), "a/1.png") for number in range(3)])
    assert [each.path for each in added] == ["a/1.png", "a/1 (2).png", "a/1 (3).png"]
    (within,) = upload.add([(io.BytesIO(b"x"), "a/1.png/2.png")])
    assert within.path == "2.png", "a file cannot be a folder as well"
    (folder,) = upload.add([(io.BytesIO(b"x"), "a")])
    assert folder.path == "a (2)"
    assert [upload.path_of(number).read_bytes() for number in range(3)] == [b"\0", b"\1", b"\2"]


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"), ("/etc/passwd", "etc/passwd"), ("C:\\art\\1.png", "C/art/1.png"),
        ("a/./b/../c.png", "a/b/c.png"), ("", "picture"), ("..", "picture"), ("a\0b\nc.png", "abc.png"),
        ("con.png", "_con.png"), ("NUL", "_NUL"), (" .a. ", "a"), ("สี/น้ำ.png", "สี/น้ำ.png"),
        ("x" * 300 + ".png", "x" * 110 + ".png"),
        ("/".join("abcdefghijklmnopqrst"), "/".join("efghijklmnopqrst")),
    ],
)  # fmt: skip
def test_of_a_path_only_its_names_count(named: str, kept: str) -> None:
    assert safe_path(named) == kept


@given(st.text(max_size=400))
def test_any_path_stays_inside_and_can_be_written(named: str) -> None:
    path = safe_path(named)
    parts = path.split("/")
    assert not Path(path).is_absolute() and not {"", ".", ".."} & set(parts)
    assert all(len(os.fsencode(part)) < 500 and part == part.strip() for part in parts)
    assert safe_path(path) == path


@pytest.mark.parametrize("id", ["", "..", "../x", "0123456789abcdef", "0123456789ABCDEF", "a" * 16 + "\n"])
def test_an_upload_that_is_none_says_so(tmp_path: Path, id: str) -> None:
    with pytest.raises(NoSuchUploadError, match="send its files again"):
        Upload.open(Place(tmp_path), id)


def test_a_number_that_is_none_says_how_many_there_are(tmp_path: Path) -> None:
    upload = Upload.begin(Place(tmp_path))
    upload.add([(io.BytesIO(b"x"), "1.png")])
    with pytest.raises(NoSuchUploadError, match=r"no file 1; it has 1 file$"):
        upload.path_of(1)


class Full(io.BytesIO):
    """A file of which the second half does not fit on the disk."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(28, "No space left on device")
        return super().read(10)


def test_half_a_file_is_not_kept(tmp_path: Path) -> None:
    upload = Upload.begin(Place(tmp_path))
    with pytest.raises(OSError, match="No space"):
        upload.add([(Full(b"x" * 20), "1.png")])
    assert list(upload.files.iterdir()) == [] and upload.listed() == []
