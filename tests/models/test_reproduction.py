"""A work is made once more from its recipe alone, to the pixel, and relatives of it are as near as is asked for."""

import numpy as np
import pytest
from PIL import Image, ImageChops

from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, reimagine, relatives, remake
from sfumato.works import Recipe, read_work

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
        {"away": "circles", "guidance": 2.5},
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
    again = remake(Model.from_pretrained(saved), recipe)
    assert same(work, again)
    assert again.recipe == work.recipe


@pytest.mark.parametrize(
    "change", [{"steps": 4}, {"label": "circles"}, {"away": "circles"}, {"guidance": 1.0}, {"sampler": "euler"}]
)
def test_a_setting_is_changed_on_the_way_and_the_rest_stays(model, change):
    work = next(Generation.of(model, seed=5, label="waves", **FEW).works(1))
    other = remake(model, work.recipe, **change)
    assert not same(work, other)
    fields = {name for name, value in other.recipe if getattr(work.recipe, name) != value}
    guidance = {"guidance_kind", "guidance_low", "guidance_high", "guidance_chroma"}
    implied = guidance if "guidance" in change else set()
    assert fields == set(change) | implied


def test_a_reimagined_work_needs_its_picture(model, picture):
    work = reimagine(model, picture, strength=0.7, seed=3, **FEW)
    assert same(work, remake(model, work.recipe, picture=picture))
    assert not same(work, remake(model, work.recipe, picture=picture, strength=1.0))
    with pytest.raises(SfumatoError, match="began with a picture, which is not in its file"):
        remake(model, work.recipe)
    with pytest.raises(SfumatoError, match="not the one that the work began with"):
        remake(model, work.recipe, picture=picture.rotate(180))
    plain = next(Generation.of(model, **FEW).works(1))
    with pytest.raises(SfumatoError, match="made without a picture"):
        remake(model, plain.recipe, picture=picture)


def test_another_model_is_named_by_its_digest(new_model):
    one, other = new_model(), new_model(seed=1)
    other.weights_digest = "1" * 64
    recipe = next(Generation.of(one, **FEW).works(1)).recipe
    with pytest.raises(SfumatoError, match=r"made with 'tiny' \(weights 0000000000\).*weights 1111111111") as caught:
        remake(other, recipe)
    assert "\n" not in str(caught.value)


def test_relatives_are_the_nearer_the_smaller_their_share(model):
    recipe = next(Generation.of(model, seed=5, **FEW).works(1, first=2)).recipe
    work = remake(model, recipe)
    near, far = (list(relatives(model, recipe, share, seed=1).works(4)) for share in (0.1, 0.8))
    assert all(distance(work, one) < distance(work, other) for one, other in zip(near, far, strict=True))
    assert {one.recipe.label for one in near} == {recipe.label}
    assert [one.recipe.turns for one in near] == [((1, index, 0.1),) for index in range(4)]
    assert {(one.recipe.seed, one.recipe.index) for one in near} == {(5, 2)}


def test_the_ends_of_a_relation_are_the_work_itself_and_another_work(model):
    recipe = next(Generation.of(model, seed=5, label="waves", **FEW).works(1)).recipe
    itself, other = (next(relatives(model, recipe, share, seed=8).works(1)) for share in (0, 1))
    assert same(itself, remake(model, recipe))
    assert same(other, next(Generation.of(model, seed=8, label="waves", **FEW).works(1)))


def test_a_relative_of_a_relative_is_made_again_from_its_file(model, tmp_path):
    work = next(Generation.of(model, seed=5, **FEW).works(1))
    child = next(relatives(model, work.recipe, 0.3, seed=1).works(1, first=3))
    grandchild = next(relatives(model, child.recipe, 0.2, seed=2, steps=4).works(1, first=18))
    recipe = read_work(grandchild.save(tmp_path / "g.png")).recipe
    assert recipe.turns == ((1, 3, 0.3), (2, 18, 0.2))
    assert same(grandchild, remake(model, recipe))


def test_relatives_of_a_reimagined_work_begin_with_its_picture(model, picture):
    work = reimagine(model, picture, strength=0.7, seed=3, **FEW)
    child = next(relatives(model, work.recipe, 0.5, picture=picture).works(1))
    assert child.recipe.input_digest == work.recipe.input_digest
    assert same(child, remake(model, child.recipe, picture=picture))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_one_sentence(model, share):
    recipe = next(Generation.of(model, **FEW).works(1)).recipe
    with pytest.raises(SfumatoError, match=r"from 0 \(the work itself\) to 1"):
        relatives(model, recipe, share)


def test_an_older_recipe_without_the_newer_fields_is_read(model):
    recipe = next(Generation.of(model, **FEW).works(1)).recipe
    text = recipe.model_dump(mode="json", exclude={"turns", "away", "sharpness"})
    assert Recipe.model_validate(text) == recipe
