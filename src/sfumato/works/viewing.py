"""Small pictures made large enough to look at, by whole numbers, so that every pixel stays a sharp square; and words
as the font beside them can write them."""

import unicodedata
from collections.abc import Sequence

from PIL import Image


def viewing_scale(size: tuple[int, int], longest: int) -> int:
    """The largest whole number, at least 1, that keeps a picture of `size` within `longest` pixels."""
    return max(1, longest // max(size))


def enlarged(image: Image.Image, scale: int) -> Image.Image:
    """The picture `scale` times as large, with nearest neighbour. Raises ValueError for a scale under 1."""
    if scale < 1:
        raise ValueError(f"a picture is enlarged by 1 or more, not by {scale}")
    if scale == 1:
        return image
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def drawable(text: str) -> str:
    """Without accents: Pillow's own font has none."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def evenly_spaced(count: int, most: int) -> Sequence[int]:
    """At most `most` (2 or more) of the indices 0 .. count - 1, the first and the last among them, none twice."""
    if count <= most:
        return range(count)
    return [round(place * (count - 1) / (most - 1)) for place in range(most)]
