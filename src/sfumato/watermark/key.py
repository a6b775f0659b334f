"""Where the mark lives and what it looks like: frequencies of a 128 x 128 grid, each with a phase and a part to play.

All of it follows from one text, `KEY_VERSION`: whoever has the program has the key. A mark that was made with another
version of the key is not seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from sfumato.watermark.code import CODED_BITS

Floats = npt.NDArray[np.float32]
Complexes = npt.NDArray[np.complex64]
Ints = npt.NDArray[np.int64]

KEY_VERSION: Final = 1
SIDE: Final = 128  # samples a side of the grid that every picture is brought to
LOWEST: Final = 12.0  # cycles a side: below, pictures are loud
HIGHEST: Final = 62.0  # above, half the size has none

SYNCHRONISATION: Final = 48  # frequencies of every 168 say where the mark lies; the others carry a coded bit each
SYNCHRONISES: Final = -1


@dataclass(frozen=True)
class Key:
    """K frequencies in one half of the plane (a picture is real: the other half follows).

    rows: [K], cycles from top to bottom, -62..62; columns: [K], from left to right, 0..62; waves: [K], of absolute
    value 1; part: [K], the coded bit that a frequency carries, or SYNCHRONISES. The synchronising ones come first.
    """

    rows: Ints
    columns: Ints
    waves: Complexes
    part: Ints

    @property
    def synchronising(self) -> int:
        """How many of the frequencies synchronise."""
        return int((self.part == SYNCHRONISES).sum())


@cache
def key() -> Key:
    """The key of this version: the same on every machine."""
    rows, columns = _frequencies()
    digits = hashlib.shake_256(f"sfumato's mark, key {KEY_VERSION}".encode()).digest(8 * len(rows))
    numbers = np.frombuffer(digits, "<u4").reshape(2, -1)
    part = _dealt(numbers[0])
    phases = 2 * np.pi * numbers[1] / 2.0**32
    order = np.argsort(part, kind="stable")
    waves = np.exp(1j * phases[order]).astype(np.complex64)
    return Key(rows[order], columns[order], waves, part[order])


def _frequencies() -> tuple[Ints, Ints]:
    """All frequencies of the ring, from low to high."""
    reach = int(HIGHEST)
    rows, columns = (
        axis.ravel() for axis in np.meshgrid(np.arange(-reach, reach + 1), np.arange(reach + 1), indexing="ij")
    )
    radius = np.hypot(rows, columns)
    inside = (radius >= LOWEST) & (radius <= HIGHEST) & ((columns > 0) | (rows > 0))
    order = np.lexsort((columns, rows, radius))
    order = order[inside[order]]
    return rows[order], columns[order]


def _dealt(numbers: npt.NDArray[np.uint32]) -> Ints:
    """A part for each frequency: each hand of neighbours in radius gives every bit one, so that none is lost alone
    when a picture loses its finest details."""
    hand = np.concatenate([np.full(SYNCHRONISATION, SYNCHRONISES), np.arange(CODED_BITS)])
    part = np.full(len(numbers), SYNCHRONISES)  # the few that are left over synchronise, too
    for start in range(0, len(numbers) - len(hand) + 1, len(hand)):
        part[start : start + len(hand)] = hand[np.argsort(numbers[start : start + len(hand)], kind="stable")]
    return part
