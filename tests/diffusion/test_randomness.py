"""The same key gives the same numbers, now and in later versions, so that a picture can be made again."""

import math

import pytest
import torch

from sfumato.diffusion.randomness import NoiseBetween, SeededNoise, keyed_generator

SHAPE = (3, 64, 64)


def test_the_noise_of_a_picture_is_that_of_its_seed_number_and_step() -> None:
    noise = SeededNoise(7, 3)
    assert torch.equal(noise.draw(-1, SHAPE), torch.randn(SHAPE, generator=keyed_generator("noise", 7, 3, -1)))
    assert torch.equal(noise.draw(2, SHAPE), noise.draw(2, SHAPE))
    assert not torch.equal(noise.draw(2, SHAPE), noise.draw(3, SHAPE))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_turned_noise_is_standard_normal_and_as_near_as_the_angle_says(share: float) -> None:
    origin, other = SeededNoise(7, 3), SeededNoise(8, 0)
    turned = NoiseBetween(origin, other, share).draw(-1, SHAPE)
    # Of 12,288 normal numbers the deviation has an error of 0.006, a correlation one of 0.009.
    assert float(turned.std()) == pytest.approx(1, abs=0.03)
    assert correlation(turned, origin.draw(-1, SHAPE)) == pytest.approx(math.cos(share * math.pi / 2), abs=0.04)
    assert correlation(turned, other.draw(-1, SHAPE)) == pytest.approx(math.sin(share * math.pi / 2), abs=0.04)


def test_turns_follow_one_another_and_their_ends_are_exact() -> None:
    origin, other = NoiseBetween(SeededNoise(7, 3), SeededNoise(8, 0), 0.3), SeededNoise(9, 5)
    assert torch.equal(NoiseBetween(origin, other, 0.0).draw(1, SHAPE), origin.draw(1, SHAPE))
    assert torch.equal(NoiseBetween(origin, other, 1.0).draw(1, SHAPE), other.draw(1, SHAPE))
    twice = NoiseBetween(origin, other, 0.5).draw(1, SHAPE)
    torch.testing.assert_close(twice, (origin.draw(1, SHAPE) + other.draw(1, SHAPE)) / math.sqrt(2))


def test_the_way_between_two_noises_begins_and_ends_at_them() -> None:
    one, other = NoiseBetween(SeededNoise(7, 3), SeededNoise(8, 0), 0.3), SeededNoise(9, 1)
    assert torch.equal(NoiseBetween(one, other, 0.0).draw(4, SHAPE), one.draw(4, SHAPE))
    assert torch.equal(NoiseBetween(one, other, 1.0).draw(4, SHAPE), other.draw(4, SHAPE))
    assert float(NoiseBetween(one, other, 0.5).draw(4, SHAPE).std()) == pytest.approx(1, abs=0.03)


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack((one.flatten(), other.flatten())))[0, 1])
