"""The sliced Wasserstein distance has the values of its formulas, and sees what a visitor would see."""

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.evaluation import SlicedWasserstein, sliced_wasserstein
from sfumato.evaluation.sliced_wasserstein import ROUNDING, Level, laplacian_pyramid, wasserstein


def drawn(name: str, seeds: range, size: int = 32) -> Tensor:
    pictures = np.stack([np.asarray(draw(name, seed, size)) for seed in seeds])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1


def noise(count: int, size: int = 32, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def flat(values: list[float], size: int = 32) -> Tensor:
    """Pictures of one grey each."""
    return torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 3, size, size)


def distances(result: SlicedWasserstein) -> dict[int, float]:
    return dict(result.levels)


@pytest.fixture(scope="module")
def flow() -> Tensor:
    return drawn("flow", range(32))


def test_a_set_is_no_distance_from_itself_and_from_the_same_pictures_twice(flow: Tensor) -> None:
    assert sliced_wasserstein(flow, flow) == SlicedWasserstein((Level(32, 0.0), Level(16, 0.0)))
    assert sliced_wasserstein(torch.cat((flow, flow)), flow).mean < 0.01


@pytest.mark.parametrize(
    ("side", "levels"),
    [(128, [128, 64, 32, 16]), (64, [64, 32, 16]), (48, [48, 24, 12]), (31, [31, 16]), (17, [17, 9]), (8, [8])],
)
def test_the_levels_are_named_by_their_size_from_the_finest_to_8_to_16_pixels(side: int, levels: list[int]) -> None:
    a, b = noise(2, side), noise(2, side, seed=1)
    assert [level.pixels for level in sliced_wasserstein(a, b, patches=4, directions=8).levels] == levels


def test_there_is_no_level_that_holds_no_patch() -> None:
    a, b = noise(2, 20), noise(2, 20, seed=1)
    assert [level.pixels for level in sliced_wasserstein(a, b, size=10).levels] == [20, 10]
    assert [level.pixels for level in sliced_wasserstein(a, b, size=11).levels] == [20]


def test_the_mean_is_over_the_levels() -> None:
    assert SlicedWasserstein((Level(64, 1.0), Level(32, 2.0), Level(16, 6.0))).mean == pytest.approx(3.0)


@pytest.mark.parametrize("shape", [(64, 64), (40, 56), (33, 47)])
def test_the_pyramid_holds_the_whole_picture(shape: tuple[int, int]) -> None:
    images = noise(2, 64)[:, :, : shape[0], : shape[1]]
    *details, low = laplacian_pyramid(images)
    for detail in reversed(details):
        # EXPAND by its definition: a transposed convolution, on what the mirrored edge leaves.
        spread = torch.zeros_like(detail)
        spread[:, :, ::2, ::2] = low
        kernel = torch.tensor([1, 4, 6, 4, 1]) / 8
        weight = torch.outer(kernel, kernel).expand(3, 1, 5, 5)
        mirrored = torch.nn.functional.pad(spread, (2, 2, 2, 2), mode="reflect")
        low = detail + torch.nn.functional.conv2d(mirrored, weight, groups=3)
    torch.testing.assert_close(low, images)


def test_an_even_surface_has_no_details_up_to_its_edges() -> None:
    *details, low = laplacian_pyramid(flat([0.3], 45))
    assert details and all(float(detail.abs().max()) < 1e-6 for detail in details)
    torch.testing.assert_close(low, flat([0.3], low.shape[2]))


def test_the_distance_of_numbers_is_the_area_between_their_quantile_functions() -> None:
    row = torch.tensor([[3.0, 1.0, 2.0]])
    assert float(wasserstein(row, row.flip(1))) == 0
    assert float(wasserstein(row, row + 5)) == pytest.approx(5)
    # Quantiles 0 | 1 against 0 | 3 | 6: |0-0| / 3 + |0-3| / 6 + |1-3| / 6 + |1-6| / 3.
    two, three = torch.tensor([[1.0, 0.0]]), torch.tensor([[6.0, 0.0, 3.0]])
    assert float(wasserstein(two, three)) == pytest.approx(3 / 6 + 2 / 6 + 5 / 3)
    assert float(wasserstein(three, two)) == pytest.approx(3 / 6 + 2 / 6 + 5 / 3)
    # Each number against one: the mean distance from it.
    assert float(wasserstein(three, torch.tensor([[2.0]]))) == pytest.approx((4 + 2 + 1) / 3)


def test_the_distance_of_sets_of_two_sizes_is_that_of_their_repeated_numbers() -> None:
    a, b = torch.randn(5, 6), torch.randn(5, 10)
    repeated = a.repeat_interleave(5, 1).sort(1).values - b.repeat_interleave(3, 1).sort(1).values
    torch.testing.assert_close(wasserstein(a, b), repeated.abs().mean(1))


def test_even_pictures_that_are_lighter_differ_on_the_lowest_level_alone_and_by_the_formula() -> None:
    greys = [-0.5, 0.0, 0.25, 0.5]
    result = sliced_wasserstein(flat([grey + 0.25 for grey in greys]), flat(greys), directions=8192)
    fine, coarse = result.levels
    assert fine.distance < 0.01
    # Every projection moves by shift / deviation times the sum of the 49 numbers for lightness of a random unit vector
    # of 147.
    expected = 0.25 / np.std(greys) * math.exp(math.lgamma(147 / 2) - math.lgamma(148 / 2)) * math.sqrt(49 / math.pi)
    assert coarse.distance == pytest.approx(1000 * expected, rel=0.03)


def test_a_reference_without_any_contrast_gives_a_large_figure_and_no_infinite_one() -> None:
    near, far = (sliced_wasserstein(flat([grey], 16), flat([0.0], 16)).mean for grey in (ROUNDING, 100 * ROUNDING))
    assert 500 < near < 1000
    assert far == pytest.approx(100 * near, rel=1e-3)


def test_it_is_symmetric_only_where_the_statistics_are_the_same(flow: Tensor) -> None:
    moved = flow.flip(3)
    assert sliced_wasserstein(0.5 * flow, flow).mean < 0.7 * sliced_wasserstein(flow, 0.5 * flow).mean
    # Mirrored places see other patches, so that the statistics differ a little.
    assert sliced_wasserstein(moved, flow).mean == pytest.approx(sliced_wasserstein(flow, moved).mean, rel=0.1)


def test_blurring_is_seen_on_the_finest_level_most() -> None:
    sharp = drawn("glass", range(32), 64)
    blurred = torch.nn.functional.avg_pool2d(sharp, 3, stride=1, padding=1, count_include_pad=False)
    found = distances(sliced_wasserstein(blurred, sharp))
    assert found[64] > 2 * found[32] > 2 * found[16]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda x: 0.5 * x, id="less contrast"),
        pytest.param(lambda x: 0.6 * x + 0.3, id="under a light veil"),
        pytest.param(lambda x: x.mean(1, keepdim=True).expand_as(x), id="no colour"),
        pytest.param(lambda x: x.roll(1, 1), id="another palette"),
    ],
)
def test_a_set_with_the_wrong_colours_is_far_from_the_right_one(
    spoilt: Callable[[Tensor], Tensor], flow: Tensor
) -> None:
    floor = sliced_wasserstein(drawn("flow", range(32, 64)), flow)
    assert sliced_wasserstein(spoilt(flow), flow).mean > 2.5 * floor.mean


def test_each_set_by_its_own_statistics_would_not_see_a_veil(flow: Tensor) -> None:
    def by_its_own(images: Tensor) -> Tensor:
        deviation, mean = torch.std_mean(images, (0, 2, 3), keepdim=True)
        return (images - mean) / deviation

    veiled = 0.6 * flow + 0.3
    assert sliced_wasserstein(by_its_own(veiled), by_its_own(flow)).mean < 0.1
    assert sliced_wasserstein(veiled, flow).mean > 100


def test_grain_in_colour_that_no_one_sees_is_near_where_there_is_no_colour() -> None:
    grey = drawn("planes", range(16)).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    grain = 0.01 * noise(16)
    assert sliced_wasserstein(grey + grain - grain.mean(1, keepdim=True), grey).mean < 20


def test_two_halves_of_one_kind_are_nearer_than_another_kind() -> None:
    one, half = drawn("glass", range(24)), drawn("glass", range(24, 48))
    near = sliced_wasserstein(half, one)
    for other in ("circles", "flow", "planes", "waves"):
        far = sliced_wasserstein(drawn(other, range(24)), one)
        assert far.mean > 1.5 * near.mean
        assert all(f.distance > n.distance for f, n in zip(far.levels, near.levels, strict=True))


def test_more_pictures_bring_two_sets_of_one_kind_nearer() -> None:
    few, many = (
        sliced_wasserstein(drawn("waves", range(n)), drawn("waves", range(100, 100 + n))).mean for n in (4, 64)
    )
    assert many < 0.6 * few


def test_the_same_seed_gives_the_same_distance_whatever_else_is_drawn(flow: Tensor) -> None:
    other = drawn("waves", range(20))
    state = torch.get_rng_state()
    first = sliced_wasserstein(flow, other, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(77)
    assert sliced_wasserstein(flow, other, seed=3) == first
    second = sliced_wasserstein(flow, other, seed=4)
    assert second != first
    assert second.mean == pytest.approx(first.mean, rel=0.15)


def test_the_order_of_the_pictures_is_of_no_consequence(flow: Tensor) -> None:
    other = drawn("waves", range(20))
    shuffled = sliced_wasserstein(flow[torch.randperm(32)], other[torch.randperm(20)])
    for one, same in zip(sliced_wasserstein(flow, other).levels, shuffled.levels, strict=True):
        assert one.distance == pytest.approx(same.distance, rel=1e-4)


def test_pictures_that_are_not_square_and_half_precision_are_measured_too(flow: Tensor) -> None:
    wide, other = flow[:, :, 4:24], drawn("waves", range(8))[:, :, 4:24]
    whole = sliced_wasserstein(wide, other)
    assert [level.pixels for level in whole.levels] == [20, 10]
    assert sliced_wasserstein(wide.half(), other.half()).mean == pytest.approx(whole.mean, rel=0.01)


def test_two_sets_of_128_pictures_of_64_pixels_take_less_than_two_seconds_on_one_thread() -> None:
    a, b = noise(128, 64), noise(128, 64, seed=1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        begun = time.process_time()
        sliced_wasserstein(a, b)
        assert time.process_time() - begun < 2
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (noise(0), noise(2), "one of the sets is empty"),
        (noise(2), noise(0), "one of the sets is empty"),
        (noise(2, 16), noise(2, 32), "of two sizes, 16 x 16 and 32 x 32"),
        (noise(2)[:, :1], noise(2), "not 2 x 1 x 32 x 32"),
        (noise(2)[0], noise(2), r"not 3 x 32 x 32"),
        (noise(2, 6), noise(2, 6), "hold no patch of 7 pixels"),
        (noise(2) / 0, noise(2), "not finite"),
    ],
)
def test_sets_that_cannot_be_compared_are_refused(a: Tensor, b: Tensor, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        sliced_wasserstein(a, b)


@pytest.mark.parametrize("count", ["patches", "size", "directions"])
def test_a_count_of_none_is_refused(count: str, flow: Tensor) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        sliced_wasserstein(flow, flow, **{count: 0})
