"""Finding the model that made a work, of which the work's file knows no more than name and digest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.models import Model
    from sfumato.works import Recipe

PARENTS = 3  # above the work, and above where one is


def model_of(recipe: Recipe, work: Path, named: Sequence[str], device: str) -> Model:
    """The model of a recipe, to the bit: one that is named, else one that lies here or near the work.

    It is known by its weights, whatever its directory is called. Raises SfumatoError where there is none.
    """
    from sfumato.models import Model
    from sfumato.models.nearby import find_weights, unpacked
    from sfumato.models.remaking import check_model

    asked = [Model.from_pretrained(name, device=device) for name in named]
    if ours := [model for model in asked if model.weights_digest == recipe.model_digest]:
        return ours[0]
    found = find_weights(recipe.model_digest, _places(recipe.model, work))
    if found is not None:
        with unpacked(found) as directory:
            return Model.from_pretrained(directory, device=device)
    if asked:
        check_model(asked[-1], recipe)
    raise SfumatoError(
        f"{work}: was made with '{recipe.model}' (weights {recipe.model_digest[:10]}), and no model with these weights "
        "lies here or near the work; say where it is with --model"
    )


def _places(name: str, work: Path) -> list[Path]:
    """Where to look, the likeliest first: what has the model's name, then here and beside the work, then above."""
    here, near = Path.cwd(), Path(os.path.realpath(work)).parent
    around = [here, near, *near.parents[:PARENTS], *here.parents[:PARENTS]]
    # Below the root of a disk lies all that there is.
    around = [place for place in dict.fromkeys(around) if place != place.parent]
    called = [place / name for place in around] if Path(name).name == name and "\x00" not in name else []
    return [*called, *around]
