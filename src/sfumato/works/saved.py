"""The index of saved works: which were saved on this computer, when, where, with which mark and which recipe."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.images.files import BYTE_LIMIT
from sfumato.text import counted, restored_path, stored_path
from sfumato.works.recipe import Mark
from sfumato.works.state import damaged, index_file, is_made, make, transaction

if TYPE_CHECKING:
    import sqlite3

HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SavedWork:
    """A row. number: its own, higher than all before it; when: in UTC; path: absolute; digest: SHA-256 of the file;
    mark: the one in its pixels, None where there is none; model: SHA-256 of the weights, None where not one model made
    it; recipe: as JSON, and its SHA-256, None where the file does not say it; works: how many it shows."""

    number: int
    when: datetime
    path: Path
    digest: str
    mark: Mark | None
    model: str | None
    recipe_digest: str | None
    recipe: str | None
    works: int

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> SavedWork:
        """Raises ValueError, TypeError or OverflowError for what `add` would not have written."""
        number, when, path, digest, identity, version, model, recipe_digest, recipe, works = row
        texts = (path, digest, *(text for text in (model, recipe_digest, recipe) if text is not None))
        if not all(isinstance(text, str) for text in texts) or not isinstance(works, int):
            raise TypeError("it holds values of other kinds")
        mark = None if identity is None else Mark(identity=identity, key_version=version)
        moment = _EPOCH + timedelta(microseconds=when)
        return cls(number, moment, restored_path(path), digest, mark, model, recipe_digest, recipe, works)

    def unchanged(self) -> bytes | None:
        """The file's bytes, if it still lies there as it was saved; else None."""
        try:
            data = read_file(self.path, BYTE_LIMIT)
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == self.digest else None


def add(
    path: Path,
    data: bytes,
    *,
    model: str | None = None,
    mark: Mark | None = None,
    recipe: str | None = None,
    works: int = 1,
    most_per_hour: int | None = None,
) -> int:
    """Enter a file, which is to be written next, and return the row's number.

    path: where it is to lie; data: its bytes; model: SHA-256 of the weights; recipe: as JSON, None where the file does
    not say it; works: how many it shows; most_per_hour: how many may be saved within an hour on this computer, None for
    any number: counted and entered at once, however many processes save. The index is made if there is none. Raises
    SfumatoError where it would be more, and where the index cannot be written.
    """
    place = stored_path(Path(os.path.realpath(path.parent)) / path.name)
    marks = (None, None) if mark is None else (mark.identity, mark.key_version)
    recipe_digest = None if recipe is None else hashlib.sha256(recipe.encode()).hexdigest()
    row = (place, hashlib.sha256(data).hexdigest(), *marks, model, recipe_digest, recipe, works)
    index = index_file()
    if not is_made(index):
        make(index)
    with transaction(index, writes=True) as connection:
        now = _microseconds(datetime.now(UTC))
        if most_per_hour is not None:
            _check_hour(connection, works, most_per_hour, now)
        return int(
            connection.execute("INSERT INTO works VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (now, *row)).lastrowid or 0
        )


def check_hour(most: int, works: int) -> None:
    """Raises SfumatoError, before they are made, where so many works more would be more than ``most`` within an hour;
    `add` counts once more."""
    index = index_file()
    if not is_made(index):
        make(index)
    with transaction(index) as connection:
        _check_hour(connection, works, most, _microseconds(datetime.now(UTC)))


def remove(number: int) -> None:
    """Strike a row out, of a file that could not be written after all. Raises SfumatoError as `add`."""
    with transaction(index_file(), writes=True) as connection:
        connection.execute("DELETE FROM works WHERE number = ?", (number,))


@contextlib.contextmanager
def entered(path: Path, data: bytes, **said: Any) -> Iterator[None]:
    """While it is entered, the file has its row: a work is written and counted, or neither.

    See `add` for the arguments and the errors. Should the computer fail meanwhile, a row without a file is left.
    """
    number = add(path, data, **said)
    try:
        yield
    except BaseException:
        with contextlib.suppress(SfumatoError):  # what went wrong first is said
            if not any(row.unchanged() for row in _rows("WHERE number = ?", number)):
                remove(number)
        raise


def count_since(moment: datetime) -> int:
    """How many works were saved since a moment, which knows its time zone. Raises SfumatoError for an index that cannot
    be read; that there is none is no error."""
    index = index_file()
    if not is_made(index):
        return 0
    with transaction(index) as connection:
        return _count(connection, _microseconds(moment), 1 << 62)


def with_mark(identity: str) -> list[SavedWork]:
    """The works that were saved with a mark, the newest first. identity: its 32 bits, hexadecimal. Raises SfumatoError
    as `count_since`."""
    return _rows("WHERE mark = ? ORDER BY number DESC", identity)


def newest(count: int, before: int | None = None) -> list[SavedWork]:
    """The works that were saved last, the newest first; before: the number of a row, for those that were saved before
    it. Raises SfumatoError as `count_since`."""
    return _rows("WHERE number < ? ORDER BY number DESC LIMIT ?", (1 << 62) if before is None else before, count)


def _rows(which: str, *values: object) -> list[SavedWork]:
    index = index_file()
    if not is_made(index):
        return []
    with transaction(index) as connection:
        found = connection.execute(f"SELECT * FROM works {which}", values).fetchall()
    try:
        return [SavedWork.of_row(row) for row in found]
    except (ValueError, TypeError, OverflowError) as error:
        raise damaged(index, "a row is none that the program wrote") from error


def _check_hour(connection: sqlite3.Connection, works: int, most: int, now: int) -> None:
    """Raises SfumatoError where so many works more would be too many within an hour. now: microseconds."""
    # What a clock that was far ahead has left behind does not count.
    hour = round(HOUR.total_seconds() * 1e6)
    start, end = now - hour, now + hour
    saved = _count(connection, start, end)
    if saved + works <= most:
        return
    allowed = f"the policy allows {counted(most, 'work')} an hour"
    if works > most:
        raise SfumatoError(f"{allowed}, and this would be {counted(works, 'work')} at once")
    over, moment = saved + works - most, now
    for saved_at, count in connection.execute(
        "SELECT saved_at, works FROM works WHERE saved_at BETWEEN ? AND ? ORDER BY saved_at", (start, end)
    ):
        over, moment = over - count, saved_at
        if over <= 0:
            break
    free = (_EPOCH + timedelta(microseconds=moment + hour, minutes=1)).astimezone()
    raise SfumatoError(f"{allowed}, and the last hour has {saved:,}; the next can be saved at {free:%H:%M}")


def _count(connection: sqlite3.Connection, start: int, end: int) -> int:
    found = connection.execute("SELECT SUM(works) FROM works WHERE saved_at BETWEEN ? AND ?", (start, end)).fetchone()
    return int(found[0] or 0)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
