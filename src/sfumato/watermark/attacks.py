"""What happens to pictures on their way: a mark is made so strong that these leave it readable."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image, ImageEnhance

from sfumato.watermark.hearing import WHOLE, View

Attacked = tuple[Image.Image, View]  # and how much of it is left
Attack = Callable[[Image.Image], Attacked]
Attacks = Mapping[str, Attack]


def _encoded(image: Image.Image, kind: str, **options: int) -> Attacked:
    file = io.BytesIO()
    image.save(file, kind, **options)
    with Image.open(file) as opened:
        return opened.convert("RGB"), WHOLE


def _cropped(image: Image.Image) -> Attacked:
    """A twentieth is cut off at every side: the middle stays in the middle."""
    right, lower = image.width // 20, image.height // 20
    crop = image.crop((right, lower, image.width - right, image.height - lower))
    return crop, View(crop.height / image.height, crop.width / image.width)


def _half(image: Image.Image) -> Attacked:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC), WHOLE


# The likeliest to decide first: a strength at which one of them fails need not face the others.
ATTACKS: Final[Attacks] = {
    "contrast 1.2": lambda image: (ImageEnhance.Contrast(image).enhance(1.2), WHOLE),
    "crop 10 %": _cropped,
    "JPEG 50": lambda image: _encoded(image, "JPEG", quality=50),
    "brightness 1.1": lambda image: (ImageEnhance.Brightness(image).enhance(1.1), WHOLE),
    "half the size": _half,
    "WebP 80": lambda image: _encoded(image, "WEBP", quality=80, method=2),  # in half the time of the usual method
}
