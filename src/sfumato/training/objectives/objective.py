"""What the training loop optimises: settings that tell the rest of the program all it has to know of an objective, and
a module that turns a batch into losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sfumato.dataset import Dataset
from sfumato.diffusion import Condition, Denoiser, ResidualDenoiser, preconditioning
from sfumato.models import Generation, Model, ModelConfig, SamplerSettings
from sfumato.models.configuration import Answer, BeginsWith, PretrainedNetwork
from sfumato.networks import AnyNetworkConfig, build_network
from sfumato.policy.policy import Policy
from sfumato.works.values import Precision

if TYPE_CHECKING:
    from sfumato.features.vgg import PerceptualLoss
    from sfumato.training.configuration import TrainingConfig

PICTURES = 8  # in a snapshot
# Measured at 32 and at 64 pixels, see benchmarks/log.md: larger pictures come out soft, unless a little less of the
# noise is taken away.
SHARPNESS, MOST_SHARPNESS = 0.04, 0.06

# Bounds far beyond all that makes sense, and far below what makes other numbers infinite.
Weight = Annotated[float, Field(ge=0, le=1e6)]
NoiseMean = Annotated[float, Field(ge=-10, le=10, description="mean of log sigma at 32 pixels; follows the resolution")]
NoiseStd = Annotated[float, Field(gt=0, le=10, description="standard deviation of log sigma")]
FeatureSource = Annotated[
    str, Field(max_length=4096, description="none, vgg16, fetch, or a file: the perceptual part of the loss")
]


class ObjectiveConfig(BaseModel, ABC):
    """An objective's own settings, and what follows from them for plan, run, model and card.

    kind: its name, by which settings choose it. begins_with, answer: what its models can do, see ``ModelConfig``;
    is_direct: whether they answer in one step, without noise levels; knows_classes: whether they are told a picture's
    class; adapts: whether it can teach an adapter of a model alone; network: the one to take where none is chosen, None
    for the largest that the time allows; moments, fewest_moments, moments_a_minute: how many snapshots a plan has at
    most, at least, and in between in proportion to its time; teacher: whose works are learned from: nobody's, those of
    the model that a run begins with, or those of that one's own teacher; description, tag: what the models are, for
    their cards: for people, and as a tag of the Hub.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str
    begins_with: ClassVar[BeginsWith] = "noise"
    answer: ClassVar[Answer] = "mean"
    is_direct: ClassVar[bool] = False
    knows_classes: ClassVar[bool] = False
    adapts: ClassVar[bool] = False
    network: ClassVar[AnyNetworkConfig | None] = None
    moments: ClassVar[int] = 1000
    fewest_moments: ClassVar[int] = 4
    moments_a_minute: ClassVar[float] = 5
    description: ClassVar[str]
    tag: ClassVar[str]

    @abstractmethod
    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Objective:
        """The objective of a run with such settings, its weights freshly drawn from torch's own random state.

        classes: how many the pictures have; perceptual: that part of the loss, where ``features`` names it; teacher:
        the model that ``teacher`` names.
        """

    def sampling(self, settings: TrainingConfig) -> SamplerSettings:
        """How the models of a run with such settings are sampled unless a person says otherwise: from where next to
        nothing of a picture is left, in the precision that the plan has measured to be faster."""
        larger = settings.latent_size / 32
        return SamplerSettings(
            sigma_max=40.0 * larger,
            sharpness=min(SHARPNESS * max(0.0, larger - 1), MOST_SHARPNESS),
            precision=settings.precision,
        )

    @property
    def samples_freely(self) -> bool:
        """Whether its models make works of noise with any sampler in any settings, as ``ModelConfig`` has it."""
        return self.answer == "mean" and self.begins_with == "noise"

    @property
    def enlargement(self) -> int:
        """How many times larger a picture of the data set is, a side, than what the network sees."""
        return 1

    @property
    def sigma_data(self) -> float:
        """The standard deviation of what is denoised."""
        return 0.5

    @property
    def reference_noise(self) -> float:
        """The most noise that an upscaler's reference has in training, of which the network is told; 0 for none."""
        return 0.0

    def crops_a_step(self, settings: TrainingConfig) -> int:
        """How many crops an upscaler learns from in a step, 0 where there is none."""
        return 0

    def stages(self, settings: TrainingConfig) -> Sequence[TrainingConfig]:
        """The settings with which each upscaler would be trained alone that learns beside its network."""
        return ()

    def upscalers(self, settings: TrainingConfig, name: str) -> tuple[ModelConfig, ...]:
        """What enlarges the works of a model of that name, see ``ModelConfig``."""
        return ()

    @property
    def features(self) -> str:
        """Where the features come from in which pictures are compared, as `vgg_file` takes it; 'none' for none."""
        return "none"

    @property
    def teacher(self) -> Literal["none", "parent", "parent's teacher"]:
        return "none"

    def check_teacher(self, teacher: Model, origin: str) -> None:
        """Raises SfumatoError where nothing can be learned from that model. origin: where it is, for the message."""

    def fitted(self, dataset: Dataset, parent: Model | None) -> Self:
        """The same with what was left open chosen for a data set, and for the model that a run begins with."""
        return self

    @classmethod
    def shared_with(cls, parent: ModelConfig) -> Mapping[str, Any]:
        """The settings that a run has in common with the model that it begins with."""
        return {}

    def build_denoiser(self, settings: TrainingConfig, classes: int) -> Denoiser:
        """The part that becomes the model, with fresh weights."""
        enlarges = self.begins_with == "reference"
        told = classes if self.knows_classes else 0
        channels = settings.codec.channels
        assert not isinstance(settings.network, PretrainedNetwork), "it is not built from settings"
        seen = (channels + (self.reference_noise > 0)) * enlarges
        network = build_network(settings.network, settings.latent_size, told, in_channels=channels, reference=seen)
        made = ResidualDenoiser if enlarges else Denoiser
        return made(network, preconditioning(settings.preconditioning, self.sigma_data))


@dataclass(frozen=True, eq=False)
class Losses:
    """total: [N], a loss a picture, with gradients; parts: what it is made of, each [N], where that is of interest."""

    total: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)

    def means(self) -> dict[str, float]:
        """The parts' means over the batch."""
        return {name: part.detach().mean().item() for name, part in self.parts.items()}


class Objective(nn.Module, ABC):
    """All that learns, as one module: called with a batch it answers with losses, so that whatever wraps a module, such
    as torch's DistributedDataParallel, can wrap an objective.

    denoiser: the part of it that becomes the model; rates: parts, by name, that learn that many times as fast as the
    rest. What does not learn (a teacher, a network whose features are compared) is not a submodule.
    """

    rates: Mapping[str, float] = {}

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.denoiser = denoiser

    @abstractmethod
    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """images: [N, 3, H, W] in -1..1; condition: of N; generator: on the CPU, for all randomness."""

    @abstractmethod
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        """[N], without gradients: the loss that is compared between training pictures and held-out ones.

        denoiser: the averaged one, in eval mode.
        """

    def begin_step(self, progress: float, average: Denoiser) -> None:
        """What an objective may know before a step: how far the run is, 0..1, and the averaged denoiser."""

    def stand_in(self, settings: TrainingConfig, generator: torch.Generator, device: torch.device) -> Any:
        """Noise in the place of a batch, with which the time of a step can be measured."""
        side = settings.picture_side
        return torch.randn((settings.batch, 3, side, side), generator=generator).to(device)

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """``PICTURES`` pictures that show what the model of the moment does, comparable from moment to moment: the
        first works of the seed, for a model that generates."""
        generation = Generation.of(model, seed=seed, precision=precision, policy=Policy.none())
        return [work.image for work in generation.works(PICTURES)]

    def notice(self, dataset: Dataset) -> str:
        """What a person should know before the first step, or ''."""
        return ""
