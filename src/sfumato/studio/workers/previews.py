"""Pictures of what a job has come to, small enough to be sent many times a second."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

LONGEST: Final = 512  # pixels, of all pictures together
_QUALITY: Final = 85


def layout(count: int) -> tuple[int, int]:
    """Columns and rows of so many pictures, as near to a square as can be."""
    columns = math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def joined(pictures: Sequence[Image.Image]) -> bytes:
    """Pictures of one size in rows, edge to edge (`layout`), as a JPEG."""
    columns, rows = layout(len(pictures))
    width, height = pictures[0].size
    sheet = Image.new("RGB", (columns * width, rows * height))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * width, number // columns * height))
    return small(sheet)


def small(picture: Image.Image, longest: int = LONGEST) -> bytes:
    """A picture as a JPEG, scaled down to so many pixels on its longer side."""
    shown = picture.convert("RGB")
    shown.thumbnail((longest, longest), Image.Resampling.BOX)
    file = io.BytesIO()
    # Whole colours: small pictures are enlarged to be looked at, and halved colours would show as blocks.
    shown.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return file.getvalue()


def of_file(path: Path, longest: int = 2 * LONGEST) -> bytes:
    """A picture of the program's own, in a file, as a JPEG."""
    with Image.open(path) as picture:
        return small(picture, longest)
