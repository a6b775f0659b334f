"""Opening a person's picture."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from PIL import Image

from sfumato.collection.reading import read_picture
from sfumato.collection.sources import read_file
from sfumato.collection.unusable import UnusableError
from sfumato.errors import SfumatoError
from sfumato.text import at_home


def opened(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture upright, in sRGB, on ``background`` where it is transparent. A path may begin with '~'.

    Raises SfumatoError where there is none or it cannot be used.
    """
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
