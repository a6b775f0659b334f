"""Features are taken in parts, and no number that is none goes on."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.errors import SfumatoError
from sfumato.features.appearance import Descriptor
from sfumato.features.features import AT_A_TIME, NetworkFeatures, extracted, looked_at


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


class Features(NetworkFeatures):
    called = "net"


def test_levels_are_those_of_the_picture_at_the_side() -> None:
    features = Features(nn.Linear(1, 1), side=48, digest="abc")
    assert (features.name, features.digest) == ("net at 48 px", "abc")
    grey = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1, 1).expand(3, 3, 32, 32)
    levels = features.levels(grey)
    assert levels.shape == (3, 3, 48, 48)
    assert levels[:, 0, 20, 20].tolist() == pytest.approx([0, 127.5, 255], abs=1e-3)
    assert features.levels(grey, 40).shape[-1] == 40


def test_no_level_is_beyond_black_or_white() -> None:
    edge = torch.ones(1, 3, 32, 32)
    edge[..., 16:] = -1
    levels = Features(nn.Linear(1, 1), side=64).levels(edge)
    assert levels.min() == 0 and levels.max() == 255  # the cubic would go beyond both
    softer = Features(nn.Linear(1, 1), side=64).levels(edge, 64, "bilinear")
    assert not torch.equal(levels, softer)


def test_the_network_is_of_single_precision_and_not_trained() -> None:
    features = Features(nn.Sequential(nn.Dropout(), nn.Linear(2, 2)).half(), side=32)
    assert not features.network.training
    assert {parameter.dtype for parameter in features.network.parameters()} == {torch.float32}
    assert not any(parameter.requires_grad for parameter in features.network.parameters())
    assert features.to(torch.device("cpu")) is features
