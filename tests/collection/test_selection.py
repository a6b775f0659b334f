"""Which pictures are meant."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato.collection import Collection
from sfumato.collection.selection import Selection
from sfumato.errors import SfumatoError


@pytest.fixture
def collection(art: Path, gather: Callable) -> Collection:
    (art / "metadata.csv").write_text(
        "file_name,creator,noai\ndrawing/0.png,Ana Bo,\ndrawing/1.png,Ana Bo and Cy,\npainting/0.png,,yes\n"
    )
    return gather(art).collection


@pytest.mark.parametrize(
    ("selection", "files"),
    [
        (Selection(files=("drawing/0.png",)), ["drawing/0.png"]),
        (Selection(files=("./drawing/0.png", "drawing/0.png")), ["drawing/0.png"]),
        (Selection(files=("*/0.png",)), ["drawing/0.png", "painting/0.png"]),
        (Selection(files=("drawing/[01].png",), creators=("Cy",)), ["drawing/1.png"]),
        (Selection(classes=("painting",)), ["painting/1.png", "painting/2.png"]),
        (Selection(creators=("ana bo",)), ["drawing/0.png", "drawing/1.png"]),
    ],
)
def test_pictures_are_named_by_what_is_known(collection: Collection, selection: Selection, files: list[str]) -> None:
    assert sorted(picture.file for picture in selection.of(collection)) == files


def test_a_path_to_the_file_names_it_too(collection: Collection, art: Path) -> None:
    found = Selection(files=(str(art / "drawing" / "2.png"),)).of(collection)
    assert [picture.file for picture in found] == ["drawing/2.png"]


def test_everything_is_all_that_are_excluded_too(collection: Collection) -> None:
    assert len(Selection(everything=True).of(collection)) == 6
    assert not Selection()


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(files=("drawing/3.png",)), "holds no picture drawing/3.png; do you mean drawing/"),
        (Selection(files=("\x1b[31m",)), r"holds no picture \x1b[31m; give names as in pictures.jsonl"),
        (Selection(classes=("etching",)), "has no class 'etching'; there is drawing, painting"),
        (Selection(creators=("Ana Boe",)), "holds no such picture by Ana Boe; by a similar name: Ana Bo"),
        (Selection(files=("*.png",), creators=("Nobody at all",)), "holds no such picture"),
    ],
)
def test_what_stands_for_no_picture_is_said(collection: Collection, selection: Selection, said: str) -> None:
    with pytest.raises(SfumatoError) as error:
        selection.of(collection)
    assert said in str(error.value)
