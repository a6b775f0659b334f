"""Is there a mark in this picture, and whose? The original is not needed.

The score of a mark is the sum of the agreements of all the key's frequencies with it, divided by the deviation that
the sum would have if the key's phases were drawn anew. Such a sum is one of cosines of independent uniform phases with
weights that the picture alone decides; the moment generating function of each is I0(t) <= exp(t^2 / 4), so that
Chernoff's bound gives P(score > z) <= exp(-z^2 / 2) for any picture without a mark, whatever it shows. A reading tries
many views, places and identities: times their number, the bound is that of a reading.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from sfumato.watermark.canonical import grid_of_picture
from sfumato.watermark.code import IDENTITY_BITS, decode, encode, identity_of
from sfumato.watermark.hearing import by_bit, heard, synchronising
from sfumato.watermark.key import KEY_VERSION, Floats
from sfumato.watermark.searching import POSITIONS, Candidate, everywhere, on_the_whole
from sfumato.watermark.whitening import flattened

FALSE_POSITIVES: Final = 1e-6  # at most so many of the pictures without a mark are said to have one
TRIALS: Final = POSITIONS * 2**IDENTITY_BITS
THRESHOLD: Final = math.sqrt(2 * math.log(TRIALS / FALSE_POSITIVES))
SMALLEST: Final = 48  # pixels a side, below which no mark can be left


@dataclass(frozen=True)
class Found:
    """A mark.

    identity: of 32 bits; score: in deviations of chance; flipped: the picture is mirrored from left to right;
    false_positive: at most how probable it is that a picture without a mark reaches such a score in any of the trials
    of a reading; key_version: of the key that it was found with.
    """

    identity: int
    score: float
    flipped: bool
    false_positive: float
    key_version: int = KEY_VERSION


def read(image: Image.Image) -> Found | None:
    """The mark in a picture of any mode and size, or None.

    Whole pictures, resized or not, are read at once; if nothing is found, crops of up to a fifth of a side and borders
    of up to a tenth are tried, uneven and mirrored ones too. The same picture gets the same answer.
    """
    if min(image.size) < SMALLEST:
        return None
    flat = flattened(grid_of_picture(image))
    for candidates in itertools.chain([on_the_whole(flat)], everywhere(flat)):
        if found := best_of(flat, candidates):
            return found
    return None


def best_of(flat: Floats, candidates: list[Candidate]) -> Found | None:
    """The certain mark with the highest score among candidates; None if there is none."""
    listened = [heard(flat, candidate.view, mirrored=candidate.mirrored) for candidate in candidates]
    agreements = [each.at(candidate.place) for each, candidate in zip(listened, candidates, strict=True)]
    soft = np.stack([by_bit(each) for each in agreements])
    found = []
    for number, bits in enumerate(decode(soft)):
        identity = identity_of(bits)
        agreement = float(agreements[number][synchronising()].sum() + soft[number] @ encode(bits))
        score = agreement / listened[number].loudness()
        if identity is not None and score >= THRESHOLD:
            found.append((score, identity, candidates[number].mirrored))
    if not found:
        return None
    score, identity, mirrored = max(found)
    return Found(identity, score, mirrored, min(1.0, TRIALS * math.exp(-score * score / 2)))
