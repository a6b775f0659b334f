"""The index is of what a training learns from, and of nothing else."""

import numpy as np
import pytest
from PIL import Image

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.likeness.learned import learned_from


def test_held_out_pictures_are_not_in_it(tiny_dataset):
    likeness = learned_from(tiny_dataset)
    (part,) = likeness.parts
    assert list(part.files) == [tiny_dataset.files[place] for place in tiny_dataset.train.tolist()]
    assert "sfumato (drawn by the program)" in part.creators
    place = tiny_dataset.train[3:4]
    (finding,) = likeness.judge(tiny_dataset.images(place).flip(-1))
    assert finding.nearest[0].file == tiny_dataset.files[int(place)]


@pytest.fixture
def long_dataset(tmp_path, paint):
    (tmp_path / "art").mkdir()
    for number in range(8):
        paint(number, (64, 32)).save(tmp_path / "art" / f"{number}.png")
    list(collect(tmp_path / "art", tmp_path / "collection", workers=1))
    list(
        prepare(
            Collection.open(tmp_path / "collection"), tmp_path / "set", size=32, crop="random", held_out=0, workers=1
        )
    )
    return Dataset.open(tmp_path / "set")


def test_with_random_crops_every_part_of_a_long_picture_is_known(long_dataset, tmp_path):
    likeness = learned_from(long_dataset)
    assert len(likeness) == 8 * 9
    whole = np.asarray(Image.open(tmp_path / "art" / "1.png"), dtype=np.float32) / 127.5 - 1
    from torch import from_numpy

    picture = from_numpy(whole).permute(2, 0, 1)
    for left in (0, 14, 32):
        (finding,) = likeness.judge(picture[None, :, :, left : left + 32])
        assert finding.nearest[0].file == "1.png"
        assert finding.nearest[0].similarity > 0.9
        assert finding.nearest[1].file != "1.png"  # squares of one picture are one family
