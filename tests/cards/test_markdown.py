"""What others wrote stays plain text in Markdown, on one line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.cards.markdown import address, listed, plain, sized, table

ACTIVE = re.compile(r"(?<!\\)(?:\\\\)*[`*_\[\]<>|&#!~]|[A-Za-z]://|www\.|(?<!\\)@", re.IGNORECASE)


@given(st.text(max_size=60))
def test_any_text_is_one_line_without_markup(text: str) -> None:
    shown = plain(text)
    assert not ACTIVE.search(shown)
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://museum.org/a?b=1#c", "<https://museum.org/a?b=1#c>"),
        ("https://museum.org/<script>", "<https://museum.org/%3Cscript%3E>"),
        ("https://museum.org/a|b`c", "<https://museum.org/a%7Cb%60c>"),
        ("https://museum.org/a b", r"https\://museum.org/a b"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("a flea market", "a flea market"),
    ],
)
def test_only_an_address_is_a_link(text: str, shown: str) -> None:
    assert address(text) == shown


@given(st.text(max_size=40))
def test_no_address_breaks_out_of_its_link(text: str) -> None:
    shown = address(f"https://e.com/{text}")
    assert "\n" not in shown
    assert "|" not in shown or "\\|" in shown
    assert shown.count("<") == shown.count(">") + shown.count("\\<") - shown.count("\\>") <= 60


def test_names_are_counted_and_those_beyond_are_too() -> None:
    assert listed({"Ana": 1200, "B*": 1, "C": 1}, 2) == r"Ana (1,200), B\* (1) and 1 more"
    assert listed({"Ana": 2}, 2, beyond=1000) == "Ana (2) and 1,000 more"
    assert listed({}) == ""


def test_a_table_has_its_head_and_sizes_have_their_units() -> None:
    assert table({"a": "b"}) == "| | |\n|---|---|\n| a | b |"
    assert [sized(count) for count in (1, 999, 12_345, 5_000_000, 3 * 10**9)] == [
        "1 byte", "999 bytes", "12.3 kB", "5 MB", "3 GB",
    ]  # fmt: skip
