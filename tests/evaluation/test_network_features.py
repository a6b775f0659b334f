"""Every network sees the same pictures: at its side, between black and white, and never in training."""

import pytest
import torch
from torch import nn

from sfumato.evaluation.network_features import NetworkFeatures


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
