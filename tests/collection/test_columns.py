import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.columns import KIND, known_fields, understood
from sfumato.collection.naming import Names
from sfumato.collection.tables import parse_table


def said(text: str, *files: str, name: str = "metadata.csv"):
    found = Names({file: file for file in files or ("a.png", "b.png", "c.png", "d.png")})
    return understood(parse_table(text.encode(), name), found.find)


def test_all_columns_and_their_other_names():
    found = said(
        "file_name,artist,title,year,license,source,text,label,split\n"
        "a.png,Ana,Sea,1901,CC0-1.0,museum,a sea,water,test\n"
    )
    assert found.known == {
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
    assert found.notes == []


@pytest.mark.parametrize(
    "header",
    [
        "file_name,class",
        "ImageId,LabelName",
        "id,label",
        "image_id,target",
        "filename,Class Name",
        "image,labels",
        "img-path,category",
        "picture number,class",
    ],
)
def test_the_columns_of_competitions(header):
    found = said(f"{header}\na.png,sea\nb.png,hill\n")
    assert {file: known["category"] for file, known in found.known.items()} == {"a.png": "sea", "b.png": "hill"}
    assert found.notes == []


def test_ids_without_an_extension():
    assert said("id,breed\na,pug\nb,pug\nc,collie\n").known["c.png"] == {KIND: "collie"}


def test_the_only_other_column_sorts_the_pictures_if_its_values_come_again():
    assert said("image,healthy?\na.png,yes\nb.png,no\nc.png,no\n").known["a.png"] == {KIND: "yes"}
    found = said("image,height\na.png,0.31\nb.png,0.5\nc.png,0.5\n")
    assert (found.known["a.png"], found.notes) == ({}, ["not used: the column 'height'"])
    found = said(
        '{"id": 0, "file_name": "a.png", "text": "x"}\n{"id": 1, "file_name": "b.png", "text": "y"}', name="m.jsonl"
    )
    assert found.known == {"a.png": {"caption": "x"}, "b.png": {"caption": "y"}}
    assert found.notes == ["not used: the column 'id'"]


def test_one_column_a_class():
    found = said("image_id,healthy,rust,scab,n\na,1,0,0,7\nb,0,1,0,8\nc,0.0,0.0,1.0,9\n")
    assert [found.known[f"{name}.png"][KIND] for name in "abc"] == ["healthy", "rust", "scab"]
    assert found.notes == ["not used: the column 'n'"]
    assert said("image_id,old,large\na,1,1\nb,0,1\n").known == {"a.png": {}, "b.png": {}}


def test_files_that_are_not_there_are_named_once():
    found = said("file_name,title\na.png,A\nx.png,X\ny.png,Y\n")
    assert found.notes == ["names files that are not there, or that could be several: x.png and 1 more"]


def test_what_is_not_understood_is_said_in_a_line():
    assert said("when,who\n1,Ana\n").notes == [
        "no column of it names the pictures, so it is not used (the columns 'when', 'who')"
    ]
    assert said("file_name,mood,,Unnamed: 0\na.png,calm,1,2\nb.png,wild,2,3\n").notes == ["not used: the column 'mood'"]
    assert said("").notes == ["has no row"]


def test_an_object_beside_a_picture():
    known, others = known_fields({"caption": "", "Tags": ["sea", "dusk"], "width": 3, "Author": "Ana"})
    assert (known, others) == ({"caption": "sea, dusk", "creator": "Ana"}, ["width"])


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.jsonl", "a.json"]))
def test_no_table_breaks_it(data, name):
    found = Names({"a.png": "a.png", "1.png": "1.png"})
    for content in (data, b"id,label\n1," + data, b'{"a.png": {"label": 1}, "b": ' + data + b"}"):
        for fields in understood(parse_table(content, name), found.find).known.values():
            "".join(fields.values()).encode()


def test_columns_of_yes_and_no_say_the_licence_and_that_nothing_is_to_be_learned() -> None:
    known, others = known_fields({"Is Public Domain": True, "do_not_train": "yes", "width": 3})
    assert known == {"licence": "public domain", "opt-out": "donottrain yes"}
    assert others == ["width"]
    assert known_fields({"is_public_domain": "false", "opt_out": False, "trainable": True}) == ({}, [])
    assert known_fields({"license": "CC0", "is_public_domain": True})[0] == {"licence": "CC0"}
    assert known_fields({"comment": "noai, please"})[0] == {"opt-out": "noai"}


def test_a_row_about_another_file_of_the_same_name_says_nothing_of_this_one():
    rows = "file_name,license,artist\nold/1.png,CC0,Ana\nnew/1.png,,\n"
    assert said(rows, "new/1.png").known == {"new/1.png": {}}
    assert said(rows, "new/1.png").notes == ["names files that are not there, or that could be several: old/1.png"]
    either = said("file_name,license\nold/1.png,CC0\nolder/1.png,all rights reserved\n", "new/1.png")
    assert either.known == {}, "which of them was renamed is not known"


def test_several_rows_of_one_name_are_about_one_picture():
    found = said("image_id,artist,title\n7,Ana,\n7.png,,Sea\n7,,\n", "7.png")
    assert found.known == {"7.png": {"creator": "Ana", "title": "Sea"}}


def test_a_row_may_say_of_its_licence_several_things():
    rows = (
        "file_name,License,rights,usage terms\n"
        "a.png,CC0,All rights reserved,\nb.png,unknown,,CC BY-NC 4.0\nc.png,CC0,CC0,\n"
    )
    licences = {file: fields["licence"].split("\n") for file, fields in said(rows).known.items()}
    assert licences == {"a.png": ["CC0", "All rights reserved"], "b.png": ["unknown", "CC BY-NC 4.0"], "c.png": ["CC0"]}
