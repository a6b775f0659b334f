"""Colour spaces that a file states in numbers in place of an ICC profile, and the ICC profiles that they amount to."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sfumato.images import unusable
from sfumato.images.unusable import UnusableError

Point = tuple[float, float]

_D65: Final = (0.3127, 0.3290)
_D50_XYZ: Final = np.array([0.9642, 1.0, 0.8249])  # of every ICC profile (ICC.1:2022, 7.2.16)
_BRADFORD: Final = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SAME_PRIMARIES: Final = 0.005  # chromaticities nearer than this are written by programs that rounded
_SAME_GAMMA: Final = 0.05  # what libpng, too, takes for no difference


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """Chromaticities (x, y) of white, red, green and blue, and the curve from samples to light.

    gamma: the power that samples (0..1) are raised to; None for the curve of sRGB (IEC 61966-2-1).
    """

    white: Point = _D65
    red: Point = (0.64, 0.33)
    green: Point = (0.30, 0.60)
    blue: Point = (0.15, 0.06)
    gamma: float | None = None

    @property
    def has_srgb_curve(self) -> bool:
        """Whether the curve is that of sRGB, or the power 2.2 that stands for it."""
        return self.gamma is None or abs(self.gamma / 2.2 - 1) < _SAME_GAMMA

    @property
    def is_srgb(self) -> bool:
        """Whether nothing has to be converted: neither the primaries nor the curve."""
        ours, theirs = (np.array([space.white, space.red, space.green, space.blue]) for space in (self, _SRGB))
        return self.has_srgb_curve and bool(np.abs(ours - theirs).max() < _SAME_PRIMARIES)

    def srgb_samples(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples (0..1, any shape) of this curve as samples of sRGB's; the primaries stay as they are."""
        if self.gamma is None or self.has_srgb_curve:
            return samples
        light = np.power(samples, self.gamma, dtype=np.float32)
        return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055).astype(np.float32)

    def profile(self) -> bytes:
        """The space as an ICC profile of version 4 with three primaries and one curve (ICC.1:2022, 8.3.3).

        Raises UnusableError for primaries that no colours can be made of.
        """
        if self.gamma is None or self.has_srgb_curve:
            powers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
            curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(*powers)
        else:
            curve = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _fixed(self.gamma)
        tags = [
            (name, b"XYZ " + bytes(4) + _fixed(*column))
            for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), self._to_d50().T, strict=True)
        ]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
        tags.append((b"wtpt", b"XYZ " + bytes(4) + _fixed(*_D50_XYZ)))
        table, body, start = b"", b"", 132 + 12 * len(tags)
        for name, data in tags:
            table += name + struct.pack(">II", start + len(body), len(data))
            body += data + bytes(-len(data) % 4)
        head = struct.pack(">I4xI4s4s4s12x4s28x", start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
        head += _fixed(*_D50_XYZ) + bytes(48)
        return head + struct.pack(">I", len(tags)) + table + body

    def _to_d50(self) -> NDArray[np.float64]:
        """Linear RGB to XYZ under D50, with Bradford's chromatic adaptation of white: [3, 3]."""
        points = (self.white, self.red, self.green, self.blue)
        try:
            # The colour of luminance 1 at each chromaticity.
            white, *primaries = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in points)
            columns = np.array(primaries).T
            to_xyz = columns * np.linalg.solve(columns, white)
            cones, wanted = _BRADFORD @ white, _BRADFORD @ _D50_XYZ
            adapted: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(wanted / cones) @ _BRADFORD @ to_xyz
            if not np.isfinite(adapted).all() or np.abs(adapted).max() > 16:
                raise ValueError("out of range")
        except (ValueError, ZeroDivisionError) as error:  # NumPy's LinAlgError is a ValueError
            raise UnusableError(unusable.BROKEN, "broken: the primaries that it states are not colours") from error
        return adapted


_SRGB: Final = ColourSpace()
ADOBE_RGB: Final = ColourSpace(green=(0.21, 0.71), gamma=2.19921875)

# ITU-T H.273, tables 2 and 3: what cICP in a PNG and nclx in an AVIF or HEIC picture name by number.
_UNSPECIFIED: Final = 2
_PRIMARIES: Final = {
    1: _SRGB,
    5: ColourSpace(_D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: ColourSpace(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: ColourSpace(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: ColourSpace(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ColourSpace((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: ColourSpace(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
# The curves of television (1, 6, 14, 15) say how a camera sees; every viewer shows such pictures as if they were sRGB.
_GAMMAS: Final[dict[int, float | None]] = {
    1: None, 2: None, 4: 2.2, 5: 2.8, 6: None, 8: 1.0, 13: None, 14: None, 15: None,
}  # fmt: skip
_HDR: Final = {16: "PQ", 18: "HLG"}


def from_code_points(primaries: int, transfer: int) -> ColourSpace | None:
    """The space that H.273's numbers name; None where they leave it open.

    Raises UnusableError for high dynamic range, which has no one rendition in sRGB, and for numbers without a meaning.
    """
    if transfer in _HDR:
        reason = f"a picture of high dynamic range ({_HDR[transfer]}): export it in sRGB"
        raise UnusableError(unusable.OTHER_FORMAT, reason)
    if primaries == _UNSPECIFIED and transfer == _UNSPECIFIED:
        return None
    space = _PRIMARIES.get(1 if primaries == _UNSPECIFIED else primaries)
    if space is None or transfer not in _GAMMAS:
        reason = f"in a colour space that is not read (primaries {primaries}, transfer {transfer}): export it in sRGB"
        raise UnusableError(unusable.OTHER_FORMAT, reason)
    return ColourSpace(space.white, space.red, space.green, space.blue, _GAMMAS[transfer])


def _fixed(*numbers: float) -> bytes:
    """s15Fixed16Number (ICC.1:2022, 4.6)."""
    return struct.pack(f">{len(numbers)}i", *(round(float(number) * 65536) for number in numbers))
