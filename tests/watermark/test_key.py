import hashlib

import numpy as np
import pytest

from sfumato.watermark.code import CODED_BITS
from sfumato.watermark.key import HIGHEST, KEY_VERSION, LOWEST, SYNCHRONISES, key


def test_the_key_stays_the_one_that_works_were_marked_with() -> None:
    """Whoever changes it gives it another version: marks of this one are not seen by the other."""
    numbers = np.stack([key().rows, key().columns, key().part]).astype("<i8")
    assert KEY_VERSION == 1
    assert hashlib.sha256(numbers.tobytes()).hexdigest()[:16] == "30ed627ef6c51e34"
    assert np.angle(key().waves[[0, 1, -1]]) == pytest.approx([-2.316050, 0.463913, 2.644882], abs=1e-5)


def test_the_frequencies_are_a_ring_in_half_a_plane() -> None:
    rows, columns = key().rows, key().columns
    radius = np.hypot(rows, columns)
    assert radius.min() >= LOWEST
    assert radius.max() <= HIGHEST
    assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == len(rows)
    assert not {*zip(rows.tolist(), columns.tolist(), strict=True)} & {*zip(-rows, -columns, strict=True)}


def test_every_bit_has_as_many_frequencies_low_and_high() -> None:
    part, radius = key().part, np.hypot(key().rows, key().columns)
    counts = np.bincount(part[part != SYNCHRONISES], minlength=CODED_BITS)
    assert counts.min() == counts.max() == 34
    means = [radius[part == bit].mean() for bit in range(CODED_BITS)]
    assert max(means) - min(means) < 0.5


def test_synchronisation_comes_first() -> None:
    assert (key().part[: key().synchronising] == SYNCHRONISES).all()
    assert (key().part[key().synchronising :] != SYNCHRONISES).all()
