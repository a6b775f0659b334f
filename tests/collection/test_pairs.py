"""Pictures that are the same, or nearly, stand in pairs, and the one that a person chooses is kept."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sfumato.collection.decisions import Decisions
from sfumato.collection.pairs import Pair, keeps_for, pairs_of
from sfumato.collection.storing import Collection
from sfumato.errors import SfumatoError


@pytest.fixture
def paired(art: Path, gather: Callable) -> Callable[[], Collection]:
    """A folder with a copy of one picture, and two smaller ones of another; collected anew at each call."""
    shutil.copy(art / "drawing/0.png", art / "painting/copy.png")
    with Image.open(art / "painting/1.png") as image:
        image.resize((40, 30)).save(art / "painting/1 small.jpg", quality=92)
        image.resize((48, 36)).save(art / "painting/1 middle.jpg", quality=92)
    return lambda: gather(art).collection


def said(pair: Pair) -> tuple[str, str, str, bool, bool]:
    return pair.kept.file, pair.other.file, pair.kind, pair.is_other_kept, pair.is_decided


SMALL, MIDDLE, WHOLE = "painting/1 small.jpg", "painting/1 middle.jpg", "painting/1.png"


def test_each_pair_is_told_with_the_one_that_is_kept(paired: Callable) -> None:
    assert [said(pair) for pair in pairs_of(paired())] == [
        ("drawing/0.png", "painting/copy.png", "same", False, False),
        (MIDDLE, SMALL, "near", True, False),
        (MIDDLE, WHOLE, "near", True, False),
    ]


def test_the_one_that_is_chosen_is_kept_over_all_others(paired: Callable) -> None:
    collection = paired()
    keeps = [*keeps_for(collection, WHOLE), *keeps_for(collection, "painting/copy.png")]
    Decisions().with_keeps(keeps).write(collection.path)
    after = paired()
    assert {picture.file for picture in after.excluded} == {SMALL, MIDDLE}
    assert [said(pair) for pair in pairs_of(after)] == [
        ("painting/copy.png", "drawing/0.png", "same", False, True),
        (WHOLE, MIDDLE, "near", False, True),
        (WHOLE, SMALL, "near", False, True),
    ]
    back = keeps_for(after, SMALL, WHOLE)
    after.decisions.with_keeps(back).write(after.path)
    assert {picture.file for picture in paired().excluded} == {WHOLE, MIDDLE}


def test_both_may_be_kept_and_then_it_is_decided(paired: Callable) -> None:
    collection = paired()
    Decisions().with_keeps(keeps_for(collection, SMALL, MIDDLE, both=True)).write(collection.path)
    assert said(pairs_of(paired())[1]) == (MIDDLE, SMALL, "near", True, True)


@pytest.mark.parametrize(
    ("file", "over", "both"),
    [
        ("painting/2.png", "", False),
        ("painting/9.png", "", False),
        (SMALL, "painting/2.png", False),
        ("painting/copy.png", "", True),
    ],
)
def test_what_is_like_no_other_cannot_be_chosen(paired: Callable, file: str, over: str, both: bool) -> None:
    with pytest.raises(SfumatoError, match="--duplicates' lists them"):
        keeps_for(paired(), file, over, both=both)
