"""Windows against closed forms: shares add up to 1, and canvases of a Gaussian field come out without a seam."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import ClassCondition, PictureCondition
from sfumato.diffusion.noise import karras
from sfumato.diffusion.samplers import SAMPLERS, Denoise
from sfumato.diffusion.windows import Positions, window_count, windowed
from sfumato.errors import SfumatoError


class Seen:
    """A denoiser that keeps what it was asked, and gives it back."""

    def __init__(self) -> None:
        self.asked: list[Tensor] = []

    def __call__(self, x: Tensor, sigma: float, positions: Positions) -> Tensor:
        self.asked.append(x)
        return x


def everywhere(denoise: Denoise) -> Callable[[Tensor, float, Positions], Tensor]:
    """A denoiser for which it does not matter where its windows stand."""
    return lambda x, sigma, positions: denoise(x, sigma)


def numbered(count: int, height: int, width: int) -> Tensor:
    """[count, 3, height, width] with no number twice."""
    return torch.arange(count * 3 * height * width, dtype=torch.float64).view(count, 3, height, width)


def starts(length: int, side: int, stride: int, *, wrap: bool = False, sigma: float = 1.0) -> list[int]:
    """Where the windows of a canvas of that width begin, from left to right."""
    seen, columns = Seen(), torch.arange(float(length)).expand(1, 3, side, length)
    windowed(seen, side=side, stride=stride, wrap=wrap)(columns, sigma)
    return list(dict.fromkeys(int(window[0, 0, 0]) for window in seen.asked[0]))


# How a canvas is cut and put together


@pytest.mark.parametrize("wrap", [False, True])
def test_a_reference_picture_is_cut_as_the_canvas_is(wrap: bool) -> None:
    canvas, reference = numbered(2, 5, 7), PictureCondition(-numbered(2, 5, 7))

    def denoise(windows: Tensor, sigma: float, positions: Positions) -> Tensor:
        cut = reference.windows(positions).picture
        assert torch.equal(windows, -cut)
        return cut

    blend = windowed(denoise, side=4, stride=2, wrap=wrap)(canvas, 1.3)
    torch.testing.assert_close(blend, reference.picture)


shapes = st.integers(1, 7).flatmap(
    lambda side: st.tuples(
        st.integers(side, 20), st.integers(side, 20), st.just(side), st.integers(1, side), st.booleans()
    )
)


@settings(max_examples=50, deadline=None)
@given(shapes, st.floats(0.01, 80.0))
def test_estimates_that_agree_are_the_canvas(shape: tuple[int, int, int, int, bool], sigma: float) -> None:
    height, width, side, stride, wrap = shape
    canvas = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    blend = windowed(everywhere(lambda x, sigma: x), side=side, stride=stride, wrap=wrap)(canvas, sigma)
    torch.testing.assert_close(blend, canvas, rtol=0, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(shapes, st.floats(0.01, 80.0))
def test_one_call_sees_every_pixel_in_as_many_windows_as_said(
    shape: tuple[int, int, int, int, bool], sigma: float
) -> None:
    height, width, side, stride, wrap = shape
    seen, canvas = Seen(), numbered(2, height, width)
    windowed(seen, side=side, stride=stride, wrap=wrap)(canvas, sigma)
    (asked,) = seen.asked
    assert asked.shape == (2 * window_count(height, width, side, stride, wrap), 3, side, side)
    assert set(asked.flatten().tolist()) == set(canvas.flatten().tolist())


def test_windows_come_row_by_row_each_with_all_pictures() -> None:
    seen, canvas = Seen(), numbered(2, 6, 8)
    windowed(seen, side=4, stride=2)(canvas, 1.0)
    expected = [canvas[:, :, top : top + 4, left : left + 4] for top in (0, 2) for left in (0, 2, 4)]
    assert torch.equal(seen.asked[0], torch.cat(expected))


def test_a_condition_without_places_meets_its_own_picture() -> None:
    condition = ClassCondition.of([3, -1])

    def denoise(windows: Tensor, sigma: float, positions: Positions) -> Tensor:
        assert len(positions) == window_count(6, 9, 4, 2)
        return condition.windows(positions).rows.view(-1, 1, 1, 1).float().expand_as(windows)

    blend = windowed(denoise, side=4, stride=2)(torch.zeros(2, 3, 6, 9), 1.0)
    torch.testing.assert_close(blend[0], torch.full((3, 6, 9), 4.0))
    torch.testing.assert_close(blend[1], torch.zeros(3, 6, 9))


@settings(max_examples=50, deadline=None)
@given(shapes)
def test_windows_stand_at_even_distances_of_a_stride_at_most(shape: tuple[int, int, int, int, bool]) -> None:
    length, _, side, stride, wrap = shape
    begun = starts(length, side, stride, wrap=wrap)
    if wrap:
        distances = [(second - first) % length for first, second in pairwise([*begun, begun[0]]) if len(begun) > 1]
    else:
        assert (begun[0], begun[-1]) == (0, length - side)
        distances = [second - first for first, second in pairwise(begun)]
    if distances:
        assert max(distances) <= stride
        assert max(distances) - min(distances) <= 1


def test_one_window_is_the_denoiser_itself() -> None:
    field, x = Field(0.9), torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(windowed(everywhere(field), side=8, stride=3)(x, 0.7), field(x, 0.7))


def test_estimates_that_differ_pass_softly_into_each_other() -> None:
    def left_and_right(x: Tensor, sigma: float) -> Tensor:
        return torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand_as(x)

    row = windowed(everywhere(left_and_right), side=16, stride=8)(torch.zeros(1, 3, 16, 24), 1.0)[0, 0, 0]
    assert row[:8].eq(0).all()
    assert row[16:].eq(1).all()
    rises = row.diff()
    assert rises.min() >= 0
    assert rises.max() < 0.25  # evenly weighted windows rise by a half, twice
    torch.testing.assert_close(row, 1 - row.flip(0))


# The torus


@pytest.mark.parametrize(("down", "across"), [(2, 0), (0, 4), (-4, 10)])
def test_a_torus_rolled_by_strides_gives_the_result_rolled(down: int, across: int) -> None:
    denoise = windowed(everywhere(Field(0.9)), side=5, stride=2, wrap=True)
    x = torch.randn(1, 3, 8, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for sigma in (5.0, 0.6, 0.05):
        rolled = denoise(x.roll((down, across), (2, 3)), sigma)
        torch.testing.assert_close(rolled, denoise(x, sigma).roll((down, across), (2, 3)))


def test_a_toruss_windows_stand_elsewhere_at_every_level_and_the_same_at_the_same() -> None:
    levels = karras(16, 0.03, 40.0)[:-1].tolist()
    begun = [starts(32, 16, 8, wrap=True, sigma=sigma) for sigma in levels]
    assert len({min(place % 8 for place in positions) for positions in begun}) >= 6
    assert begun == [starts(32, 16, 8, wrap=True, sigma=sigma) for sigma in levels]
    assert {tuple(starts(32, 16, 8, sigma=sigma)) for sigma in levels} == {(0, 8, 16)}


# What is sampled


class Field:
    """A Gaussian field of variance 1 whose neighbouring pixels correlate; called as D(x, sigma), its ideal denoiser.

    Pixels at (i, j) and (k, l) correlate by correlation^(|i - k| + |j - l|), in a picture of any size.
    """

    def __init__(self, correlation: float) -> None:
        self.correlation = correlation

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        (down, rows), (across, columns) = (self._spectrum(length, x.dtype) for length in x.shape[-2:])
        variances = down[:, None] * across
        return rows @ ((rows.T @ x @ columns) * (variances / (variances + sigma**2))) @ columns.T

    def _spectrum(self, length: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        place = torch.arange(length, dtype=dtype)
        values, vectors = torch.linalg.eigh(self.correlation ** (place[:, None] - place).abs())
        return values, vectors


def sampled(denoise: Denoise, height: int, width: int) -> Tensor:
    """What a sampler makes of each pixel's own unit of noise: [height * width, 1, height, width].

    Samplers of a Gaussian's ideal denoiser are linear, so that squares summed over these are variances without chance.
    """
    sigmas = karras(20, 0.02, 30.0)
    units = torch.eye(height * width, dtype=torch.float64).view(-1, 1, height, width)
    *_, last = SAMPLERS["heun"](denoise, units * sigmas[0], sigmas, lambda index: units)
    return last.x


def gradient_energy(canvas: Tensor, column: int) -> float:
    """The mean squared difference of a column and the next, past the edge the first."""
    following = (column + 1) % canvas.shape[-1]
    return float((canvas[..., following] - canvas[..., column]).square().sum(0).mean())


def test_a_gaussian_canvas_has_no_seam_and_the_fields_variance() -> None:
    canvas = sampled(windowed(everywhere(Field(0.8)), side=8, stride=4), 8, 20)
    seams = [gradient_energy(canvas, column) for column in (3, 7, 11, 15)]  # a window begins or ends after these
    inside = [gradient_energy(canvas, column) for column in (1, 5, 9, 13, 17)]
    for seam in seams:
        assert 0.8 < seam / (sum(inside) / len(inside)) < 1.25
    assert sum(inside) / len(inside) == pytest.approx(2 * (1 - 0.8), rel=0.06)
    torch.testing.assert_close(canvas.square().sum(0), torch.ones(1, 8, 20).double(), rtol=0, atol=0.06)


def test_where_windows_do_not_overlap_there_is_a_seam() -> None:
    canvas = sampled(windowed(everywhere(Field(0.8)), side=8, stride=8), 8, 16)
    assert gradient_energy(canvas, 7) > 4 * gradient_energy(canvas, 4)


def test_a_gaussian_torus_is_alike_everywhere_over_its_edges_too() -> None:
    canvas = sampled(windowed(everywhere(Field(0.8)), side=8, stride=4, wrap=True), 8, 16)
    gradients = [gradient_energy(canvas, column) for column in range(16)]
    assert max(gradients) / min(gradients) < 1.05
    assert sum(gradients) / 16 == pytest.approx(2 * (1 - 0.8), rel=0.1)
    torch.testing.assert_close(canvas.square().sum(0), torch.ones(1, 8, 16).double(), rtol=0, atol=0.06)


# What is refused


@pytest.mark.parametrize("stride", [0, 9])
def test_a_stride_out_of_range_is_refused(stride: int) -> None:
    with pytest.raises(SfumatoError, match=f"a stride of {stride} for windows of 8 pixels; give 1 to 8"):
        windowed(Seen(), side=8, stride=stride)
    with pytest.raises(SfumatoError, match=f"a stride of {stride} "):
        window_count(16, 16, 8, stride)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize(("height", "width"), [(7, 16), (16, 7)])
def test_a_canvas_smaller_than_a_window_is_refused(height: int, width: int, wrap: bool) -> None:
    seen = Seen()
    with pytest.raises(SfumatoError, match=f"{width} x {height} pixels is smaller than a window of 8 x 8"):
        windowed(seen, side=8, stride=4, wrap=wrap)(torch.zeros(1, 3, height, width), 1.0)
    with pytest.raises(SfumatoError, match="give at least 8 each way"):
        window_count(height, width, 8, 4, wrap)
    assert not seen.asked
