"""How large a work is to be on paper: a width and a height in centimetres, millimetres or inches, and dots per inch."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self, cast

from pydantic import Field

from sfumato.errors import SfumatoError
from sfumato.text import printable, shortened
from sfumato.works.values import MOST_PIXELS, Plain

INCH: Final = 25.4  # millimetres
USUAL_DPI: Final = 200
LEAST_DPI, MOST_DPI = 30, 1200
LARGEST: Final = 10_000.0  # millimetres a side

Unit = Literal["cm", "mm", "in"]
Length = Annotated[float, Field(gt=0, le=LARGEST)]

_MILLIMETRES: Final[dict[Unit, float]] = {"cm": 10.0, "mm": 1.0, "in": INCH}
# ISO 216, in millimetres, upright.
_ISO: Final = {"a2": (420, 594), "a3": (297, 420), "a4": (210, 297), "a5": (148, 210)}
_NUMBER: Final = r"(\d{1,5}(?:[.,]\d{1,4})?)"
_WRITTEN: Final = re.compile(
    rf"(?:{_NUMBER} ?[x×] ?{_NUMBER} ?(cm|mm|in)|(a[2-5])(?:[- ](portrait|landscape))?)(?: ?@ ?(\d{{1,5}})(?: ?dpi)?)?",
    re.ASCII | re.IGNORECASE,
)
_EXAMPLES: Final = "as in 30x40cm, 12x12in@300 or a4-landscape@200"


class PrintSize(Plain):
    """width, height: in the unit; dpi: pixels an inch of paper, 30 to 1,200."""

    width: Length
    height: Length
    unit: Unit = "cm"
    dpi: Annotated[int, Field(ge=LEAST_DPI, le=MOST_DPI)] = USUAL_DPI

    @classmethod
    def parse(cls, text: str) -> Self:
        """A size as it is typed: '30x40cm', '12x12in@300', 'a4', 'a3-landscape@150'; without dpi 200. ISO sizes, A5 to
        A2, are upright unless they say landscape. Raises SfumatoError for anything else, and for what is out of
        range."""
        said = shortened(printable(text), 60)
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise SfumatoError(f"print '{said}': a width and a height with their unit are needed, {_EXAMPLES}")
        width, height, unit, name, way, dots = found.groups()
        dpi = USUAL_DPI if dots is None else int(dots)
        if not LEAST_DPI <= dpi <= MOST_DPI:
            raise SfumatoError(f"print '{said}': {dpi} dpi; give {LEAST_DPI} to {MOST_DPI:,}, of which 200 are usual")
        if name:
            shorter, longer = _ISO[name.lower()]
            if (way or "").lower() == "landscape":
                shorter, longer = longer, shorter
            return cls(width=shorter, height=longer, unit="mm", dpi=dpi)
        across, down = (float(side.replace(",", ".")) for side in (width, height))
        measured = cast(Unit, unit.lower())
        longest = max(across, down) * _MILLIMETRES[measured]
        if min(across, down) <= 0 or longest > LARGEST:
            raise SfumatoError(f"print '{said}': each side has to be above 0 and no longer than 10 metres")
        return cls(width=across, height=down, unit=measured, dpi=dpi)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height, the nearest whole numbers, from 1 on."""
        scale = _MILLIMETRES[self.unit] * self.dpi / INCH
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    @property
    def said(self) -> str:
        """'30 x 40 cm at 200 dpi'."""
        return f"{self.width:g} x {self.height:g} {self.unit} at {self.dpi} dpi"

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{_plain(self.width)}x{_plain(self.height)}{self.unit}@{self.dpi}"

    def largest(self, step: int = 1) -> Self:
        """The largest of this shape and these dpi that has no more than 4,096 x 4,096 pixels, each side in pixels
        rounded up to a multiple of ``step``; in whole millimetres, or tenths of an inch."""
        if self.fits(step):
            return self
        fine = 10.0 if self.unit in ("cm", "in") else 1.0
        width, height = self.pixels
        scale = min(1.0, (MOST_PIXELS / (width * height)) ** 0.5)
        tenths = max(1, int(min(self.width, self.height) * scale * fine))
        ratio = max(self.width, self.height) / min(self.width, self.height)
        for shorter in range(tenths, 0, -1):
            sides = (shorter / fine, max(1, int(shorter * ratio)) / fine)
            across, down = sides if self.width <= self.height else sides[::-1]
            smaller = self.model_copy(update={"width": across, "height": down})
            if smaller.fits(step):
                return smaller
        return self.model_copy(update={"width": 1 / fine, "height": 1 / fine})

    def fits(self, step: int = 1) -> bool:
        """Whether it has no more than 4,096 x 4,096 pixels, each side rounded up to a multiple of ``step``."""
        width, height = (-(-side // step) * step for side in self.pixels)
        return width * height <= MOST_PIXELS


def _plain(number: float) -> str:
    """Without an exponent, and with no more digits than are read."""
    return f"{number:.4f}".rstrip("0").rstrip(".")
