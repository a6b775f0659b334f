"""Features are taken in parts, and no number that is none goes on."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.errors import SfumatoError
from sfumato.evaluation.descriptor import Descriptor
from sfumato.evaluation.features import AT_A_TIME, extracted, looked_at


def test_a_picture_has_the_same_features_wherever_it_stands() -> None:
    images = torch.rand(AT_A_TIME + 5, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    rows = extracted(Descriptor(), images)
    assert rows.dtype == torch.float64 and len(rows) == len(images)
    assert torch.allclose(rows[-2:], extracted(Descriptor(), images[-2:]), atol=1e-5)


def test_features_that_are_not_finite_are_said() -> None:
    class Broken:
        name = "broken"
        digest = ""

        def __call__(self, images: Tensor) -> Tensor:
            return images.flatten(1) / 0

    with pytest.raises(SfumatoError, match="broken: its features are not finite"):
        extracted(Broken(), torch.ones(2, 3, 4, 4))


def test_pictures_of_a_dataset_stand_beside_their_features(tmp_path: Path) -> None:
    list(draw_collection(tmp_path / "art", per_class=4, size=32))
    list(collect(tmp_path / "art", tmp_path / "collection", workers=1))
    list(prepare(Collection.open(tmp_path / "collection"), tmp_path / "dataset", size=32, workers=1))
    dataset = Dataset.open(tmp_path / "dataset")
    some = looked_at(dataset.train[3:7], dataset, Descriptor())
    assert torch.equal(some.images, dataset.images(some.places))
    assert torch.equal(some.rows, extracted(Descriptor(), some.images)) and len(some.rows) == 4
