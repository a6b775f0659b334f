import io
import math
import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from sfumato.collection.drawn import CLASSES, draw
from sfumato.watermark import KEY_VERSION, Marked, embed, read, searching
from sfumato.watermark.canonical import grid_of_picture
from sfumato.watermark.hearing import WHOLE, Heard, heard
from sfumato.watermark.key import key
from sfumato.watermark.reading import FALSE_POSITIVES, THRESHOLD, TRIALS, best_of
from sfumato.watermark.searching import on_the_whole
from sfumato.watermark.whitening import flattened

IDENTITY = 0x5F0A70AA


@cache
def drawn(number: int) -> Image.Image:
    return draw(CLASSES[number % len(CLASSES)], 50 + number, 256).convert("RGB")


@cache
def marked(number: int) -> Image.Image:
    result = embed(drawn(number), IDENTITY)
    assert isinstance(result, Marked)
    return result.image


def encoded(image: Image.Image, kind: str, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return Image.open(file)


ATTACKS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda image: image,
    "transparent": lambda image: image.convert("RGBA"),
    "JPEG 50": lambda image: encoded(image, "JPEG", 50),
    "WebP 80": lambda image: encoded(image, "WEBP", 80),
    "half the size": lambda image: image.resize((128, 128)),
    "other proportions": lambda image: image.resize((400, 180)),
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "grey": lambda image: image.convert("L"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_whole_picture_is_read_whatever_became_of_it(attack: str) -> None:
    for number in range(2):
        found = read(ATTACKS[attack](marked(number)))
        assert found is not None
        assert (found.identity, found.flipped, found.key_version) == (IDENTITY, False, KEY_VERSION)
        assert found.score >= THRESHOLD
        assert found.false_positive <= FALSE_POSITIVES


def test_a_mirrored_picture_is_read_and_said_to_be_mirrored() -> None:
    found = read(ImageOps.mirror(marked(1)))
    assert found is not None
    assert (found.identity, found.flipped) == (IDENTITY, True)


def test_an_uneven_crop_is_found_again() -> None:
    found = read(encoded(marked(0).crop((0, 20, 251, 256)), "JPEG", 85))
    assert found is not None
    assert found.identity == IDENTITY


def test_a_picture_with_something_around_it_is_found_again() -> None:
    found = read(ImageOps.expand(marked(2), 8, "white"))
    assert found is not None
    assert found.identity == IDENTITY


def test_a_picture_without_a_mark_has_none_wherever_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_UNEVEN_VIEWS", searching._UNEVEN_VIEWS[::20])  # a second's work
    assert read(drawn(3)) is None


def test_what_is_too_small_to_hold_one_has_none() -> None:
    assert read(marked(0).resize((40, 40))) is None


def test_the_mark_that_was_put_in_last_is_the_one_that_is_read() -> None:
    again = embed(marked(1), 1)
    assert isinstance(again, Marked)
    found = read(again.image)
    assert found is not None
    assert found.identity == 1


def test_no_other_identity_is_ever_read_from_pictures_that_are_nearly_gone() -> None:
    draws = np.random.default_rng(3)
    pixels = np.asarray(marked(0), np.float64)
    identities = []
    for level in (15, 60, 120):
        noisy = Image.fromarray(np.clip(pixels + draws.normal(0, level, pixels.shape), 0, 255).astype(np.uint8))
        flat = flattened(grid_of_picture(noisy))
        found = best_of(flat, on_the_whole(flat))
        identities.append(found and found.identity)
    assert identities[0] == IDENTITY
    assert set(identities) == {IDENTITY, None}


def test_scores_of_pictures_without_a_mark_keep_to_their_bound() -> None:
    """Under 3,000 keys drawn at random: P(score > z) <= exp(-z^2 / 2), for what is as unlike noise as can be, too."""
    stripes = Image.fromarray(np.tile(np.where(np.arange(256) // 4 % 2, 255, 0).astype(np.uint8), (256, 1)))
    draws = np.random.default_rng(0)
    for image in (drawn(0), drawn(4), stripes):
        listened = heard(flattened(grid_of_picture(image)), WHOLE)
        phases = draws.random((1000, len(listened.responses)), np.float32) * np.float32(2 * np.pi)
        scores = np.cos(phases) @ np.abs(listened.responses) / listened.loudness()
        for level in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0):
            assert (scores > level).mean() <= math.exp(-level * level / 2)
        assert 0.9 < scores.std() < 1.1


def test_loudness_is_the_deviation_of_the_bound() -> None:
    """One frequency that is all there is: its score is a cosine times the root of two, and its bound still holds."""
    responses = np.zeros(len(key().rows), np.complex64)
    responses[7] = 3
    assert Heard(responses).loudness() == pytest.approx(3 / math.sqrt(2))


def test_the_threshold_is_that_of_all_trials_together() -> None:
    assert TRIALS * math.exp(-THRESHOLD * THRESHOLD / 2) == pytest.approx(FALSE_POSITIVES)
    assert TRIALS > 2**32 * 128 * 128


def test_crops_without_a_mark_have_none_as_a_whole() -> None:
    chance = random.Random(5)
    for _ in range(12):
        left, upper = chance.randrange(120), chance.randrange(120)
        flat = flattened(grid_of_picture(drawn(chance.randrange(5)).crop((left, upper, left + 130, upper + 130))))
        candidates = on_the_whole(flat)
        assert best_of(flat, candidates) is None
        assert max(candidates).score < 6.5
