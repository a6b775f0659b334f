"""Names of any bytes become text, and any text can be written."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.text import (
    class_name,
    counted,
    decoded,
    encoded,
    natural_order,
    printable,
    readable,
    restored_path,
    stored_path,
)


def test_a_latin_1_name_reads_as_it_was_meant() -> None:
    assert readable(os.fsdecode(b"Gem\xe4lde")) == "Gemälde"


def test_a_name_taken_apart_is_put_together() -> None:
    assert readable("Gema\u0308lde") == "Gem\u00e4lde"


def test_a_surrogate_that_stands_for_no_byte_is_replaced() -> None:
    assert readable("a\ud800b") == "a\ufffdb"


@given(st.binary(max_size=40))
def test_every_file_name_becomes_text_that_can_be_written(name: bytes) -> None:
    text = readable(os.fsdecode(name))
    text.encode()
    assert readable(text) == text


@pytest.mark.parametrize(
    "path", [b"run/dataset", b"/art/Gem\xe4lde und %41", "/art/Gemälde %41".encode(), b"owner/name"]
)
def test_a_path_of_any_bytes_is_kept_as_text(path: bytes) -> None:
    text = stored_path(Path(os.fsdecode(path)))
    text.encode()
    assert os.fsencode(restored_path(text)) == path


@given(st.text(st.characters(), max_size=40))
def test_whatever_text_there_is_can_be_encoded(text: str) -> None:
    encoded(text).decode()


def test_numbers_in_names_are_in_the_order_of_numbers() -> None:
    names = ["room 10", "100", "2", "10", "room 9", "0", "room", "Room 9", "002", "", "\u0663x", "1" * 5000]
    assert sorted(names, key=natural_order) == [
        "", "0", "002", "2", "10", "100", "1" * 5000, "Room 9", "room", "room 9", "room 10", "\u0663x",
    ]  # fmt: skip


@given(st.lists(st.text(max_size=8) | st.from_regex(r"[a-c]?[0-9]{1,3}[a-c]?", fullmatch=True), unique=True))
def test_the_order_of_names_is_one_whatever_order_they_come_in(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_order) == sorted(backwards, key=natural_order)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_text_is_read_in_the_encoding_that_it_was_written_in(encoding: str) -> None:
    assert decoded("Gemälde, größer".encode(encoding)) == "Gemälde, größer"


@given(st.binary(max_size=60))
def test_any_bytes_are_some_text(data: bytes) -> None:
    decoded(data)


def test_what_is_of_no_class_is_shown_as_that() -> None:
    assert (class_name(""), class_name("waves")) == ("(unlabelled)", "waves")


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "work", "1 work"), (0, "work", "0 works"), (1200, "picture", "1,200 pictures"), (2, "class", "2 classes"),
        (3, "copy", "3 copies"), (2, "day", "2 days"), (1.0, "minute", "1 minute"), (0.5, "minute", "0.5 minutes"),
        (2, "near copy", "2 near copies"), (1, "other file", "1 other file"), (2, "sketch", "2 sketches"),
    ],
)  # fmt: skip
def test_a_number_has_its_noun(count: float, noun: str, said: str) -> None:
    assert counted(count, noun) == said
    assert counted(count, noun, "oxen") in (said, f"{said.split()[0]} oxen")


@given(st.text(max_size=30))
def test_printable_text_is_printable(text: str) -> None:
    assert printable(text).isprintable()
