"""A model's config.json: everything about it but the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfumato.diffusion import PreconditioningName
from sfumato.disk import read_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.networks import AnyNetworkConfig, NetworkConfig, check_parameters, parameter_count
from sfumato.text import counted
from sfumato.weights import MOST_HEADER_BYTES
from sfumato.works.recipe import HIGHEST_SIGMA, Guidance, Share, Sigma, Steps

StudentSampler = Literal["consistency", "consistency_denoised"]
SamplerName = Literal["euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral", StudentSampler]
ScheduleName = Literal["karras", "exponential", "flow"]
Precision = Literal["float32", "bfloat16"]
# What a model learned: to remove noise, to do so in few steps as another does in many, to make a shown picture again,
# to make pictures that pass for real ones, or to enlarge a picture.
ObjectiveName = Literal["denoising", "distillation", "reconstruction", "adversarial", "upscaling"]
LOWEST_SIGMA = 1e-6
LARGEST_SIZE = 1024  # pixels a side
MOST_CLASSES = 100_000
MOST_CONFIG_BYTES = 16 << 20
# Both ends of a way from noise to picture; float32 has no numbers for what lies much farther out.
NoiseLevel = Annotated[float, Field(ge=LOWEST_SIGMA, le=HIGHEST_SIGMA)]
ClassName = Annotated[str, Field(max_length=10_000)]
ClassShare = Annotated[float, Field(ge=0, le=1e9)]


class SamplerSettings(BaseModel):
    """How pictures are made unless the caller says otherwise. The defaults are measured, see benchmarks/README.md.

    steps: noise levels, 1 to 10,000, from sigma_max down to sigma_min, both 1e-6 to 10,000; guidance: 1 for none, 0 to
    100; guidance_low, guidance_high: the sigmas between which it acts, 0 to 10,000; guidance_chroma: the share of it
    that goes to colour, 0 to 1; noise_high: the sigma up to which a stochastic sampler adds fresh noise, 0 to 10,000
    (S_tmax of Karras et al. 2022, arXiv:2206.00364, algorithm 2); sharpness, 0 to 0.2: by which share the network is
    told less noise than there is. A denoiser that has not learned enough removes a little too much, and pictures blur
    (section 4 there); so it removes less.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sampler: SamplerName = "dpmpp_2m_sde"
    schedule: ScheduleName = "karras"
    steps: Steps = 16
    sigma_min: NoiseLevel = 0.03
    sigma_max: NoiseLevel = 40.0
    guidance_kind: Literal["classifier_free", "autoguidance"] = "classifier_free"
    guidance: Guidance = 2.0
    guidance_low: Sigma = 0.0
    guidance_high: Sigma = 1000.0
    guidance_chroma: Share = 1.0
    noise_high: Sigma = HIGHEST_SIGMA
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
    noise_high: float | None
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
    """size: the side of a picture in pixels, as the network sees it, to 1,024; classes: to 100,000; class_shares: how
    often each was seen, in proportion; factor: how many times an upscaler enlarges, to 16; sigma_data: 1e-6 to 1000."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal["sfumato-model-1"] = "sfumato-model-1"
    name: str = Field("untitled", min_length=1, max_length=10_000)
    size: int = Field(ge=1, le=LARGEST_SIZE)
    factor: int = Field(1, ge=1, le=16)
    classes: tuple[ClassName, ...] = Field((), max_length=MOST_CLASSES)
    class_shares: tuple[ClassShare, ...] = Field((), max_length=MOST_CLASSES)
    network: NetworkConfig
    objective: ObjectiveName = "denoising"
    preconditioning: PreconditioningName = "edm"
    sigma_data: float = Field(0.5, ge=LOWEST_SIGMA, le=1000)
    has_early: bool = Field(default=False, description="early weights are kept too, for autoguidance")
    generation: SamplerSettings = SamplerSettings()
    descends_from: tuple[str, ...] = Field(
        (), max_length=1000, description="digests of the models whose weights it began with, newest first"
    )
    sfumato_version: str = ""

    @model_validator(mode="after")
    def _the_parts_go_together(self) -> Self:
        check_parts(self.objective, self.network, self.preconditioning, self.factor)
        check_parameters(self.network, self.size, len(self.classes), reference=self.objective == "upscaling")
        return self

    @model_validator(mode="after")
    def _each_class_has_a_name_and_a_share(self) -> Self:
        if len(self.class_shares) != len(self.classes):
            raise ValueError(f"{counted(len(self.classes), 'class')} but {len(self.class_shares)} class_shares")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two classes have one name")
        if self.classes and sum(self.class_shares) <= 0:
            raise ValueError("class_shares are all 0")
        return self


def read_config(path: Path) -> ModelConfig:
    """A model's config.json. Raises SfumatoError where it is missing, damaged, or another program's."""
    try:
        data = read_file(path, MOST_CONFIG_BYTES)
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be read ({error.strerror})") from error
    return config_of(data, path)


def config_of(data: bytes, origin: Path | str) -> ModelConfig:
    """The same from its bytes. origin: what they come from, for the error."""
    try:
        return ModelConfig.model_validate_json(data)
    except ValidationError as error:
        fault = faults_of(error)[0]
        raise SfumatoError(
            f"{origin}: {fault.name or 'the file'}: {fault.said}; "
            "it is not a sfumato model's, or that of a newer sfumato, or was changed"
        ) from error


def most_weights_bytes(config: ModelConfig) -> int:
    """How large a file of its weights can be at most: the early ones too, in numbers of eight bytes, and a header."""
    upscaling = config.objective == "upscaling"
    return 16 * parameter_count(config.network, config.size, len(config.classes), reference=upscaling) + (
        MOST_HEADER_BYTES
    )
