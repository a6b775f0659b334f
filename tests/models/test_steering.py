"""Palettes and compositions as a person gives them, and what they do to the works of a model."""

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.diffusion.steering import palette_distance
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor
from sfumato.models import Generation, Model, remake
from sfumato.models.steering import Composition, Palette, Steering
from sfumato.works import read_work

FEW = {"steps": 6}


def works(model, steering=None, count=8):
    return list(Generation.of(model, seed=4, steering=steering, **FEW).works(count))


def images(made):
    return torch.stack([as_tensor(work.image, 32) for work in made])


def test_colours_are_read_as_people_write_them():
    palette = Palette.parse("#AA3322, fff,#012")
    assert palette.colours == ("#aa3322", "#ffffff", "#001122")
    torch.testing.assert_close(palette.rgb[1], torch.ones(3))
    torch.testing.assert_close(palette.rgb[0], torch.tensor([0xAA, 0x33, 0x22]) / 127.5 - 1)


@pytest.mark.parametrize("text", ["", "#aa33", "red", "#aa3322,", "#gg0000", "aa3322;ffffff"])
def test_what_is_no_colour_is_one_sentence(text):
    with pytest.raises(SfumatoError, match="is no colour; give a picture, or colours as #aa3322") as caught:
        Palette.parse(text)
    assert "\n" not in str(caught.value)


def test_a_pictures_palette_is_its_colours_by_how_much_they_cover():
    picture = Image.new("RGB", (100, 100), "#102030")
    picture.paste("#e0c040", (0, 0, 100, 25))
    palette = Palette.of_picture(picture)
    assert palette.colours == ("#102030", "#e0c040")
    assert palette.shares == pytest.approx((0.75, 0.25), abs=0.02)


def test_a_palette_draws_the_colours_of_works_towards_it(model):
    palette = Palette.parse("#aa3322,#f0e0c0,#203040", strength=1.0)
    plain, steered = (images(works(model, steering)) for steering in (None, Steering(palette=palette)))
    before, after = (float(palette_distance(one, palette.rgb).mean()) for one in (plain, steered))
    assert after < 0.6 * before


def test_a_sketch_is_cropped_to_the_shape_of_the_work():
    sketch = Image.new("RGB", (300, 100), "black")
    sketch.paste("white", (100, 0, 200, 100))
    assert np.frombuffer(bytes.fromhex(Composition.of_picture(sketch, 64, 64).levels), np.uint8).min() == 255
    assert np.frombuffer(bytes.fromhex(Composition.of_picture(sketch, 96, 32).levels), np.uint8).min() == 0


def test_no_strength_is_no_change(model):
    none = Steering(Palette.parse("#aa3322", strength=0), Composition("aa3322" * 64, strength=0))
    assert [one.image.tobytes() for one in works(model, none)] == [one.image.tobytes() for one in works(model)]


def test_what_was_asked_is_in_the_file_and_makes_the_work_again(saved, tmp_path):
    model = Model.from_pretrained(saved)
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9, 3), dtype=np.uint8))
    steering = Steering(Palette.of_picture(picture, 0.6), Composition.of_picture(picture, 32, 32, 0.8))
    work = works(model, steering, 3)[2]
    recipe = read_work(work.save(tmp_path / "work.png")).recipe
    assert len(recipe.palette) == len(recipe.palette_shares) == 6
    assert remake(Model.from_pretrained(saved), recipe).image.tobytes() == work.image.tobytes()


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_out_of_range_is_one_sentence(strength):
    with pytest.raises(SfumatoError, match=r"from 0 \(not at all\) to 1"):
        Palette.parse("#aa3322", strength)
    with pytest.raises(SfumatoError, match=r"from 0 \(not at all\) to 1"):
        Composition("aa3322" * 64, strength)
