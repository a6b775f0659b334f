"""No work that was saved is lost from the index, whoever saves at once; the limit of an hour holds for all of them."""

import hashlib
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from sfumato.errors import SfumatoError
from sfumato.works import saved
from sfumato.works.recipe import Mark
from sfumato.works.saved import add, count_since, entered, newest, with_mark
from sfumato.works.state import index_file, transaction

MARK = Mark(identity="5f0a70aa", key_version=1)


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One in which there is nothing yet."""
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    return index_file()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """[now], to be set."""
    moments = [datetime(2026, 3, 4, 13, 5, tzinfo=UTC)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return moments[0]

    monkeypatch.setattr(saved, "datetime", Clock)
    return moments


def test_looking_makes_none(index: Path) -> None:
    assert (newest(3), with_mark("5f0a70aa"), count_since(datetime.now(UTC))) == ([], [], 0)
    assert not index.parent.exists()


def test_a_row_says_what_was_saved(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    (tmp_path / "works").mkdir()
    (tmp_path / "link").symlink_to("works")
    number = add(tmp_path / "link" / ".." / "works" / "a.png", b"file", model="ab" * 32, mark=MARK, recipe='{"a": 1}')
    (row,) = newest(10)
    assert row.number == number
    assert before <= row.when <= datetime.now(UTC)
    assert row.path == tmp_path.resolve() / "works" / "a.png"
    assert row.digest == hashlib.sha256(b"file").hexdigest()
    assert (row.mark, row.model, row.recipe, row.works) == (MARK, "ab" * 32, '{"a": 1}', 1)
    assert row.recipe_digest == hashlib.sha256(b'{"a": 1}').hexdigest()
    add(tmp_path / "bare.png", b"other", works=16)
    row = newest(1)[0]
    assert (row.mark, row.model, row.recipe, row.recipe_digest, row.works) == (None, None, None, None, 16)


def test_names_of_any_letters_come_back(tmp_path: Path) -> None:
    names = ["\u00e4 'quoted' \n.png", os.fsdecode(b"not \xe4 utf-8.png"), "%2F?mode=memory.png"]
    for name in names:
        add(tmp_path / name, b"file")
    assert [row.path.name for row in newest(9)] == names[::-1]


def test_the_index_itself_may_lie_in_a_directory_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "a?b#c%20 \u00e4"))
    add(tmp_path / "a.png", b"file")
    assert index_file().is_file()
    assert len(newest(2)) == 1


def test_works_are_found_by_their_mark_the_newest_first(tmp_path: Path) -> None:
    for number in range(3):
        add(tmp_path / f"{number}.png", b"file", mark=MARK)
        add(tmp_path / "other.png", b"file", mark=Mark(identity="00000001", key_version=1))
    assert [row.path.name for row in with_mark("5f0a70aa")] == ["2.png", "1.png", "0.png"]
    assert with_mark("ffffffff") == []


def test_the_newest_come_page_by_page(tmp_path: Path) -> None:
    for number in range(5):
        add(tmp_path / f"{number}.png", b"file")
    first = newest(2)
    second = newest(2, before=first[-1].number)
    third = newest(2, before=second[-1].number)
    assert [[row.path.stem for row in page] for page in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]


def test_a_file_is_known_as_long_as_it_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    add(path, b"file")
    (row,) = newest(1)
    assert row.unchanged() is None
    path.write_bytes(b"file")
    assert row.unchanged() == b"file"
    path.write_bytes(b"another")
    assert row.unchanged() is None
    path.unlink()
    path.mkdir()
    assert row.unchanged() is None


def test_works_are_counted_from_a_moment_on(tmp_path: Path, clock: list[datetime]) -> None:
    start = clock[0]
    for _ in range(3):
        add(tmp_path / "a.png", b"file", works=2)
        clock[0] += timedelta(minutes=10)
    assert [count_since(start + timedelta(minutes=minutes)) for minutes in (-1, 0, 1, 11, 21)] == [6, 6, 4, 2, 0]


def test_more_than_an_hour_allows_are_refused_until_it_is_over(tmp_path: Path, clock: list[datetime]) -> None:
    path = tmp_path / "a.png"
    begun = clock[0]
    for _ in range(3):
        add(path, b"file", most_per_hour=3)
        clock[0] += timedelta(minutes=10)
    free = (begun + timedelta(hours=1, minutes=1)).astimezone()
    with pytest.raises(SfumatoError) as raised:
        add(path, b"file", most_per_hour=3)
    assert str(raised.value) == (
        f"the policy allows 3 works an hour, and the last hour has 3; the next can be saved at {free:%H:%M}"
    )
    assert len(newest(9)) == 3
    later = (begun + timedelta(hours=1, minutes=11)).astimezone()
    with pytest.raises(SfumatoError, match=f"at {later:%H:%M}$"):
        add(path, b"file", works=2, most_per_hour=3)
    with pytest.raises(SfumatoError, match="and this would be 4 works at once"):
        add(path, b"file", works=4, most_per_hour=3)
    with pytest.raises(SfumatoError, match="the policy allows 0 works an hour, and this would be 1 work at once"):
        add(path, b"file", most_per_hour=0)
    clock[0] = begun + timedelta(hours=1, seconds=1)
    add(path, b"file", most_per_hour=3)
    add(path, b"file")  # without a limit


def test_what_a_clock_that_was_ahead_has_left_bars_nobody(tmp_path: Path, clock: list[datetime]) -> None:
    clock[0] += timedelta(days=400)
    add(tmp_path / "a.png", b"file", most_per_hour=1)
    clock[0] -= timedelta(days=400)
    add(tmp_path / "a.png", b"file", most_per_hour=1)


def test_a_work_is_written_and_entered_or_neither(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(OSError, match="it went wrong"), entered(path, b"file"):
        raise OSError("it went wrong")
    assert newest(9) == []
    with entered(path, b"file", mark=MARK):
        path.write_bytes(b"file")
    with pytest.raises(KeyboardInterrupt), entered(path, b"other"):
        path.write_bytes(b"other")
        raise KeyboardInterrupt  # when it was written already
    assert len(newest(9)) == 2


def test_where_it_cannot_be_entered_nothing_is_written(index: Path, tmp_path: Path) -> None:
    index.parent.mkdir()
    index.write_text("my notes")
    with pytest.raises(SfumatoError, match="damaged"), entered(tmp_path / "a.png", b"file"):
        (tmp_path / "a.png").write_bytes(b"file")
    assert not (tmp_path / "a.png").exists()
    assert index.read_text() == "my notes"


@pytest.mark.parametrize(
    "change", ["saved_at = 'noon'", "saved_at = 1 << 62", "mark = 'x'", "path = x'00'", "works = 'many'"]
)
def test_rows_that_the_program_did_not_write_are_damage(index: Path, tmp_path: Path, change: str) -> None:
    add(tmp_path / "a.png", b"file", mark=MARK, recipe="{}")
    with transaction(index, writes=True) as connection:
        connection.execute(f"UPDATE works SET {change}")
    with suppress(SfumatoError):
        add(tmp_path / "b.png", b"file")
    with pytest.raises(SfumatoError, match=r"works\.sqlite3: the index of saved works is damaged .*SFUMATO_STATE"):
        newest(9)


SAVING = """
import sys
from pathlib import Path
from threading import Thread
from sfumato.errors import SfumatoError
from sfumato.works.saved import add
def save(thread):
    for number in range(int(sys.argv[2])):
        try:
            add(Path(f"/works/{sys.argv[1]}-{thread}-{number}.png"), b"file", most_per_hour=int(sys.argv[3]))
        except SfumatoError as error:
            assert "the policy allows" in str(error), error
threads = [Thread(target=save, args=(number,)) for number in range(8)]
for each in threads: each.start()
for each in threads: each.join()
"""


def test_two_processes_of_eight_threads_lose_nothing_and_pass_no_limit() -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", SAVING, str(number), "6", "50"], stderr=subprocess.PIPE, text=True)
        for number in range(2)
    ]
    assert [process.communicate(timeout=120)[1] for process in running] == ["", ""]
    names = [row.path.name for row in newest(1000)]
    assert len(set(names)) == len(names) == 50


FORKING = """
import os, sys, warnings
from pathlib import Path
from threading import Thread
from sfumato.works.saved import add
warnings.simplefilter("ignore")
def save(name):
    for number in range(8):
        add(Path(f"/works/{name}-{number}.png"), b"file")
thread = Thread(target=save, args=("parent",))
thread.start()
children = []
for child in range(4):
    pid = os.fork()
    if not pid:
        try:
            save(child)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    children.append(pid)
thread.join()
sys.exit(any(os.waitpid(pid, 0)[1] for pid in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_children_lose_nothing_while_their_parent_saves() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    names = [row.path.name for row in newest(1000)]
    assert len(set(names)) == len(names) == 5 * 8


def test_threads_that_make_it_at_once_lose_nothing(index: Path, tmp_path: Path) -> None:
    threads = [Thread(target=lambda: add(tmp_path / "a.png", b"file")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(newest(99)) == 8
    assert [path.name for path in index.parent.iterdir()] == ["works.sqlite3"]
