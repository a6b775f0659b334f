"""What a museum was asked lies on the disk, and what a killed program left behind is gone on with."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.collection.museums.exhibit import Exhibit
from sfumato.collection.museums.journal import NAME, TABLE, Journal, LeftOut
from sfumato.collection.museums.museum import Page
from sfumato.directory import OwnDirectory


def test_a_program_that_is_killed_has_every_work_once_in_the_end(benchmark, tmp_path):
    found = benchmark.visited("cleveland", 16, 2, tmp_path, rate=50, faults=0.0, seed=1, flawed=1)
    assert found.faults == []
    assert (found.pictures, found.kills) == (16, 2)
    assert found.again <= 2 * found.kills  # a record and its picture


@pytest.fixture
def journal(tmp_path):
    with OwnDirectory(tmp_path / "pictures", "pictures").at_work() as directory:
        journal = Journal.read(directory, "met:sea")
        journal.begin("met:sea")
        yield journal


def work(id: str, category: str = "Prints", **facts: str) -> Exhibit:
    return Exhibit(id, "CC0-1.0", "", f"https://images/{id}", category=category, **facts)


def again(journal: Journal, asked: str = "met:sea") -> Journal:
    return Journal.read(journal.directory, asked)


def test_all_that_was_noted_is_read_again(journal, records):
    journal.add_page(Page((("1", True), ("2", True), ("3", False)), 100))
    journal.keep("met", work("1", title="The Sea"), records.paint(1))
    journal.leave_out(LeftOut("3", "not given away", "by the list"))
    read = again(journal)
    assert (read.listed, read.after, list(read.undecided())) == ({"1": True, "2": True, "3": False}, 100, [("2", True)])
    assert (read.rows, read.left_out) == (journal.rows, journal.left_out)
    assert read.file_of(records.paint(1)) == "Prints/met-1.jpg"
    assert read.has_asked("https://images/1")
    assert not read.is_whole
    assert not read.is_settled
    assert read.settle()
    assert not read.settle()
    assert json.loads((journal.directory.path / TABLE).read_text())["title"] == "The Sea"
    assert again(journal).is_settled
    assert again(journal, "met:lake").listed == {}


def test_files_have_names_that_any_system_bears_and_never_the_same_one(journal, records):
    works = [work("a:1", "A/B"), work("a/1", "A/B"), work("../x", ""), work("b", "a_b"), work("c" * 300, "..")]
    for number, each in enumerate(works):
        journal.keep("met", each, records.paint(number))
    files = [row["file_name"] for row in journal.rows.values()]
    assert files[0] == "A_B/met-a-1.jpg"
    assert files[1].startswith("A_B/met-a-1-")
    assert files[2:4] == ["met-..-x.jpg", "a_b 2/met-b.jpg"]
    assert len({file.casefold() for file in files}) == 5
    assert all(len(part) < 120 and part != ".." for file in files for part in file.split("/"))
    assert again(journal).rows == journal.rows


def test_a_line_that_names_a_file_of_somebody_elses_is_no_picture(journal, tmp_path):
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    row = {"file_name": "../mine.jpg"}
    line = {"id": "1", "class": "", "digest": "0", "bytes": 4, "image": "", "row": row}
    with (journal.directory.path / NAME).open("a") as file:
        file.write(json.dumps(line) + "\n")
    assert again(journal).rows == {}


@given(
    st.lists(
        st.binary(max_size=60)
        | st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.dictionaries(
                st.sampled_from(["listed", "after", "left_out", "id", "class", "digest", "bytes", "row", "asked"]),
                inner | st.lists(inner, max_size=2),
                max_size=6,
            ),
            max_leaves=6,
        ).map(lambda value: json.dumps(value).encode()),
        max_size=6,
    )
)
@settings(max_examples=40, deadline=None)
def test_whatever_stands_in_a_journal_it_is_read(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("pictures")
    head = json.dumps({"format": 1, "asked": "met:sea"}).encode()
    (folder / NAME).write_bytes(b"\n".join((head, *lines)))
    read = Journal.read(OwnDirectory(folder, "pictures"), "met:sea")
    assert (read.asked, read.rows) == ("met:sea", {})
    list(read.undecided())
