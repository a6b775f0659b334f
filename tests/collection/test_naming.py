import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.naming import Captioned, Names, suffix_of


def names(*files: str) -> Names:
    return Names({file: file for file in files})


def test_a_name_is_relative_to_its_table_first():
    found = names("a/1.png", "1.png", "b/2.png")
    assert found.find("1.png", "a/") == ["a/1.png"]
    assert found.find("1.png") == ["1.png"]
    assert found.find("b/2.png", "a/") == ["b/2.png"]


@pytest.mark.parametrize(
    "name", [".\\a\\IMG_1.jpg", "./a/img_1.JPG", "a/img_1", "IMG_1", "/home/ana/art/a/IMG_1.jpg", "IMG_1.jpg"]
)
def test_names_as_systems_and_people_write_them(name):
    assert names("a/img_1.jpg", "a/img_2.jpg", "b/img_3.jpg").find(name) == ["a/img_1.jpg"]


def test_a_name_that_fits_several_is_none_of_them():
    found = names("a/1.png", "b/1.png", "a/2.png", "a/2.jpg")
    assert found.find("1.png") == found.find("2") == []
    assert found.find("2.jpg") == ["a/2.jpg"]
    assert found.find("x/a/1.png") == ["a/1.png"]


def test_of_several_the_one_in_the_tables_own_part_is_meant():
    found = names("data/train/1.png", "data/test/1.png", "other/1.png")
    assert found.find("1", near="train") == ["data/train/1.png"]
    assert found.find("1.png", "data/test/") == ["data/test/1.png"]
    assert found.find("1", "other/", near="train") == ["other/1.png"]


def test_every_normal_form_and_old_bytes_are_one_name():
    taken_apart = unicodedata.normalize("NFD", "Gemälde")
    latin = "Gem\udce4lde"  # b"Gem\xe4lde", as a file system gives it
    assert names(f"{taken_apart}/1.png").find("Gemälde/1.png") == [f"{taken_apart}/1.png"]
    assert names(f"{latin}/1.png").find("Gemälde/1.png") == [f"{latin}/1.png"]
    both = names("Gemälde/1.png", f"{taken_apart}/1.png")
    assert both.find(f"{taken_apart}/1.png") == [f"{taken_apart}/1.png"]  # as it stands, where it stands so


def test_numbers_are_names_of_pictures_too():
    assert names("17.png", "18.png").find(17) == ["17.png"]
    assert names("17.png").find(None) == names("1.png").find(True) == names("1.png").find([1]) == []


@given(st.lists(st.text(), max_size=5), st.text() | st.integers() | st.floats() | st.none())
def test_any_name_may_be_asked_for(files, name):
    assert set(names(*files).find(name)) <= set(files)


def captioned(files: list[str]) -> Captioned:
    return Captioned({file: file for file in files})


def test_the_names_that_texts_beside_a_picture_have():
    found = captioned(["a/0.jpg", "a/1.png", "0.jpg", "noext"])
    assert found.pictures_of("a/0.txt") == found.pictures_of("a/0.jpg.caption") == ["a/0.jpg"]
    assert found.pictures_of("noext.txt") == ["noext"]
    assert found.pictures_of("a/0.webp.txt") == found.pictures_of("b/0.txt") == []


def test_the_same_name_wins_over_one_in_other_case():
    assert captioned(["IMG_1.JPG", "img_1.jpg"]).pictures_of("img_1.txt") == ["img_1.jpg"]
    assert captioned(["IMG_1.JPG"]).pictures_of("img_1.jpg.txt") == ["IMG_1.JPG"]


def test_accents_may_be_written_in_any_way():
    assert captioned(["Gema\u0308lde.png"]).pictures_of("Gem\udce4lde.txt") == ["Gema\u0308lde.png"]


def test_kinds_of_texts():
    assert [suffix_of(name) for name in ("a.TXT", "a.caption", "a.b.json", "a.tags", "txt")] == [
        ".txt", ".caption", ".json", ".tags", "",
    ]  # fmt: skip


def test_a_text_beside_a_zip_is_about_what_lies_in_it():
    assert Captioned({"a/b.zip/0.png": "a/0.png"}).pictures_of("a/0.txt") == ["a/b.zip/0.png"]


def test_what_is_gone_from_its_folder_is_no_picture_of_that_name_in_another():
    found = names("drawing/1.png", "painting/0.png", "scans/new/5.png")
    assert found.find("drawing/0.png") == []
    assert found.find("downloads/0.png") == ["painting/0.png"], "a folder that is not here was renamed or left"
    assert found.find("scans/5.png") == ["scans/new/5.png"], "it lies deeper in that folder"
