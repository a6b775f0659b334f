"""Near duplicates find each other: the same picture re-encoded, resized or mirrored, and slight variants of it.

The hash proposes and the thumbnail decides, because small motifs on one flat ground all have much the same hash.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sfumato.collection.fingerprint import mirrored

# Differing bits of 63. Pairs within 7 are always found (8 bytes, of which one is then equal); nearly all up to 10.
_MOST_BITS: Final = 10
# Mean squared difference of two thumbnails over their mean variance; 0.1 is a correlation of 0.95. Found by looking at
# pixel tiles and at photographed art: below 0.02 the same picture, to 0.1 its variants, from 0.15 different things.
_NEAR: Final = 0.08
# How far a member may be from the group's first one: it ends chains of small steps from one motif to another.
_NEAR_FIRST: Final = 0.16
_NOISE: Final = 25.0  # added to the variance, in squared 8-bit levels, so that flat pictures compare by their colour

_BITS_OF_16: Final = np.array([value.bit_count() for value in range(1 << 16)], dtype=np.uint8)


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
    if hasattr(np, "bitwise_count"):  # NumPy 2
        counts: NDArray[np.uint8] = np.bitwise_count(different)
        return counts
    parts = _BITS_OF_16[different.view(np.uint16).reshape(-1, 4)]
    return parts[:, 0] + parts[:, 1] + parts[:, 2] + parts[:, 3]


def _variances(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Variance of each thumbnail over its area, mean of the colours: [N, 16, 16, 3] -> [N]."""
    variances = np.empty(len(thumbnails), dtype=np.float32)
    for start in range(0, len(thumbnails), 4096):
        variances[start : start + 4096] = (
            thumbnails[start : start + 4096].astype(np.float32).var(axis=(1, 2)).mean(axis=1)
        )
    return variances
