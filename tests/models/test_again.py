"""A work that was enlarged, once or twice, is made again from its recipe through all of its models."""

import numpy as np
import pytest
from PIL import Image, ImageChops

from sfumato.errors import SfumatoError
from sfumato.models import Generation, inpaint, upscale
from sfumato.models.again import made_again
from sfumato.works.request import Request

FEW = {"steps": 3}


def plainly(generation):
    return generation.work()


def same(one, other):
    return ImageChops.difference(one.image, other.image).getbbox() is None


@pytest.fixture
def models(model, new_model):
    """(recipe) -> its model, by the digest of its weights; and the upscaler."""
    upscaler = new_model(seed=3, factor=2, begins_with="reference")
    upscaler.weights_digest = "2" * 64
    asked = []

    def of(recipe):
        asked.append(recipe.model.digest)
        return {model.weights_digest: model, upscaler.weights_digest: upscaler}[recipe.model.digest]

    return of, upscaler, asked


def test_each_enlargement_is_made_again_after_the_work_itself(model, models):
    of, upscaler, asked = models
    work = Generation.of(model, seed=5, **FEW).work()
    larger = upscale(upscaler, work, **FEW)
    largest = upscale(upscaler, larger, seed=8, **FEW)
    made = []
    again = made_again(largest.recipe, of, lambda generation: made.append(plainly(generation)) or made[-1])
    assert [each.image.size for each in made] == [(32, 32), (64, 64), (128, 128)]
    assert all(same(one, other) for one, other in zip(made, (work, larger, largest), strict=True))
    assert again.recipe == largest.recipe
    assert asked == [model.weights_digest, *[upscaler.weights_digest] * 2]


def test_what_is_changed_is_enlarged_as_it_was(model, models):
    of, upscaler, _ = models
    larger = upscale(upscaler, Generation.of(model, seed=5, **FEW).work(), **FEW)
    again = made_again(larger.recipe, of, plainly, Request.of(steps=4))
    assert again.image.size == (64, 64)
    assert again.recipe.first.request.sampling.steps == 4
    assert again.recipe.request == larger.recipe.request.model_copy(update={"edit": again.recipe.request.edit})
    assert not same(again, larger)


def test_given_the_smaller_picture_only_the_enlargement_is_made_again(model, models):
    of, upscaler, asked = models
    work = Generation.of(model, seed=5, **FEW).work()
    larger = upscale(upscaler, work, **FEW)
    assert same(made_again(larger.recipe, of, plainly, picture=work.image), larger)
    assert asked == [upscaler.weights_digest]


def test_an_edit_is_given_its_pictures_and_enlarged_again(model, models):
    of, upscaler, _ = models
    levels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture, mask = Image.fromarray(levels), Image.new("L", (32, 32))
    mask.paste(255, (8, 8, 24, 24))
    larger = upscale(upscaler, inpaint(model, picture, mask, **FEW), **FEW)
    assert same(made_again(larger.recipe, of, plainly, picture=picture, mask=mask), larger)
    with pytest.raises(SfumatoError, match=r"began with a mask, which is not in its file; give that mask as well"):
        made_again(larger.recipe, of, plainly, picture=picture)


def test_a_model_that_is_missing_is_said_before_anything_is_made(model, models):
    of, upscaler, _ = models
    larger = upscale(upscaler, Generation.of(model, seed=5, **FEW).work(), **FEW)

    def gone(recipe):
        if recipe.model.digest == upscaler.weights_digest:
            raise SfumatoError("no model with these weights")
        return of(recipe)

    with pytest.raises(SfumatoError, match="no model with these weights"):
        made_again(larger.recipe, gone, lambda _: pytest.fail("made something"))
