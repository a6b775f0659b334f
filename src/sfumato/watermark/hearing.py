"""What the key hears in a picture: the responses of its frequencies, under a view and at a place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sfumato.watermark.code import CODED_BITS
from sfumato.watermark.key import HIGHEST, SIDE, SYNCHRONISES, Complexes, Floats, key

_LOUDEST: Final = 3.0  # times the mean amplitude: above, a frequency is the picture's own, and is clipped
_REACH: Final = int(HIGHEST)


class View(NamedTuple):
    """What part of the marked picture is there, down and across: (0.9, 1) if a tenth of its height was cut off, more
    than 1 if something was put around it."""

    down: float
    across: float


WHOLE: Final = View(1.0, 1.0)


class Place(NamedTuple):
    """Where the mark lies on its grid, which goes on cyclically: samples of 128, downwards and to the right."""

    down: float
    across: float


@dataclass(frozen=True)
class Heard:
    """responses: [K], complex, in the order of the key; 0 where a view has lost a frequency."""

    responses: Complexes

    def at(self, place: Place, waves: Complexes | None = None) -> Floats:
        """How well each frequency agrees with the key's wave, or another [K], at a place: [K]."""
        waves = key().waves if waves is None else waves
        return np.real(self.responses * np.conj(waves) * turns(place))

    def loudness(self, frequencies: slice = slice(None)) -> float:
        """The deviation of the sum of agreements over these frequencies, if the key's phases are drawn at random."""
        heard = self.responses[frequencies]
        return max(float(np.sqrt(np.vdot(heard, heard).real / 2)), 1e-12)


@lru_cache(maxsize=8)
def turns(place: Place) -> Complexes:
    """The phase of each frequency of the key that moves a mark at `place` back to the origin: [K]."""
    cycles = (key().rows * place.down + key().columns * place.across) / SIDE
    turned: Complexes = np.exp(2j * np.pi * cycles).astype(np.complex64)
    return turned


def synchronising() -> slice:
    """Those of the key's frequencies that synchronise."""
    return slice(0, key().synchronising)


def by_bit(agreements: Floats) -> Floats:
    """The agreements [K] added up for each coded bit: [120]."""
    carried = key().part != SYNCHRONISES
    return np.bincount(key().part[carried], agreements[carried], CODED_BITS).astype(np.float32)


def heard(flat: Floats, view: View = WHOLE, *, mirrored: bool = False) -> Heard:
    """Listen to a flattened grid [128, 128] under a view; mirrored: as if it were mirrored from left to right.

    Coordinates count from the middle, so that a view changes the place of nothing in the middle.
    """
    rows = -key().rows if mirrored else key().rows
    responses = _plane(flat, view)[_REACH + rows, key().columns]
    return Heard(_clipped(np.conj(responses) if mirrored else responses, _lost(view)))


def heard_both(flat: Floats, view: View) -> tuple[Heard, Heard]:
    """As it is and mirrored."""
    plane, lost = _plane(flat, view), _lost(view)
    straight = plane[_REACH + key().rows, key().columns]
    mirrored: Complexes = np.conj(plane[_REACH - key().rows, key().columns])  # of a real picture
    return Heard(_clipped(straight, lost)), Heard(_clipped(mirrored, lost))


def _plane(flat: Floats, view: View) -> Complexes:
    """The transform of a grid under a view: [125, 63], cycles down from -62 and across from 0."""
    return np.asarray(_waves(view.down, whole=True) @ flat @ _waves(view.across, whole=False).T, np.complex64)


def _lost(view: View) -> npt.NDArray[np.bool_]:
    """Which of the key's frequencies are too fine for the grid, under a view: [K]."""
    lost: npt.NDArray[np.bool_] = np.abs(key().rows) * view.down > _REACH + 1
    return lost | (key().columns * view.across > _REACH + 1)


def _clipped(responses: Complexes, lost: npt.NDArray[np.bool_]) -> Complexes:
    size = np.abs(responses)
    return np.where(lost, 0, responses * np.minimum(1, _LOUDEST / np.maximum(size, 1e-12))).astype(np.complex64)


@lru_cache(maxsize=256)  # more than a search needs
def _waves(part: float, *, whole: bool) -> Complexes:
    """The discrete Fourier transform along one side at the key's frequencies, of which a part is seen.

    [63, 128], or [125, 128] with the negative ones (whole).
    """
    cycles = np.arange(-_REACH if whole else 0, _REACH + 1) * part
    middle = np.arange(SIDE) - (SIDE - 1) / 2
    return np.exp(-2j * np.pi / SIDE * np.outer(cycles, middle)).astype(np.complex64)


def grid_from(values: Complexes, side: int = SIDE) -> Floats:
    """The real grid [side, side] of waves with these complex amplitudes [K], counted from its first sample."""
    plane = np.zeros((side, _REACH + 1), np.complex64)
    # Half of a plane stands for the whole, but for its first column, which holds both halves itself.
    plane[key().rows % side, key().columns] = np.where(key().columns == 0, values, values / 2)
    # As irfft2 does, but for the columns that hold nothing.
    columns = np.fft.ifft(plane, axis=0, norm="forward")
    return np.asarray(np.fft.irfft(columns, n=side, axis=1, norm="forward"), np.float32)
