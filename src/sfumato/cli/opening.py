"""Opening a person's picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from PIL import Image


def opened(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture upright, in sRGB, on ``background`` where it is transparent.

    Raises SfumatoError where there is none or it cannot be used.
    """
    from sfumato.collection.reading import read_picture
    from sfumato.collection.unusable import UnusableError

    try:
        return read_picture(path.read_bytes(), background).image
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file; give a picture") from error
    except IsADirectoryError as error:
        raise SfumatoError(f"{path}: is a directory; give one picture") from error
    except UnusableError as error:
        raise SfumatoError(f"{path}: {error}; give another picture") from error
