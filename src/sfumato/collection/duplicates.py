"""Near duplicates find each other: the same picture re-encoded, resized or mirrored, and slight variants of it.

What a picture looks like is kept in 8 bytes and a thumbnail. The hash is the sign of the 63 lowest cosine frequencies
of the grey picture (after Zauner, 'Implementation and Benchmarking of Perceptual Image Hash Functions', 2010, with zero
in place of the median as threshold). Mirroring changes the sign of the odd horizontal frequencies and nothing else, so
a mirrored picture's hash needs no picture. The hash proposes and the thumbnail decides, because small motifs on one
flat ground all have much the same hash.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_SIDE: Final = 16
_SIDE: Final = 32
_FREQUENCIES: Final = 8
_COSINES: Final = np.cos(np.pi / _SIDE * (np.arange(_SIDE) + 0.5)[None, :] * np.arange(_FREQUENCIES)[:, None])
# Bit 0 belongs to the mean, which is left out; bit 8 v + u to vertical frequency v and horizontal frequency u.
_WEIGHTS: Final = np.left_shift(np.uint64(1), np.arange(64, dtype=np.uint64))
MIRROR_MASK: Final = np.uint64(sum(1 << bit for bit in range(64) if bit % 2))


def fingerprint(image: Image.Image) -> tuple[int, NDArray[np.uint8]]:
    """The 64-bit perceptual hash and the [16, 16, 3] thumbnail of an RGB picture of any size and shape."""
    small = image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    grey = np.asarray(small.convert("L"), dtype=np.float64)
    spectrum = _COSINES @ (grey - grey.mean()) @ _COSINES.T
    bits = spectrum.ravel() > 1e-6  # not 0: a flat picture's frequencies are rounding errors of either sign
    bits[0] = False
    return int(_WEIGHTS[bits].sum(dtype=np.uint64)), np.asarray(small.reduce(_SIDE // THUMBNAIL_SIDE))


def mirrored(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes of the mirrored pictures. [N] -> [N]"""
    return hashes ^ MIRROR_MASK


# Differing bits of 63. Pairs within 7 are always found (8 bytes, of which one is then equal); nearly all up to 10.
_MOST_BITS: Final = 10
# Mean squared difference of two thumbnails over their mean variance; 0.1 is a correlation of 0.95. Found by looking at
# pixel tiles and at photographed art: below 0.02 the same picture, to 0.1 its variants, from 0.15 different things.
_NEAR: Final = 0.08
# How far a member may be from the group's first one: it ends chains of small steps from one motif to another.
_NEAR_FIRST: Final = 0.16
_NOISE: Final = 25.0  # added to the variance, in squared 8-bit levels, so that flat pictures compare by their colour


def near_duplicates(hashes: NDArray[np.uint64], thumbnails: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For each of N pictures the index of its group's first member: [N] hashes, [N, 16, 16, 3] thumbnails -> [N].

    A group grows from its first member along pairs that are near, mirrored or not, and never beyond a limited distance
    from that first member. The order of the pictures decides who is first, so sort them.
    """
    return _Grouping(hashes, thumbnails).groups()


class _Grouping:
    def __init__(self, hashes: NDArray[np.uint64], thumbnails: NDArray[np.uint8]) -> None:
        self.count = len(hashes)
        self.hashes = np.ascontiguousarray(hashes, dtype=np.uint64)
        self.mirrored = mirrored(self.hashes)
        self.thumbnails = thumbnails
        self.variances = _variances(thumbnails)
        self.first = np.full(self.count, -1, dtype=np.int64)
        # For each of the 8 bytes of the hash: the pictures sorted by that byte, their hashes in that order, so that the
        # ones to compare lie side by side, and where each value's stretch begins.
        self.orders, self.ordered, self.starts = [], [], []
        for values in self.hashes.view(np.uint8).reshape(self.count, 8).T:
            order = np.argsort(values, kind="stable")
            self.orders.append(order)
            self.ordered.append(self.hashes[order])
            self.starts.append(np.searchsorted(values[order], np.arange(257)))

    def groups(self) -> NDArray[np.int64]:
        for index in range(self.count):
            if self.first[index] < 0:
                self._grow(index)
        return self.first

    def _grow(self, first: int) -> None:
        self.first[first] = first
        waiting = [first]
        while waiting:
            near = self._near(waiting.pop())
            if not len(near):
                continue
            # Seen from the first member, a variant's variant may be mirrored or not, whichever way it was found.
            distance = np.minimum(self._distances(first, near, flip=False), self._distances(first, near, flip=True))
            near = near[distance <= _NEAR_FIRST]
            self.first[near] = first
            waiting.extend(near.tolist())

    def _near(self, index: int) -> NDArray[np.int64]:
        """The pictures without a group yet that are near this one, mirrored or not, in ascending order."""
        found = []
        for flip in (False, True):
            candidates = self._candidates((self.mirrored if flip else self.hashes)[index])
            if len(candidates):
                found.append(candidates[self._distances(index, candidates, flip=flip) <= _NEAR])
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def _candidates(self, wanted: np.uint64) -> NDArray[np.int64]:
        """The pictures without a group yet whose hash is near the wanted one, in ascending order."""
        bounds = [
            (start[byte], start[byte + 1])
            for start, byte in zip(self.starts, np.array([wanted]).view(np.uint8).tolist(), strict=True)
        ]
        hashes = np.concatenate([part[low:high] for part, (low, high) in zip(self.ordered, bounds, strict=True)])
        near = _differing_bits(hashes, wanted) <= _MOST_BITS
        indices = np.concatenate([part[low:high] for part, (low, high) in zip(self.orders, bounds, strict=True)])[near]
        return np.unique(indices[self.first[indices] < 0])

    def _distances(self, index: int, others: NDArray[np.int64], *, flip: bool) -> NDArray[np.float32]:
        """Squared difference of thumbnails in units of their variance: [M] indices -> [M]."""
        own = self.thumbnails[index].astype(np.float32)
        if flip:
            own = own[:, ::-1]
        distances = np.empty(len(others), dtype=np.float32)
        for start in range(0, len(others), 4096):  # bounds the memory where a motif has very many variants
            part = others[start : start + 4096]
            error = np.square(self.thumbnails[part].astype(np.float32) - own).mean(axis=(1, 2, 3))
            distances[start : start + 4096] = error / ((self.variances[index] + self.variances[part]) / 2 + _NOISE)
        return distances


def _differing_bits(hashes: NDArray[np.uint64], wanted: np.uint64) -> NDArray[np.uint8]:
    """In how many of 64 bits each hash differs. [N] -> [N]"""
    different = hashes ^ wanted
    counts: NDArray[np.uint8]
    if hasattr(np, "bitwise_count"):  # NumPy 2
        counts = np.bitwise_count(different)
    else:
        counts = np.unpackbits(different.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1, dtype=np.uint8)
    return counts


def _variances(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Variance of each thumbnail over its area, mean of the colours: [N, 16, 16, 3] -> [N]."""
    variances = np.empty(len(thumbnails), dtype=np.float32)
    for start in range(0, len(thumbnails), 4096):
        part = thumbnails[start : start + 4096].astype(np.float32)
        variances[start : start + 4096] = part.var(axis=(1, 2)).mean(axis=1)
    return variances
