"""A print has exactly its pixels: of works in its shape, enlarged as often as it takes and no more than it needs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models import Model as Making
from sfumato.models import ModelConfig
from sfumato.models.again import made_again
from sfumato.models.building import build_denoiser
from sfumato.models.making_time import seconds_each
from sfumato.models.model import Model
from sfumato.models.printing import Route, canvas_for, printing, route_to
from sfumato.models.verbs import enlarging, finishing, generating
from sfumato.networks import UNetConfig
from sfumato.policy.limits import Limits
from sfumato.policy.policy import Policy
from sfumato.works import read_work
from sfumato.works.print_size import PrintSize
from sfumato.works.recipe import Reduction
from sfumato.works.request import Request
from sfumato.works.values import MOST_PIXELS

NETWORK = UNetConfig(patch=1, channels=(8,), blocks=1, width=16, depth=1, heads=1)


def untrained(size: int, *factors: int) -> Model:
    """With random weights. factors: of its upscalers."""
    upscalers, side = [], size
    for factor in factors:
        side *= factor
        upscalers.append(ModelConfig(size=side, factor=factor, network=NETWORK, begins_with="reference"))
    config = ModelConfig(size=size, network=NETWORK, upscalers=tuple(upscalers))
    return Model(config, build_denoiser(config), weights_digest="1" * 64)


MODELS = {size: untrained(size) for size in (16, 32, 64)}
UPSCALERS = {factor: untrained(16, factor).upscalers[0] for factor in (2, 3, 4, 8)}


@pytest.fixture(scope="module")
def cascade() -> Model:
    """Of 64 px that are enlarged to 256."""
    return untrained(64, 4)


def sizes_of(route: Route) -> list[tuple[int, int]]:
    """Of each enlargement, what it begins with and what it makes."""
    return [size for one in route.enlargements for size in (one.begins, one.size)]


@pytest.mark.parametrize(
    ("typed", "canvas", "sizes"),
    [
        # 2,362 pixels are 590.5 fourths: the second enlargement begins with 591, not with 1,024.
        ("30x30cm@200", (256, 256), [(256, 256), (1024, 1024), (591, 591), (2364, 2364)]),
        # 3,150 / 2,362 of 256 are 341.4, and works have multiples of 4.
        ("30x40cm@200", (256, 344), [(256, 344), (1024, 1376), (591, 788), (2364, 3152)]),
        ("40x30cm@200", (344, 256), [(344, 256), (1376, 1024), (788, 591), (3152, 2364)]),
        ("10x10cm@254", (256, 256), [(250, 250), (1000, 1000)]),
        ("1x1in@256", (256, 256), []),
        ("1x1in@30", (256, 256), []),
        ("1x2in@300", (256, 512), [(75, 150), (300, 600)]),
        ("4096x4096mm@30", None, None),
    ],
)
def test_the_way_to_a_print(cascade, typed, canvas, sizes):
    size = PrintSize.parse(typed)
    if canvas is None:
        with pytest.raises(SfumatoError, match="the largest of this shape is 3467 x 3467 mm at 30 dpi"):
            route_to(size, cascade)
        return
    route = route_to(size, cascade)
    assert (route.canvas, sizes_of(route)) == (canvas, sizes)
    width, height = size.pixels
    assert route.last_reduction == Reduction(width=width, height=height, dpi=size.dpi)


@settings(max_examples=60)
@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([2, 3, 4, 8]), st.sampled_from([16, 32, 64]))
def test_every_print_that_can_be_is_reached_by_the_fewest_enlargements(width, height, factor, size):
    model, upscaler = MODELS[size], UPSCALERS[factor]
    asked = PrintSize(width=width / 10, height=height / 10, unit="mm", dpi=254)
    assert asked.pixels == (width, height)  # a tenth of a millimetre each
    try:
        route = route_to(asked, model, upscaler)
    except SfumatoError:
        across, down = (math.ceil(side / factor) * factor for side in (width, height))
        canvas = canvas_for((width, height), model.config)
        assert (
            across * down > MOST_PIXELS or canvas[0] * canvas[1] > MOST_PIXELS or factor**8 * size < min(width, height)
        )
        return
    now = route.canvas
    assert min(now) == size
    for number, one in enumerate(route.enlargements):
        assert now[0] < width or now[1] < height  # it is not large enough without
        assert one.begins[0] <= now[0] and one.begins[1] <= now[1]
        assert min(one.begins) * factor >= upscaler.config.size
        is_last = number + 1 == len(route.enlargements)
        if not is_last:
            assert one.begins == now
        now = one.size
    last = route.last_reduction
    assert (last.width, last.height) == (width, height)
    assert now[0] >= width and now[1] >= height
    assert now[0] * now[1] <= max(MOST_PIXELS, route.canvas[0] * route.canvas[1])


def test_it_is_said_in_words(cascade):
    assert route_to(PrintSize.parse("30x40cm"), cascade).said == (
        "works of 256 x 344, enlarged 4 times, made smaller to 591 x 788, enlarged 4 times, cut to fit"
    )
    assert route_to(PrintSize.parse("1x1in@100"), cascade).said == "works of 256 x 256, made smaller to fit"
    assert route_to(PrintSize.parse("1x1in@256"), cascade).said == "works of 256 x 256"


@pytest.mark.parametrize(
    ("typed", "asked", "said"),
    [
        ("30x30cm@200", {}, "makes works of 32 x 32, which on paper are 4 x 4 mm; train an upscaler with"),
        ("3x3cm@1200", {}, "which on paper are 0.7 x 0.7 mm"),
        ("1x1in@30", {"width": 64, "height": 64}, "leave out width and height"),
        ("1x1in@30", {"tile": True}, "give a tile a seam"),
        ("1x1in@30", {"stage": "base"}, "leave the stage out"),
        ("1x1000cm@200", {}, "are 79 x 78,740 pixels"),
        ("0.01x100mm@30", {}, None),
        ("0.001x10000mm@100", {}, "choose a shape that is not as narrow"),
    ],
)
def test_what_cannot_be_is_said(model, typed, asked, said):
    if said is None:
        assert printing(typed, Request(), model)[1].canvas == (32, 3776)
        return
    with pytest.raises(SfumatoError) as raised:
        printing(typed, Request.of(**asked), model)
    assert said in str(raised.value)


def test_a_model_that_enlarges_nothing_is_no_upscaler(model):
    with pytest.raises(SfumatoError, match="enlarges no pictures"):
        route_to(PrintSize.parse("1x1in@200"), model, model)


def test_a_policy_holds_for_every_size_on_the_way(model, upscaler):
    route = route_to(PrintSize.parse("9.9x8mm@254"), model, upscaler)
    assert route.checked(Policy(Limits(longest_side=100))) is route
    with pytest.raises(SfumatoError, match="99 pixels a side at most, and this would be 100 x 80"):
        route.checked(Policy(Limits(longest_side=99)))


def test_works_for_a_print_have_its_pixels_and_are_made_again_from_their_file(model, upscaler, tmp_path):
    size = PrintSize.parse("10x8mm@254")
    request, route = printing(size, Request.of(seed=3, steps=2), model, upscaler)
    assert sizes_of(route) == [(40, 32), (80, 64), (50, 40), (100, 80)]
    seconds = seconds_each(generating(model, request), route)
    assert seconds is not None
    assert 0 < seconds < 60
    maker = Making(model.config, model.denoiser, model.early, weights_digest=model.weights_digest)
    enlarger = Making(upscaler.config, upscaler.denoiser, weights_digest="2" * 64)
    (work,) = maker.generate(1, upscale=enlarger, print_size="10x8mm@254", seed=3, steps=2)
    assert work.image.size == (100, 80)
    path = work.save(tmp_path / "print.png")
    read = read_work(path)
    assert read.recipe.reduction == Reduction(width=100, height=80, dpi=254)
    assert [(one.made_size, one.size) for one in (read.recipe.first, *read.recipe.enlargements)] == [
        ((40, 32), (40, 32)),
        ((80, 64), (50, 40)),
        ((100, 80), (100, 80)),
    ]
    with Image.open(path) as picture:
        assert [round(dots) for dots in picture.info["dpi"]] == [254, 254]
    models = {model.weights_digest: maker, "2" * 64: enlarger}
    again = made_again(read.recipe, lambda part: models[part.model.digest], lambda generation: generation.work())
    assert again.as_in(read.recipe).image.tobytes() == read.image.tobytes()
    other = made_again(
        read.recipe, lambda part: models[part.model.digest], lambda made: made.work(), Request.of(steps=3)
    )
    assert (other.image.size, other.recipe.reduction) == ((100, 80), read.recipe.reduction)
    assert other.image.tobytes() != work.image.tobytes()


def test_a_model_prints_by_the_last_of_its_own_upscalers(tmp_path):
    model = untrained(16, 2)
    maker = Making(model.config, model.denoiser, weights_digest=model.weights_digest)
    asked = {"print_size": "8x6.4mm@254", "seed": 3, "steps": 2}
    (work,) = maker.generate(1, **asked)
    recipe = work.recipe
    assert (work.image.size, recipe.origin.size, recipe.first.made_size) == ((80, 64), (40, 32), (40, 32))
    assert recipe.model.digest == recipe.origin.model.digest == model.weights_digest
    read = read_work(work.save(tmp_path / "print.png"))
    again = made_again(read.recipe, lambda part: maker, lambda generation: generation.work())
    assert again.as_in(read.recipe).image.tobytes() == read.image.tobytes()
    request, route = printing(asked["print_size"], Request.of(steps=2), maker)
    assert 0 < seconds_each(generating(maker, request), route) < 60


def test_a_print_is_not_made_again_of_small_works():
    model = untrained(16, 2)
    maker = Making(model.config, model.denoiser, weights_digest=model.weights_digest)
    (work,) = maker.generate(1, print_size="2x1mm@254", seed=3, steps=1)
    with pytest.raises(SfumatoError, match="stage base: the work was made smaller for a print"):
        made_again(work.recipe, lambda _: model, lambda generation: generation.work(), Request.of(stage="base"))


def test_a_work_that_was_read_with_its_mark_is_printed_and_made_again(model, upscaler, tmp_path):
    maker = Making(model.config, model.denoiser, model.early, weights_digest=model.weights_digest)
    # In 192 px of such noise, every other identity finds no room; and which one it is changes with the version.
    (work,) = maker.generate(1, width=224, height=224, seed=3, steps=1)
    read = read_work(work.save(tmp_path / "work.png"))
    assert read.recipe.mark is not None
    route = route_to(PrintSize.parse("24x24mm@254"), upscaler, work=read.recipe)
    assert sizes_of(route) == [(120, 120), (240, 240)]
    steps = finishing(route, read, Request.of(steps=1))
    larger = next(steps).work()
    with pytest.raises(StopIteration) as last:
        steps.send(larger)
    printed = read_work(last.value.value.save(tmp_path / "print.png"))
    assert (printed.image.size, printed.recipe.origin.reduction.of_marked) == ((240, 240), True)
    again = made_again(
        printed.recipe, lambda part: upscaler if part.origin else maker, lambda generation: generation.work()
    )
    assert again.as_in(printed.recipe).image.tobytes() == printed.image.tobytes()
    with pytest.raises(SfumatoError, match="made smaller for a print already"):
        route_to(PrintSize.parse("5x5mm@254"), upscaler, work=printed.recipe)


def test_a_small_print_is_made_smaller_at_once(model, tmp_path):
    maker = Making(model.config, model.denoiser, model.early, weights_digest=model.weights_digest)
    (work,) = maker.generate(1, print_size="2x1mm@254", seed=3, steps=2)
    (whole,) = maker.generate(1, width=64, height=32, seed=3, steps=2)
    assert work.image.size == (20, 10)
    expected = whole.image.resize((20, 10), Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(work.image).astype(int) - np.asarray(expected)).max() == 0


def test_enlarged_once_without_a_print_it_is_as_ever(model, upscaler):
    route = Route.through(upscaler, (32, 32))
    assert (sizes_of(route), route.last_reduction) == ([(32, 32), (64, 64)], None)
    assert Route.through(None, (32, 32)).ending == {"upscaler": "", "reduction": None}
    with pytest.raises(SfumatoError, match="enlarges no pictures"):
        Route.through(model, (32, 32))
    assert enlarging(upscaler, Image.new("RGB", (32, 32))).canvas.width == 64
