import numpy as np

from sfumato.training.guard import OverfittingGuard


def speaks_at(training: list[float], held_out: list[float], guard: OverfittingGuard | None = None) -> int | None:
    guard = guard or OverfittingGuard()
    pairs = enumerate(zip(training, held_out, strict=True))
    return next((index for index, losses in pairs if guard.watch(*losses)), None)


def test_it_speaks_at_the_third_measurement_in_a_row_that_is_worse() -> None:
    assert speaks_at([0.5, 0.4, 0.3, 0.2, 0.1], [0.5, 0.45, 0.47, 0.48, 0.49]) == 4


def test_one_better_measurement_and_it_counts_anew() -> None:
    assert speaks_at([0.5, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3], [0.4, 0.45, 0.45, 0.40, 0.45, 0.45, 0.45]) == 6


def test_a_rise_within_the_tolerance_is_none() -> None:
    assert speaks_at([0.5] + [0.4] * 20, [0.5] + [0.509] * 20) is None


def test_it_keeps_quiet_where_both_losses_rise() -> None:
    assert speaks_at([0.5 + 0.1 * i for i in range(10)], [0.6 + 0.1 * i for i in range(10)]) is None


def test_it_keeps_quiet_over_the_noise_of_a_loss_that_falls() -> None:
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(0, 0.002, (2, 30))
        trend = 0.3 + 0.5 * np.exp(-np.arange(30) / 6)
        assert speaks_at(list(trend + noise[0]), list(trend + 0.01 + noise[1])) is None, seed


def test_it_remembers_the_lowest_point() -> None:
    guard = OverfittingGuard()
    speaks_at([0.5, 0.4, 0.3], [0.5, 0.45, 0.48], guard)
    assert (guard.lowest, guard.training_at_lowest, guard.above) == (0.45, 0.4, 1)
