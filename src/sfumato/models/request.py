"""All that 'sfumato generate' asks of a model, for Python and the command line alike."""

from __future__ import annotations

import os
from pathlib import Path
from typing import SupportsIndex, Unpack

from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.images.decoding import open_picture
from sfumato.models.configuration import SamplerChoices
from sfumato.models.generation import Generation
from sfumato.models.ground import Ground
from sfumato.models.model import Model
from sfumato.models.remaking import relatives
from sfumato.models.steering import COMPOSITION_STRENGTH, PALETTE_STRENGTH, Composition, Palette, Steering
from sfumato.works import Work, read_work


def requested(
    model: Model,
    *,
    seed: SupportsIndex = 0,
    label: str | None = None,
    away: str | None = None,
    variations: float | None = None,
    of: Work | Path | str | None = None,
    width: int | None = None,
    height: int | None = None,
    tile: bool = False,
    palette: Palette | Image.Image | Path | str | None = None,
    palette_strength: float = PALETTE_STRENGTH,
    composition: Composition | Image.Image | Path | str | None = None,
    composition_strength: float = COMPOSITION_STRENGTH,
    **asked: Unpack[SamplerChoices],
) -> Generation:
    """What makes the works; see ``Model.generate`` for the arguments.

    Raises SfumatoError for what does not go together, what is out of range, a class that the model has not, and a file
    that is not there or cannot be used.
    """
    if (variations is None) != (of is None):
        raise SfumatoError("variations and the work that they are of belong together: give both, or neither")
    if of is None or variations is None:
        ground = Ground.plain(model.config, width, height, tile=tile)
        steering = steering_of(palette, palette_strength, composition, composition_strength, ground)
        return Generation.of(model, seed=seed, label=label, away=away, ground=ground, steering=steering, **asked)
    if width or height or tile or palette is not None or composition is not None:
        raise SfumatoError("variations have size, palette and composition of the work itself; leave these out")
    work = of if isinstance(of, Work) else read_work(of)
    return relatives(model, work.recipe.first, variations, seed=seed, label=label, away=away, **asked)


def steering_of(
    palette: Palette | Image.Image | Path | str | None,
    palette_strength: float,
    composition: Composition | Image.Image | Path | str | None,
    composition_strength: float,
    ground: Ground,
) -> Steering:
    """A palette as colours, a picture or its file, and a sketch or its file, for works on the ground.

    Strengths are for what does not bring its own. Raises SfumatoError for a file that is no picture, words that are no
    colours, and strengths outside 0..1.
    """
    if palette is not None and not isinstance(palette, Palette):
        palette = _palette(palette, palette_strength)
    if composition is not None and not isinstance(composition, Composition):
        sketch = composition if isinstance(composition, Image.Image) else open_picture(Path(composition))
        composition = Composition.of_picture(sketch, ground.width, ground.height, composition_strength)
    return Steering(palette, composition)


def _palette(asked: Image.Image | Path | str, strength: float) -> Palette:
    if isinstance(asked, Image.Image):
        return Palette.of_picture(asked, strength)
    place = Path(asked)
    is_file = os.path.lexists(place) and not place.is_dir()
    if is_file or isinstance(asked, Path):
        return Palette.of_picture(open_picture(place), strength)
    if place.suffix and not asked.startswith("#"):
        raise SfumatoError(f"{asked}: no such file; give a picture, or colours as #aa3322,#fff0c0")
    return Palette.parse(asked, strength)
