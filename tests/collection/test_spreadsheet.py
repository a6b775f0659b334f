"""A table goes into a spreadsheet and comes back; what a person changed there, and nothing else, is an edit."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.decisions import EDITABLE
from sfumato.collection.pictures import Picture
from sfumato.collection.spreadsheet import edits_in, said_of, table_of
from sfumato.errors import SfumatoError
from sfumato.provenance.licences import WORDS, licence_of, short_name
from sfumato.text import readable


def picture(number: int, file: str = "", **facts: str) -> Picture:
    return Picture(file or f"{number}.png", f"{number:064x}", 1, 0, 40, 40, False, 0, **facts)


PICTURES = [
    picture(1, creator="Ana Bo", title="Waves, 'two'", year="1888", licence="CC0-1.0"),
    picture(2, "a/=1+1.png", title="=HYPERLINK(1)", creator="-", licence="unknown"),
    picture(3, licence="https://creativecommons.org/publicdomain/mark/1.0/"),
]


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def written(table: list[list[str]], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(table)
    return text.getvalue().encode(encoding)


def test_a_table_opens_in_a_spreadsheet_and_computes_nothing() -> None:
    data = table_of(PICTURES)
    assert data.startswith("\ufeff".encode())
    head, *lines = rows(data)
    assert head == ["file_name", *EDITABLE, "sha256"]
    assert [line[5] for line in lines] == ["CC0-1.0", "unknown", "PDM-1.0"]
    assert lines[1][1:3] == ["'-", "'=HYPERLINK(1)"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)
    assert all(line[-1].startswith("sha256:") for line in lines)


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16")])
def test_what_was_changed_in_it_is_an_edit_and_nothing_else(delimiter: str, encoding: str) -> None:
    assert edits_in(table_of(PICTURES), PICTURES, "t.csv") == []
    table = rows(table_of(PICTURES))
    table[1][2], table[2][5], table[3][1] = "", "CC BY 4.0", "Zoë"
    edits = edits_in(written(table, delimiter, encoding), PICTURES, "t.csv")
    assert [(edit.file, dict(edit.fields)) for edit in edits] == [
        ("1.png", {"title": ""}),
        ("a/=1+1.png", {"licence": "CC BY 4.0"}),
        ("3.png", {"creator": "Zoë"}),
    ]
    assert next(said_of(edits)) == "1.png: title ''"


def test_a_digest_means_the_same_in_capital_letters() -> None:
    table = rows(table_of(PICTURES))
    table[1][1], table[1][-1] = "Zoë", table[1][-1].upper()
    assert [dict(edit.fields) for edit in edits_in(written(table), PICTURES, "t.csv")] == [{"creator": "Zoë"}]


def test_what_a_spreadsheet_puts_for_a_formula_is_no_fact() -> None:
    table = rows(table_of(PICTURES))
    table[2][2] = "#NAME?"
    with pytest.raises(SfumatoError, match=r"t\.csv: row 3: .*#NAME\?.* formula; nothing was changed"):
        edits_in(written(table), PICTURES, "t.csv")
    stated = picture(4, title="#NAME?")
    assert edits_in(table_of([stated]), [stated], "t.csv") == []


def test_rows_and_columns_may_be_missing() -> None:
    table = [[line[0], line[1], line[-1]] for line in rows(table_of(PICTURES))[:2]]
    table[1][1] = "Ben"
    (edit,) = edits_in(written(table), PICTURES, "t.csv")
    assert dict(edit.fields) == {"creator": "Ben"}


def changed(row: int, column: int, text: str) -> bytes:
    table = rows(table_of(PICTURES))
    table[row][column] = text
    return written(table)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed(1, -1, "sha256:" + "9" * 64), "row 2: 1.png is another picture than the row is about"),
        (changed(1, -1, "1.00E+63"), "write the table anew"),
        (changed(1, -1, ""), "row 2: the digest of 1.png is missing"),
        (changed(2, 0, "b.png"), "row 3: the collection has no picture 'b.png'; nothing was changed"),
        (
            written([*rows(table_of(PICTURES)), ["1.png", "Ben", "", "", "", "", "", f"sha256:{1:064x}"]]),
            "says other things",
        ),
        (b"", "it has no column 'file_name'"),
        (b"file_name,creator\n1.png,Ben\n", "it has no column 'sha256'"),
        (b"\x00\x01\x02", "is no table that"),
    ],
)
def test_a_table_that_does_not_fit_changes_nothing(data: bytes, said: str) -> None:
    with pytest.raises(SfumatoError) as error:
        edits_in(data, PICTURES, "t.csv")
    assert str(error.value).startswith("t.csv: ")
    assert said in str(error.value)


def test_a_class_is_edited_as_the_facts_are() -> None:
    table = rows(table_of([picture(5, category="sea"), picture(6)]))
    assert table[0][6] == "class"
    assert [line[6] for line in table[1:]] == ["sea", ""]
    table[1][6], table[2][6] = "", "=land"
    edits = edits_in(written(table), [picture(5, category="sea"), picture(6)], "t.csv")
    assert [dict(edit.fields) for edit in edits] == [{"class": ""}, {"class": "=land"}]


def test_the_first_edits_are_shown() -> None:
    table = rows(table_of(many := [picture(number) for number in range(5)]))
    for line in table[1:]:
        line[1] = "Ana"
    assert list(said_of(edits_in(written(table), many, "t.csv")))[-1] == "and 2 more pictures"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = TEXTS.filter(lambda text: readable(text).strip() and "/" not in text)


@given(
    names=st.lists(
        TEXTS.filter(lambda text: readable(text).strip() and "/" not in text), min_size=1, unique_by=readable
    ),
    facts=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=3),
)
def test_any_table_that_is_not_changed_says_nothing_new(names: list[str], facts: list[tuple[str, str, str]]) -> None:
    pictures = [
        picture(number, name, creator=creator, title=title, source=source)
        for number, (name, (creator, title, source)) in enumerate(zip(names, facts * len(names), strict=False))
    ]
    assert edits_in(table_of(pictures), pictures, "t.csv") == []


@given(st.sampled_from([*WORDS, "CC-BY-3.0-BR", "cc by-sa 2.0 uk", "MIT", "fair use", "CC BY"]))
def test_a_licence_as_it_is_shown_means_the_same(words: str) -> None:
    licence = licence_of(words)
    assert licence_of(short_name(licence)) == licence
