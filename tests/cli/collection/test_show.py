"""What a collection holds, and what is not known of it, as a person reads it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def collection(sfumato, art, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("shown") / "collection"
    assert sfumato("collect", art, "-o", place, "--creator", "Ana Bo", "--no-generated").code == 0
    return place


def test_it_says_what_is_there_and_what_is_not_known(sfumato, collection) -> None:
    answer = sfumato("collection", "show", collection)
    assert answer.code == 0
    assert "Not known, of 20 pictures: " in answer.out
    assert "creator Ana Bo." in answer.out
    assert "Stated to be in the public domain or free of conditions: 20 pictures, CC0-1.0 (20)." in answer.out
    assert "Policy: pictures that a model made are left out." in answer.out


def test_pictures_are_listed_of_which_something_is_not_known(sfumato, collection) -> None:
    answer = sfumato("collection", "show", collection, "--unknown", "year")
    assert len(answer.out.splitlines()) == 20
    assert sfumato("collection", "show", collection, "--unknown", "creator").out == ""


def test_all_that_is_known_of_a_picture_is_said_with_its_place(sfumato, collection) -> None:
    file = sfumato("collection", "show", collection, "--unknown", "year").out.splitlines()[0]
    answer = sfumato("collection", "show", collection, "--file", file)
    first, *lines = answer.out.splitlines()
    assert first == file
    assert any(line.startswith("  creator: ") and " says 'Ana Bo'" in line for line in lines)
    assert "  year: not known" in lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--unknown", "mood"], "--unknown mood: choose creator, title, year, source or licence"),
        (["--unknown", "year", "--left-out"], "give one of them"),
        (["--file", "nothing.png"], "holds no picture nothing.png"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(sfumato, collection, arguments, said) -> None:
    answer = sfumato("collection", "show", collection, *arguments)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert said in answer.err


def test_a_folder_is_no_collection(sfumato, art) -> None:
    assert "is not a collection; make one with" in sfumato("collection", "show", art).err


def test_without_a_command_the_group_shows_its_commands(sfumato) -> None:
    answer = sfumato("collection")
    assert answer.code == 0
    assert all(name in answer.out for name in ("show", "edit", "remove"))
    assert "no such command" in sfumato("collection", "shwo").err
