"""A grid of works whose rows and columns have names: one sheet that compares settings by looking."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from sfumato.works.viewing import drawable, enlarged, viewing_scale

BACKGROUND: Final = (238, 238, 237)  # a light neutral: white paper around it stays white, and no picture has a cast
INK: Final = (38, 38, 40)
QUIET_INK: Final = (92, 92, 94)
EMPTY: Final = (222, 222, 220)  # a place without a work
PICTURE_SIDE: Final = 128  # to which small pictures are enlarged, pixels
# Of letters, pixels. A sheet is printed as wide as a page, where a sixtieth of it is about 8 points.
SMALLEST, USUAL, LARGEST, OF_WIDTH = 11, 14, 40, 60
LEAST_WIDTH: Final = 24  # of what stands between the margins, in letters' heights: a title needs it
GUTTER: Final = 11  # the widest that a row's name is before it is broken into lines, in letters' heights


REFUSED: Final = "refused"


def refused_place(size: tuple[int, int]) -> Image.Image:
    """What stands in the place of a work that is not let out: plain paper that says so. size: in pixels."""
    place = Image.new("RGB", size, EMPTY)
    font = ImageFont.load_default(max(6, size[0] // 6))
    ImageDraw.Draw(place).text((size[0] / 2, size[1] / 2), REFUSED, QUIET_INK, font, anchor="mm")
    return place


@dataclass(frozen=True)
class _Type:
    """Pillow's own font, which is the same on every machine. size: pixels."""

    size: int

    @functools.cached_property
    def font(self) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(self.size)

    @property
    def line_height(self) -> int:
        return round(self.size * 1.35)

    def width(self, text: str) -> float:
        return self.font.getlength(text)

    def lines(self, text: str, width: int) -> list[str]:
        """Broken at spaces so that none is wider; within a word only where it is too wide by itself."""
        lines: list[str] = []
        for word in text.split():
            if lines and self.width(f"{lines[-1]} {word}") <= width:
                lines[-1] += f" {word}"
            else:
                lines += self._pieces(word, width)
        return lines

    def _pieces(self, word: str, width: int) -> Iterator[str]:
        while word:
            end = next((end for end in range(len(word), 1, -1) if self.width(word[:end]) <= width), 1)
            if end < len(word):  # where names are joined, if it can be
                end = max(word.rfind(mark, 0, end) for mark in ",_-") + 1 or end
            yield word[:end]
            word = word[end:]


@dataclass(frozen=True)
class _Text:
    """Lines of one type. height and width: pixels."""

    lines: list[str]
    type: _Type

    @property
    def height(self) -> int:
        return len(self.lines) * self.type.line_height

    @property
    def width(self) -> int:
        return max((math.ceil(self.type.width(line)) for line in self.lines), default=0)

    def draw(self, sheet: Image.Image, corner: tuple[int, int], ink: tuple[int, int, int], anchor: str = "la") -> None:
        """anchor: 'la' where the corner is the left one above, 'ma' where it is the middle above."""
        brush, (x, y) = ImageDraw.Draw(sheet), corner
        for number, line in enumerate(self.lines):
            brush.text((x, y + number * self.type.line_height), line, fill=ink, font=self.type.font, anchor=anchor)


def labelled_grid(
    cells: Sequence[Sequence[Sequence[Image.Image]]],
    *,
    columns: Sequence[str],
    rows: Sequence[str] = (),
    title: str,
    subtitle: str = "",
    across: int = 1,
) -> Image.Image:
    """Cells of pictures on a light neutral ground, the columns' names above them and the rows' on their left.

    cells: rows of columns of pictures; every cell holds as many, one or more, all of one size. Pictures up to 64 px
    are enlarged by whole numbers, without smoothing, to at most 128 px. columns: a name each. rows: a name each, or
    none for a grid of one row. title and subtitle: what all cells have in common. across: how many pictures of a cell
    stand side by side. Names are wrapped, and set smaller where a column is narrow, but never cut; letters grow with
    the sheet. The font has the letters of ASCII: others lose their accents, or appear as a box.
    Returns an RGB picture. Raises ValueError for no pictures, cells or pictures that are not alike, or names of another
    number.
    """
    _check(cells, columns, rows)
    count, first = len(cells[0][0]), cells[0][0][0]
    across = min(across, count)
    scale = viewing_scale(first.size, PICTURE_SIDE)
    width, height = first.width * scale, first.height * scale
    usual = _Type(min(LARGEST, max(USUAL, len(columns) * across * width // OF_WIDTH)))
    space, margin, within = usual.size, round(usual.size * 1.6), max(3, width // 64)
    cell_width = across * (width + within) - within
    cell_height = math.ceil(count / across) * (height + within) - within
    apart = max(USUAL, min(cell_width, cell_height) // 16)

    narrow, wide = cell_width - space // 2, GUTTER * space  # names of neighbouring columns must not touch
    names = _Type(min(_fitting(columns, narrow, usual.size), _fitting(rows, wide, usual.size)))
    above = [_Text(names.lines(drawable(name), narrow), names) for name in columns]
    beside = [_Text(names.lines(drawable(name), wide), names) for name in rows or [""]]
    gutter = max(text.width for text in beside) + space if rows else 0
    grid_width = gutter + len(columns) * (cell_width + apart) - apart
    between = max(grid_width, LEAST_WIDTH * space)
    head = _Type(round(usual.size * 1.5))
    heading = _Text(head.lines(drawable(title), between), head)
    common = _Text(usual.lines(drawable(subtitle), between), usual)

    heights = [max(cell_height, text.height) for text in beside]
    names_top = margin + heading.height + common.height + space
    cells_top = names_top + max(text.height for text in above) + space // 3
    size = (between + 2 * margin, cells_top + sum(heights) + apart * (len(heights) - 1) + margin)
    sheet = Image.new("RGB", size, BACKGROUND)
    heading.draw(sheet, (margin, margin), INK)
    common.draw(sheet, (margin, margin + heading.height), QUIET_INK)
    lefts = [margin + gutter + number * (cell_width + apart) for number in range(len(columns))]
    for left, text in zip(lefts, above, strict=True):  # down to the pictures, where some names have fewer lines
        text.draw(sheet, (left + cell_width // 2, cells_top - space // 3 - text.height), INK, anchor="ma")
    top = cells_top
    for row, text, row_height in zip(cells, beside, heights, strict=True):
        text.draw(sheet, (margin, top + (row_height - text.height) // 2), INK)
        for left, pictures in zip(lefts, row, strict=True):
            for number, picture in enumerate(pictures):
                x, y = left + number % across * (width + within), top + number // across * (height + within)
                sheet.paste(enlarged(picture, scale), (x, y))
        top += row_height + apart
    return sheet


def _check(cells: Sequence[Sequence[Sequence[Image.Image]]], columns: Sequence[str], rows: Sequence[str]) -> None:
    if not cells or not cells[0] or not cells[0][0]:
        raise ValueError("a grid needs at least one cell with at least one picture")
    if len(cells) != (len(rows) or 1) or any(len(row) != len(columns) for row in cells):
        raise ValueError("a grid needs one name for every row, and one for every column")
    if len({len(pictures) for row in cells for pictures in row}) > 1:
        raise ValueError("every cell of a grid needs as many pictures as the others")
    if len({picture.size for row in cells for pictures in row for picture in pictures}) > 1:
        raise ValueError("a grid's pictures must have one size")


def _fitting(names: Sequence[str], width: int, usual: int) -> int:
    """The largest size of letters, no larger than usual, in which no word of the names is wider than `width`."""
    words = {word for name in names for word in drawable(name).split()}
    types = map(_Type, range(usual, SMALLEST, -1))
    return next((type.size for type in types if all(type.width(word) <= width for word in words)), SMALLEST)
