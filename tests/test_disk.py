"""What is said to be on the disk is there, and what was there before is lost only then."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest

from sfumato.disk import (
    disk_fault,
    flush_directory,
    open_file,
    read_file,
    replace_file,
    write_through,
    write_whole_file,
    write_whole_text,
)
from sfumato.errors import SfumatoError


def full(*arguments: Any, **options: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, done = tmp_path / "latest", []
    path.write_bytes(b"old")
    fsync, replace = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        done.append(f"flushed {os.fstat(descriptor).st_size} bytes, {path.read_text()} in the place")
        fsync(descriptor)

    def renamed(temporary: Path, target: Path) -> Path:
        done.append(f"renamed to {target.name}")
        return replace(temporary, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    replace_file(path, b"the new one")
    assert done == ["flushed 11 bytes, old in the place", "renamed to latest"]
    assert path.read_bytes() == b"the new one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("place", "name"), [(os, "fsync"), (Path, "replace")])
def test_a_full_disk_leaves_a_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    path = tmp_path / "latest"
    path.write_bytes(b"old")
    monkeypatch.setattr(place, name, full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_did_not_reach_the_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_through(tmp_path / "file", b"\x00\n\r\xff")
    assert (tmp_path / "file").read_bytes() == b"\x00\n\r\xff"
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_through(tmp_path / "file", b"")


def test_a_directory_that_did_not_reach_the_disk_is_an_error_and_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush_directory(tmp_path)
    opened, os_open = [], os.open
    monkeypatch.setattr(os, "open", lambda *arguments: opened.append(os_open(*arguments)) or opened[-1])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        flush_directory(tmp_path)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_windows_is_not_asked_to_open_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.disk.os", SimpleNamespace(name="nt"))
    flush_directory(tmp_path)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (ValueError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system"),
        (ValueError("something else"), "something else"),
    ],
)
def test_a_fault_is_said_in_a_few_words(error: Exception, said: str) -> None:
    assert disk_fault(error) == said


@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "circle", "missing"])
def test_what_is_no_file_is_not_opened_nor_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind != "missing":
        path.symlink_to("/dev/zero" if kind == "device" else path)
    with pytest.raises(OSError, match="file"):
        open_file(path)


def test_a_file_is_read_to_its_bound_and_no_larger_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    assert read_file(tmp_path / "file", 4) == b"1234"
    with pytest.raises(OSError, match="has 4 bytes, and 3 are the most"):
        read_file(tmp_path / "file", 3)
    with pytest.raises(OSError, match="not the name of a file"):
        read_file(tmp_path / "a\x00b", 3)


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


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, force: bool) -> None:
    """For who may do anything, as in a container, /dev/null would become a file for all programs."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(SfumatoError, match=rf"{name} is a pipe, not a file; choose another name"):
            write_whole_file(tmp_path / name, _writes(b"whole"), force=force)
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


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
