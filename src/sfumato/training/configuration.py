"""Every setting of a training run, resolved: what is stored in the run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from torch import nn

from sfumato.diffusion import PIXELS, PreconditioningName
from sfumato.diffusion.codec import AnyCodec
from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss
from sfumato.models import Model
from sfumato.models.adapted import Rank, Targets
from sfumato.models.configuration import PretrainedNetwork, check_parts
from sfumato.networks import AnyNetworkConfig, UNetConfig, check_parameters
from sfumato.networks.adapters import ADAPTABLE, adapted
from sfumato.training.objectives import AdaptingConfig, AnyObjectiveConfig, DenoisingConfig, Objective
from sfumato.training.optimisers import OptimiserConfig
from sfumato.training.schedule import LearningRateSchedule, Length, ScheduleConfig
from sfumato.works.values import Precision

# Far beyond all that makes sense, and far below what makes other numbers infinite or fills a machine.
Count = Annotated[int, Field(ge=0, le=10**9)]
Several = Annotated[int, Field(ge=1, le=10**9)]
MOST_MINUTES = 1e7


def _as_shares(value: object) -> object:
    """A single share stands for itself, and 1 for none: at the end of a run nothing is early any more."""
    return () if value == 1 else (value,) if isinstance(value, int | float) else value


Shares = Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], ...], BeforeValidator(_as_shares)]


class CadenceConfig(BaseModel):
    """How often a run measures itself, and writes down what it has."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    evaluations: int = Field(default=30, ge=1, le=1_000_000, description="how often the held-out loss is measured")
    snapshots: int = Field(default=12, ge=0, le=1000, description="how many moments the evolution strip has")
    picture_every: Count = Field(default=0, description="steps between snapshots; 0: spread over the run")
    log_every: Several = Field(default=10, description="steps")
    checkpoint_every: Several = Field(default=200, description="steps")
    checkpoint_epochs: Length = Field(default=0, description="the same in epochs; 0: checkpoint_every says it")


class AdapterSettings(BaseModel):
    """How a model is adapted of which all weights stay as they are (see `networks.adapters`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rank: Rank = 8
    alpha: float = Field(
        default=0, ge=0, le=10_000, description="what is learned counts alpha / rank times; 0: as the rank, so once"
    )
    targets: Targets = Field(default=(), description="the layers to adapt, by the last part of their names; all hidden")

    @property
    def scale(self) -> float:
        """alpha, as the adapter has it."""
        return self.alpha or float(self.rank)

    def adapted(self, base: Model, new_classes: int, seed: int) -> nn.Module:
        """The base's network with an adapter. Raises SfumatoError for a layer that it does not have."""
        network, count = base.denoiser.network, new_classes
        try:
            return adapted(network, self.rank, self.scale, seed=seed, new_classes=count, targets=self.targets)
        except ValueError as error:
            raise SfumatoError(f"targets: {error}; choose others, or leave them out") from error


class TrainingConfig(BaseModel):
    """The settings of a run. Shares are of the run's steps, 0..1; sigmas go from 1e-6 to 10,000."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    size: int = Field(
        default=32, description="the side of the pictures in pixels; of what is enlarged, before it", ge=1, le=1024
    )
    crop: Literal["centre", "random"] = "centre"
    pixel_art: bool = Field(default=False, description="enlarge small pictures by whole numbers, pixel by pixel")
    balance: Literal["none", "class", "creator"] = "none"
    flip: bool = Field(default=True, description="mirror half of the pictures")

    objective: AnyObjectiveConfig = DenoisingConfig()
    adapter: AdapterSettings | None = Field(
        default=None, description="learn an adapter of the model to begin with, whose own weights stay as they are"
    )
    network: Annotated[AnyNetworkConfig | PretrainedNetwork, Field(discriminator="kind")] = UNetConfig()
    codec: AnyCodec = Field(default=PIXELS, description="what pictures are encoded as before noise is added")
    preconditioning: PreconditioningName = "edm"

    initial: Literal["drawn", "random"] = Field(
        default="drawn",
        description="weights to begin with: drawn, those that learned from pictures that a program drew, where there "
        "are such for the network, or random",
    )

    steps: Count = Field(default=0, description="0: as many as the epochs or the minutes say")
    epochs: Length = Field(default=0, description="how often each picture is shown, in place of steps or minutes")
    minutes: float = Field(default=0, ge=0, le=MOST_MINUTES)
    batch: int = Field(default=24, ge=1, le=65_536)
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    ema_std: float = Field(
        default=0.05, description="length of the weights' average, as a share of the run; 0: no average", ge=0, lt=0.28
    )
    early: Shares = Field(
        default=(0.12, 0.25),
        description="where in the run early averages are kept, for guidance; the last by default; 1: nowhere",
        max_length=8,
    )
    precision: Precision = "float32"
    guard: bool = Field(default=True, description="end early when the model begins to learn pictures by heart")

    seed: int = Field(default=0, ge=0, lt=2**63)
    threads: int = Field(
        default=0, ge=0, le=1024, description="CPU threads; with minutes fewer while other programs compute"
    )
    cadence: CadenceConfig = CadenceConfig()

    @model_validator(mode="after")
    def _the_parts_go_together(self) -> Self:
        if isinstance(self.network, PretrainedNetwork):
            if not isinstance(self.objective, AdaptingConfig) or self.adapter is None:
                raise ValueError("a pre-trained model can be adapted, and not be trained as a whole; give --adapt")
            return self
        if self.size % (cell := self.network.size_multiple * self.codec.factor):
            raise ValueError(
                f"size {self.size} does not suit a {self.network.kind} with cells of {cell} pixels; "
                f"take a multiple of {cell}, such as {max(1, round(self.size / cell)) * cell}"
            )
        objective = self.objective
        if (self.preconditioning == "direct") != objective.is_direct:
            needed = "direct" if objective.is_direct else "edm, v, epsilon or flow"
            raise ValueError(f"the preconditioning is {self.preconditioning}; {objective.kind} needs {needed}")
        check_parts(objective.begins_with, objective.answer, self.network, self.preconditioning, self.factor)
        if self.adapter is not None and not (objective.adapts and self.network.kind in ADAPTABLE):
            what = objective.kind if not objective.adapts else f"a network of kind {self.network.kind}"
            raise ValueError(f"what was made by {what} cannot be adapted; leave out --adapt, and all its weights learn")
        check_parameters(
            self.network,
            self.latent_size,
            0,
            in_channels=self.codec.channels,
            reference=(self.codec.channels + (objective.reference_noise > 0)) * (objective.begins_with == "reference"),
        )
        return self

    @property
    def factor(self) -> int:
        """How many times an upscaler enlarges, 1 for all else."""
        return self.objective.enlargement if self.objective.begins_with == "reference" else 1

    @property
    def latent_size(self) -> int:
        """The side of what the network sees, in the codec's cells; in pixels, where these are denoised themselves."""
        return self.size // self.codec.factor

    @property
    def picture_side(self) -> int:
        """Pixels: of the prepared pictures. ``size`` is what the network sees: of an upscaler's crops, and of a cascade
        its small form."""
        return self.size * self.objective.enlargement

    def build_objective(
        self,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
        base: Model | None = None,
    ) -> Objective:
        """The objective that the settings name, its weights freshly drawn from torch's own random state.

        classes: how many the model will know; perceptual: that part of the loss, if there is one; teacher: of a
        student, which needs one; base: the model that is adapted, if one is: then nothing but an adapter learns.
        """
        if isinstance(self.objective, AdaptingConfig) and self.adapter is not None:
            assert base is not None and base.pretrained is not None, "a pre-trained model is adapted"
            rank, alpha, targets = self.adapter.rank, self.adapter.scale, self.adapter.targets
            return self.objective.adapting(base.pretrained, rank, alpha, targets, self.seed)
        objective = self.objective.build(self, classes, perceptual, teacher)
        if self.adapter is not None and base is not None:
            new_classes = classes - len(base.config.classes)
            objective.denoiser.network = self.adapter.adapted(base, new_classes, self.seed)
        return objective

    def build_schedule(self, pictures: int, *, start: int = 0, steps: int = 0) -> LearningRateSchedule:
        """From step ``start`` for ``steps`` steps (0: all of the settings'). pictures: how many an epoch has."""
        return LearningRateSchedule.over(
            start,
            steps or self.steps,
            warmup=self.schedule.warmup,
            anneal=self.schedule.anneal,
            decay=self.schedule.decay,
            decay_every=round(self.schedule.decay_epochs * pictures / self.batch),
        )
