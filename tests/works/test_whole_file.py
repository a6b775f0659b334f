"""A file is there whole or not at all, and another one is never lost."""

from pathlib import Path
from typing import BinaryIO

import pytest

from sfumato.errors import SfumatoError
from sfumato.works.whole_file import write_whole_file, write_whole_text


def _writes(content: bytes):
    def write(file: BinaryIO) -> None:
        file.write(content)

    return write


def _breaks_off(file: BinaryIO) -> None:
    file.write(b"half")
    raise OSError(28, "No space left on device")


def test_a_file_is_written_in_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.bin"
    write_whole_file(path, _writes(b"whole"), force=False)
    assert path.read_bytes() == b"whole"
    assert [p.name for p in path.parent.iterdir()] == ["c.bin"]


def test_a_file_is_replaced_only_with_force(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    path.write_bytes(b"old")
    with pytest.raises(SfumatoError, match="exists already"):
        write_whole_file(path, _writes(b"new"), force=False)
    assert path.read_bytes() == b"old"
    write_whole_file(path, _writes(b"new"), force=True)
    assert path.read_bytes() == b"new"


def test_a_file_that_appears_while_one_is_written_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"

    def write(file: BinaryIO) -> None:
        file.write(b"mine")
        path.write_bytes(b"somebody else's")

    with pytest.raises(SfumatoError, match="exists already"):
        write_whole_file(path, write, force=False)
    assert path.read_bytes() == b"somebody else's"
    assert [p.name for p in tmp_path.iterdir()] == ["c.bin"]


def test_a_file_is_written_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    write_whole_file(tmp_path / "c.bin", _writes(b"whole"), force=False)
    assert (tmp_path / "c.bin").read_bytes() == b"whole"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, force: bool) -> None:
    path = tmp_path / "c.bin"
    if force:
        path.write_bytes(b"old")
    with pytest.raises(SfumatoError, match="the disk is full"):
        write_whole_file(path, _breaks_off, force=force)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([b"old"] if force else [])


def test_a_fault_of_the_program_leaves_no_half_file(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole_file(tmp_path / "c.bin", write, force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_or_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="is a folder"):
        write_whole_file(tmp_path, _writes(b""), force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SfumatoError, match="cannot be written"):
        write_whole_file(tmp_path / "file" / "c.bin", _writes(b""), force=False)


def test_a_text_is_written_as_utf8_and_not_over_another(tmp_path):
    path = tmp_path / "page.html"
    write_whole_text(path, "sfumäto", force=False)
    assert path.read_bytes() == "sfumäto".encode()
    with pytest.raises(SfumatoError, match="exists already"):
        write_whole_text(path, "other", force=False)
    assert path.read_text("utf-8") == "sfumäto"
