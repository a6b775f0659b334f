"""What a browser sent: a folder of files by the names that they had, for the server and the jobs that use them.

An upload's folder holds `files`, its files under their relative paths, and `list.jsonl`, a line for each in the order
in which they came: so a file has a number, and no path from outside is ever opened.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from sfumato.disk import flush_file
from sfumato.errors import SfumatoError
from sfumato.studio.place import Place
from sfumato.text import counted, readable

MOST_FILES: Final = 100_000  # of one upload
_MOST_PARTS: Final = 16  # folders within folders
_LONGEST_NAME: Final = 120  # letters; some file systems take 255 bytes, and a letter has up to four
_ID: Final = re.compile(r"[a-z0-9]{16}")
# What Windows takes for a device, whatever its ending.
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LOCK: Final = threading.Lock()  # numbers are given out one after the other


class NoSuchUploadError(SfumatoError):
    """There is no upload of that id, or it has no file of that number."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """path: relative, with '/', as it lies in the upload's ``files``; bytes: its size."""

    number: int
    path: str
    bytes: int


@dataclass(frozen=True)
class Upload:
    """id: sixteen letters that nobody can guess; path: its folder."""

    id: str
    path: Path

    @classmethod
    def begin(cls, place: Place) -> Self:
        """A new one without files. Raises OSError where it cannot be made."""
        id = secrets.token_hex(8)
        upload = cls(id, place.uploads / id)
        upload.files.mkdir(parents=True, mode=0o700)
        return upload

    @classmethod
    def open(cls, place: Place, id: str) -> Self:
        """Raises NoSuchUploadError, for one whose files became a collection's pictures too."""
        upload = cls(id, place.uploads / id)
        if not _ID.fullmatch(id) or not upload.files.is_dir():
            raise NoSuchUploadError(f"there is no upload '{id}' any more; send its files again")
        return upload

    @property
    def files(self) -> Path:
        """The folder of its files, which a collection can be made of."""
        return self.path / "files"

    @property
    def list_file(self) -> Path:
        return self.path / "list.jsonl"

    def listed(self) -> list[UploadedFile]:
        """All its files, in the order of their numbers."""
        try:
            lines = self.list_file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [UploadedFile(**json.loads(line)) for line in lines]

    def file(self, number: int) -> UploadedFile:
        """Raises NoSuchUploadError."""
        found = self.listed()
        if not 0 <= number < len(found):
            raise NoSuchUploadError(
                f"the upload '{self.id}' has no file {number}; it has {counted(len(found), 'file')}"
            )
        return found[number]

    def path_of(self, number: int) -> Path:
        """Where a file lies. Raises NoSuchUploadError."""
        return self.files / self.file(number).path

    def add(self, received: Iterable[tuple[BinaryIO, str]]) -> list[UploadedFile]:
        """Keep files, each with the path that it had where it came from, of which only the names count. One that would
        take the place of another gets a name of its own.

        Raises SfumatoError for more than ``MOST_FILES``, and OSError where they cannot be written.
        """
        with _LOCK:
            number = len(self.listed())
            added = []
            for content, named in received:
                if number >= MOST_FILES:
                    raise SfumatoError(f"an upload has at most {MOST_FILES:,} files; begin another")
                path, size = self._kept(content, safe_path(named))
                added.append(UploadedFile(number, path, size))
                number += 1
            with self.list_file.open("ab") as file:
                for each in added:
                    file.write(json.dumps(asdict(each)).encode() + b"\n")
                flush_file(file)
        return added

    def _kept(self, content: BinaryIO, path: str) -> tuple[str, int]:
        """The path under which it lies now, and its size in bytes."""
        folder, _, name = path.rpartition("/")
        stem, dot, ending = name.rpartition(".")
        if not dot or not stem:
            stem, dot, ending = name, "", ""
        try:
            (self.files / folder).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):  # a file has the folder's name
            folder = ""
        for again in range(1, MOST_FILES):
            chosen = name if again == 1 else f"{stem} ({again}){dot}{ending}"
            place = self.files / folder / chosen
            try:
                with place.open("xb") as file:
                    try:
                        size = _copy(content, file)
                    except OSError:  # half of a picture is of no use
                        place.unlink()
                        raise
            except (FileExistsError, IsADirectoryError):
                continue
            return f"{folder}/{chosen}" if folder else chosen, size
        raise SfumatoError(f"there are too many files called {name}; begin another upload")


def safe_path(named: str) -> str:
    """A relative path of plain names, with '/': no way up, no root, no drive, nothing that a file system takes for
    anything but a name. 'picture' where nothing of it can be kept."""
    parts = [_safe_name(part) for part in re.split(r"[/\\]", readable(named))]
    kept = [part for part in parts if part][-_MOST_PARTS:]
    return "/".join(kept) or "picture"


def _safe_name(part: str) -> str:
    name = "".join(letter for letter in part if letter.isprintable() and letter not in '<>:"|?*').strip(" .")
    if len(name) > _LONGEST_NAME:  # the ending says what people call it
        stem, dot, ending = name.rpartition(".")
        ending = ending if dot and len(ending) < 10 else ""
        name = f"{(stem or name)[: _LONGEST_NAME - 10]}{'.' + ending if ending else ''}"
    return f"_{name}" if _DEVICE.fullmatch(name) else name


def _copy(content: BinaryIO, file: BinaryIO) -> int:
    size = 0
    while block := content.read(1 << 20):
        file.write(block)
        size += len(block)
    return size
