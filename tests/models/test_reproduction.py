"""A work is made once more from its recipe alone, to the pixel, and variations of it are as near as is asked for."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops

from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, reimagine, reproduce, upscale, variations
from sfumato.models.verbs import enlarging_again
from sfumato.works import Work, read_work
from sfumato.works.request import Request, Slerp

FEW = {"steps": 3}


def same(one, other):
    return ImageChops.difference(one.image, other.image).getbbox() is None


def distance(one, other):
    return float(np.square(np.asarray(one.image, dtype=float) - np.asarray(other.image, dtype=float)).mean() ** 0.5)


@pytest.fixture(scope="module")
def picture():
    levels = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((40, 60), Image.Resampling.BOX)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label": "waves"},
        {"label": "waves:0.3,circles:0.7"},
        {"negative": "circles", "guidance": 2.5},
        {"guidance": 3.5, "guidance_low": 0.2, "guidance_high": 20.0},
        {"guidance_kind": "autoguidance", "sampler": "heun", "schedule": "exponential", "sigma_max": 30.0},
        {"guidance": 1.0, "sampler": "euler_ancestral", "schedule": "flow", "sharpness": 0.1},
        {"precision": "bfloat16", "sigma_min": 0.01},
    ],
)
def test_a_file_alone_makes_the_same_picture_again(saved, tmp_path, settings):
    model = Model.from_pretrained(saved)
    work = next(Generation.of(model, seed=11, **FEW, **settings).works(1, first=17))
    recipe = read_work(work.save(tmp_path / "work.png")).recipe
    again = reproduce(Model.from_pretrained(saved), recipe)
    assert same(work, again)
    assert again.recipe == work.recipe


@pytest.mark.parametrize(
    "change", [{"steps": 4}, {"label": "circles"}, {"negative": "circles"}, {"guidance": 1.0}, {"sampler": "euler"}]
)
def test_a_setting_is_changed_on_the_way_and_the_rest_stays(model, change):
    work = next(Generation.of(model, seed=5, label="waves", **FEW).works(1))
    other = reproduce(model, work.recipe, **change)
    assert not same(work, other)
    before, after = work.recipe.request.plain(), other.recipe.request.plain()
    assert {name for name in before if before[name] != after[name]} == set(change)
    assert work.recipe.model_copy(update={"request": other.recipe.request}) == other.recipe


def test_a_reimagined_work_needs_its_picture(model, picture):
    work = reimagine(model, picture, strength=0.7, seed=3, **FEW)
    assert same(work, reproduce(model, work.recipe, picture=picture))
    assert not same(work, reproduce(model, work.recipe, picture=picture, strength=1.0))
    with pytest.raises(SfumatoError, match="began with a picture, which is not in its file"):
        reproduce(model, work.recipe)
    with pytest.raises(SfumatoError, match="not the one that the work began with"):
        reproduce(model, work.recipe, picture=picture.rotate(180))
    plain = next(Generation.of(model, **FEW).works(1))
    with pytest.raises(SfumatoError, match="made without a picture"):
        reproduce(model, plain.recipe, picture=picture)


def test_another_model_is_named_by_its_digest(new_model):
    one, other = new_model(), new_model(seed=1)
    other.weights_digest = "1" * 64
    recipe = next(Generation.of(one, **FEW).works(1)).recipe
    with pytest.raises(SfumatoError, match=r"made with 'tiny' \(weights 0000000000\).*weights 1111111111") as caught:
        reproduce(other, recipe)
    assert "\n" not in str(caught.value)


def test_variations_are_the_nearer_the_smaller_their_fraction(model):
    recipe = next(Generation.of(model, seed=5, **FEW).works(1, first=2)).recipe
    work = reproduce(model, recipe)
    near, far = (list(variations(model, recipe, fraction, seed=1).works(4)) for fraction in (0.1, 0.8))
    assert all(distance(work, one) < distance(work, other) for one, other in zip(near, far, strict=True))
    assert {one.recipe.request.label for one in near} == {recipe.request.label}
    assert [one.recipe.request.slerps for one in near] == [
        (Slerp(seed=1, number=number, fraction=0.1),) for number in range(4)
    ]
    assert {(one.recipe.request.seed, one.recipe.request.number) for one in near} == {(5, 2)}


def test_the_ends_of_the_variations_are_the_work_itself_and_another_work(model):
    recipe = next(Generation.of(model, seed=5, label="waves", **FEW).works(1)).recipe
    itself, other = (next(variations(model, recipe, fraction, seed=8).works(1)) for fraction in (0, 1))
    assert same(itself, reproduce(model, recipe))
    assert same(other, next(Generation.of(model, seed=8, label="waves", **FEW).works(1)))


def test_a_variation_of_a_variation_is_made_again_from_its_file(model, tmp_path):
    work = next(Generation.of(model, seed=5, **FEW).works(1))
    child = next(variations(model, work.recipe, 0.3, seed=1).works(1, first=3))
    grandchild = next(variations(model, child.recipe, 0.2, seed=2, changes=Request.of(steps=4)).works(1, first=18))
    recipe = read_work(grandchild.save(tmp_path / "g.png")).recipe
    assert recipe.request.slerps == (Slerp(seed=1, number=3, fraction=0.3), Slerp(seed=2, number=18, fraction=0.2))
    assert same(grandchild, reproduce(model, recipe))


def test_variations_of_a_reimagined_work_begin_with_its_picture(model, picture):
    work = reimagine(model, picture, strength=0.7, seed=3, **FEW)
    child = next(variations(model, work.recipe, 0.5, picture=picture).works(1))
    assert child.recipe.request.edit == work.recipe.request.edit
    assert same(child, reproduce(model, child.recipe, picture=picture))


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_fraction_out_of_range_is_one_sentence(model, fraction):
    recipe = next(Generation.of(model, **FEW).works(1)).recipe
    with pytest.raises(SfumatoError, match=r"from 0 \(the work itself\) to 1"):
        variations(model, recipe, fraction)


def pixels(image: Image.Image) -> Any:
    return np.asarray(image, dtype=int)


@pytest.fixture(scope="module")
def small_picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 28, 3), dtype=np.uint8))


def test_it_is_made_again_from_its_file_and_the_picture(
    upscaler: Model, small_picture: Image.Image, tmp_path: Any
) -> None:
    upscaler.save_pretrained(tmp_path / "larger")
    loaded = Model.from_pretrained(tmp_path / "larger")
    assert loaded.config.factor == 2
    work = read_work(upscale(loaded, small_picture, seed=3, steps=2).save(tmp_path / "larger.png"))
    again = reproduce(loaded, work.recipe, picture=small_picture)
    assert again.recipe == work.recipe
    assert np.array_equal(pixels(again.image), pixels(work.image))
    with pytest.raises(SfumatoError, match="began with a picture, which is not in its file"):
        reproduce(loaded, work.recipe)
    with pytest.raises(SfumatoError, match="the picture is not the one that the work began with"):
        reproduce(loaded, work.recipe, picture=small_picture.rotate(180))


def test_an_enlarged_work_carries_the_recipe_of_the_smaller_one(model: Model, upscaler: Model, tmp_path: Any) -> None:
    small = list(Generation.of(model, seed=5, steps=2, label="waves").works(3))[2]
    work = upscale(upscaler, small)
    assert work.image.size == (64, 64)
    read = read_work(work.save(tmp_path / "larger.png"))
    assert read.recipe == work.recipe
    assert read.recipe.first == small.recipe
    assert (read.recipe.request.seed, read.recipe.request.number) == (5, 2)
    again = next(enlarging_again(upscaler, read.recipe, reproduce(model, read.recipe.first)).works())
    assert np.array_equal(pixels(again.image), pixels(work.image))
    text = read.recipe.parameters_text()
    assert text.startswith("waves\nSteps: 2, ")
    assert text.endswith("Hires upscale: 2, Hires upscaler: larger, Hires steps: 3")
    assert "Size: 32x32" in text  # before it is enlarged, as in the program whose text this is


def test_twice_enlarged_is_made_again_in_order(model: Model, upscaler: Model) -> None:
    small = next(Generation.of(model, seed=5, steps=2).works(1))
    twice = upscale(upscaler, upscale(upscaler, small))
    assert twice.image.size == (128, 128)
    assert [recipe.size for recipe in twice.recipe.enlargements] == [(64, 64), (128, 128)]
    text = twice.recipe.parameters_text()
    assert text.endswith("Hires upscale: 4, Hires upscaler: larger, Hires steps: 3")
    assert text.count("Hires upscale:") == 1
    work = reproduce(model, twice.recipe.first)
    for recipe in twice.recipe.enlargements:
        work = next(enlarging_again(upscaler, recipe, work).works())
    assert work.recipe == twice.recipe
    assert np.array_equal(pixels(work.image), pixels(twice.image))


def test_variations_have_details_of_their_own(model: Model, upscaler: Model) -> None:
    """A variation has the seed of the work that it is one of, and other noise."""
    work = next(Generation.of(model, seed=5, steps=2).works(1))
    one, other = variations(model, work.recipe, 0.5, seed=3, changes=Request.of(steps=2)).works(2)
    large = [upscale(upscaler, Work(work.image, part.recipe)) for part in (one, other)]
    assert (pixels(large[0].image) != pixels(large[1].image)).mean() > 0.5
    assert large[0].recipe.request.slerps == one.recipe.request.slerps


def test_a_strength_is_for_works_that_were_refined(model: Model, upscaler: Model, small_picture: Image.Image) -> None:
    with pytest.raises(SfumatoError, match="the work is none that a picture was refined to"):
        reproduce(upscaler, upscale(upscaler, small_picture).recipe, picture=small_picture, strength=0.5)
    with pytest.raises(SfumatoError, match="the work is none that a picture was refined to"):
        reproduce(model, next(Generation.of(model, steps=2).works(1)).recipe, strength=0.5)
