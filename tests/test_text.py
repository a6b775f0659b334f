"""Names of any bytes become text, and any text can be written."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.text import encoded, readable, restored_path, stored_path


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
