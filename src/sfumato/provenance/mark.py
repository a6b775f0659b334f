"""The mark of the program's own pictures and films: XMP that names the program, and that a model made them.

Whatever the program writes as a picture or a film goes through `save_marked` or `mark_film`, so that it is never taken
for somebody's art. Art that the program draws without a model carries no mark.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image, PngImagePlugin

from sfumato import __version__
from sfumato.disk import open_file
from sfumato.provenance.containers import XMP, film_with, gif_with, texts_of
from sfumato.provenance.xmp import TRAINED_ALGORITHMIC_MEDIA, is_ours, xmp_packet

# Programs that save a PNG again may drop its XMP and keep its other texts: these are ours too, and JSON.
RECIPE_KEY: Final = "sfumato"
GRID_KEY: Final = "sfumato-grid"
_OWN_TEXTS: Final = (RECIPE_KEY.encode(), GRID_KEY.encode())


def save_marked(
    image: Image.Image,
    file: BinaryIO,
    *,
    format: str,
    texts: Mapping[str, str] | None = None,
    source_type: str = TRAINED_ALGORITHMIC_MEDIA,
    **options: Any,
) -> None:
    """Write a picture, or an animation, with the mark.

    format: PNG, WEBP or GIF, as Pillow names them. texts: keyword and text of what else a PNG carries. source_type:
    IPTC's term for what it is. options: Pillow's own, for the format. Raises ValueError for another format, or texts
    for one that is not PNG.
    """
    packet = xmp_packet(f"sfumato {__version__}", source_type)
    if texts and format != "PNG":
        raise ValueError(f"a {format} carries no texts")
    if format == "PNG":
        info = PngImagePlugin.PngInfo()
        for keyword, text in (texts or {}).items():
            info.add_itxt(keyword, text)
        info.add_itxt(XMP.decode(), packet)
        image.save(file, format="PNG", pnginfo=info, **options)
    elif format == "WEBP":
        image.save(file, format="WEBP", xmp=packet.encode(), **options)
    elif format == "GIF":
        whole = io.BytesIO()  # Pillow writes no XMP into it
        image.save(whole, format="GIF", **options)
        file.write(gif_with(whole.getvalue(), packet.encode()))
    else:
        raise ValueError(f"{format} is none of PNG, WEBP and GIF")


def mark_film(film: bytes) -> bytes:
    """An MP4 with the mark."""
    return film_with(film, xmp_packet(f"sfumato {__version__}").encode())


def is_marked(data: bytes | mmap.mmap) -> bool:
    """Whether a PNG, WebP, GIF, JPEG or MP4 was made by this program, of whatever version; damaged bytes were not.

    A picture that another program saved under its own name, without our texts, is that program's, and so are other
    models' pictures.
    """
    return any(
        is_ours(text) if keyword == XMP else keyword in _OWN_TEXTS and b'"model_digest"' in text
        for keyword, text in texts_of(data)
    )


def is_marked_file(path: Path) -> bool:
    """The same of a file, of which no more is read than needed. Raises OSError where it cannot be read."""
    with open_file(path) as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # empty
            return False
        with data:
            return is_marked(data)
