"""A model is found by its weights near a place, however deep to a bound, and never for long."""

import time
import zipfile

import pytest

from sfumato.models import Model
from sfumato.models.nearby import DEPTH, find_weights, unpacked


@pytest.fixture
def wanted(saved, tmp_path):
    """The digest of a model that lies nowhere but in a zip's bytes, to be put somewhere."""
    return Model.from_pretrained(saved).weights_digest


@pytest.mark.parametrize("place", [".", "x", "x/y", "x/y/z"])
def test_it_is_found_to_a_depth(saved, wanted, tmp_path, place):
    ground = tmp_path / "ground"
    (ground / place).parent.mkdir(parents=True, exist_ok=True)
    if place == ".":
        saved.rename(ground)
    else:
        saved.rename(ground / place)
    assert find_weights(wanted, [ground]) == ground / place


def test_it_is_not_looked_for_deeper_or_in_hidden_folders(saved, wanted, tmp_path):
    deep = tmp_path / "ground" / "/".join("abcdefgh"[: DEPTH + 1])
    deep.parent.mkdir(parents=True)
    saved.rename(deep)
    assert find_weights(wanted, [tmp_path / "ground"]) is None
    deep.rename(tmp_path / "ground" / ".hidden")
    assert find_weights(wanted, [tmp_path / "ground"]) is None


def test_the_one_of_several_is_known_by_its_weights_and_zips_come_last(saved, wanted, new_model, tmp_path):
    ground = tmp_path / "ground"
    new_model(7).save_pretrained(ground / "a" / "model")
    with zipfile.ZipFile(ground / "b.zip", "w") as file:
        for path in saved.iterdir():
            file.write(path, f"wrapper/{path.name}")
    found = find_weights(wanted, [tmp_path / "nowhere", ground])
    assert str(found) == f"{ground}/b.zip/wrapper"
    with unpacked(found) as directory:
        assert Model.from_pretrained(directory).weights_digest == wanted
    saved.rename(ground / "z")
    assert find_weights(wanted, [ground]) == ground / "z"


def test_a_wide_tree_and_circles_of_links_end_the_search_soon(wanted, tmp_path):
    ground = tmp_path / "ground"
    for number in range(300):
        (ground / str(number)).mkdir(parents=True)
        (ground / str(number) / "up").symlink_to(ground)
    began = time.monotonic()
    assert find_weights(wanted, [ground]) is None
    assert time.monotonic() - began < 20
