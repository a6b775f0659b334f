"""Opening a person's picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.disk import read_file
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from PIL import Image


def opened(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture upright, in sRGB, on ``background`` where it is transparent.

    Raises SfumatoError where there is none or it cannot be used.
    """
    from sfumato.collection.reading import BYTE_LIMIT, read_picture
    from sfumato.collection.unusable import UnusableError

    try:
        return read_picture(read_file(path, BYTE_LIMIT), background).image
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file; give a picture") from error
    except IsADirectoryError as error:
        raise SfumatoError(f"{path}: is a directory; give one picture") from error
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be read ({error.strerror}); give another picture") from error
    except UnusableError as error:
        raise SfumatoError(f"{path}: {error}; give another picture") from error
