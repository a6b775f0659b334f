"""Opening a person's mask, and saying what it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.images.decoding import open_picture

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.models.ground import Ground


def opened_mask(path: Path) -> Image.Image:
    """The mask upright, RGBA: what is transparent in it has a meaning. Raises SfumatoError as ``open_picture`` does."""
    from sfumato.models.mask import over_both

    return over_both(open_picture(path, (0, 0, 0)), open_picture(path, (255, 255, 255)))


def shares_in_words(ground: Ground, picture: Path) -> str:
    """'20.1% of picture.png made anew, 79.9% kept to the pixel', and what lies between where the mask has soft edges.

    ground: one with a mask.
    """
    assert ground.mask is not None
    made, kept = ((ground.mask == level).double().mean().item() for level in (1, 0))
    between = 1 - made - kept
    said = [f"{_percent(made)} of {picture} made anew"]
    if between > 1e-6:
        said.append(f"{_percent(between)} blended in soft edges")
    return ", ".join([*said, f"{_percent(kept)} kept to the pixel"])


def _percent(share: float) -> str:
    """One digit after the point; never none or all where it is some."""
    if 0 < share < 0.001:
        return "less than 0.1%"
    return "more than 99.9%" if 0.999 < share < 1 else f"{share:.1%}"
