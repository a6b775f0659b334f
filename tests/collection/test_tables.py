import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.tables import Table, normalised, one_line, parse_caption, parse_object, parse_table


def parsed(text: str, name: str = "metadata.csv") -> list[dict]:
    table = parse_table(text.encode(), name)
    assert table.complaints == []
    return table.rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_spreadsheets_write(delimiter):
    text = "\ufeff" + delimiter.join(("File_Name", "Creator")) + "\r\n" + delimiter.join(("ä.png", "Jö")) + "\r\n"
    assert parsed(text) == [{"File_Name": "ä.png", "Creator": "Jö"}]


@pytest.mark.parametrize("text", ["sep=;\nfile;a,b\n1.png;2\n", "\ufeffSEP=;\r\n\r\nfile;a,b\r\n1.png;2\r\n"])
def test_the_line_in_which_excel_states_its_delimiter_is_no_header(text):
    assert parsed(text) == [{"file": "1.png", "a,b": "2"}]


def test_old_line_ends_empty_lines_and_short_rows():
    assert parsed("\n\nfile,a\r1.png,2\r\r,\r3.png\r") == [{"file": "1.png", "a": "2"}, {"file": "3.png"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_all_encodings_of_a_table(encoding):
    table = parse_table("file_name,title\r\na.png,Müde\r\n".encode(encoding), "metadata.csv")
    assert (table.rows, table.complaints) == ([{"file_name": "a.png", "title": "Müde"}], [])


def test_json_lines_keep_their_values():
    lines = [{"file_name": "a.png", "year": 1901, "caption": ["x"]}, {"file_name": "b.png", "title": None}]
    table = parse_table("\n".join(map(json.dumps, lines)).encode(), "metadata.jsonl")
    assert (table.rows, table.columns) == (lines, ["file_name", "year", "caption", "title"])


def test_broken_lines_are_named_and_the_others_used():
    table = parse_table(b'{"file_name": "a.png", "title": "A"}\n{oops\n[1]\n', "metadata.jsonl")
    assert table.rows == [{"file_name": "a.png", "title": "A"}]
    assert table.complaints == ["line 2 and 1 other line: not a JSON object"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('{"labels": [["0/a.png", 0], ["1/b.png", 1]]}', [("0/a.png", 0), ("1/b.png", 1)]),
        ('{"labels": [["a.png", [0, 0, 1]], ["b.png", [1, 0, 0]]]}', [("a.png", 2), ("b.png", 0)]),
        ('{"labels": {"a.png": "sea"}}', [("a.png", "sea")]),
        ('[{"file_name": "a.png", "label": "sea"}]', [("a.png", "sea")]),
        ('{"a.png": {"label": "sea"}}', [("a.png", "sea")]),
        (
            '{"file_name": "a.png", "label": "sea"}\n{"file_name": "b.png", "label": 1}',
            [("a.png", "sea"), ("b.png", 1)],
        ),
    ],
)
def test_the_json_of_other_tools(text, rows):
    assert [(row["file_name"], row["label"]) for row in parsed(text, "dataset.json")] == rows


def test_cocos_captions_and_categories():
    coco = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}, {"id": 3, "file_name": "c.png"}],
        "annotations": [
            {"image_id": 1, "category_id": 7, "caption": "first"},
            {"image_id": 1, "category_id": 7, "caption": "second"},
            {"image_id": 2, "category_id": 7},
            {"image_id": 2, "category_id": 8},
        ],
        "categories": [{"id": 7, "name": "sea"}, {"id": 8, "name": "hill"}],
    }
    assert parsed(json.dumps(coco), "annotations.json") == [
        {"file_name": "a.png", "caption": "first", "label": "sea"},
        {"file_name": "b.png", "caption": ""},
        {"file_name": "c.png", "caption": ""},
    ]
    assert parse_table(b'{"images": [], "annotations": 3, "categories": {"a": 1}}', "a.json").rows == []


def test_stylegans_file_without_labels_says_so():
    assert parse_table(b'{"labels": null}', "dataset.json") == Table(unlabelled=True)


@pytest.mark.parametrize(
    "text", ["", "{oops", "[1, 2]", '"a"', "{}", '{"labels": 3}', '{"labels": [["a"]]}', "[" * 100_000]
)
def test_json_that_is_no_table_is_complained_of(text):
    table = parse_table(text.encode(), "dataset.json")
    assert (table.rows, len(table.complaints)) == ([], 1)


def test_an_endless_field_is_complained_of():
    table = parse_table(b'file_name,title\na.png,A\nb.png,"' + b"x" * 200_000, "metadata.csv")
    assert table.rows == [{"file_name": "a.png", "title": "A"}]
    assert table.complaints[0].startswith("line 3: field larger")


def test_a_value_is_text_that_can_be_written():
    assert [one_line(value) for value in (" a\n b ", 3, 2.5, True, None, [1], float("nan"), 10**5000)] == [
        "a b", "3", "2.5", "", "", "", "", "",
    ]  # fmt: skip
    assert one_line(json.loads(r'"a\ud800"')) == "a\ufffd"
    assert one_line("Gema\u0308lde") == "Gem\u00e4lde"


def test_file_names_of_any_system():
    assert normalised(" .\\x\\ä.png ") == "x/ä.png"
    assert normalised("./a//b.png") == "a/b.png"
    assert normalised(".") == normalised("  ") == ""


def test_an_object_beside_a_picture():
    assert parse_object(b'{"caption": "a sea"}') == {"caption": "a sea"}
    assert parse_object(b"[1]") is parse_object(b"{oops") is None


@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json"]))
def test_no_bytes_break_the_parser(data, name):
    starts = (b"", b"file_name,title\n", b'{"labels": ', b"sep=", b'{"images": [{}], "annotations": ')
    for content in (start + data for start in starts):
        table = parse_table(content, name)
        assert all(isinstance(text, str) for text in table.texts())
    parse_object(data)


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_json_lines_come_back(titles):
    text = "\n".join(json.dumps({"file_name": file, "title": title}) for file, title in titles.items())
    rows = parse_table(text.encode(), "metadata.jsonl").rows
    assert {row["file_name"]: row["title"] for row in rows} == titles


@given(st.binary(max_size=100))
def test_a_caption_is_one_line(data):
    caption = parse_caption(data)
    assert "\n" not in caption
    caption.encode()
