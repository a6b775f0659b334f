import numpy as np
import pytest
from PIL import Image, ImageOps

from sfumato.collection.fingerprint import THUMBNAIL_SIDE, fingerprint, mirrored


def bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def test_the_thumbnail_has_its_shape(paint):
    value, thumbnail = fingerprint(paint(1, (200, 90)))
    assert 0 <= value < 2**64
    assert thumbnail.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)


@pytest.mark.parametrize("seed", range(5))
def test_a_mirrored_picture_has_the_mirrored_hash(paint, seed):
    picture = paint(seed, (128, 128))
    expected = mirrored(np.array([fingerprint(picture)[0]], dtype=np.uint64))[0]
    assert bits(fingerprint(ImageOps.mirror(picture))[0], int(expected)) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_a_resized_picture_has_nearly_the_same_hash_and_another_picture_has_not(paint, seed):
    value = fingerprint(paint(seed, (256, 192)))[0]
    assert bits(value, fingerprint(paint(seed, (80, 60)))[0]) <= 6
    assert bits(value, fingerprint(paint(seed + 100, (256, 192)))[0]) > 12


def test_flat_pictures_have_no_frequencies():
    assert fingerprint(Image.new("RGB", (50, 50), (9, 80, 200)))[0] == 0
