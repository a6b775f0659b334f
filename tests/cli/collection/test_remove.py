"""Who asks for it is taken out, and is told what has learned from the pictures."""

import shutil
from pathlib import Path

import pytest

from sfumato.collection import Collection
from sfumato.dataset import Dataset


@pytest.fixture
def own_run(run, here) -> Path:
    return Path(shutil.copytree(run, here / "run"))


def test_pictures_go_and_what_has_learned_from_them_is_named(sfumato, own_run) -> None:
    place, dataset = own_run / "collection", Dataset.open(own_run / "dataset")
    file = dataset.files[int(dataset.train[0])]
    answer = sfumato("collection", "remove", place, "--file", file)
    assert answer.code == 0, answer.err
    assert "1 picture taken out; the files stay where they are." in answer.out
    assert f"{own_run / 'model'} (model): has learned from 1 of them" in answer.out.replace("\n", " ")
    assert f"{own_run / 'dataset'} (dataset): holds 1 of them" in answer.out.replace("\n", " ")
    assert file not in {picture.file for picture in Collection.open(place).pictures}
    assert f"Taken out on request: {file}" in sfumato("collection", "show", place).out
    assert "left out: taken out on request" in sfumato("collection", "show", place, "--file", file).out.replace("(", "")

    assert "1 picture taken in again." in sfumato("collection", "remove", place, "--file", file, "--undo").out
    assert file in {picture.file for picture in Collection.open(place).pictures}


def test_what_was_left_out_already_is_looked_for_in_models_too(sfumato, own_run, tmp_path) -> None:
    place, dataset = own_run / "collection", Dataset.open(own_run / "dataset")
    file = dataset.files[int(dataset.train[0])]
    assert sfumato("collection", "edit", place, "--all", "--licence", "CC0").code == 0
    assert sfumato("collection", "edit", place, "--file", file, "--licence", "InC").code == 0
    source = Collection.open(place).source
    assert sfumato("collect", source, "-o", place, "--allow", "CC0").code == 0
    answer = sfumato("collection", "remove", place, "--file", file)
    assert "0 pictures taken out, and 1 that had been left out already" in answer.out
    assert "(model): has learned from 1 of them" in answer.out.replace("\n", " ")


def test_a_name_that_nobody_has_is_kept_for_later(sfumato, own_run, tmp_path) -> None:
    place = own_run / "collection"
    answer = sfumato("collection", "remove", place, "--creator", "Ana Bo", "--look-in", tmp_path)
    assert answer.code == 0
    assert "No picture here is by Ana Bo" in answer.out
    assert "it is noted for pictures that come later" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say whose pictures, with --creator NAME, or which, with --file NAME"),
        (["--creator", " "], "--creator: a name is needed"),
        (["--creator", "Ana", "--look-in", "nowhere"], "--look-in nowhere: there is no such directory"),
        (["--creator", "Ana", "--undo"], "nothing was taken out for Ana"),
        (["--file", "*"], "would have no picture left in its collection"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(sfumato, own_run, arguments, said) -> None:
    before = Collection.open(own_run / "collection").pictures
    answer = sfumato("collection", "remove", own_run / "collection", *arguments)
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer
    assert said in answer.err
    assert Collection.open(own_run / "collection").pictures == before
