"""The pictures of works, small ones made when they are first asked for."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Final

from PIL import Image

from sfumato.disk import read_file, replace_file
from sfumato.images.decoding import read_picture
from sfumato.images.files import BYTE_LIMIT
from sfumato.images.unusable import UnusableError
from sfumato.studio.place import Place
from sfumato.studio.server.answers import HttpError

# What the program writes, by its ending.
TYPES: Final = {
    ".png": "image/png", ".apng": "image/apng", ".webp": "image/webp", ".gif": "image/gif", ".mp4": "video/mp4",
}  # fmt: skip
SIDES: Final = (256, 512)  # pixels, the longer side of a thumbnail
_SMALL: Final = 160  # pixels; works up to this side are kept exactly, as they are shown enlarged
_QUALITY: Final = 85


def media_type(path: Path) -> str:
    """Raises HttpError 404 for a file that is no work's."""
    found = TYPES.get(path.suffix.lower())
    if found is None:
        raise HttpError(404, "this work is no picture that a browser shows", code="no_picture")
    return found


def thumbnail(place: Place, id: int, path: Path, side: int) -> bytes:
    """A WebP of a work, its longer side at most ``side`` pixels. It is kept, and made anew where the file was replaced.

    id: of the work; side: one of SIDES. Raises HttpError 404 where the file is gone or no picture.
    """
    try:
        changed = path.stat().st_mtime_ns
    except (OSError, ValueError):
        raise HttpError(404, "the work's file is no longer where it was", code="not_found") from None
    kept = place.thumbnails / "works" / f"{id}-{side}.webp"
    try:
        if kept.stat().st_mtime_ns == changed:
            return read_file(kept, BYTE_LIMIT)
    except OSError:
        pass  # not made yet
    data = _made(path, side)
    kept.parent.mkdir(parents=True, exist_ok=True)
    replace_file(kept, data)
    os.utime(kept, ns=(changed, changed))
    return data


def _made(path: Path, side: int) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with a file, the error tells
            image = read_picture(read_file(path, BYTE_LIMIT), (255, 255, 255)).image
    except (OSError, UnusableError) as error:
        raise HttpError(404, f"the work's file cannot be shown: {error}", code="no_picture") from error
    exact = max(image.size) <= _SMALL
    if not exact:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=exact, quality=_QUALITY, method=4)
    return out.getvalue()
