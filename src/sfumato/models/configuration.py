"""A model's config.json: everything about it but the weights."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from sfumato.diffusion import PreconditioningName
from sfumato.networks import NetworkConfig

SamplerName = Literal["euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral"]
ScheduleName = Literal["karras", "exponential", "flow"]
Precision = Literal["float32", "bfloat16"]


class SamplerSettings(BaseModel):
    """How pictures are made unless the caller says otherwise.

    steps: noise levels; guidance: 1 for none; guidance_low, guidance_high: the sigmas between which it acts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sampler: SamplerName = "dpmpp_2m"
    schedule: ScheduleName = "karras"
    steps: PositiveInt = 20
    sigma_min: PositiveFloat = 0.01
    sigma_max: PositiveFloat = 80.0
    guidance_kind: Literal["classifier_free", "autoguidance"] = "classifier_free"
    guidance: NonNegativeFloat = 2.0
    guidance_low: NonNegativeFloat = 0.0
    guidance_high: NonNegativeFloat = 1000.0
    precision: Precision = "float32"


class ModelConfig(BaseModel):
    """size: the side of a picture in pixels; class_shares: how often each class was seen, sums to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["sfumato-model-1"] = "sfumato-model-1"
    name: str = "untitled"
    size: PositiveInt
    classes: tuple[str, ...] = ()
    class_shares: tuple[NonNegativeFloat, ...] = ()
    network: NetworkConfig
    preconditioning: PreconditioningName = "edm"
    sigma_data: PositiveFloat = 0.5
    has_early: bool = Field(default=False, description="early weights are kept too, for autoguidance")
    generation: SamplerSettings = SamplerSettings()
    descends_from: tuple[str, ...] = Field(
        (), description="digests of the models whose weights it began with, newest first"
    )
    sfumato_version: str = ""
