"""Palettes and compositions as a person gives them, and what they do to the works of a model."""

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor
from sfumato.models import Generation, Model, reproduce
from sfumato.models.steering import colours_of, composition_from, named_palette, palette_from, palette_of_picture
from sfumato.works import read_work
from sfumato.works.request import Composition, Palette

FEW = {"steps": 6}


def works(model, count=8, **steering):
    return list(Generation.of(model, seed=4, **steering, **FEW).works(count))


def images(made):
    return torch.stack([as_tensor(work.image, 32) for work in made])


def test_colours_are_read_as_people_write_them():
    palette = named_palette("#AA3322, fff,#012")
    assert palette.colours == ("#aa3322", "#ffffff", "#001122")
    torch.testing.assert_close(colours_of(palette)[1], torch.ones(3))
    torch.testing.assert_close(colours_of(palette)[0], torch.tensor([0xAA, 0x33, 0x22]) / 127.5 - 1)


@pytest.mark.parametrize("text", ["", "#aa33", "red", "#aa3322,", "#gg0000", "aa3322;ffffff"])
def test_what_is_no_colour_is_one_sentence(text):
    with pytest.raises(SfumatoError, match="is not a colour; give a picture, or colours such as #aa3322") as caught:
        named_palette(text)
    assert "\n" not in str(caught.value)


def test_a_pictures_palette_is_its_colours_by_how_much_they_cover():
    picture = Image.new("RGB", (100, 100), "#102030")
    picture.paste("#e0c040", (0, 0, 100, 25))
    palette = palette_of_picture(picture)
    assert palette.colours == ("#102030", "#e0c040")
    assert palette.weights == pytest.approx((0.75, 0.25), abs=0.02)


def test_a_palette_draws_the_colours_of_works_towards_it(model, palette_distance):
    palette = named_palette("#aa3322,#f0e0c0,#203040", strength=1.0)
    plain, steered = (images(works(model, **steering)) for steering in ({}, {"palette": palette}))
    before, after = (float(palette_distance(one, colours_of(palette)).mean()) for one in (plain, steered))
    assert after < 0.6 * before


def test_a_sketch_is_cropped_to_the_shape_of_the_work():
    sketch = Image.new("RGB", (300, 100), "black")
    sketch.paste("white", (100, 0, 200, 100))
    assert np.frombuffer(bytes.fromhex(composition_from(sketch, 64, 64).levels), np.uint8).min() == 255
    assert np.frombuffer(bytes.fromhex(composition_from(sketch, 96, 32).levels), np.uint8).min() == 0


def test_no_strength_is_no_change(model):
    none = {
        "palette": named_palette("#aa3322", strength=0),
        "composition": Composition(levels="aa3322" * 64, strength=0),
    }
    assert [one.image.tobytes() for one in works(model, **none)] == [one.image.tobytes() for one in works(model)]


def test_what_was_asked_is_in_the_file_and_makes_the_work_again(saved, tmp_path):
    model = Model.from_pretrained(saved)
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9, 3), dtype=np.uint8))
    steering = {"palette": palette_of_picture(picture, 0.6), "composition": composition_from(picture, 32, 32, 0.8)}
    work = works(model, 3, **steering)[2]
    recipe = read_work(work.save(tmp_path / "work.png")).recipe
    assert len(recipe.request.palette.colours) == len(recipe.request.palette.weights) == 6
    assert reproduce(Model.from_pretrained(saved), recipe).image.tobytes() == work.image.tobytes()


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_out_of_range_is_one_sentence(strength):
    with pytest.raises(SfumatoError, match=r"from 0 \(not at all\) to 1"):
        named_palette("#aa3322", strength)
    with pytest.raises(SfumatoError, match=r"from 0 \(not at all\) to 1"):
        composition_from(Image.new("RGB", (8, 8)), 32, 32, strength)
    for kind in ({"colours": ("#aa3322",)}, {"levels": "aa3322" * 64}):
        with pytest.raises(ValueError, match="strength"):
            (Palette if "colours" in kind else Composition).model_validate({**kind, "strength": strength})


def test_a_palette_or_a_sketch_that_is_ready_stays_as_it_is():
    palette, composition = Palette(colours=("#aa3322",), strength=0.3), Composition(levels="aa3322" * 64)
    assert palette_from(palette, 0.9) is palette
    assert composition_from(composition, 32, 32, 0.9) is composition
    assert palette_from(None) is composition_from(None, 32, 32) is None
