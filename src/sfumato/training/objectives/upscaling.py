"""Learning to enlarge: the objective of an upscaler."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import PIXELS, Codec, Condition, Denoiser, LogNormal, PictureCondition
from sfumato.diffusion.enlarging import enlarged, enlarged_variance, reduced
from sfumato.models import Model, ModelConfig, Request, SamplerSettings, enlarging, to_pictures
from sfumato.models.configuration import BeginsWith
from sfumato.networks import AnyNetworkConfig, UNetConfig
from sfumato.policy.policy import Policy
from sfumato.random import spread
from sfumato.training.objectives.crops import cut
from sfumato.training.objectives.objective import PICTURES, Losses, NoiseMean, NoiseStd, Objective, ObjectiveConfig
from sfumato.works.values import NoiseLevel, Precision

if TYPE_CHECKING:
    from sfumato.features.vgg import PerceptualLoss
    from sfumato.training.configuration import TrainingConfig

MEASURED = 256  # pictures whose detail is measured
MEASURED_PIXELS = 256 * 256**2  # of them, where several upscalers are measured at once
REFERENCE_NOISE = 0.05  # with which works are enlarged, unless another was found to be better
LEAST_DETAIL = 0.01  # so that pictures of plain colours leave something to divide by


class UpscalingConfig(ObjectiveConfig):
    """factor: how many times pictures are enlarged; detail: what is left open is measured of the data set."""

    kind: Literal["upscaling"] = "upscaling"
    factor: int = Field(default=1, description="how many times pictures are enlarged", ge=1, le=8)
    detail: NoiseLevel = Field(
        default=0.1,
        description="standard deviation of what a picture has beyond its small form with noise; by default measured",
    )
    augmentation: float = Field(
        default=0.0,
        description="the most noise that small pictures are given, a standard deviation, of which the network is told",
        ge=0,
        le=1,
    )
    noise_mean: NoiseMean = -0.9
    noise_std: NoiseStd = 1.3

    begins_with: ClassVar[BeginsWith] = "reference"
    adapts: ClassVar[bool] = True
    # Single pixels at the finest level, for detail.
    network: ClassVar[AnyNetworkConfig | None] = UNetConfig(
        patch=1, channels=(32, 64), blocks=2, width=128, depth=2, heads=2
    )
    description: ClassVar[str] = "A diffusion model that enlarges pictures"
    tag: ClassVar[str] = "super-resolution"

    @property
    def enlargement(self) -> int:
        return self.factor

    @property
    def reference_noise(self) -> float:
        return self.augmentation

    @property
    def sigma_data(self) -> float:
        """Of what is denoised: the detail, less the noise of the small form."""
        return self.detail

    @property
    def density(self) -> LogNormal:
        """Noise levels as for whole pictures, whose standard deviation is 0.5, at the scale of the detail; that has one
        size only."""
        return LogNormal(self.noise_mean + math.log(self.detail / 0.5), self.noise_std)

    def crops_a_step(self, settings: TrainingConfig) -> int:
        return settings.batch

    def fitted(self, dataset: Dataset, parent: Model | None) -> Self:
        """An upscaler's weights know detail of one standard deviation."""
        if "detail" in self.model_fields_set:
            return self
        detail = parent.config.sigma_data if parent else measure_detail(dataset, self.factor, self.augmentation)
        return self.model_copy(update={"detail": detail})

    @classmethod
    def shared_with(cls, parent: ModelConfig) -> Mapping[str, Any]:
        return {"factor": parent.factor, "detail": parent.sigma_data, "augmentation": parent.reference_noise}

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Upscaling:
        denoiser = self.build_denoiser(settings, classes)
        return Upscaling(denoiser, self.density, self.factor, settings.size, self.augmentation, settings.codec)

    def sampling(self, settings: TrainingConfig) -> SamplerSettings:
        """From where next to nothing of the detail is left: the reference says the rest."""
        return SamplerSettings(
            steps=8,
            sigma_min=0.06 * self.detail,
            sigma_max=20 * self.detail,
            guidance=1.0,
            reference_noise=min(REFERENCE_NOISE, self.augmentation),
            precision=settings.precision,
        )


def upscaler(factor: int) -> Mapping[str, Any]:
    """The settings of an upscaler's run, but for its length. One early average is kept, by which it is guided."""
    return {"objective": {"kind": "upscaling", "factor": factor}, "early": 0.25}


class Upscaling(Objective):
    """The error of a denoiser of crops that sees their small form (SR3: Saharia et al. 2021, arXiv:2104.07636).

    factor: of the enlargement; side: of the crops, in pixels; augmentation: the most noise that small forms are given,
    a standard deviation: works of a model are not as clean as small pictures are (Ho et al. 2022, arXiv:2106.15282);
    codec: what crops and small forms are encoded with.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        density: LogNormal,
        factor: int,
        side: int,
        augmentation: float = 0.0,
        codec: Codec = PIXELS,
    ) -> None:
        super().__init__(denoiser)
        self.density, self.factor, self.side, self.codec = density, factor, side, codec
        self.augmentation = augmentation

    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """images: [N, 3, S, S], S = factor * side, of each of which one crop is learned from; the condition is not."""
        return Losses(self._losses(self.denoiser, images, generator))

    @torch.no_grad()
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        return self._losses(denoiser, images, generator)

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """What it makes of the middle of held-out pictures, no larger than a window asks."""
        indices = dataset.held_out if len(dataset.held_out) else dataset.train
        chosen = spread(indices, min(PICTURES, len(indices)))
        small = reduced(dataset.images(chosen), self.factor)
        side = -(-self.side // self.factor)
        start = (small.shape[2] - side) // 2
        middles = to_pictures(small[:, :, start : start + side, start : start + side])
        asked = Request.of(seed=seed, precision=precision)
        return [enlarging(model, middle, asked, policy=Policy.none()).work().image for middle in middles]

    def _losses(self, denoiser: Denoiser, images: Tensor, generator: torch.Generator) -> Tensor:
        level, small = self.augmented(reduced(images, self.factor), generator)
        pairs = torch.cat((images, enlarged(small, self.factor)), 1)
        places = torch.randint(images.shape[2] - self.side + 1, (len(images), 2), generator=generator)
        clean, reference = cut(pairs, places, self.side).chunk(2, 1)
        return self.error(denoiser, clean, reference, level, generator)

    def augmented(self, small: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The noise levels, [N], that small pictures [N, 3, H, W] are given, each its own, and the pictures with that
        noise (conditioning augmentation: Ho et al. 2022, section 4.2)."""
        level = torch.zeros(len(small))
        if self.augmentation:
            level = self.augmentation * torch.rand(len(small), generator=generator)
            noise = torch.randn(small.shape, generator=generator).to(small.device)
            small = small + level.to(small).view(-1, 1, 1, 1) * noise
        return level, small

    def error(
        self, denoiser: Denoiser, images: Tensor, enlarged: Tensor, level: Tensor, generator: torch.Generator
    ) -> Tensor:
        """[N], the weighted error with which crops are denoised. images: [N, 3, S, S], clean; enlarged: small pictures
        of the same place and size, whose noise level, [N], the denoiser is told."""
        clean, reference = self.codec.encode(images), self.codec.encode(enlarged)
        sigma = self.density.sample(len(images), generator).to(images.device)
        noise = torch.randn(clean.shape, generator=generator).to(images.device)
        condition = PictureCondition(reference)
        if self.augmentation:
            condition = condition.told(level / self.augmentation)
        denoised = denoiser(clean + sigma.view(-1, 1, 1, 1) * noise, sigma, condition)
        weighted: Tensor = denoiser.preconditioning.weight(sigma) * (denoised - clean).square().mean((1, 2, 3))
        return weighted


def measure_detail(dataset: Dataset, factor: int, augmentation: float = 0.0) -> float:
    """The standard deviation of what training pictures have beyond their enlarged small forms, in -1..1, where these
    have noise of levels that are drawn evenly from 0 to ``augmentation``."""
    chosen = spread(dataset.train, min(MEASURED, len(dataset.train)))
    total = 0.0
    for part in torch.split(chosen, 8):
        images = dataset.images(part)
        total += float((images - enlarged(reduced(images, factor), factor)).square().mean((1, 2, 3)).double().sum())
    return detail_with_noise(total / len(chosen), factor, augmentation)


def measure_details(dataset: Dataset, factors: Sequence[int], augmentation: float) -> tuple[float, ...]:
    """Of each upscaler what `measure_detail` is of one alone."""
    most = max(8, min(MEASURED_PIXELS // dataset.size**2, len(dataset.train)))
    chosen = spread(dataset.train, min(most, len(dataset.train)))
    sums = [0.0 for _ in factors]
    for index in chosen:
        whole = dataset.images(index.view(1))
        larger = whole
        for place in reversed(range(len(factors))):
            small = reduced(whole, math.prod(factors[place:]))
            beyond = larger - enlarged(small, factors[place])
            sums[place] += float(beyond.double().square().mean())
            larger = small
    pairs = zip(sums, factors, strict=True)
    return tuple(detail_with_noise(total / len(chosen), factor, augmentation) for total, factor in pairs)


def detail_with_noise(variance: float, factor: int, augmentation: float) -> float:
    """The standard deviation of detail of that variance, less noise that its small form is given: the noise is
    independent of it, and of levels s that are drawn evenly from 0 to a, so that s^2 is a^2 / 3 in the mean."""
    return max(LEAST_DETAIL, math.sqrt(variance + augmentation**2 / 3 * enlarged_variance(factor)))
