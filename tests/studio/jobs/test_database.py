"""One database for many: transactions are whole, and what cannot be done is said in a sentence."""

import json
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from sfumato.errors import SfumatoError
from sfumato.studio.jobs import database as module
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.database import Database, DatabaseError, as_json
from sfumato.studio.jobs.journal import Journal, record
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.place import Place

GENERATE = Generate(model="m")
# What each of several processes does that begin at the same moment: it makes the database, and works at its jobs.
WORK = """
import sys
from pathlib import Path
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.place import Place

sys.stdin.readline()
queue = Queue(Database.open(Place(Path(sys.argv[1])), sys.argv[2] or None))
for _ in range(10):
    queue.add(Generate(model="m"))
taken = []
while claim := queue.claim("make", f"here:{sys.argv[3]}:1"):
    claim.tell("told", {})
    taken.append(claim.job.id)
    claim.finish("finished")
print(*taken)
"""


def test_processes_that_make_and_use_it_at_the_same_time_share_the_jobs(address: tuple[Place, str | None]) -> None:
    place, url = address
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORK, str(place.path), url or "", str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(2)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(int(id) for answer in answers for id in answer.split()) == list(range(1, 21))
    database = Database.open(place, url)
    events = Journal(database).after(0)
    assert [event.seq for event in events] == list(range(1, 20 * 4 + 1))
    database.close()


def test_only_its_owner_can_look_into_the_directory(tmp_path: Path) -> None:
    Database.open(Place(tmp_path / "a" / "studio")).close()
    assert stat.S_IMODE((tmp_path / "a" / "studio").stat().st_mode) == 0o700


def test_a_transaction_is_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        record(connection, "models", {})
        connection.execute(sa.insert(tables.meta).values(name="a", value=1))
        raise ZeroDivisionError
    with database.reading() as connection:
        assert connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.name == "a")).first() is None


def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    place = Place(tmp_path / "studio")
    database = Database.open(place)
    queue = Queue(database)
    kept = queue.add(GENERATE)
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")  # as far as SQLite sees, the disk ends here
    full = re.escape(f"{place.database}: the disk is full, and nothing was changed; make room on it, and try again")
    with pytest.raises(DatabaseError, match=full):
        for _ in range(200):
            queue.add(GENERATE)
    jobs = queue.jobs(limit=500)
    assert jobs[-1] == kept
    assert [event.job for event in Journal(database).after(0)] == [job.id for job in reversed(jobs)]
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert queue.add(GENERATE).id == len(jobs) + 1
    database.close()


def test_one_who_holds_it_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    database = Database.open(Place(tmp_path / "studio"))
    with closing(sqlite3.connect(database.place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"studio\.sqlite3: others have held it for"):
            Queue(database).add(GENERATE)
        assert Queue(database).jobs() == []  # reading waits for nobody
    Queue(database).add(GENERATE)
    database.close()


def test_a_thread_that_writes_within_its_own_writing_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    database = Database.open(Place(tmp_path / "studio"))
    with pytest.raises(DatabaseError, match="others have held it"), database.writing(), database.writing():
        pass
    Queue(database).add(GENERATE)
    database.close()


def test_what_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.database.write_bytes(b"not a database at all, but a letter" * 100)
    with pytest.raises(DatabaseError, match="it is damaged, or no database"):
        Database.open(place)
    assert place.database.read_bytes().startswith(b"not a database")


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SfumatoError, match=r"file/studio: the studio's directory cannot be made \(Not a directory\)"):
        Database.open(Place(tmp_path / "file" / "studio"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/name", "mysql: is no database of the studio's; give postgresql"),
        ("sqlite:///other.sqlite3", "sqlite: is no database of the studio's"),
        ("postgresql", "the database's URL cannot be read; give postgresql"),
        ("postgresql://u@h:port/name", "the database's URL cannot be read"),
        ("postgresql://bob:secret@127.0.0.1:1/name", r"bob:\*\*\*@127.0.0.1:1/name: it cannot be reached"),
    ],
)
def test_a_url_that_leads_nowhere_is_said_without_its_password(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(SfumatoError, match=said) as caught:
        Database.open(Place(tmp_path), url)
    assert "secret" not in str(caught.value)


def test_json_has_no_numbers_that_are_none() -> None:
    assert json.loads(as_json({"a": (1.5, float("-inf")), "b": [{"c": float("nan")}]})) == {
        "a": [1.5, None],
        "b": [{"c": None}],
    }
