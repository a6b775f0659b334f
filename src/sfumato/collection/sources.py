"""A folder or a zip, open for reading: the bytes of each of its files, by the name that the listing gives it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sfumato.collection.archive import Archive, Archives
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.files import read_file, read_text_file
from sfumato.images.unusable import UnusableError

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
        self._packed = Archives()

    def close(self) -> None:
        """Close all files."""
        self._packed.close()
        if self.archive is not None:
            self.archive.close()

    def read(self, file: str) -> bytes:
        """A file's bytes, if it begins like a picture. Raises UnusableError."""
        archive, name = self._place(file)
        return read_file(f"{self._root}/{name}") if archive is None else archive.read(name)

    def read_text(self, file: str, limit: int) -> bytes:
        """A file's bytes, at most `limit` of them. Raises UnusableError."""
        archive, name = self._place(file)
        return read_text_file(f"{self._root}/{name}", limit) if archive is None else archive.read_text(name, limit)

    def _place(self, file: str) -> tuple[Archive | None, str]:
        """The zip that holds a file, None where it lies in the folder itself, and its name there."""
        archive, name = self.archive, file
        if archive is None:
            outer, name = split_packed(file)
            if not outer or not (self.path / outer).is_file():
                return None, file
            try:
                archive = self._packed[self.path / outer]
            except SfumatoError as error:
                raise UnusableError(unusable.UNREADABLE, "its zip cannot be read any more") from error
        if name not in archive.members:
            raise UnusableError(unusable.UNREADABLE, "not in the zip any more")
        return archive, name


def split_packed(file: str) -> tuple[str, str]:
    """'a/b.zip/c/d.png' as ('a/b.zip', 'c/d.png'); ('', file) where no part but the last is named like a zip."""
    inside = _INSIDE.search(file)
    return (file[: inside.end() - 1], file[inside.end() :]) if inside else ("", file)
