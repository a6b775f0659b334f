"""Which sizes are made in stages, and what speaks against it."""

import math
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.networks import UNetConfig
from sfumato.training import layered, preset, resolve, staged, upscaler
from sfumato.training.cascades import stages_of


@pytest.mark.parametrize(
    ("size", "minutes", "small", "factors"),
    [
        (128, 60, 64, (2,)),
        (128, 5, 32, (4,)),
        (256, 60, 64, (4,)),
        (256, 14, 32, (2, 4)),
        (192, 60, 64, (3,)),
        (320, 60, 80, (4,)),
        (512, 60, 64, (2, 4)),
        (1024, 60, 64, (4, 4)),
        (1024, 5, 32, (2, 4, 4)),
    ],
)
def test_small_pictures_are_as_large_as_the_time_allows(
    size: int, minutes: float, small: int, factors: tuple[int, ...]
) -> None:
    assert stages_of(size, minutes) == (small, factors)
    made = resolve(staged({"size": size, "minutes": minutes}))
    assert (made.objective.kind, made.size, made.picture_side, made.factor) == ("cascade", small, size, 1)


def test_factors_multiply_to_the_size() -> None:
    found = [(size, stages_of(size, minutes)) for size in range(128, 1025, 8) for minutes in (5, 60)]
    for size, stages in found:
        if stages is not None:
            assert stages[0] * math.prod(stages[1]) == size
            assert stages[0] % 8 == 0
            assert all(2 <= factor <= 4 for factor in stages[1])
    assert sum(stages is not None for _, stages in found) > len(found) / 2


@pytest.mark.parametrize(
    "others",
    [
        {"size": 120},
        {"objective": {"kind": "denoising"}},
        {"pixel_art": True},
        {"preconditioning": "flow"},
        preset("transformer"),
        preset("article-diffusion"),
        upscaler(2),
        {"objective": {"kind": "cascade", "factors": (2,)}},
    ],
)
def test_what_is_chosen_otherwise_stays(others: dict[str, Any]) -> None:
    choices = layered({"size": 256, "minutes": 60}, others)
    assert staged(choices) == choices


def test_settings_of_the_small_pictures_and_a_second_time_are_no_hindrance() -> None:
    choices = layered({"size": 256, "minutes": 60}, {"class_dropout": 0.3, "crops": 5})
    once = staged(choices)
    assert staged(once) == once
    made = resolve(once).objective
    assert made.model_dump()["class_dropout"] == 0.3
    assert made.model_dump()["crops"] == 5
    chosen = layered(
        choices, {"objective": "cascade"}, {"network": UNetConfig(patch=1, channels=(8,), width=16, heads=1)}
    )
    assert resolve(staged(chosen)).picture_side == 256


def test_a_cascade_that_is_asked_for_makes_works_of_the_size_that_is_said_or_says_why_not() -> None:
    made = resolve(staged({"size": 96, "objective": {"kind": "cascade"}}))
    assert (made.size * made.objective.enlargement, made.picture_side) == (96, 96)
    for size in (32, 296):
        with pytest.raises(SfumatoError, match=f"size {size}: is not made in stages"):
            staged({"size": size, "objective": {"kind": "cascade"}})
