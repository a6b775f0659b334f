"""The program's own database is made once, for its user alone; what stands in its way is said in one sentence."""

import errno
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.works import state
from sfumato.works.state import index_file, is_made, make, state_directory, transaction

posix = pytest.mark.skipif(os.name == "nt", reason="rights are kept otherwise there")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the database is to be made."""
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    return index_file()


def test_it_lies_where_the_person_says_or_else_in_their_own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_STATE", "/a/state")
    assert index_file() == Path("/a/state/works.sqlite3")
    monkeypatch.setenv("SFUMATO_STATE", "here")
    assert state_directory() == Path.cwd() / "here"
    monkeypatch.delenv("SFUMATO_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/of/xdg")
    assert state_directory() == Path("/of/xdg/sfumato")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    for elsewhere in ("", "relative/state"):
        monkeypatch.setenv("XDG_STATE_HOME", elsewhere)
        assert state_directory() == Path("/home/ada/.local/state/sfumato")


def test_without_a_home_a_place_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.delenv("SFUMATO_STATE")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(SfumatoError, match="no home here to keep the index of saved works in; name a directory for it"):
        state_directory()


@posix
def test_it_is_made_for_its_user_alone(index: Path) -> None:
    assert not is_made(index)
    before = os.umask(0)
    try:
        make(index)
    finally:
        os.umask(before)
    assert is_made(index)
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in index.parent.iterdir()] == [
        ("works.sqlite3", 0o600)
    ]
    assert stat.S_IMODE(index.parent.stat().st_mode) == 0o700


def test_one_that_is_there_stays(index: Path) -> None:
    make(index)
    with transaction(index, writes=True) as connection:
        connection.execute("INSERT INTO works VALUES (7, 1, '/a', 'b', NULL, NULL, NULL, NULL, NULL, 1)")
    make(index)
    with transaction(index) as connection:
        assert connection.execute("SELECT number FROM works").fetchall() == [(7,)]
    assert [path.name for path in index.parent.iterdir()] == ["works.sqlite3"]


@pytest.mark.parametrize("fault", [errno.EPERM, errno.EOPNOTSUPP])
def test_where_files_cannot_be_linked_it_is_made_all_the_same(
    index: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def link(*arguments: object, **options: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "link", link)
    make(index)
    with transaction(index) as connection:
        assert connection.execute("SELECT * FROM works").fetchall() == []
    assert [path.name for path in index.parent.iterdir()] == ["works.sqlite3"]


def test_what_fails_within_leaves_nothing(index: Path) -> None:
    make(index)
    with pytest.raises(KeyboardInterrupt), transaction(index, writes=True) as connection:
        connection.execute("INSERT INTO works VALUES (7, 1, '/a', 'b', NULL, NULL, NULL, NULL, NULL, 1)")
        raise KeyboardInterrupt
    with transaction(index) as connection:
        assert connection.execute("SELECT * FROM works").fetchall() == []


def other(statement: str) -> Callable[[Path], object]:
    def put(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
            connection.commit()

    return put


def spoil(path: Path) -> None:
    make(path)
    data = bytearray(path.read_bytes())
    data[100:2000] = bytes(1900)
    path.write_bytes(data)


def with_format(version: int) -> Callable[[Path], object]:
    def put(path: Path) -> None:
        make(path)
        other(f"PRAGMA user_version = {version}")(path)

    return put


def without_tables(path: Path) -> None:
    other(f"PRAGMA application_id = {state.APPLICATION}")(path)
    other(f"PRAGMA user_version = {state.FORMAT}")(path)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda path: path.write_text("my notes"), r"damaged \(file is not a database\); move it away, and a new one"),
        (spoil, r"is damaged \(.*\); move it away"),
        (lambda path: path.write_bytes(b""), "another program's database, or empty"),
        (other("CREATE TABLE mine (a)"), "another program's database, or empty"),
        (with_format(9), "it has format 9, and this sfumato reads 1: install a newer one"),
        (without_tables, "is damaged .no such table"),
        (Path.mkdir, r"cannot be used \("),
    ],
    ids=["a text", "damaged", "empty", "another's", "a newer one", "without tables", "a directory"],
)
def test_what_is_not_its_own_is_left_as_it_is(index: Path, put: Callable[[Path], object], said: str) -> None:
    index.parent.mkdir()
    put(index)
    before = index.read_bytes() if index.is_file() else None
    for writes in (False, True):
        with (
            pytest.raises(SfumatoError, match=rf"works\.sqlite3: the index of saved works .*{said}") as raised,
            transaction(index, writes=writes) as connection,
        ):
            connection.execute("SELECT * FROM works").fetchall()
        assert "SFUMATO_STATE" in str(raised.value)
    assert (index.read_bytes() if index.is_file() else None) == before


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_named(index: Path) -> None:
    make(index)
    index.parent.chmod(0o500)
    try:
        with transaction(index) as connection:  # it can be read all the same
            assert connection.execute("SELECT * FROM works").fetchall() == []
        with (
            pytest.raises(SfumatoError, match=r"cannot be used .*; name another place in SFUMATO_STATE"),
            transaction(index, writes=True) as connection,
        ):
            connection.execute("DELETE FROM works")
            connection.execute("INSERT INTO works VALUES (7, 1, '/a', 'b', NULL, NULL, NULL, NULL, NULL, 1)")
    finally:
        index.parent.chmod(0o700)


def test_a_database_that_may_only_be_read_is_named(index: Path) -> None:
    make(index)
    with (
        pytest.raises(SfumatoError, match=r"cannot be used \(attempt to write a readonly database\); name another"),
        transaction(index, writes=True) as connection,
    ):
        connection.execute("PRAGMA query_only = ON")
        connection.execute("DELETE FROM works")


@pytest.mark.parametrize(
    ("fault", "said"), [(errno.EROFS, "Read-only file system"), (errno.ENOSPC, "the disk is full")]
)
def test_a_place_where_nothing_can_be_made_is_named(
    index: Path, monkeypatch: pytest.MonkeyPatch, fault: int, said: str
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(state.tempfile, "mkstemp", fail)
    with pytest.raises(SfumatoError, match=rf"works\.sqlite3: .* \({said}\); name another place in SFUMATO_STATE"):
        make(index)
    (index.parent / "notes").write_text("mine")
    monkeypatch.setenv("SFUMATO_STATE", str(index.parent / "notes"))
    with pytest.raises(SfumatoError, match="name another place"):
        make(index_file())
    assert (index.parent / "notes").read_text() == "mine"


def test_a_full_disk_is_said(index: Path) -> None:
    make(index)
    with (
        pytest.raises(SfumatoError, match=r"cannot be used \(the disk is full\); name another place in SFUMATO_STATE"),
        transaction(index, writes=True) as connection,
    ):
        connection.execute("PRAGMA max_page_count = 1")
        connection.execute("INSERT INTO works VALUES (7, 1, '/a', 'b', NULL, NULL, NULL, NULL, ?, 1)", ("r" * 100_000,))
    with transaction(index) as connection:
        assert connection.execute("SELECT * FROM works").fetchall() == []


def test_who_else_holds_it_is_waited_for_and_then_said(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(index)
    monkeypatch.setattr(state, "_PATIENCE", 0.05)
    with closing(sqlite3.connect(index, isolation_level=None)) as other_program:
        other_program.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(SfumatoError, match="another program has held it for"),
            transaction(index, writes=True),
        ):
            pass


def test_a_place_in_nobodys_home_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_STATE", "~nobody-of-this-name/state")
    with pytest.raises(SfumatoError, match=r"^SFUMATO_STATE: ~nobody-of-this-name/state: there is no such user here"):
        state_directory()
