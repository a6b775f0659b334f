import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.metadata import normalised, parse_caption, parse_metadata


def parsed(text: str, name: str = "metadata.csv") -> dict:
    known, complaints = parse_metadata(text.encode(), name)
    assert complaints == []
    return known


def test_all_columns_and_their_other_names():
    known = parsed(
        "file_name,artist,title,year,license,source,text,label,split\n"
        "a.png,Ana,Sea,1901,CC0-1.0,museum,a sea,water,test\n"
    )
    assert known == {
        "a.png": {
            "creator": "Ana",
            "title": "Sea",
            "year": "1901",
            "licence": "CC0-1.0",
            "source": "museum",
            "caption": "a sea",
            "category": "water",
            "split": "test",
        }
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write(delimiter):
    text = "\ufeff" + delimiter.join(("File_Name", "Creator")) + "\r\n" + delimiter.join((".\\x\\ä.png", "Jö")) + "\r\n"
    assert parsed(text) == {"x/ä.png": {"creator": "Jö"}}


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings(encoding):
    known, _ = parse_metadata("file_name,title\na.png,Müde\n".encode(encoding), "metadata.csv")
    assert known == {"a.png": {"title": "Müde"}}


def test_json_lines_with_numbers_and_things_that_are_no_text():
    lines = [{"file_name": "a.png", "year": 1901, "caption": ["x"], "label": 0}, {"file_name": "b.png", "title": None}]
    known = parsed("\n".join(map(json.dumps, lines)), "metadata.jsonl")
    assert known == {"a.png": {"year": "1901", "category": "0"}, "b.png": {}}


def test_broken_lines_are_named_and_the_others_used():
    known, complaints = parse_metadata(b'{"file_name": "a.png", "title": "A"}\n{oops\n[1]\n', "metadata.jsonl")
    assert known == {"a.png": {"title": "A"}}
    assert complaints == ["line 2 and 1 other lines: not a JSON object"]


def test_a_table_without_file_names_is_complained_of():
    assert parse_metadata(b"name,title\na,b\n", "metadata.csv") == ({}, ["has no column file_name"])
    assert parse_metadata(b"", "metadata.csv")[1]
    assert parse_metadata(b"", "metadata.jsonl")[1]


def test_an_endless_field_is_complained_of():
    known, complaints = parse_metadata(b'file_name,title\na.png,A\nb.png,"' + b"x" * 200_000, "metadata.csv")
    assert known == {"a.png": {"title": "A"}}
    assert "after line 2" in complaints[0]


def test_deep_nesting_is_no_object():
    assert parse_metadata(b"[" * 100_000, "metadata.jsonl")[1]


@given(st.binary(max_size=400), st.sampled_from(["metadata.csv", "metadata.jsonl"]))
def test_no_bytes_break_the_parser(data, name):
    known, complaints = parse_metadata(data, name)
    assert known or complaints
    parse_metadata(b"file_name,title\n" + data, "metadata.csv")


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: normalised(name) == name), st.text(), max_size=5))
def test_json_lines_come_back(titles):
    text = "\n".join(json.dumps({"file_name": file, "title": title}) for file, title in titles.items())
    known, _ = parse_metadata(text.encode(), "metadata.jsonl")
    assert set(known) == set(titles)
    assert all(known[file].get("title", "") == " ".join(title.split()) for file, title in titles.items())


@given(st.binary(max_size=100))
def test_a_caption_is_one_line(data):
    assert "\n" not in parse_caption(data)
