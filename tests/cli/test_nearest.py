"""A work's nearest training pictures are named, and shown where they are at hand."""

import shutil

import pytest
from PIL import Image

from sfumato.dataset import Dataset
from sfumato.models import Model
from sfumato.provenance import is_marked_file


@pytest.fixture
def work(sfumato, run, here):
    answer = sfumato("generate", run, "-n", 1, "--seed", 7, "--steps", 2, "-o", "works")
    assert answer.code == 0, answer.err
    return here / "works" / "0000.png"


@pytest.fixture
def learned(run, here):
    """A training picture, mirrored, as a file."""
    dataset = Dataset.open(run / "dataset")
    place = int(dataset.train[0])
    dataset.picture(place).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(here / "mine.png")
    return dataset.files[place]


def test_a_work_is_shown_beside_the_nearest_pictures(sfumato, run, work, here):
    answer = sfumato("nearest", work, "--model", run)
    assert answer.code == 0, answer.err
    assert "no near copy found" in answer.out or "near copy of" in answer.out
    assert "by sfumato (drawn by the program)" in answer.out
    sheet = here / "works-0000-nearest.png"
    assert is_marked_file(sheet)
    with Image.open(sheet) as shown:
        assert shown.width > 3 * 200
    assert "original" not in answer.out


def test_a_copy_is_named(sfumato, run, learned, here):
    answer = sfumato("nearest", "mine.png", "--model", run, "-o", "sheet.png")
    assert answer.code == 0, answer.err
    assert f"near copy of {learned} by sfumato" in answer.out
    assert (here / "sheet.png").is_file()
    assert "is there already" in sfumato("nearest", "mine.png", "--model", run, "-o", "sheet.png").err
    assert sfumato("nearest", "mine.png", "--model", run, "-o", "sheet.png", "--force").code == 0


def test_its_model_is_found_by_the_work(sfumato, run, work, here):
    shutil.copytree(run / "model", here / "moved")
    answer = sfumato("nearest", work)
    assert answer.code == 0, answer.err
    assert "The pictures that the model learned from are not beside it" in answer.out
    assert not list(here.glob("*-nearest.png"))


def test_a_model_without_an_index_is_said(sfumato, run, work, here):
    shutil.copytree(run / "model", here / "older")
    (here / "older" / "likeness.safetensors").unlink()
    assert Model.from_pretrained(here / "older").likeness is None
    answer = sfumato("nearest", work, "--model", "older")
    assert answer.code == 2
    assert "learned from is not known, as it carries no index" in answer.err


def test_an_index_of_another_model_is_said(sfumato, run, work, here):
    shutil.copytree(run / "model", here / "mixed")
    model = Model.from_pretrained(run)
    model.likeness.write(here / "mixed" / "likeness.safetensors", "ab" * 32)
    answer = sfumato("nearest", work, "--model", "mixed")
    assert answer.code == 2
    assert "is the index of another model" in answer.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nearest nothing.png", "nothing.png: no such file"),
        ("nearest mine.png", "carries no recipe"),
        ("nearest mine.png --model nowhere", "nowhere: no such directory"),
        ("nearest mine.png -o mine.png --force", "is the work"),
        ("nearest mine.png -o sheet.jpg", "give a name that ends in .png"),
    ],
)
def test_mistakes_are_one_sentence(sfumato, learned, typed, said):
    answer = sfumato(*typed.split())
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
