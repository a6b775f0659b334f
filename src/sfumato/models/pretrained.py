"""What a pre-trained pipeline is as a model of ours: its configuration, its record, and how recipes name it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from sfumato.models.configuration import ModelConfig, PretrainedNetwork
from sfumato.works.request import SamplerSettings

if TYPE_CHECKING:
    from sfumato.pretrained.bridge import Pretrained

# What artists use most, and where fewer steps are no worse to the eye (Lu et al. 2022, arXiv:2211.01095).
_OF_DDPM: Final = {"steps": 25, "sampler": "dpmpp_2m", "schedule": "karras"}
_GUIDANCE: Final = {"sd15": 7.5, "sd21": 7.5, "sdxl": 5.0}
_IN_FEW_STEPS: Final = {"steps": 4, "guidance": 1.0}  # of a model that was distilled


def pretrained_config(pretrained: Pretrained, place: str) -> ModelConfig:
    """Of a pipeline that was opened by that name."""
    network = PretrainedNetwork(
        family=pretrained.family.name,
        parameters=sum(parameter.numel() for parameter in pretrained.denoiser.parameters()),
        multiple=pretrained.multiple,
    )
    return ModelConfig(
        name=PurePosixPath(place).name or "untitled",
        size=pretrained.size,
        network=network,
        codec=pretrained.codec,
        objective="text to picture",
        preconditioning=pretrained.preconditioning,
        sigma_data=1.0,
        generation=usual_settings(pretrained),
    )


def usual_settings(pretrained: Pretrained) -> SamplerSettings: ...
