"""What is no number is never made a work, whichever way it was asked for."""

import pytest
import torch
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models import Generation, inpaint, interpolated, outpaint, reimagine, upscale


@pytest.fixture
def damaged(new_model):
    def make(**changes):
        model = new_model(0, **changes)
        for parameter in model.denoiser.parameters():
            parameter.mul_(1e37)  # each is finite, and no answer is
        return model

    return make


PICTURE = Image.effect_noise((40, 40), 80).convert("RGB")
MASK = Image.new("L", (40, 40))
MASK.paste(255, (4, 4, 20, 20))
WAYS = {
    "generate": lambda model: list(Generation.of(model, guidance=1.0).works(1)),
    "reimagine": lambda model: reimagine(model, PICTURE),
    "inpaint": lambda model: inpaint(model, PICTURE, MASK),
    "outpaint": lambda model: outpaint(model, PICTURE, left=8),
    "steps": lambda model: list(model.trajectory(1)),
}


@pytest.mark.parametrize("way", WAYS)
def test_damaged_weights_make_no_work(damaged, way):
    with pytest.raises(
        SfumatoError, match=r"the model 'tiny' produced NaN or infinite values: .*its weights are damaged"
    ):
        WAYS[way](damaged())


def test_an_upscaler_and_an_autoencoder_neither(damaged):
    up = damaged(begins_with="reference", factor=2, classes=(), class_shares=())
    with pytest.raises(SfumatoError, match="NaN or infinite values"):
        upscale(up, PICTURE)
    encoder = damaged(begins_with="picture", answer="sample", preconditioning="direct", network={"kind": "article"})
    with pytest.raises(SfumatoError, match="its weights are damaged: get the model again"):
        reimagine(encoder, PICTURE)


def test_the_way_between_two_works_neither(new_model, damaged):
    work = next(Generation.of(new_model()).works(1))
    with pytest.raises(SfumatoError, match="NaN or infinite values"):
        list(interpolated(damaged(), work.recipe, work.recipe, 2))


def test_a_setting_that_older_files_do_not_have_is_named_too(damaged):
    with pytest.raises(SfumatoError, match=r"in brackets\): detail_below 1 \(0\); if it happens"):
        list(Generation.of(damaged(), detail_below=1.0).works(1))


def test_the_settings_that_are_not_the_models_own_are_named(damaged):
    with pytest.raises(SfumatoError, match=r"in brackets\): steps 3 \(16\), sigma_max 1000 \(40\); if it happens"):
        list(Generation.of(damaged(), steps=3, sigma_max=1000.0).works(1))


@pytest.mark.parametrize(
    "asked",
    [{"guidance": 1e30}, {"sigma_max": 1e30}, {"sigma_min": 1e-300}, {"guidance_low": 1e30}, {"guidance_high": 1e30}]
    + [{name: value} for name in ("guidance", "sigma_max") for value in (float("nan"), float("inf"))],
)
def test_settings_that_no_picture_comes_of_are_refused_by_name(model, asked):
    (name,) = asked
    with pytest.raises(SfumatoError, match=f"^{name} .*input should be"):
        Generation.of(model, **asked)


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral"])
@pytest.mark.parametrize("schedule", ["karras", "exponential", "flow"])
def test_at_the_bounds_every_sampler_still_makes_numbers(model, sampler, schedule):
    asked = {"sampler": sampler, "schedule": schedule, "steps": 3, "sigma_min": 1e-6, "sigma_max": 10_000.0}
    (work,) = Generation.of(model, guidance=100.0, guidance_high=10_000.0, **asked).works(1)
    assert work.image.size == (32, 32)


def test_weights_that_are_no_numbers_are_found_when_they_are_read(new_model, tmp_path):
    model = new_model(1)
    next(model.denoiser.parameters())[0] = torch.nan
    model.save_pretrained(tmp_path / "m")
    with pytest.raises(SfumatoError, match=r"model\.safetensors: the weights are damaged: '.*' holds NaN or infinity"):
        type(model).from_pretrained(tmp_path / "m")
