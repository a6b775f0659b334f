"""What is true of pictures, stated from the command line or in a table."""

import csv
from pathlib import Path

import pytest

from sfumato.collection import Collection


@pytest.fixture
def collection(sfumato, art, here) -> Path:
    assert sfumato("collect", art, "-o", here / "collection", "--workers", 1).code == 0
    return here / "collection"


def test_many_pictures_are_edited_by_a_pattern(sfumato, collection) -> None:
    file = Collection.open(collection).pictures[0].file
    folder = file.split("/")[0]
    answer = sfumato(
        "collection", "edit", collection, "--file", f"{folder}/*", "--creator", "Ana Bo", "--licence", "own"
    )
    assert answer.code == 0, answer.err
    assert "4 pictures edited." in answer.out
    edited = [picture for picture in Collection.open(collection).pictures if picture.creator == "Ana Bo"]
    assert {picture.file.split("/")[0] for picture in edited} == {folder}
    assert {picture.licence for picture in edited} == {"own"}
    assert sfumato("collection", "edit", collection, "--by", "Ana Bo", "--forget").code == 0
    assert not [picture for picture in Collection.open(collection).pictures if picture.creator == "Ana Bo"]


def test_a_class_is_edited_and_no_file_moves(sfumato, collection, art, tree) -> None:
    before = tree(art)
    file = Collection.open(collection).pictures[0].file
    answer = sfumato("collection", "edit", collection, "--file", file, "--class-name", "night")
    assert answer.code == 0, answer.err
    assert f"{file}: class 'night'" in answer.out
    assert Collection.open(collection).counts["night"] == 1
    assert "class night (your edit)" in sfumato("collection", "show", collection, "--file", file).out
    assert tree(art) == before


def test_a_table_goes_out_and_comes_back(sfumato, collection, here) -> None:
    assert sfumato("collection", "edit", collection, "--write", "table.csv").code == 0
    table = here / "table.csv"
    assert "says nothing else than what is known" in sfumato("collection", "edit", collection, "--table", table).out
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][1], rows[1][5] = "Zoë", "fair use"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    answer = sfumato("collection", "edit", collection, "--table", table)
    assert answer.code == 0, answer.err
    assert "1 picture edited." in answer.out
    assert "'fair use' is no licence that a list has; it is kept as LicenseRef-fair-use." in answer.out
    assert Collection.open(collection).pictures[0].creator == "Zoë"


def test_a_table_that_is_there_is_not_written_over(sfumato, collection, here) -> None:
    (here / "table.csv").write_text("mine")
    answer = sfumato("collection", "edit", collection, "--write", "table.csv")
    assert answer.code == 2
    assert (here / "table.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "state something, as in --file"),
        (["--creator", "Ana"], "say of which pictures, with --file, --class or --by, or give --all"),
        (["--all", "--creator", "Ana", "--write", "t.csv"], "--write and --creator are two things"),
        (["--all", "--table", "t.csv"], "--table says itself of which pictures it speaks"),
        (["--table", "none.csv"], "none.csv: cannot be read"),
        (["--all", "--licence", "own"], "'own' says that it is yours; say who you are with --creator"),
        (["--class", "etching", "--title", "x"], "has no class 'etching'"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(sfumato, collection, arguments, said, tree) -> None:
    before = tree(collection)
    answer = sfumato("collection", "edit", collection, *arguments)
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer
    assert said in answer.err
    assert tree(collection) == before
