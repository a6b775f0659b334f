"""The folders that the studio makes for people: an id that is a safe name, and beside it what they call it."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from sfumato.disk import read_json, replace_file, write_whole_text

_MOST_BYTES: Final = 1 << 16
_LONGEST: Final = 50  # letters of a name in an id
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """What is noted of a folder, in ID.json beside it. name: what people call it; job: that made it; asked_at: when
    that job was asked for, as ISO 8601, which tells it from jobs of another database with the same number."""

    name: str
    job: int
    asked_at: str

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """None where nothing is noted, or nothing that can be read."""
        try:
            noted = read_json(_file(folder), _MOST_BYTES)
            return cls(str(noted["name"]), int(noted["job"]), str(noted["asked_at"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def folder(self, parent: Path) -> Path:
        """The folder of the job's below ``parent``, noted with its first call, and the same with each later one. It is
        not made. Raises SfumatoError where nothing can be written."""
        for name in _names(self.name, self.job):
            folder = parent / name
            noted = Entry.read(folder)
            if noted is not None and (noted.job, noted.asked_at) == (self.job, self.asked_at):
                return folder
            if noted is None and not folder.exists() and not _file(folder).exists():
                write_whole_text(_file(folder), f"{json.dumps(asdict(self))}\n", force=False)
                return folder
        raise AssertionError("there is always another name")


def named(folder: Path, name: str) -> None:
    """Call a folder otherwise. Raises OSError."""
    noted = Entry.read(folder) or Entry(name, 0, "")
    changed = Entry(name, noted.job, noted.asked_at)
    replace_file(_file(folder), f"{json.dumps(asdict(changed))}\n".encode())


def is_id(text: str) -> bool:
    """Whether it could be the name of such a folder: no path can be spelled with it."""
    return _ID.fullmatch(text) is not None


def _file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _names(called: str, job: int) -> Iterator[str]:
    """'sea-studies-12', 'sea-studies-12-2' ... for 'Sea studies'; of names in other scripts the job's number alone."""
    plain = unicodedata.normalize("NFKD", called).encode("ascii", "ignore").decode().lower()
    stem = re.sub("[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "untitled"
    yield f"{stem}-{job}"
    yield from (f"{stem}-{job}-{number}" for number in itertools.count(2))
