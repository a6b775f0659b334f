"""Every setting of a training run, resolved: what is stored in the run, and what a TOML file may choose."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from sfumato.diffusion import PreconditioningName
from sfumato.errors import SfumatoError
from sfumato.models.configuration import Precision
from sfumato.networks import NetworkConfig, UNetConfig

Share = Field(ge=0, le=1)


class TrainingConfig(BaseModel):
    """The settings of a run. Shares are of the run's steps, 0..1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: PositiveInt = Field(32, description="the side of the pictures in pixels")
    crop: Literal["centre", "random"] = "centre"
    balance: Literal["none", "class", "creator"] = "none"
    flip: bool = Field(True, description="mirror half of the pictures")

    network: NetworkConfig = UNetConfig()
    preconditioning: PreconditioningName = "edm"
    noise_mean: float = Field(-0.9, description="mean of log sigma at 32 pixels; follows the resolution")
    noise_deviation: PositiveFloat = Field(1.3, description="deviation of log sigma")
    class_dropout: float = Field(0.1, description="how often a picture's class is hidden, for guidance", ge=0, le=1)

    steps: NonNegativeInt = Field(0, description="0: as many as the minutes allow")
    minutes: NonNegativeFloat = 0
    batch: PositiveInt = 24
    optimiser: Literal["muon", "adamw"] = "muon"
    learning_rate: PositiveFloat = Field(2e-3, description="AdamW's: of all weights, or of those that Muon leaves")
    matrix_learning_rate: PositiveFloat = Field(0.02, description="Muon's, of the hidden matrices")
    warmup: float = Field(0.02, description="share in which the learning rate rises", ge=0, le=1)
    anneal: float = Field(0.8, description="share in which it falls to zero", ge=0, le=1)
    ema_deviation: float = Field(
        0.05, description="length of the weights' average, as a share of the run", gt=0, lt=0.28
    )
    early: float = Field(0.25, description="where in the run the early average is kept", ge=0, le=1)
    precision: Precision = "float32"
    guard: bool = Field(True, description="end early when the model begins to learn pictures by heart")

    seed: int = Field(0, ge=0, lt=2**63)
    threads: NonNegativeInt = Field(0, description="CPU threads: resuming to the bit needs the same number")
    evaluations: PositiveInt = Field(30, description="how often the held-out loss is measured")
    snapshots: NonNegativeInt = Field(12, description="how many moments the evolution strip has")
    log_every: PositiveInt = Field(10, description="steps")
    checkpoint_every: PositiveInt = Field(200, description="steps")

    @model_validator(mode="after")
    def _network_fits_the_size(self) -> Self:
        if self.size % self.network.coarsest:
            cell = self.network.coarsest
            raise ValueError(
                f"size {self.size} does not suit a {self.network.kind} with cells of {cell} pixels; "
                f"take a multiple of {cell}, such as {max(1, round(self.size / cell)) * cell}"
            )
        return self


def read_choices(path: Path) -> dict[str, Any]:
    """The settings that a TOML file chooses; the others stay open. Raises SfumatoError for what is no setting."""
    try:
        choices = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SfumatoError(f"{path}: cannot be read as TOML ({error})") from error
    resolve(choices, origin=str(path))
    return choices


def resolve(*layers: Mapping[str, Any], origin: str = "settings") -> TrainingConfig:
    """Later layers win. Raises SfumatoError that names the first setting which is unknown or out of range."""
    merged = {name: value for layer in layers for name, value in layer.items()}
    try:
        return TrainingConfig.model_validate(merged)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"] if part not in ("unet", "transformer"))
        if not place:  # of the settings together
            raise SfumatoError(f"{origin}: {fault['msg'].removeprefix('Value error, ')}") from error
        if fault["type"] == "extra_forbidden":
            raise SfumatoError(
                f"{origin}: there is no setting '{place}'; see docs/training.md for all of them"
            ) from error
        raise SfumatoError(f"{origin}: {place} = {fault['input']!r}: {fault['msg'].lower()}") from error
