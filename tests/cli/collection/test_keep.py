"""Of pictures that are the same, or nearly, a person chooses one from the command line."""

import shutil
from pathlib import Path

import pytest

from sfumato.collection import Collection


@pytest.fixture
def collection(sfumato, art, here) -> Path:
    """A collection of which one picture is there twice, once under another name."""
    copied = here / "art"
    shutil.copytree(art, copied)
    first = sorted(copied.glob("*/*.png"))[0]
    shutil.copy(first, first.with_name("z.png"))
    assert sfumato("collect", copied, "-o", here / "collection", "--workers", 1).code == 0
    return here / "collection"


def test_the_other_one_of_a_pair_is_kept(sfumato, collection) -> None:
    (line,) = sfumato("collection", "show", collection, "--duplicates").out.splitlines()
    assert line.endswith("z.png is the same file")
    other = line.split("; ")[1].removesuffix(" is the same file")
    answer = sfumato("collection", "keep", collection, "--file", other)
    assert answer.code == 0, answer.err
    assert answer.out == f"{other} is kept, and left out is 1 other; the files stay where they are.\n"
    assert other in {picture.file for picture in Collection.open(collection).pictures}
    assert sfumato("collection", "show", collection, "--duplicates").out == (
        f"{other} is kept; {line.split(' is kept')[0]} is the same file (decided)\n"
    )
    assert (
        "Chosen between pictures that are the same, or nearly: 1 pair." in sfumato("collection", "show", collection).out
    )


def test_a_picture_that_is_like_no_other_is_one_sentence(sfumato, collection, tree) -> None:
    before = tree(collection)
    answer = sfumato("collection", "keep", collection, "--file", "nothing.png")
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer
    assert "nothing.png is like no other picture" in answer.err
    assert tree(collection) == before
