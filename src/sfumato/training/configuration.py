"""Every setting of a training run, resolved: what is stored in the run, and what a TOML file may choose."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfumato.diffusion import PIXELS, PreconditioningName
from sfumato.disk import read_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.models.configuration import Answer, BeginsWith, StudentSampler, check_parts
from sfumato.networks import AnyNetworkConfig, NetworkConfig, UNetConfig, check_parameters
from sfumato.works.values import Guidance, NoiseLevel, Precision

Beta = Annotated[float, Field(ge=0, lt=1)]
# Far beyond all that makes sense, and far below what makes other numbers infinite or fills a machine.
Count = Annotated[int, Field(ge=0, le=10**9)]
Several = Annotated[int, Field(ge=1, le=10**9)]
Rate = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Length = Annotated[float, Field(ge=0, le=1e6)]
MOST_TOML_BYTES = 1 << 20
MOST_MINUTES = 1e7

ObjectiveName = Literal["denoising", "distillation", "reconstruction", "adversarial", "upscaling"]
# Of each objective's models: what a work begins with, what D answers with, and whether in one step.
_MODELS: Mapping[ObjectiveName, tuple[BeginsWith, Answer, bool]] = {
    "denoising": ("noise", "mean", False),
    "distillation": ("noise", "sample", False),
    "reconstruction": ("picture", "sample", True),
    "adversarial": ("noise", "sample", True),
    "upscaling": ("reference", "mean", False),
}
LENGTHS = ("steps", "epochs", "minutes")  # each says how long to train
_NETWORK_KINDS = ("unet", "transformer", "article", "article_denoiser", "generator")  # pydantic's own names for them


class TrainingConfig(BaseModel):
    """The settings of a run. Shares are of the run's steps, 0..1; sigmas go from 1e-6 to 10,000."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    size: int = Field(32, description="the side of the pictures in pixels; of upscaling, before it", ge=1, le=1024)
    crop: Literal["centre", "random"] = "centre"
    pixel_art: bool = Field(False, description="enlarge small pictures by whole numbers, pixel by pixel")
    balance: Literal["none", "class", "creator"] = "none"
    flip: bool = Field(True, description="mirror half of the pictures")

    objective: ObjectiveName = "denoising"
    factor: int = Field(1, description="of upscaling: how many times pictures are enlarged", ge=1, le=8)
    detail: NoiseLevel = Field(0.1, description="of upscaling: deviation of what a picture has beyond its small form")
    network: NetworkConfig = UNetConfig()
    preconditioning: PreconditioningName = "edm"
    noise_mean: float = Field(-0.9, description="mean of log sigma at 32 pixels; follows the resolution", ge=-10, le=10)
    noise_deviation: float = Field(1.3, description="deviation of log sigma", gt=0, le=10)
    class_dropout: float = Field(0.1, description="how often a picture's class is hidden, for guidance", ge=0, le=1)

    perceptual: str = Field(
        "none", max_length=4096, description="none, vgg16, fetch, or a file: the perceptual part of the loss"
    )
    perceptual_weight: Weight = 1.0
    perceptual_below: NoiseLevel = Field(0.5, description="in denoising only for pictures with less noise (sigma)")

    student_steps: Annotated[int, Field(ge=1, le=64)] = Field(4, description="of sampling, which a student learns")
    student_sigma_max: NoiseLevel = Field(20.0, description="highest noise level that it learns from, at 32 px")
    student_sigma_min: NoiseLevel = Field(0.45, description="the lowest")
    student_sampler: StudentSampler = Field("consistency", description="how it is asked; the other for flat colours")
    student_guidance: Guidance | None = Field(None, description="that it learns; by default its teacher's own")
    student_substeps: int = Field(3, ge=1, le=1000, description="its teacher's steps for each of its own")
    student_matching: Weight = Field(0.0, description="weight of works that are like its teacher's in all")
    critic_rate: float = Field(
        30.0, gt=0, le=1e4, description="how much faster than the student its works' critic learns"
    )

    steps: Count = Field(0, description="0: as many as the epochs or the minutes say")
    epochs: Length = Field(0, description="how often each picture is shown, in place of steps or minutes")
    minutes: float = Field(0, ge=0, le=MOST_MINUTES)
    batch: int = Field(24, ge=1, le=65_536)
    optimiser: Literal["muon", "adamw"] = "muon"
    learning_rate: Rate = Field(2e-3, description="AdamW's: of all weights, or of those that Muon leaves")
    matrix_learning_rate: Rate = Field(0.02, description="Muon's, of the hidden matrices")
    betas: tuple[Beta, Beta] = Field((0.9, 0.99), description="AdamW's, of its two averages")
    warmup: float = Field(0.02, description="share in which the learning rate rises", ge=0, le=1)
    anneal: float = Field(0.8, description="share in which it falls to zero", ge=0, le=1)
    decay: float = Field(1.0, description="what the rate is multiplied by every decay_epochs", gt=0, le=1)
    decay_epochs: Length = Field(0, description="0: never")
    ema_deviation: float = Field(
        0.05, description="length of the weights' average, as a share of the run; 0: no average", ge=0, lt=0.28
    )
    early: float = Field(0.25, description="where in the run the early average is kept; 1: nowhere", ge=0, le=1)
    precision: Precision = "float32"
    guard: bool = Field(True, description="end early when the model begins to learn pictures by heart")

    seed: int = Field(0, ge=0, lt=2**63)
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; with minutes fewer while other programs compute")
    evaluations: int = Field(30, ge=1, le=1_000_000, description="how often the held-out loss is measured")
    snapshots: int = Field(12, ge=0, le=1000, description="how many moments the evolution strip has")
    log_every: Several = Field(10, description="steps")
    checkpoint_every: Several = Field(200, description="steps")
    checkpoint_epochs: Length = Field(0, description="the same in epochs; 0: checkpoint_every says it")
    picture_every: Count = Field(0, description="steps between snapshots; 0: spread over the run")

    @model_validator(mode="after")
    def _the_parts_go_together(self) -> Self:
        if self.size % self.network.size_multiple:
            cell = self.network.size_multiple
            raise ValueError(
                f"size {self.size} does not suit a {self.network.kind} with cells of {cell} pixels; "
                f"take a multiple of {cell}, such as {max(1, round(self.size / cell)) * cell}"
            )
        begins_with, answer, is_direct = _MODELS[self.objective]
        if (self.preconditioning == "direct") != is_direct:
            needed = "direct" if is_direct else "edm, v, epsilon or flow"
            raise ValueError(f"the preconditioning is {self.preconditioning}; {self.objective} needs {needed}")
        check_parts(begins_with, answer, self.network, self.preconditioning, self.factor)
        check_parameters(self.network, self.size, 0, in_channels=PIXELS.channels, reference=begins_with == "reference")
        if self.objective == "adversarial" and self.perceptual != "none":
            raise ValueError(
                f"perceptual is {self.perceptual}, and a GAN compares no picture with another; leave it out"
            )
        return self

    @property
    def begins_with(self) -> BeginsWith:
        """What works of the model begin with."""
        return _MODELS[self.objective][0]

    @property
    def answer(self) -> Answer:
        """What the model's D answers with."""
        return _MODELS[self.objective][1]

    @property
    def picture_side(self) -> int:
        """Pixels: of the prepared pictures. ``size`` is what the network sees, of which an upscaler's are crops."""
        return self.size * self.factor

    @property
    def sigma_data(self) -> float:
        """The standard deviation of what is denoised: of pictures, or of their detail alone."""
        return self.detail if self.objective == "upscaling" else 0.5


def read_choices(path: Path) -> dict[str, Any]:
    """The settings that a TOML file chooses; the others stay open. Raises SfumatoError for what is no setting."""
    try:
        choices = tomllib.loads(read_file(path, MOST_TOML_BYTES).decode("utf-8"))
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file") from error
    except (ValueError, OSError, RecursionError) as error:  # too long a number is no error of TOML's own
        said = getattr(error, "strerror", None) or error
        raise SfumatoError(f"{path}: cannot be read as TOML ({said})") from error
    resolve(choices, origin=str(path))
    return choices


def parse_choices(settings: Sequence[str]) -> dict[str, Any]:
    """Settings as NAME=VALUE, the value as TOML writes it; what is no TOML is taken as text ('optimiser=adamw').

    Raises SfumatoError for what is no setting.
    """
    choices: dict[str, Any] = {}
    for setting in settings:
        name, given, value = setting.partition("=")
        if not given or not name.strip():
            raise SfumatoError(f"--set {setting}: give a name and a value, as in --set learning_rate=0.001")
        try:
            parsed = tomllib.loads(f"value = {value}")
        except (ValueError, RecursionError):
            parsed = {}
        choices[name.strip()] = parsed["value"] if len(parsed) == 1 else value.strip()
    resolve(choices, origin="--set")
    return choices


def layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """All choices in one. Later layers win; a length (steps, epochs or minutes) takes the place of any other before."""
    merged: dict[str, Any] = {}
    for layer in layers:
        if any(layer.get(name) for name in LENGTHS):
            merged = {name: value for name, value in merged.items() if name not in LENGTHS}
        merged |= layer
    return merged


def resolve(*layers: Mapping[str, Any], origin: str = "settings") -> TrainingConfig:
    """The settings that choices make, `layered`. Raises SfumatoError that names the first which is unknown or out of
    range."""
    merged = layered(*layers)
    try:
        return TrainingConfig.model_validate(merged)
    except ValidationError as error:
        fault = faults_of(error)[0]
        place = ".".join(str(part) for part in fault.place if part not in _NETWORK_KINDS)
        if not place:  # of the settings together
            raise SfumatoError(f"{origin}: {fault.said}") from error
        if fault.kind == "extra_forbidden":
            raise SfumatoError(f"{origin}: there is no setting '{place}'; {_others(place, fault.place)}") from error
        raise SfumatoError(f"{origin}: {place} = {fault.value!r}: {fault.said}") from error


def _others(place: str, where: Sequence[Any]) -> str:
    """What may be said in place of a setting that there is not: the names that are like its own, else all.

    where: pydantic's location of it, in which a network's kind stands before the names of its settings.
    """
    name = place.rpartition(".")[2]
    kinds = {kind.model_fields["kind"].default: kind for kind in get_args(AnyNetworkConfig)}
    settings: type[BaseModel] = next((kinds[part] for part in where if part in kinds), TrainingConfig)
    like = get_close_matches(name, settings.model_fields)
    if like:
        return f"did you mean {' or '.join(repr(one) for one in like)}?"
    return f"there are {', '.join(sorted(settings.model_fields))}"
