"""Many pictures on one sheet: the contact sheet of a series, and the strip that shows how a model learned."""

import math
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from sfumato.text import counted
from sfumato.works.viewing import drawable, enlarged, viewing_scale

BACKGROUND: Final = (27, 26, 25)  # a dark neutral: it gives no picture a cast
INK: Final = (205, 199, 189)
FONT_SIZE: Final = 13
LINE_HEIGHT: Final = 17  # of a caption, its descenders included, pixels
CAPTION_SPACE: Final = 5  # between a picture and its caption, pixels
SHEET_SIDE: Final = 4096  # pixels, of a sheet of large works
LEAST_SIDE: Final = 256  # of each of them

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(
    images: Sequence[Image.Image],
    *,
    columns: int | None = None,
    scale: int | None = None,
    gap: int = 10,
    labels: Sequence[str] | None = None,
) -> Image.Image:
    """The pictures in rows, in reading order, on a dark neutral ground.

    images: one or more, of any sizes; smaller ones are centred in their cells. columns: as many as give a sheet a
    little wider than high. scale: a whole number; by default 32 px are shown at 128 (at 64 on sheets of over 100).
    gap: pixels between pictures and around them. labels: one short text a picture, set below it and cut to its width.
    Returns an RGB picture. Raises ValueError for no images, or labels of another number.
    """
    if not images:
        raise ValueError("a contact sheet needs at least one picture")
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"{counted(len(labels), 'label')} for {counted(len(images), 'picture')}")
    columns = min(columns or _columns(len(images)), len(images))
    rows = math.ceil(len(images) / columns)
    width, height = _cell(images)
    scale = scale or viewing_scale((width, height), 128 if len(images) <= 100 else 64)
    width, height = width * scale, height * scale
    below = 0 if labels is None else CAPTION_SPACE + LINE_HEIGHT
    sheet = Image.new("RGB", (gap + columns * (width + gap), gap + rows * (height + below + gap)), BACKGROUND)
    for number, image in enumerate(images):
        left, top = gap + number % columns * (width + gap), gap + number // columns * (height + below + gap)
        shown = enlarged(image, scale)
        sheet.paste(shown, (left + (width - shown.width) // 2, top + (height - shown.height) // 2))
        if labels is not None:
            _caption(sheet, labels[number], (left + width // 2, top + height + CAPTION_SPACE), width)
    return sheet


def for_sheet(image: Image.Image, count: int) -> Image.Image:
    """A picture as it lies on a sheet of so many: made smaller where the sheet would have a side of more than some
    4,096 pixels, and never to fewer than 256. For large works, of which a sheet would open in few programs."""
    longest = max(LEAST_SIDE, SHEET_SIDE // _columns(count))
    if max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def strip(
    moments: Sequence[Sequence[Image.Image]], labels: Sequence[str], *, scale: int | None = None, gap: int = 10
) -> Image.Image:
    """The evolution of a model: time runs from left to right, and each row follows one seed.

    moments: for each moment the pictures of the same seeds, in the same order. labels: one caption a moment, as
    '2 min', set above its column. scale: a whole number; by default such that the strip is about 1,200 px wide.
    Returns an RGB picture. Raises ValueError for no pictures, moments of different lengths, labels of another number.
    """
    if not moments or not moments[0]:
        raise ValueError("a strip needs at least one moment with at least one picture")
    if len({len(moment) for moment in moments}) > 1:
        raise ValueError("every moment of a strip needs pictures of the same seeds")
    if len(labels) != len(moments):
        raise ValueError(f"{counted(len(labels), 'label')} for {counted(len(moments), 'moment')}")
    images = [image for row in zip(*moments, strict=True) for image in row]
    scale = scale or viewing_scale(_cell(images), min(128, max(1, 1200 // len(moments) - gap)))
    hung = contact_sheet(images, columns=len(moments), scale=scale, gap=gap)
    above, width = LINE_HEIGHT + CAPTION_SPACE, scale * _cell(images)[0]
    sheet = Image.new("RGB", (hung.width, above + hung.height), BACKGROUND)
    sheet.paste(hung, (0, above))
    for column, label in enumerate(labels):
        _caption(sheet, label, (gap + column * (width + gap) + width // 2, gap), width)
    return sheet


def _columns(count: int) -> int:
    """Near the square root, where the last row is fullest; the fewer, the better."""
    root = math.ceil(math.sqrt(count))
    return min(range(root, math.ceil(1.6 * math.sqrt(count)) + 1), key=lambda columns: (-count % columns, columns))


def _cell(images: Sequence[Image.Image]) -> tuple[int, int]:
    return max(image.width for image in images), max(image.height for image in images)


def _caption(sheet: Image.Image, text: str, top_centre: tuple[int, int], width: int) -> None:
    font = ImageFont.load_default(FONT_SIZE)
    text = " ".join(drawable(text).split())
    ImageDraw.Draw(sheet).text(top_centre, _cut(text, font, width), fill=INK, font=font, anchor="ma")


def _cut(text: str, font: Font, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..." if text else ""
