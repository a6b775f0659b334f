"""A zip as a source: its members' names, sizes and contents, none of which can be trusted."""

from __future__ import annotations

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sfumato.collection import unusable
from sfumato.collection.reading import BYTE_LIMIT, check_head
from sfumato.collection.sniffing import HEAD_BYTES
from sfumato.collection.unusable import UnusableError
from sfumato.errors import SfumatoError

_MOST_MEMBERS: Final = 1_000_000
# Pictures hardly shrink. Past a gigabyte, a zip that unpacks to so many times its size was made to fill a machine.
_MOST_EXPANSION: Final = 200


class Archive:
    """A zip file, open for reading. Raises SfumatoError where it is none, or was made to do harm."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise SfumatoError(
                f"{path} is not a zip file that can be read ({error}); give a folder or a sound zip."
            ) from error
        self.members = {member.filename: member for member in self._zip.infolist() if not member.is_dir()}
        self._check_expansion()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _check_expansion(self) -> None:
        if len(self.members) > _MOST_MEMBERS:
            raise SfumatoError(f"{self.path} has more than {_MOST_MEMBERS:,} members; unpack it and give the folder.")
        unpacked, packed = sum(member.file_size for member in self.members.values()), self.path.stat().st_size
        if unpacked > BYTE_LIMIT + _MOST_EXPANSION * packed:
            raise SfumatoError(
                f"{self.path} would unpack from {packed / 1e6:.1f} MB to {unpacked / 1e9:.0f} GB, "
                "which looks like a zip bomb; if it is not, unpack it and give the folder."
            )

    def files(self) -> Iterator[tuple[str, int, int]]:
        """Name, size in bytes and CRC-32 of every member that is not a directory, sorted by name."""
        for name, member in sorted(self.members.items()):
            yield name, member.file_size, member.CRC

    def check(self, name: str) -> None:
        """Raises UnusableError for a member that must not or cannot be read: its name, its kind, its encryption."""
        member = self.members[name]
        if not is_safe_name(name):
            raise UnusableError(unusable.UNSAFE, "its name in the zip leads out of the folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnusableError(unusable.LINK, "a link, which is not followed inside a zip")
        if member.flag_bits & 0x1:
            raise UnusableError(unusable.ENCRYPTED, "encrypted: unpack the zip with its password and give the folder")

    def read(self, name: str) -> bytes:
        """A member's bytes, if it begins like a picture. Raises UnusableError."""
        return self._read(name, None)

    def read_text(self, name: str, limit: int) -> bytes:
        """A text member's bytes, at most `limit` of them. Raises UnusableError."""
        return self._read(name, limit)

    def _read(self, name: str, text_limit: int | None) -> bytes:
        self.check(name)
        member = self.members[name]
        try:
            with self._zip.open(member) as file:
                if text_limit is not None:
                    return file.read(text_limit)
                head = file.read(HEAD_BYTES)
                check_head(head, member.file_size, name)
                return head + file.read(member.file_size)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise UnusableError(unusable.BROKEN, f"broken in the zip ({error})") from error
        except (OSError, RuntimeError, NotImplementedError, ValueError) as error:
            raise UnusableError(unusable.UNREADABLE, f"cannot be read from the zip ({error})") from error


def is_safe_name(name: str) -> bool:
    """Whether a member's name stays below the folder that it would be unpacked in, on any system."""
    if not name or name.startswith("/") or "\\" in name or "\x00" in name or ":" in name.split("/")[0]:
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))
