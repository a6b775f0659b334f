"""The mark of the program's own pictures and videos: XMP that names the program, and that a model made them.

Whatever the program writes as a picture or a video bears it (`sfumato.works.saving`), so that it is never taken for
somebody's art. Art that the program draws without a model carries no mark.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final

from sfumato.disk import open_file
from sfumato.provenance.containers import XMP, texts_of
from sfumato.provenance.xmp import is_ours

# Programs that save a PNG again may drop its XMP and keep its other texts: these are ours too, and JSON.
RECIPE_KEY: Final = "sfumato"
GRID_KEY: Final = "sfumato-grid"
_OWN_TEXTS: Final = (RECIPE_KEY.encode(), GRID_KEY.encode())


def is_marked(data: bytes | mmap.mmap) -> bool:
    """Whether a PNG, WebP, GIF, JPEG or MP4 was made by this program, of whatever version; damaged bytes were not.

    A picture that another program saved under its own name, without our texts, is that program's, and so are other
    models' pictures.
    """
    return any(
        is_ours(text) if keyword == XMP else keyword in _OWN_TEXTS and b'"digest"' in text
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
