"""Finding the model that made a work, of which the work's file knows no more than name and digest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.models import Model
    from sfumato.works import Recipe


def model_of(recipe: Recipe, work: Path, named: Sequence[str], device: str) -> Model:
    """The model of a recipe, to the bit: one that is named, else one of its name here or near the work.

    Raises SfumatoError where there is none.
    """
    from sfumato.models import Model, locate_model
    from sfumato.models.remaking import check_model

    asked = [Model.from_pretrained(name, device=device) for name in named]
    if ours := [model for model in asked if model.weights_digest == recipe.model_digest]:
        return ours[0]
    near = work.resolve().parent
    for directory in (Path.cwd(), near, near.parent):
        try:
            place = locate_model(directory / recipe.model)
        except SfumatoError:
            continue
        asked.append(Model.from_pretrained(place, device=device))
        break
    if not asked:
        raise SfumatoError(
            f"{work}: was made with '{recipe.model}', and no model of that name lies here or beside the work; "
            "say where it is with --model"
        )
    check_model(asked[-1], recipe)
    return asked[-1]
