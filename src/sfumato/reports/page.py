"""Reports are rendered from templates: one file each, styles and pictures inside, no script, nothing fetched.

Everything that a template is given is text and is escaped, unless it is `Markup`, which only this room's own templates
make.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from sfumato.text import class_name, counted
from sfumato.works.viewing import viewing_scale

# Pictures hang at this size or, if they are small, at the largest whole multiple that fits, one square a pixel.
HANGING_SIZE: Final = 128

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Row:
    """A row of a table. note: in small letters under its name; said: over all columns that have no cell."""

    name: str
    cells: Sequence[str]
    note: str = ""
    said: str = ""


@dataclass(frozen=True)
class Displayed:
    """A picture as a page shows it. source: a data URI; width, height: on the page, in pixels; is_enlarged: by a whole
    number, every pixel a square."""

    source: str
    width: int
    height: int
    is_enlarged: bool


def render(template: str, **given: Any) -> str:
    """A whole page. Rooms are numbered in the order in which the template shows them."""
    return TEMPLATES.get_template(template).render(next_room=count(1).__next__, **given)


def displayed(image: Image.Image, longest: int = HANGING_SIZE) -> Displayed:
    """A picture whose longer side is at most ``longest`` pixels on the page."""
    scale = viewing_scale(image.size, longest)
    if scale > 1:
        return Displayed(png(image), image.width * scale, image.height * scale, is_enlarged=True)
    # Twice the size at which it hangs, for screens with fine pixels; more would only make the page heavier.
    kept = image.copy()
    kept.thumbnail((2 * longest, 2 * longest), Image.Resampling.LANCZOS)
    factor = min(1.0, longest / max(image.size))
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return Displayed(png(kept), *size, is_enlarged=False)


def png(image: Image.Image) -> str:
    """The picture as a data URI."""
    # A new file of the pixels alone: what a picture's own file says of itself is not published by the way.
    pixels = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    buffer = io.BytesIO()
    pixels.save(buffer, format="PNG", optimize=True)
    return data_uri("image/png", buffer.getvalue())


def data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def capitalised(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


TEMPLATES.filters.update(
    displayed=displayed,
    png=png,
    thousands="{:,}".format,
    capitalised=capitalised,
    class_name=class_name,
    counted=counted,
)
TEMPLATES.globals.update(HANGING_SIZE=HANGING_SIZE, zip=zip)
