"""A zip as a source: its members' names, sizes and contents, none of which can be trusted."""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sfumato.collection.code_pages import STANDARD, code_page_of
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.files import BYTE_LIMIT, HEAD_BYTES, check_head
from sfumato.images.unusable import UnusableError

_MOST_MEMBERS: Final = 1_000_000
# Pictures hardly shrink. Past a gigabyte, a zip that unpacks to this many times its size was made to fill a machine.
_MOST_EXPANSION: Final = 200
_UTF_8: Final = 0x800  # the flag that says so of a name
_UNICODE_PATH: Final = 0x7075  # the extra field of Info-ZIP that holds a name once more, in UTF-8
_UNIX_SYSTEMS: Final = (3, 19)  # as APPNOTE.TXT 4.4.2.2 numbers those that zips are made on: Unix, macOS


class Archive:
    """A zip file, open for reading. Raises SfumatoError for other files, and for zips that were made to do harm.

    `members` holds each member under its name as it was meant: with forward slashes, in the encoding that it was
    written in. Of several of one name the last counts, as it does when they are unpacked; the others are `replaced`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise SfumatoError(
                f"{path} is not a zip file that can be read ({error}); give a folder or a sound zip."
            ) from error
        self.members: dict[str, zipfile.ZipInfo] = {}
        self.replaced: list[tuple[str, int, int]] = []
        for member, name in zip(self._zip.infolist(), _names(self._zip.infolist()), strict=True):
            if name.endswith("/"):
                continue
            earlier = self.members.get(name)
            if earlier is not None:
                self.replaced.append((name, earlier.file_size, earlier.CRC))
            self.members[name] = member
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


class Archives(dict[Path, Archive]):
    """Zips by their places, each opened when it is asked for first. Raises SfumatoError as `Archive` does."""

    def __missing__(self, path: Path) -> Archive:
        return self.setdefault(path, Archive(path))

    def close(self) -> None:
        """Close them all."""
        for archive in self.values():
            archive.close()
        self.clear()


def is_safe_name(name: str) -> bool:
    """Whether a member's name stays below the folder that it would be unpacked in, on any system."""
    if not name or "\\" in name or "\x00" in name or re.match(r"/|[A-Za-z]:", name):
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


def with_slashes(name: str) -> str:
    """A member's name with '/' between its parts, whatever separated them, and without empty and '.' parts.

    A '/' in front and '..' stay, for what leads out of the folder must be seen to.
    """
    name = name.replace("\\", "/")
    if "./" not in name and "//" not in name:
        return name
    parts = name.split("/")
    middle = [part for part in parts[:-1] if part not in ("", ".")]
    return ("/" if name.startswith("/") else "") + "/".join([*middle, parts[-1]])


def _names(members: list[zipfile.ZipInfo]) -> list[str]:
    """The members' names as they were meant."""
    # Python has read what does not say its encoding as the standard's code page, which loses nothing.
    unstated = [member for member in members if not (member.flag_bits & _UTF_8 or member.orig_filename.isascii())]
    encoding = STANDARD
    if unstated:
        from_unix = 2 * sum(member.create_system in _UNIX_SYSTEMS for member in unstated) > len(unstated)
        # Names with their own statement say nothing of the others.
        raw = [member.orig_filename.encode(STANDARD) for member in unstated if not _unicode_path(member)]
        encoding = code_page_of(raw, from_unix=from_unix)
    return [with_slashes(_name(member, encoding)) for member in members]


def _name(member: zipfile.ZipInfo, encoding: str) -> str:
    if stated := _unicode_path(member):
        return stated
    if member.flag_bits & _UTF_8 or member.orig_filename.isascii() or encoding == STANDARD:
        return member.orig_filename
    return member.orig_filename.encode(STANDARD).decode(encoding)


def _unicode_path(member: zipfile.ZipInfo) -> str:
    """The name in the extra field, if there is one and it is still that of this name (APPNOTE.TXT 4.6.9); '' if not."""
    extra = member.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        data, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind != _UNICODE_PATH or len(data) < 5 or data[0] != 1:
            continue
        raw = member.orig_filename.encode("utf-8" if member.flag_bits & _UTF_8 else STANDARD)
        if struct.unpack_from("<I", data, 1)[0] == zlib.crc32(raw):
            return data[5:].decode("utf-8", "ignore")
    return ""
