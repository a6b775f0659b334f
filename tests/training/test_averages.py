import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sfumato.training.averages import EarlyAverages, PowerAverage, exponent


class Number(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor([value], dtype=torch.float64))


def averages(values: list[float], deviation: float) -> list[float]:
    module = Number(123.0)
    average = PowerAverage(module, deviation)
    results = []
    for step, value in enumerate(values, start=1):
        with torch.no_grad():
            module.value.fill_(value)
        average.update(module, step)
        results.append(average.module.value.item())
    return results


@given(st.floats(0.01, 0.27))
def test_the_exponent_gives_a_window_of_that_deviation(deviation: float) -> None:
    gamma = exponent(deviation)
    # The window p(t) = (gamma + 1) t^gamma on 0..1: its moments in closed form.
    mean = (gamma + 1) / (gamma + 2)
    variance = (gamma + 1) / (gamma + 3) - mean**2
    assert math.sqrt(variance) == pytest.approx(deviation, rel=1e-5)


def test_the_exponents_of_the_article() -> None:
    assert exponent(0.10) == pytest.approx(6.94, abs=0.005)
    assert exponent(0.05) == pytest.approx(16.97, abs=0.005)


@pytest.mark.parametrize("deviation", [0.05, 0.1, 0.2])
def test_the_average_is_the_power_window_of_all_weights_so_far(deviation: float) -> None:
    count, generator = 200, torch.Generator().manual_seed(1)
    values = torch.randn(count, generator=generator, dtype=torch.float64)
    power = exponent(deviation) + 1
    # Step i of n has the share (i/n)^power - ((i-1)/n)^power: the window's integral over it.
    bounds = (torch.arange(count + 1, dtype=torch.float64) / count) ** power
    expected = (values * bounds.diff()).sum()
    assert averages(values.tolist(), deviation)[-1] == pytest.approx(expected.item(), rel=1e-9)


def test_what_it_began_with_is_forgotten_at_the_first_step() -> None:
    assert averages([5.0], 0.05) == [5.0]


def test_it_stays_apart_from_the_module_and_learns_nothing_itself() -> None:
    module = nn.Linear(2, 2)
    average = PowerAverage(module, 0.05)
    before: Tensor = average.module.weight.clone()
    with torch.no_grad():
        module.weight.add_(1)
    assert torch.equal(average.module.weight, before)
    assert not average.module.weight.requires_grad
    assert not average.module.training


def test_without_a_window_it_is_the_weights_themselves() -> None:
    assert averages([5.0, 1.0, -2.0], 0.0) == [5.0, 1.0, -2.0]


def test_statistics_of_batches_are_averaged_with_the_weights() -> None:
    module = nn.BatchNorm1d(1)
    plain, average = PowerAverage(module, 0.0), PowerAverage(module, 0.1)
    seen = []
    for step in range(1, 4):
        module(torch.randn(8, 1, generator=torch.Generator().manual_seed(step)) + step)
        seen.append(module.running_mean.item())
        plain.update(module, step)
        average.update(module, step)
    assert plain.module.running_mean.item() == seen[-1]
    assert average.module.running_mean.item() == pytest.approx(averages(seen, 0.1)[-1], rel=1e-5)
    assert average.module.num_batches_tracked.item() == 3


def test_upscalers_are_guided_by_the_usual_average_or_the_nearest_that_has_them() -> None:
    own, larger = "embed.weight", "upscalers.0.embed.weight"

    def weights(share: float, *names: str) -> dict[str, Tensor]:
        return {name: torch.tensor(share) for name in names}

    kept = EarlyAverages({share: (int(100 * share), weights(share, own, larger)) for share in (0.06, 0.12, 0.25)})
    assert kept.chosen(0.06, 100) == weights(0.06, own) | weights(0.25, larger)
    assert kept.chosen(None, 100) == weights(0.25, own, larger)
    # As checkpoints of before have them.
    kept.kept[0.25] = 25, weights(0.25, own)
    assert kept.chosen(None, 100) == weights(0.25, own) | weights(0.12, larger)
    kept.kept[0.12], kept.kept[0.06] = (12, weights(0.12, own)), (6, weights(0.06, own))
    assert kept.chosen(0.12, 100) == weights(0.12, own)
    assert EarlyAverages().chosen(None, 100) == {}
