"""Finding the model that made a work, of which the work's file knows no more than name and digest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.models import Model
    from sfumato.works import Recipe


def model_of(recipe: Recipe, work: Path, named: str | None, device: str) -> Model:
    """The model of a recipe: the one that is named, else one of its name here or near the work.

    Raises SfumatoError where there is none. Whether it is the same to the bit, `remake` looks at.
    """
    from sfumato.models import Model, locate_model

    if named is not None:
        return Model.from_pretrained(named, device=device)
    near = work.resolve().parent
    for directory in (Path.cwd(), near, near.parent):
        try:
            place = locate_model(directory / recipe.model)
        except SfumatoError:
            continue
        return Model.from_pretrained(place, device=device)
    raise SfumatoError(
        f"{work}: was made with '{recipe.model}', and no model of that name lies here or beside the work; "
        "say where it is with --model"
    )
