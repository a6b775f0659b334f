"""Opening a person's picture."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from PIL import Image


def opened(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture upright, in sRGB, on ``background`` where it is transparent. A path may begin with '~'.

    Raises SfumatoError where there is none or it cannot be used.
    """
    from sfumato.collection.reading import read_picture
    from sfumato.collection.sources import read_file
    from sfumato.collection.unusable import UnusableError

    place = at_home(path)
    if not os.path.lexists(place):
        raise SfumatoError(f"{path}: no such file; give a picture")
    if place.is_dir():
        raise SfumatoError(f"{path}: is a directory; give one picture")
    try:
        data = read_file(place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is wrong with a file, the error tells
            return read_picture(data, background).image
    except UnusableError as error:
        raise SfumatoError(f"{path}: {error}; give another picture") from error


def at_home(path: Path) -> Path:
    """The path with its leading '~' or '~name' in place; of who has no home it stays."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
