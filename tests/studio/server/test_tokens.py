"""Tokens lie in a file of their owner's alone; keys open the page once."""

import os
import stat
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.studio.place import Place
from sfumato.studio.server.tokens import OWNER, Tokens, new_token, tokens_file


def test_the_owners_token_is_made_once_and_can_be_read_by_nobody_else(tmp_path: Path) -> None:
    place = Place(tmp_path / "studio")
    before = os.umask(0)
    try:
        tokens = Tokens.open(place)
    finally:
        os.umask(before)
    assert stat.S_IMODE(tokens_file(place).stat().st_mode) == 0o600
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    again = Tokens.open(place)
    assert (again.owner, again.cookie) == (tokens.owner, tokens.cookie)
    assert tokens.client(tokens.owner) == OWNER and tokens.client(tokens.cookie) is None
    assert len(tokens.owner) >= 40 and tokens.owner not in tokens.cookie


def test_a_file_that_others_can_read_is_not_trusted(tmp_path: Path) -> None:
    place = Place(tmp_path)
    Tokens.open(place)
    tokens_file(place).chmod(0o644)
    with pytest.raises(SfumatoError, match="chmod 600"):
        Tokens.open(place)


@pytest.mark.parametrize("said", ["", "[]", "{", '{"owner": "short"}', '{"owner": 5}'])
def test_a_file_without_tokens_says_so_and_stays(tmp_path: Path, said: str) -> None:
    place = Place(tmp_path)
    tokens_file(place).touch(0o600)
    tokens_file(place).write_text(said)
    with pytest.raises(SfumatoError, match="move it away"):
        Tokens.open(place)
    assert tokens_file(place).read_text() == said


def test_programs_come_and_go_while_the_server_runs(tmp_path: Path) -> None:
    place = Place(tmp_path)
    tokens = Tokens.open(place)
    token = new_token(place, "open-webui")
    assert tokens.client(token) == "open-webui" and tokens.programs == ["open-webui"]
    newer = new_token(place, "open-webui")
    assert (tokens.client(token), tokens.client(newer)) == (None, "open-webui")
    tokens_file(place).write_text("half a fi")
    assert tokens.client(newer) == "open-webui", "who edits the file locks nobody out"


@pytest.mark.parametrize("name", ["", OWNER, "a b", "../x", "A", "x" * 41])
def test_a_program_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SfumatoError, match="--new-token"):
        new_token(Place(tmp_path), name)


def test_a_key_counts_once_and_only_the_last_ones_do() -> None:
    tokens = Tokens({OWNER: "x" * 40})
    keys = [tokens.new_key() for _ in range(25)]
    assert [tokens.use_key(key) for key in keys] == [False] * 5 + [True] * 20
    assert not any(tokens.use_key(key) for key in [*keys, "", "\ud800"])
