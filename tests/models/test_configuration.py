"""What stands in config.json is sound, or is refused with what is wrong."""

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
        ({"network": {"kind": "unet", "width": 10, "heads": 3}}, "no multiple of heads"),
        ({"network": {"kind": "resnet"}}, "network"),
        ({"mood": "blue"}, "mood"),
    ],
)
def test_a_configuration_with_a_wrong_value_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        ModelConfig.model_validate(GIVEN | wrong)


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
