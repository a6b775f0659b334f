"""What a picture says of its own is made quiet: each detail weighs the less, the louder it is in its place.

A mark is weak and everywhere alike, a picture is loud where it has edges. In overlapping windows of 8 x 8 samples each
frequency is divided by a power of its own size, much as the matched filter for a weak signal in coloured noise divides
by the noise's spectrum (Kay, Fundamentals of Statistical Signal Processing II, 1998, section 4.4); then each frequency
of the whole is divided by the size of its neighbours.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WINDOW: Final = 8  # samples a side
_STRIDE: Final = WINDOW // 2

_POWER: Final = 1.75  # of the amplitude; 2 would be right if spectra were known, and not guessed from one window
_FLOOR: Final = 1.0  # grey levels times 8: what is fainter in a window is noise of rounding
_NEIGHBOURS: Final = 3  # frequencies of the whole picture on each side whose mean power one is divided by


def windows(grid: Floats) -> Floats:
    """A grid [S, S] as the coefficients of its windows: [n, n, 64], n = S / 4 + 1; beyond its border it is mirrored."""
    padded = np.pad(grid, _STRIDE, mode="symmetric")
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


def powers(coefficients: Floats) -> Floats:
    """What each frequency of each window has in power, sines and cosines together: [n, n, 64]."""
    return np.asarray((coefficients * coefficients) @ _pooling(), np.float32)


def gains(power: Floats) -> Floats:
    """What the coefficients of windows with these powers are multiplied by, to be whitened."""
    return np.asarray((power + _FLOOR * _FLOOR) ** (-_POWER / 2), np.float32)


def flattened(grid: Floats) -> Floats:
    """A grid [S, S], whitened in its windows and as a whole: its spectrum is flat, of mean power 1."""
    coefficients = windows(grid)
    spectrum = np.fft.rfft2(grid_of(coefficients * gains(powers(coefficients))))
    power = spectrum.real**2 + spectrum.imag**2
    return np.fft.irfft2(spectrum / np.sqrt(_smoothed(power) + 1e-12), s=grid.shape).astype(np.float32)


def _smoothed(power: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Means over squares of neighbouring frequencies; half a plane [S, S / 2 + 1], whose columns end mirrored."""
    reach, width = _NEIGHBOURS, 2 * _NEIGHBOURS + 1
    padded = np.pad(np.pad(power, ((reach, reach), (0, 0)), mode="wrap"), ((0, 0), (reach, reach)), mode="reflect")
    sums = np.pad(padded.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    total = sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width] + sums[:-width, :-width]
    means: npt.NDArray[np.floating] = np.maximum(total, 0) / width**2
    return means


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
