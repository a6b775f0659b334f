"""A model's config.json: everything about it but the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfumato.diffusion import PreconditioningName
from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.networks import AnyNetworkConfig, NetworkConfig, check_parameters, parameter_count
from sfumato.text import counted
from sfumato.works.request import LOWEST_SIGMA, SamplerSettings

StudentSampler = Literal["consistency", "consistency_denoised"]
# What a model learned: to remove noise, to do so in few steps as another does in many, to make a shown picture again,
# to make pictures that pass for real ones, or to enlarge a picture.
ObjectiveName = Literal["denoising", "distillation", "reconstruction", "adversarial", "upscaling"]
LARGEST_SIZE = 1024  # pixels a side
MOST_CLASSES = 100_000
MOST_CONFIG_BYTES = 16 << 20
MOST_HEADER_BYTES = 16 << 20  # of the weights
ClassName = Annotated[str, Field(max_length=10_000)]
ClassShare = Annotated[float, Field(ge=0, le=1e9)]


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
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        said = fault["msg"].removeprefix("Value error, ")
        raise SfumatoError(
            f"{origin}: {place}: {said[:1].lower()}{said[1:]}; "
            "it is not a sfumato model's, or that of a newer sfumato, or was changed"
        ) from error


def most_weights_bytes(config: ModelConfig) -> int:
    """How large a file of its weights can be at most: the early ones too, in numbers of eight bytes, and a header."""
    upscaling = config.objective == "upscaling"
    return 16 * parameter_count(config.network, config.size, len(config.classes), reference=upscaling) + (
        MOST_HEADER_BYTES
    )
