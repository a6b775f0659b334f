"""A picture made larger: in windows, the same again from its file, and never by a model that cannot."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sfumato.models.ground import Ground

from sfumato.diffusion.enlarging import enlarged
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_canvas, to_pictures
from sfumato.models import Generation, Model, enlarge_again, relatives, remake, upscale, upscale_work
from sfumato.models.configuration import ModelConfig
from sfumato.works import Work, read_work

UPSCALER = {
    "name": "larger",
    "objective": "upscaling",
    "begins_with": "reference",
    "factor": 2,
    "classes": (),
    "class_shares": (),
    "sigma_data": 0.1,
    "has_early": False,
    "generation": {"steps": 3, "sigma_min": 0.006, "sigma_max": 2.0, "guidance": 1.0},
}


@pytest.fixture(scope="module")
def upscaler(new_model: Callable[..., Model]) -> Model:
    made = new_model(1, **UPSCALER)
    made.early = {}
    return made


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 28, 3), dtype=np.uint8))


def pixels(image: Image.Image) -> Any:
    return np.asarray(image, dtype=int)


class Blank(torch.nn.Module):
    """A network that says of every picture that it has nothing beyond its reference, and counts what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = 0

    def forward(self, x: torch.Tensor, c_noise: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        assert condition.shape == x.shape
        self.seen += len(x)
        # D's skip would let through a part of the noise: the network takes exactly that away.
        sigma = (4 * c_noise).exp().view(-1, 1, 1, 1)
        return -x * 0.1 / sigma


def test_without_detail_it_is_the_smooth_enlargement(new_model: Callable[..., Model], picture: Image.Image) -> None:
    model = new_model(1, **UPSCALER)
    model.denoiser.network = Blank()
    work = upscale(model, picture)
    smooth = to_pictures(enlarged(as_canvas(picture)[None], 2))[0]
    assert work.image.size == (56, 40)
    assert np.abs(pixels(work.image) - pixels(smooth)).max() <= 1
    assert model.denoiser.network.seen == 3 * 2 * 3  # steps, and windows of 32 every 16 at most on 40 x 56


def test_a_picture_of_one_window_is_seen_at_once(new_model: Callable[..., Model], picture: Image.Image) -> None:
    model = new_model(1, **UPSCALER)
    model.denoiser.network = Blank()
    upscale(model, picture.crop((0, 0, 16, 16)))
    assert model.denoiser.network.seen == 3


def test_the_seed_makes_the_detail(upscaler: Model, picture: Image.Image) -> None:
    one, same, other = (upscale(upscaler, picture, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(pixels(one.image), pixels(same.image))
    assert (pixels(one.image) != pixels(other.image)).mean() > 0.5


def test_it_is_made_again_from_its_file_and_the_picture(upscaler: Model, picture: Image.Image, tmp_path: Any) -> None:
    upscaler.save_pretrained(tmp_path / "larger")
    loaded = Model.from_pretrained(tmp_path / "larger")
    assert loaded.config.factor == 2
    work = read_work(upscale(loaded, picture, seed=3, steps=2).save(tmp_path / "larger.png"))
    again = remake(loaded, work.recipe, picture=picture)
    assert again.recipe == work.recipe
    assert np.array_equal(pixels(again.image), pixels(work.image))
    with pytest.raises(SfumatoError, match="began with a picture, which is not in its file"):
        remake(loaded, work.recipe)
    with pytest.raises(SfumatoError, match="the picture is not the one that the work began with"):
        remake(loaded, work.recipe, picture=picture.rotate(180))


def test_an_enlarged_work_carries_the_recipe_of_the_smaller_one(model: Model, upscaler: Model, tmp_path: Any) -> None:
    small = list(Generation.of(model, seed=5, steps=2, label="waves").works(3))[2]
    work = upscale_work(upscaler, small)
    assert work.image.size == (64, 64)
    read = read_work(work.save(tmp_path / "larger.png"))
    assert read.recipe == work.recipe
    assert read.recipe.first == small.recipe
    assert (read.recipe.seed, read.recipe.index) == (5, 2)
    again = enlarge_again(upscaler, read.recipe, remake(model, read.recipe.first))
    assert np.array_equal(pixels(again.image), pixels(work.image))
    text = read.recipe.parameters_text()
    assert text.startswith("waves\nSteps: 2, ")
    assert text.endswith("Hires upscale: 2, Hires upscaler: larger, Hires steps: 3")
    assert "Size: 32x32" in text  # before it is enlarged, as in the program whose text this is


def test_twice_enlarged_is_made_again_in_order(model: Model, upscaler: Model) -> None:
    small = next(Generation.of(model, seed=5, steps=2).works(1))
    twice = upscale_work(upscaler, upscale_work(upscaler, small))
    assert twice.image.size == (128, 128)
    assert [recipe.size for recipe in twice.recipe.enlargements] == [(64, 64), (128, 128)]
    text = twice.recipe.parameters_text()
    assert text.endswith("Hires upscale: 4, Hires upscaler: larger, Hires steps: 3")
    assert text.count("Hires upscale:") == 1
    work = remake(model, twice.recipe.first)
    for recipe in twice.recipe.enlargements:
        work = enlarge_again(upscaler, recipe, work)
    assert work.recipe == twice.recipe
    assert np.array_equal(pixels(work.image), pixels(twice.image))


def test_an_enlarged_tile_is_blind_to_where_it_begins(new_model: Callable[..., Model]) -> None:
    model = new_model(1, **UPSCALER)
    model.denoiser.network = Blank()
    tile = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    rolled = Image.fromarray(np.roll(np.asarray(tile), 5, 1))
    one, other = (pixels(upscale(model, image, tile=True).image) for image in (tile, rolled))
    assert np.abs(np.roll(one, 10, 1) - other).max() <= 1


def test_what_cannot_be_enlarged_is_one_sentence(model: Model, upscaler: Model) -> None:
    small = Image.new("RGB", (12, 40))
    with pytest.raises(SfumatoError, match="the picture, enlarged 2 times, is 24 x 80 pixels, and the model 'larger'"):
        upscale(upscaler, small)
    with pytest.raises(SfumatoError, match="more than 4,096 x 4,096"):
        upscale(upscaler, Image.new("RGB", (2100, 2100)))
    with pytest.raises(SfumatoError, match="the model 'tiny' enlarges no pictures"):
        upscale(model, small.resize((40, 40)))
    with pytest.raises(SfumatoError, match="is an upscaler: it enlarges a picture, and makes none of its own"):
        upscaler.generate(1)
    with pytest.raises(SfumatoError, match="is an upscaler"):
        Generation.of(upscaler, ground=Ground.refining(upscaler.config, small, 0.5))


def test_between_the_steps_there_is_as_much_noise_as_they_say(
    new_model: Callable[..., Model], picture: Image.Image
) -> None:
    model = new_model(1, **UPSCALER)
    model.denoiser.network = Blank()
    first = next(Generation.of(model, ground=Ground.enlarging(model.config, picture)).steps(1))
    smooth = enlarged(as_canvas(picture)[None], 2)
    assert float((first.noisy - smooth).std()) == pytest.approx(first.sigma, rel=0.05)


def test_an_upscaler_of_early_weights_can_be_guided_by_them(new_model: Callable[..., Model]) -> None:
    config = {**UPSCALER, "has_early": True, "name": "guided"}
    model = new_model(1, **config)
    plain, led = (
        upscale(model, to_pictures(torch.zeros(1, 3, 16, 16))[0], guidance=guidance, guidance_kind="autoguidance")
        for guidance in (1.0, 2.0)
    )
    assert led.recipe.guidance_kind == "autoguidance"
    assert (pixels(plain.image) != pixels(led.image)).any()


def test_the_configuration_holds_together() -> None:
    def config(**changes: Any) -> ModelConfig:
        network = {"kind": "unet", "patch": 2, "channels": [8], "width": 16, "heads": 1}
        return ModelConfig.model_validate({"size": 32, "network": network, **changes})

    upscaler = {"begins_with": "reference", "factor": 4}
    assert config(**upscaler).factor == 4
    for wrong, said in (
        ({"begins_with": "reference"}, "the factor is 1; it is 2 or more for an upscaler"),
        ({"factor": 2}, "the factor is 2; it is 2 or more for an upscaler, and 1 for all other models"),
        (
            {**upscaler, "network": {"kind": "transformer", "width": 16, "heads": 1}},
            "an upscaler needs a network of kind unet, and this one is of kind transformer",
        ),
        ({**upscaler, "preconditioning": "direct"}, "begins with a reference needs edm, v, epsilon or"),
    ):
        with pytest.raises(ValueError, match=said):
            config(**wrong)


def test_a_work_of_a_picture_keeps_its_digest(upscaler: Model, picture: Image.Image) -> None:
    recipe = upscale(upscaler, picture).recipe
    assert recipe.input_digest is not None
    assert recipe.origin is None
    assert recipe.size == (56, 40)


def test_relatives_have_details_of_their_own(model: Model, upscaler: Model) -> None:
    """A relative has the seed of the work that it is one of, and other noise."""
    work = next(Generation.of(model, seed=5, steps=2).works(1))
    one, other = relatives(model, work.recipe, 0.5, seed=3, steps=2).works(2)
    large = [upscale_work(upscaler, Work(work.image, part.recipe)) for part in (one, other)]
    assert (pixels(large[0].image) != pixels(large[1].image)).mean() > 0.5
    assert large[0].recipe.turns == one.recipe.turns


def test_a_strength_is_for_works_that_were_refined(model: Model, upscaler: Model, picture: Image.Image) -> None:
    with pytest.raises(SfumatoError, match="the work is none that a picture was refined to"):
        remake(upscaler, upscale(upscaler, picture).recipe, picture=picture, strength=0.5)
    with pytest.raises(SfumatoError, match="the work is none that a picture was refined to"):
        remake(model, next(Generation.of(model, steps=2).works(1)).recipe, strength=0.5)
