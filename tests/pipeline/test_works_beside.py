"""What limits a comparison is said: models of other classes, pictures that are too small, names that are alike."""

from dataclasses import replace
from pathlib import Path

import pytest

from sfumato.collection import Collection
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.pipeline import works_beside
from sfumato.pipeline.works_beside import Asked, compared_with
from sfumato.training import Run


def test_a_model_of_other_classes_is_not_counted_by_class(trained: Run, tiny_collection: Collection) -> None:
    model = Model.from_pretrained(trained.path)
    assert works_beside._limits(model, tiny_collection)[1] and works_beside._limits(None, tiny_collection) == ([], True)
    model.config = model.config.model_copy(update={"classes": ("cats", *model.config.classes[1:])})
    notes, of_its_classes = works_beside._limits(model, tiny_collection)
    assert not of_its_classes
    assert notes[-1] == (
        "The model has classes that the collection has not (‘cats’), so its works are not counted by class."
    )


def test_pictures_too_small_for_the_model_are_missed(trained: Run, tiny_collection: Collection, tmp_path: Path) -> None:
    asked = Asked("run", Model.from_pretrained(trained.path), (), 64)
    with pytest.raises(SfumatoError, match="0 pictures of 64 pixels or more, and beside works of that size 20"):
        list(compared_with(tiny_collection, [asked], tmp_path / "dataset", 20, 0, False))
    assert replace(asked, size=32).size == 32


def test_names_that_are_alike_are_told_apart() -> None:
    assert works_beside._unlike("run", []) == "run"
    assert works_beside._unlike("run", ["run", "run (2)"]) == "run (3)"
