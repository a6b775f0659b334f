"""What a picture says of its own is made quiet: each detail weighs the less, the louder it is in its place.

A mark is weak and everywhere alike, a picture is loud where it has edges. In overlapping windows of 8 x 8 samples each
frequency is divided by a power of its own size, much as the matched filter for a weak signal in coloured noise divides
by the noise's spectrum (Kay, Fundamentals of Statistical Signal Processing II, 1998, section 4.4); then each frequency
of the whole is divided by the size of its neighbours.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WINDOW: Final = 8  # samples a side
_STRIDE: Final = WINDOW // 2

_POWER: Final = 1.75  # of the amplitude; 2 would be right if spectra were known, and not guessed from one window
# Grey levels times 8: what is fainter in a window is as it is. On flat ground a mark is all that there is, and must not
# be divided by itself.
_FLOOR: Final = 2.5
_AROUND: Final = 4  # samples on each side whose mean is taken away first: a taper lends its power to low frequencies
_NEIGHBOURS: Final = 3  # frequencies of the whole picture on each side whose mean power one is divided by
# And parts of the mean power of all, so that a frequency that a codec has emptied is not made as loud as the others.
_EVENNESS: Final = 3.0


def windows(grid: Floats) -> Floats:
    """A grid [S, S] as the coefficients of its windows: [n, n, 64], n = S / 4 + 1; beyond its border it is mirrored."""
    padded = mirrored(grid, _STRIDE)
    views = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW))[::_STRIDE, ::_STRIDE]
    return views.reshape(*views.shape[:2], WINDOW * WINDOW) @ _basis().T


def grid_of(coefficients: Floats) -> Floats:
    """The grid whose windows have these coefficients: [n, n, 64] to [S, S], the inverse of `windows`."""
    count = len(coefficients)
    pieces = (coefficients @ _basis()).reshape(count, count, 2, _STRIDE, 2, _STRIDE)
    total = np.zeros((count + 1, _STRIDE, count + 1, _STRIDE), np.float32)
    for down in range(2):
        for right in range(2):
            total[down : down + count, :, right : right + count] += pieces[:, :, down, :, right].transpose(0, 2, 1, 3)
    side = (count + 1) * _STRIDE
    return total.reshape(side, side)[_STRIDE:-_STRIDE, _STRIDE:-_STRIDE]


def level(grid: Floats) -> Floats:
    """A grid [S, S] without what is coarser than a window: less the mean of the samples around each."""
    return grid - _means(mirrored(grid, _AROUND), 2 * _AROUND + 1)


def mirrored(grid: Floats, reach: int) -> Floats:
    """A grid [S, S] with so many samples more at each side, mirrored at its border."""
    return grid[_and_beyond(len(grid), reach)][:, _and_beyond(len(grid), reach)]


def powers(coefficients: Floats) -> Floats:
    """What each frequency of each window has in power, sines and cosines together: [n, n, 64]."""
    return np.asarray((coefficients * coefficients) @ _pooling(), np.float32)


def gains(power: Floats) -> Floats:
    """What the coefficients of windows with these powers are multiplied by, to be whitened."""
    return np.asarray((power + _FLOOR * _FLOOR) ** (-_POWER / 2), np.float32)


def flattened(grid: Floats) -> Floats:
    """A grid [S, S], whitened in its windows and as a whole: its spectrum is nearly flat, of mean power 1."""
    coefficients = windows(level(grid))
    spectrum = np.fft.rfft2(grid_of(coefficients * gains(powers(coefficients))))
    around = _around(spectrum.real**2 + spectrum.imag**2)
    spectrum /= np.sqrt(around + _EVENNESS * around.mean() + 1e-12)
    spectrum /= max(math.sqrt(np.vdot(spectrum, spectrum).real / spectrum.size), 1e-12)
    return np.fft.irfft2(spectrum, s=grid.shape).astype(np.float32)


def _around(power: npt.NDArray[np.floating]) -> Floats:
    """Means over squares of neighbouring frequencies; half a plane [S, S / 2 + 1], whose columns end mirrored."""
    rows = np.arange(-_NEIGHBOURS, len(power) + _NEIGHBOURS) % len(power)
    columns = np.abs(np.arange(-_NEIGHBOURS, power.shape[1] + _NEIGHBOURS))
    columns = np.minimum(columns, 2 * (power.shape[1] - 1) - columns)
    return np.maximum(_means(power[rows][:, columns], 2 * _NEIGHBOURS + 1), 0)


def _means(values: npt.NDArray[np.floating], width: int) -> Floats:
    """Means over all squares of this width: [..] less width - 1 on each side."""
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    sums[1:, 1:] = values.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    total = sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width] + sums[:-width, :-width]
    return (total / width**2).astype(np.float32)


@cache
def _and_beyond(side: int, reach: int) -> npt.NDArray[np.int64]:
    """Indices of a row of samples, mirrored at its ends."""
    return np.pad(np.arange(side), reach, mode="symmetric")


@cache
def _basis() -> Floats:
    """The real Fourier basis of 8 x 8 windows, each function times a taper whose squares add up to one: [64, 64]."""
    times = np.arange(WINDOW)
    rows = [np.full(WINDOW, WINDOW**-0.5)]
    for cycles in range(1, WINDOW // 2):
        rows += [np.cos(2 * np.pi * cycles * times / WINDOW) / 2, np.sin(2 * np.pi * cycles * times / WINDOW) / 2]
    rows.append(np.cos(np.pi * times) * WINDOW**-0.5)
    one = np.array(rows) * np.sin(np.pi * (times + 0.5) / WINDOW)
    return np.kron(one, one).astype(np.float32)


@cache
def _pooling() -> Floats:
    """[64, 64]: the mean over those coefficients that are of one frequency."""
    cycles = np.array([0, 1, 1, 2, 2, 3, 3, 4])
    same = (cycles[:, None] == cycles).astype(np.float32)
    same /= same.sum(axis=1, keepdims=True)
    return np.kron(same, same)
