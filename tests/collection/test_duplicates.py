import io
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from sfumato.collection.duplicates import THUMBNAIL_SIDE, _differing_bits, fingerprint, mirrored, near_duplicates


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


GROUND = (24, 20, 28)


def groups(pictures: list[Image.Image]) -> list[int]:
    prints = [fingerprint(picture) for picture in pictures]
    hashes = np.array([value for value, _ in prints], dtype=np.uint64)
    return near_duplicates(hashes, np.stack([thumbnail for _, thumbnail in prints])).tolist()


def encoded_again(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def test_versions_of_a_picture_are_one_group(paint):
    picture = paint(1, (256, 192))
    versions = [
        picture,
        encoded_again(picture, 40),
        picture.resize((100, 75)),
        picture.resize((90, 75)),
        ImageOps.mirror(picture),
        encoded_again(ImageOps.mirror(picture).resize((64, 48)), 60),
        ImageEnhance.Brightness(picture).enhance(1.05),
    ]
    assert groups(versions) == [0] * len(versions)


def test_different_pictures_are_groups_of_their_own(paint):
    pictures = [paint(seed) for seed in range(200)]
    assert groups(pictures) == list(range(200))


def tile(seed: int) -> Image.Image:
    """A small motif on the ground that all tiles share."""
    draw = np.random.default_rng(seed)
    image = Image.new("RGB", (32, 32), GROUND)
    brush = ImageDraw.Draw(image)
    for _ in range(3):
        left, top = draw.integers(4, 18, 2)
        width, height = draw.integers(3, 11, 2)
        shape = brush.ellipse if draw.random() < 0.5 else brush.rectangle
        shape(
            (int(left), int(top), int(left + width), int(top + height)), fill=tuple(draw.integers(40, 256, 3).tolist())
        )
    return image


def test_a_wall_of_different_tiles_is_not_one_group():
    found = groups([tile(seed) for seed in range(400)])
    assert len(set(found)) >= 395
    assert np.unique(found, return_counts=True)[1].max() <= 2


def test_a_chain_of_small_steps_is_cut():
    # Each picture is near the next one; the first and the last have nothing in common.
    one, other = tile(1).resize((64, 64)), tile(2).resize((64, 64))
    chain = [Image.blend(one, other, step / 60) for step in range(61)]
    found = groups(chain)
    assert len(set(found)) >= 3
    assert found[1] == 0  # near ones are still together
    assert found[-1] == found[-2]


def test_flat_pictures_are_told_apart_by_colour():
    found = groups([Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "white", (254, 1, 0))])
    assert found == [0, 1, 2, 0]


def test_the_first_picture_names_the_group(paint):
    assert groups([paint(5), paint(6), ImageOps.mirror(paint(5)), paint(6)]) == [0, 1, 0, 1]


def test_nothing_is_no_group():
    assert near_duplicates(np.empty(0, np.uint64), np.empty((0, 16, 16, 3), np.uint8)).tolist() == []


def test_twenty_thousand_pictures_and_as_many_equal_ones_are_quick():
    draw = np.random.default_rng(0)
    hashes = draw.integers(0, 2**63, 20_000, dtype=np.uint64)
    thumbnails = draw.integers(0, 256, (20_000, 16, 16, 3), dtype=np.uint8)
    hashes[10_000:], thumbnails[10_000:] = hashes[0], thumbnails[0]
    started = time.process_time()
    found = near_duplicates(hashes, thumbnails)
    assert time.process_time() - started < 20
    assert len(set(found.tolist())) == 10_000


def test_bits_are_counted_with_an_old_numpy_too(monkeypatch):
    hashes = np.array([0, 2**64 - 1, 0x0123456789ABCDEF], dtype=np.uint64)
    expected = [(int(value) ^ 0xFF00FF).bit_count() for value in hashes]
    assert _differing_bits(hashes, np.uint64(0xFF00FF)).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert _differing_bits(hashes, np.uint64(0xFF00FF)).tolist() == expected
