"""A folder or a zip, open for reading: the bytes of each of its files, by the name that the listing gives it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sfumato.collection import unusable
from sfumato.collection.archive import Archive
from sfumato.collection.reading import check_head
from sfumato.collection.sniffing import HEAD_BYTES
from sfumato.collection.unusable import UnusableError
from sfumato.disk import open_descriptor
from sfumato.errors import SfumatoError

ZIP_SUFFIXES: Final = (".zip", ".cbz")
_INSIDE: Final = re.compile(r"\.(zip|cbz)/", re.IGNORECASE)


class Source:
    """What pictures and texts are read from; `archive` where it is a zip, None where it is a folder.

    A file in a zip that lies in a folder is named 'some/art.zip/1.png'.

    Raises SfumatoError for a source that is neither a folder nor a zip that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._root = path, str(path)
        self.archive = None if path.is_dir() else Archive(path)
        self._packed: dict[str, Archive] = {}

    def close(self) -> None:
        """Close all files."""
        for archive in (self.archive, *self._packed.values()):
            if archive is not None:
                archive.close()

    def read(self, file: str) -> bytes:
        """A file's bytes, if it begins like a picture. Raises UnusableError."""
        archive, name = self._place(file)
        return read_file(f"{self._root}/{name}") if archive is None else archive.read(name)

    def read_text(self, file: str, limit: int) -> bytes:
        """A file's bytes, at most `limit` of them. Raises UnusableError."""
        archive, name = self._place(file)
        return _read_text(f"{self._root}/{name}", limit) if archive is None else archive.read_text(name, limit)

    def _place(self, file: str) -> tuple[Archive | None, str]:
        """The zip that holds a file, None where it lies in the folder itself, and its name there."""
        if self.archive is not None:
            archive, name = self.archive, file
        elif packed := self._packed_place(file):
            archive, name = packed
        else:
            return None, file
        if name not in archive.members:
            raise UnusableError(unusable.UNREADABLE, "not in the zip any more")
        return archive, name

    def _packed_place(self, file: str) -> tuple[Archive, str] | None:
        outer, name = split_packed(file)
        if not outer or not (self.path / outer).is_file():
            return None
        if outer not in self._packed:
            try:
                self._packed[outer] = Archive(self.path / outer)
            except SfumatoError as error:
                raise UnusableError(unusable.UNREADABLE, "its zip cannot be read any more") from error
        return self._packed[outer], name


def split_packed(file: str) -> tuple[str, str]:
    """'a/b.zip/c/d.png' as ('a/b.zip', 'c/d.png'); ('', file) where no part but the last is named like a zip."""
    inside = _INSIDE.search(file)
    return (file[: inside.end() - 1], file[inside.end() :]) if inside else ("", file)


def read_file(path: Path | str) -> bytes:
    """The bytes of a file that begins like a picture. Raises UnusableError for any other, and for an unreadable one.

    It waits for nothing, so that a pipe in a picture's place cannot hold the process for ever.
    """
    with _opened(path) as descriptor:
        size = os.fstat(descriptor).st_size
        head = os.read(descriptor, HEAD_BYTES)
        check_head(head, size, str(path).rpartition("/")[2])
        return head + _read(descriptor, size)


def _read_text(path: str, limit: int) -> bytes:
    with _opened(path) as descriptor:
        return _read(descriptor, limit)


def _read(descriptor: int, most: int) -> bytes:
    """At most so many bytes; one call is enough for any usual picture."""
    data = os.read(descriptor, most)
    while data and len(data) < most and (more := os.read(descriptor, most - len(data))):
        data += more
    return data


@contextmanager
def _opened(path: Path | str) -> Iterator[int]:
    """A regular file's descriptor. Raises UnusableError for any other kind, and for what cannot be read."""
    try:
        descriptor = open_descriptor(path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except IsADirectoryError as error:
        raise UnusableError(unusable.SPECIAL, "a folder, not a file") from error
    except OSError as error:
        said = (error.strerror or str(error)).removeprefix("is ")
        if error.errno == errno.EINVAL:
            raise UnusableError(unusable.SPECIAL, said) from error
        if error.errno == errno.ELOOP:
            raise UnusableError(unusable.LINK, said) from error
        raise UnusableError(unusable.UNREADABLE, f"cannot be read ({said})") from error
