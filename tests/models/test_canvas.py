"""The canvas that a work is made on: of any size, empty or with a picture, kept to the pixel where it is to be."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor
from sfumato.models import Generation, Model, inpaint, outpaint, reimagine, reproduce, to_pictures
from sfumato.models.canvas import editing_canvas, extended_canvas, masked_canvas, plain_canvas, refining_canvas
from sfumato.works import read_work
from sfumato.works.edits import Margins
from sfumato.works.request import CanvasShape
from sfumato.works.values import USUAL_HIGHEST_SIGMA

FEW = {"steps": 3}


@pytest.fixture(scope="module")
def picture():
    levels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    return Image.fromarray(levels)


@pytest.fixture(scope="module")
def mask():
    mask = Image.new("L", (56, 40), 0)
    mask.paste(255, (20, 10, 44, 30))
    return mask


def pixels(image):
    return np.asarray(image, dtype=int)


def test_what_the_mask_keeps_is_kept_to_the_pixel_and_the_rest_is_new(model, picture, mask):
    work = inpaint(model, picture, mask, seed=3, **FEW)
    assert work.image.size == picture.size
    kept = pixels(mask) == 0
    assert np.array_equal(pixels(work.image)[kept], pixels(picture)[kept])
    assert (pixels(work.image)[~kept] != pixels(picture)[~kept]).mean() > 0.8
    other = inpaint(model, picture, mask, seed=4, **FEW)
    assert (pixels(work.image)[~kept] != pixels(other.image)[~kept]).mean() > 0.5


def test_grey_of_a_mask_passes_from_the_one_to_the_other(model, picture):
    full, half = (Image.new("L", picture.size, 0) for _ in range(2))
    full.paste(255, (20, 10, 44, 30))
    half.paste(128, (20, 10, 44, 30))
    new, mixed = (pixels(inpaint(model, picture, one, seed=3, **FEW).image) for one in (full, half))
    wanted = pixels(picture) + (new - pixels(picture)) * (pixels(full)[..., None] > 0) * (128 - 85) / 85
    assert np.abs(mixed - wanted).max() <= 1


@pytest.mark.parametrize(
    "margins", [{"left": 12}, {"right": 9, "top": 5}, {"left": 3, "top": 4, "right": 5, "bottom": 6}]
)
def test_beyond_its_edges_a_picture_is_kept_to_the_pixel(model, picture, margins):
    work = outpaint(model, picture, seed=2, **margins, **FEW)
    sides = Margins(**margins)
    assert work.image.size == (56 + sides.left + sides.right, 40 + sides.top + sides.bottom)
    whole = pixels(work.image)[sides.top : sides.top + 40, sides.left : sides.left + 56]
    assert np.array_equal(whole, pixels(picture))
    assert work.recipe.request.edit.margins.model_dump() == sides.model_dump()


def test_works_of_any_size_are_those_of_their_seed(model):
    generation = Generation.of(model, seed=3, width=80, height=48, **FEW)
    works = list(generation.works(2))
    assert [work.image.size for work in works] == [(80, 48)] * 2
    second = next(generation.works(1, first=1))
    assert second.image.tobytes() == works[1].image.tobytes() != works[0].image.tobytes()


def test_a_tile_is_another_picture_whose_file_says_so(model):
    tile, plain = (
        next(Generation.of(model, seed=3, width=48, height=48, tile=tile, **FEW).works(1)) for tile in (True, False)
    )
    assert tile.recipe.request.canvas.tile
    assert not plain.recipe.request.canvas.tile
    assert tile.image.tobytes() != plain.image.tobytes()


@pytest.mark.parametrize(
    "made",
    [
        lambda model, picture, mask: inpaint(model, picture, mask, seed=3, strength=0.7, label="waves", **FEW),
        lambda model, picture, mask: outpaint(model, picture, seed=3, right=9, **FEW),
        lambda model, picture, mask: next(
            Generation.of(model, seed=3, width=50, height=40, tile=True, **FEW).works(1, first=2)
        ),
    ],
    ids=["inpaint", "outpaint", "tile"],
)
def test_each_is_made_again_from_its_file(saved, picture, mask, tmp_path, made):
    model = Model.from_pretrained(saved)
    work = made(model, picture, mask)
    recipe = read_work(work.save(tmp_path / "work.png")).recipe
    inputs = {"picture": picture} if getattr(recipe.request.edit, "picture", None) else {}
    inputs |= {"mask": mask} if getattr(recipe.request.edit, "mask", None) else {}
    again = reproduce(Model.from_pretrained(saved), recipe, **inputs)
    assert again.image.tobytes() == work.image.tobytes()
    assert again.recipe == recipe


def test_another_mask_is_noticed(model, picture, mask):
    recipe = inpaint(model, picture, mask, **FEW).recipe
    with pytest.raises(SfumatoError, match="began with a mask, which is not in its file"):
        reproduce(model, recipe, picture=picture)
    with pytest.raises(SfumatoError, match="the mask is not the one"):
        reproduce(model, recipe, picture=picture, mask=mask.rotate(180))


def test_every_step_of_the_way_is_given(model, picture, mask):
    generation = Generation.of(model, canvas=masked_canvas(model.config, picture, mask), steps=5)
    events = list(generation.events(previews=True))
    assert [event.step for event in events] == [1, 2, 3, 4, 5]
    assert all([shown.size for shown in event.previews] == [(56, 40)] for event in events)
    pictures = generation.pictures()
    assert pictures.shape == (1, 3, 40, 56)
    assert torch.isfinite(pictures).all()


SMALL = Image.new("RGB", (31, 200))
TOO_LARGE = CanvasShape.model_construct(width=100_000, height=64_000, tile=False)  # the schema has no such


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda c, p, m: masked_canvas(c, p, m.resize((56, 41))), "the mask is 56 x 41 pixels and the picture 56 x 40"),
        (lambda c, p, m: masked_canvas(c, p, Image.new("L", p.size, 0)), "black all over"),
        (lambda c, p, m: masked_canvas(c, p, Image.new("L", p.size, 255)), "white all over"),
        (lambda c, p, m: masked_canvas(c, SMALL, m), "the picture is 31 x 200 pixels.*makes 32 x 32"),
        (lambda c, p, m: masked_canvas(c, p, m, strength=0), "strength 0"),
        (lambda c, p, m: masked_canvas(c, p, m, strength=1.2), r"strength 1\.2"),
        (lambda c, p, m: refining_canvas(c, p, -0.5), r"strength -0\.5"),
        (lambda c, p, m: extended_canvas(c, p, Margins()), "nothing is to be added"),
        (lambda c, p, m: extended_canvas(c, SMALL.crop((0, 0, 10, 10)), Margins(top=5)), "10 x 15 pixels"),
        (lambda c, p, m: plain_canvas(c, CanvasShape(width=31, height=64)), "a work is 31 x 64 pixels"),
        (lambda c, p, m: plain_canvas(c, TOO_LARGE), "more than 4,096 x 4,096"),
    ],
)
def test_what_cannot_be_painted_on_is_one_sentence(model, picture, mask, asked, said):
    with pytest.raises(SfumatoError, match=said) as caught:
        asked(model.config, picture, mask)
    assert "\n" not in str(caught.value)


def test_less_than_nothing_cannot_be_added():
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Margins(left=-1)


def test_a_picture_smaller_than_the_models_is_refined_all_the_same(model):
    assert reimagine(model, Image.new("RGB", (20, 10), "teal"), **FEW).image.size == (32, 32)


def test_a_picture_comes_back_from_its_own_noise_to_the_pixel(model, picture):
    canvas = editing_canvas(model.config, picture, source="waves")
    same = next(Generation.of(model, label="waves", canvas=canvas, guidance=1.0, steps=9).works(1))
    seen = to_pictures(as_tensor(picture, 32)[None])[0]
    assert same.image.tobytes() == seen.tobytes()
    other = next(Generation.of(model, label="circles", canvas=canvas, steps=9).works(1))
    assert other.image.tobytes() != seen.tobytes()


def test_an_edit_keeps_more_of_a_picture_than_refining_it(model, picture):
    seen = pixels(to_pictures(as_tensor(picture, 32)[None])[0])
    edited, refined = (
        next(Generation.of(model, label="circles", canvas=canvas, guidance=1.0, steps=12).works(1))
        for canvas in (
            editing_canvas(model.config, picture, 0.5, "waves"),
            refining_canvas(model.config, picture, 0.5),
        )
    )
    assert np.abs(pixels(edited.image) - seen).mean() < np.abs(pixels(refined.image) - seen).mean()


def test_an_edit_is_made_again_from_its_file(model, picture, tmp_path):
    canvas = editing_canvas(model.config, picture, 0.7, "waves")
    work = next(Generation.of(model, label="circles", seed=4, canvas=canvas, steps=9).works(1))
    recipe = read_work(work.save(tmp_path / "work.png")).recipe
    assert (recipe.request.edit.kind, recipe.request.edit.source) == ("invert", "waves")
    assert reproduce(model, recipe, picture=picture).image.tobytes() == work.image.tobytes()


def test_an_unknown_source_is_one_sentence(model, picture):
    with pytest.raises(SfumatoError, match="class 'cubism'"):
        editing_canvas(model.config, picture, source="cubism")


class Asked(torch.nn.Module):
    """A network that counts the pictures that it is shown."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.seen = network, 0

    def forward(self, x, c_noise, condition):
        self.seen += len(x)
        return self.network(x, c_noise, condition)


def test_what_is_made_anew_begins_with_the_light_beside_it_unless_less_of_the_picture_is_to_be_replaced(
    model, picture, mask
):
    light, dark = Image.new("RGB", picture.size, "white"), Image.new("RGB", picture.size, "black")
    one, other = (masked_canvas(model.config, whole, mask) for whole in (light, dark))
    begun = Generation.of(model, canvas=one)
    assert (begun.settings.sigma_max, begun.settings.sharpness) == (2.5, 0.0)  # 5 at 64 px
    assert begun.settings.noise_high == begun.recipe(0).request.sampling.noise_high == USUAL_HIGHEST_SIGMA
    detailed = model.config.generation.model_copy(update={"detail_below": 0.4})
    detailed_model = replace(model, config=model.config.model_copy(update={"generation": detailed}))
    assert Generation.of(detailed_model).settings.detail_below == 0.4
    assert Generation.of(detailed_model, canvas=one).settings.detail_below == 0
    assert Generation.of(model, canvas=one, sigma_max=30.0).settings.sigma_max == 30.0
    assert (
        inpaint(model, light, mask, noise_high=0.0, **FEW).image.tobytes()
        != inpaint(model, light, mask, **FEW).image.tobytes()
    )
    estimates = [
        next(Generation.of(model, canvas=canvas, steps=1).events(previews=True)).estimates[0] for canvas in (one, other)
    ]
    assert pixels(estimates[0]).mean() > pixels(estimates[1]).mean()
    erased = light.copy()
    erased.paste("black", (20, 10, 44, 30))
    made = [inpaint(model, whole, mask, **FEW).image.tobytes() for whole in (light, erased)]
    assert made[0] == made[1]
    partly = masked_canvas(model.config, light, mask, strength=0.5)
    assert Generation.of(model, canvas=partly).settings.sigma_max == model.config.generation.sigma_max
    assert (
        inpaint(model, light, mask, strength=0.5, **FEW).image.tobytes()
        != inpaint(model, erased, mask, strength=0.5, **FEW).image.tobytes()
    )


def test_far_from_the_mask_nothing_is_looked_at(new_model):
    model = new_model(has_early=False)
    model.early = {}
    model.denoiser.network = Asked(model.denoiser.network)
    levels = np.random.default_rng(0).integers(0, 256, (200, 240, 3), dtype=np.uint8)
    large, mask = Image.fromarray(levels), Image.new("L", (240, 200), 0)
    mask.paste(255, (100, 90, 116, 106))
    work = inpaint(model, large, mask, seed=3, **FEW)
    # 16 pixels and 32 on every side: 80 x 80, which windows of 32 at 16 pixels cover four by four, twice for guidance
    # and three times for what moves with the known pixels; of three levels the first is gone through twice.
    assert model.denoiser.network.seen == 16 * (2 + 3) * (2 + 1 + 1)
    kept = pixels(mask) == 0
    assert np.array_equal(pixels(work.image)[kept], levels[kept])
    assert (pixels(work.image)[~kept] != levels[~kept]).mean() > 0.8
    again = reproduce(model, work.recipe, picture=large, mask=mask)
    assert np.array_equal(pixels(again.image), pixels(work.image))
    generation = Generation.of(model, seed=3, canvas=masked_canvas(model.config, large, mask), **FEW)
    events = list(generation.events(previews=True))
    assert len(events) == 3
    assert all([one.size for one in event.previews + event.estimates] == [(240, 200)] * 2 for event in events)
    assert generation.pictures().shape == (1, 3, 200, 240)


def test_the_part_to_make_is_what_the_mask_covers_and_what_lies_around(model, picture):
    mask = Image.new("L", picture.size, 0)
    mask.paste(200, (20, 12, 30, 14))
    canvas = masked_canvas(model.config, picture, mask)
    assert canvas.part_to_make(4) == (slice(8, 18), slice(16, 34))
    assert canvas.part_to_make(15) == (slice(0, 29), slice(5, 45))
    assert canvas.part_to_make(40) is None
    assert plain_canvas(model.config).part_to_make(4) is None
    part = canvas.part(slice(8, 18), slice(16, 34))
    assert (part.height, part.width, part.mask.shape, part.picture.shape) == (10, 18, (1, 10, 18), (3, 10, 18))
