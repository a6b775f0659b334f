"""The program's own art: the same from the same seed everywhere, distinct by class, and honest about its source."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from sfumato.collection.drawn import CLASSES, draw
from sfumato.errors import SfumatoError


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.float32)


@pytest.mark.parametrize("name", CLASSES)
def test_one_name_and_seed_give_one_picture_and_other_seeds_give_others(name: str) -> None:
    assert _pixels(draw(name, 3)).tobytes() == _pixels(draw(name, 3)).tobytes()
    assert len({draw(name, seed, 32).tobytes() for seed in range(20)}) == 20


def test_a_picture_is_the_same_in_another_process_whatever_its_hash_seed() -> None:
    code = (
        "import sys; from sfumato.collection.drawn import draw; sys.stdout.buffer.write(draw('flow', 5, 32).tobytes())"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env={"PYTHONHASHSEED": hash_seed})
        assert done.stdout == draw("flow", 5, 32).tobytes(), done.stderr


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("size", [16, 33, 64, 128])
def test_a_picture_is_square_colour_and_not_flat(name: str, size: int) -> None:
    image = draw(name, 11, size)
    assert (image.mode, image.size) == ("RGB", (size, size))
    assert _pixels(image).std() > 10


@pytest.mark.parametrize("name", CLASSES)
def test_the_composition_does_not_depend_on_the_size(name: str) -> None:
    small = draw(name, 4, 32)
    large = draw(name, 4, 128).resize((32, 32), Image.Resampling.BOX)
    assert np.abs(_pixels(small) - _pixels(large)).mean() < 8
    assert np.abs(_pixels(small) - _pixels(draw(name, 5, 32))).mean() > 16


def test_edges_are_antialiased() -> None:
    # A disc of flat colours without antialiasing would have the palette's colours and no others.
    assert len(set(draw("circles", 1, 64).get_flattened_data())) > 50


def test_the_classes_can_be_told_apart_at_32_pixels_by_a_plain_classifier() -> None:
    """Ridge regression on simple statistics of tone and texture: if that tells them apart, a network can learn them."""

    def features(name: str, seed: int) -> np.ndarray:
        pixels = _pixels(draw(name, seed, 32)) / 255
        steps = np.concatenate([np.abs(np.diff(pixels, axis=axis)).reshape(-1) for axis in (0, 1)])
        histogram = np.histogram(steps, bins=[0, 0.004, 0.02, 0.05, 0.1, 0.2, 0.4, 1.01])[0] / steps.size
        # Where the picture is dark: leading has thin dark lines, planes and discs have areas.
        return np.concatenate([histogram, np.quantile(pixels, [0.02, 0.25, 0.5, 0.75, 0.98]), pixels.std((0, 1)), [1]])

    def table(seeds: range) -> tuple[np.ndarray, np.ndarray]:
        rows = np.stack([features(name, seed) for name in CLASSES for seed in seeds])
        return rows, np.repeat(np.arange(len(CLASSES)), len(seeds))

    rows, labels = table(range(40))
    weights = np.linalg.solve(rows.T @ rows + 1e-3 * np.eye(rows.shape[1]), rows.T @ np.eye(len(CLASSES))[labels])
    rows, labels = table(range(1000, 1020))
    assert ((rows @ weights).argmax(1) == labels).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "seed", "size", "said"),
    [
        ("cubes", 0, 64, "circles, flow"),
        ("flow", -1, 64, "negative"),
        ("flow", 0, 8, "16 to"),
        ("flow", 0, 9999, "16 to"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_to_do(name: str, seed: int, size: int, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        draw(name, seed, size)
