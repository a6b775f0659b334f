"""Variants of one picture are one family, and strangers are not."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.likeness.kin import KIN, NOISE, families, thumbnails


def slow(small: Tensor, groups: Tensor) -> list[int]:
    """The same, pair by pair."""
    count = len(small)
    family = list(range(count))

    def alike(one: Tensor, other: Tensor) -> bool:
        first, second = 127.5 * one, 127.5 * other
        variance = (first.var((1, 2), correction=0).mean() + second.var((1, 2), correction=0).mean()) / 2 + NOISE
        apart = [value.flatten() - value.mean() for value in (first, second)]
        flat = min(value.square().mean() for value in apart) <= 1
        correlated = not flat and F.cosine_similarity(*apart, dim=0) >= KIN
        return bool(correlated or (first - second).square().mean() <= 2 * (1 - KIN) * variance)

    for one in range(count):
        for other in range(one):
            near = alike(small[one], small[other]) or alike(small[one], small[other].flip(-1))
            if near or groups[one] == groups[other]:
                low, high = sorted((family[one], family[other]))
                family = [low if each == high else each for each in family]
    return family


def test_families_are_those_of_every_pair(patches, monkeypatch):
    monkeypatch.setattr("sfumato.likeness.kin.AT_A_TIME", 7)
    pictures = patches(12)
    generator = torch.Generator().manual_seed(0)
    near = pictures[:8] + 0.3 * torch.randn(8, 3, 32, 32, generator=generator)
    flat = torch.tensor([-1.0, -0.97, 0.4, 1.0]).view(4, 1, 1, 1).expand(4, 3, 32, 32)
    small = thumbnails(torch.cat((pictures, near.flip(-1), flat, near[:2])))
    small = small[torch.randperm(len(small), generator=generator)]
    groups = torch.arange(len(small))
    groups[4] = groups[20]
    found = families(small, groups)
    assert found.tolist() == slow(small, groups)
    assert 10 < len(found.unique()) < len(found)


def test_mirrored_recoloured_and_paler_ones_are_kin(patches):
    picture = patches(1)
    variants = torch.cat((picture, picture.flip(-1), 0.5 * picture, 0.7 * picture + 0.2, patches(1, seed=2)))
    assert families(thumbnails(variants), torch.arange(5)).tolist() == [0, 0, 0, 0, 4]


def test_many_of_one_colour_are_one_family_at_once():
    found = families(torch.ones(3000, 3, 16, 16), torch.arange(3000))
    assert found.max() == 0
