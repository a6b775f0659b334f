"""A model's config.json: everything about it but the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from sfumato.diffusion import PreconditioningName
from sfumato.networks import AnyNetworkConfig, NetworkConfig

StudentSampler = Literal["consistency", "consistency_denoised"]
SamplerName = Literal["euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral", StudentSampler]
ScheduleName = Literal["karras", "exponential", "flow"]
Precision = Literal["float32", "bfloat16"]
# What a model learned: to remove noise, to do so in few steps as another does in many, to make a shown picture again,
# to make pictures that pass for real ones, or to enlarge a picture.
ObjectiveName = Literal["denoising", "distillation", "reconstruction", "adversarial", "upscaling"]
Steps = Annotated[int, Field(ge=1, le=10_000)]


class SamplerSettings(BaseModel):
    """How pictures are made unless the caller says otherwise. The defaults are measured, see benchmarks/README.md.

    steps: noise levels; guidance: 1 for none; guidance_low, guidance_high: the sigmas between which it acts;
    guidance_chroma: the share of it that goes to colour; sharpness: by which share the network is told less noise than
    there is. A denoiser that has not learned enough removes a little too much, and pictures blur (Karras et al. 2022,
    arXiv:2206.00364, section 4); so it removes less.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sampler: SamplerName = "dpmpp_2m_sde"
    schedule: ScheduleName = "karras"
    steps: Steps = 16
    sigma_min: PositiveFloat = 0.03
    sigma_max: PositiveFloat = 40.0
    guidance_kind: Literal["classifier_free", "autoguidance"] = "classifier_free"
    guidance: NonNegativeFloat = 2.0
    guidance_low: NonNegativeFloat = 0.0
    guidance_high: NonNegativeFloat = 1000.0
    guidance_chroma: Annotated[float, Field(ge=0, le=1)] = 1.0
    sharpness: Annotated[float, Field(ge=0, le=0.2)] = 0.0
    precision: Precision = "float32"

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.sigma_min >= self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min:g} is not below sigma_max {self.sigma_max:g}")
        if self.guidance_low > self.guidance_high:
            raise ValueError(f"guidance_low {self.guidance_low:g} is above guidance_high {self.guidance_high:g}")
        return self


class SamplerChoices(TypedDict, total=False):
    """What a caller may choose of ``SamplerSettings``; None leaves it as the model has it."""

    sampler: str | None
    schedule: str | None
    steps: int | None
    sigma_min: float | None
    sigma_max: float | None
    guidance_kind: str | None
    guidance: float | None
    guidance_low: float | None
    guidance_high: float | None
    guidance_chroma: float | None
    sharpness: float | None
    precision: str | None


def given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen: all that is not None."""
    return {name: value for name, value in asked.items() if value is not None}


DIFFUSION: Sequence[ObjectiveName] = ("denoising", "distillation")
NOISY: Sequence[ObjectiveName] = (*DIFFUSION, "upscaling")
_MADE_FOR: Mapping[str, Sequence[ObjectiveName]] = {"article": ("reconstruction",), "generator": ("adversarial",)}


def check_parts(
    objective: ObjectiveName, network: AnyNetworkConfig, preconditioning: PreconditioningName, factor: int
) -> None:
    """Raises ValueError where a network, a preconditioning or a factor was not made for the objective."""
    wanted = _MADE_FOR.get(network.kind, NOISY if network.kind == "unet" else DIFFUSION)
    if objective not in wanted:
        raise ValueError(f"a network of kind {network.kind} is for {wanted[0]}, and the objective is {objective}")
    if (preconditioning == "direct") != (objective not in NOISY):
        fitting = "edm, v, epsilon or flow" if objective in NOISY else "direct"
        raise ValueError(f"the preconditioning is {preconditioning}; {objective} needs {fitting}")
    if (factor > 1) != (objective == "upscaling"):
        raise ValueError(f"the factor is {factor}; it is 2 or more for upscaling, and 1 for all else ({objective})")


class ModelConfig(BaseModel):
    """size: the side of a picture in pixels, as the network sees it; class_shares: how often each class was seen, sums
    to 1; factor: how many times an upscaler enlarges."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal["sfumato-model-1"] = "sfumato-model-1"
    name: str = Field("untitled", min_length=1)
    size: PositiveInt
    factor: PositiveInt = 1
    classes: tuple[str, ...] = ()
    class_shares: tuple[NonNegativeFloat, ...] = ()
    network: NetworkConfig
    objective: ObjectiveName = "denoising"
    preconditioning: PreconditioningName = "edm"
    sigma_data: PositiveFloat = 0.5
    has_early: bool = Field(default=False, description="early weights are kept too, for autoguidance")
    generation: SamplerSettings = SamplerSettings()
    descends_from: tuple[str, ...] = Field(
        (), description="digests of the models whose weights it began with, newest first"
    )
    sfumato_version: str = ""

    @model_validator(mode="after")
    def _the_parts_go_together(self) -> Self:
        check_parts(self.objective, self.network, self.preconditioning, self.factor)
        return self

    @model_validator(mode="after")
    def _each_class_has_a_name_and_a_share(self) -> Self:
        if len(self.class_shares) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes but {len(self.class_shares)} class_shares")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two classes have one name")
        if self.classes and sum(self.class_shares) <= 0:
            raise ValueError("class_shares are all 0")
        return self
