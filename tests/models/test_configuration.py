"""What stands in config.json is sound, or is refused with what is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from sfumato.models import ModelConfig, SamplerSettings
from sfumato.networks import TransformerConfig, UNetConfig

GIVEN = {"size": 32, "network": {"kind": "unet"}}


@pytest.mark.parametrize("network", [UNetConfig(), TransformerConfig()])
def test_a_configuration_comes_back_from_json_as_it_was(network):
    config = ModelConfig(
        name="mine", size=64, classes=("a", "b"), class_shares=(0.5, 0.5), network=network, descends_from=("f" * 64,)
    )
    assert ModelConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"classes": ["a"]}, "1 class but 0 class_shares"),
        ({"classes": ["a", "a"], "class_shares": [0.5, 0.5]}, "one name"),
        ({"classes": ["a"], "class_shares": [0]}, "all 0"),
        ({"classes": ["a"], "class_shares": [float("nan")]}, "class_shares"),
        ({"name": ""}, "name"),
        ({"size": 0}, "size"),
        ({"format": "sfumato-model-2"}, "format"),
        ({"network": {"kind": "unet", "width": 10, "heads": 3}}, "not a multiple of heads"),
        ({"network": {"kind": "resnet"}}, "network"),
        ({"mood": "blue"}, "mood"),
    ],
)
def test_a_configuration_with_a_wrong_value_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        ModelConfig.model_validate(GIVEN | wrong)


GAN = {"network": {"kind": "generator"}, "preconditioning": "direct", "answer": "sample"}
AUTOENCODER = {**GAN, "network": {"kind": "article"}, "begins_with": "picture"}
UPSCALER = {"begins_with": "reference", "factor": 2}


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ({}, {"samples_freely"}),
        ({"answer": "sample"}, {"is_distilled"}),
        (GAN, {"is_direct"}),
        (AUTOENCODER, {"is_direct"}),
        (UPSCALER, {"enlarges"}),
        ({**UPSCALER, "answer": "sample"}, {"enlarges", "is_distilled"}),
    ],
)
def test_what_can_be_asked_of_a_model_follows_from_three_fields_and_not_from_its_objectives_name(model, can):
    config = ModelConfig.model_validate({**GIVEN, **model, "objective": "a new one"})
    assert {
        name for name in ("samples_freely", "is_distilled", "is_direct", "enlarges") if getattr(config, name)
    } == can


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**GAN, "answer": "mean"}, "a GAN answers with a sample"),
        ({**GAN, "network": {"kind": "unet"}}, "a GAN needs a network of kind generator, and this one is of kind unet"),
        ({"network": {"kind": "article"}}, "a diffusion model needs a network of kind unet or transformer or"),
        ({"begins_with": "picture"}, "the preconditioning is edm; what begins with a picture needs direct"),
        ({**UPSCALER, "factor": 1}, "the factor is 1; it is 2 or more for an upscaler"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        ModelConfig.model_validate({**GIVEN, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"steps": 1_000_000_000},
        {"guidance": -1},
        {"guidance": float("inf")},
        {"guidance": float("nan")},
        {"guidance_low": 2.0, "guidance_high": 1.0},
        {"sigma_min": 80.0},
        {"sigma_min": 0},
        {"sampler": "magic"},
        {"schedule": "magic"},
        {"precision": "float16"},
        {"guidance_kind": "magic"},
    ],
)
def test_settings_with_which_no_picture_can_be_made_are_refused(wrong):
    with pytest.raises(ValidationError):
        SamplerSettings.model_validate(SamplerSettings().model_dump() | wrong)


def test_the_configuration_of_an_upscaler_holds_together() -> None:
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
