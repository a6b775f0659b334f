"""How large a work is made for a program that asks for a size, and how much it is enlarged to be seen.

Chat programs ask for 512 or 1,024 pixels whatever the model. A small model's works have a composition at its own size
alone: so they are made there, in the shape that was asked for, and shown enlarged by whole numbers, as on sheets.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sfumato.studio.models import StudioModel
from sfumato.studio.server.answers import HttpError
from sfumato.works.viewing import viewing_scale

MOST_SIDE: Final = 4096  # pixels
_SIZE: Final = re.compile(r"(\d{1,5})\s*[xX×]\s*(\d{1,5})")
_WHOLE: Final = 2  # up to how many times its own size a model's windows still make one picture
_LONGEST: Final = 4  # of a shape, how many times as long as it is high

Size = tuple[int, int]


def size_of(text: str | None) -> Size | None:
    """Width and height of '512x768'; None for 'auto', or where nothing is said. Raises HttpError 400."""
    if text is None or text.strip().lower() in ("", "auto"):
        return None
    found = _SIZE.fullmatch(text.strip())
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(1 <= side <= MOST_SIDE for side in size):
        said = "give it as WIDTHxHEIGHT in pixels"
        raise HttpError(400, f"size: {said}, up to {MOST_SIDE:,} a side, or 'auto'", code="invalid_size", param="size")
    return size


def made_in(model: StudioModel, size: Size | None) -> dict[str, Any]:
    """The canvas that is asked of the model, by its plain names; {} for its own."""
    if size is None or size == (model.size, model.size):
        return {}
    if model.kind == "text":
        return {"width": size[0], "height": size[1]}
    own = model.size
    if not model.samples_freely or not own:
        return {}
    if min(size) < own or max(size) > _WHOLE * own:
        scale = own / min(size)
        size = (round(size[0] * scale), round(size[1] * scale))
        size = (min(_LONGEST * own, size[0]), min(_LONGEST * own, size[1]))
    return {} if size == (own, own) else {"width": size[0], "height": size[1]}


def shown_scale(made: Size, asked: Size | None) -> int:
    """How many times a work is enlarged for a program that asked for a size, so that it fits into that."""
    if asked is None:
        return 1
    return min(viewing_scale((made[0], made[0]), asked[0]), viewing_scale((made[1], made[1]), asked[1]))
