"""Learning small pictures and their enlargement at once: the objective of a cascade."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import torch
from PIL import Image
from pydantic import Field, model_validator
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import SCHEDULES, Cascade, Condition, Denoiser
from sfumato.diffusion.enlarging import enlarged
from sfumato.diffusion.samplers import dpmpp_2m
from sfumato.features.vgg import PerceptualLoss
from sfumato.models import Generation, Model, ModelConfig
from sfumato.models.configuration import MOST_UPSCALERS
from sfumato.networks import UNetConfig
from sfumato.policy.policy import Policy
from sfumato.text import counted
from sfumato.training.objectives.crops import CascadeBatch, CropPlaces, Crops, cut
from sfumato.training.objectives.denoising import Denoising, DenoisingConfig
from sfumato.training.objectives.objective import PICTURES, Losses
from sfumato.training.objectives.upscaling import Upscaling, UpscalingConfig, measure_details
from sfumato.works.values import NoiseLevel, Precision

if TYPE_CHECKING:
    from sfumato.training.configuration import TrainingConfig

# Works are told from pictures once the base knows more than colours; measured in shares of a run.
MADE_FROM = 0.1
MADE_NOISE, MADE_STEPS, MADE_LAST = (0.2, 0.6), 6, 0.05  # sigma at 64 px, of which it makes them
SNAPSHOT_PIXELS, SNAPSHOT_STEPS = PICTURES * 256**2, 4  # a strip is looked at in the small, and costs no minutes

Factor = Annotated[int, Field(ge=2, le=8)]


class CascadeConfig(DenoisingConfig):
    """factors: how many times each upscaler enlarges, the first one the small pictures; details: of each what
    `UpscalingConfig.detail` is, measured of the data set where left open. The settings' size and network are those of
    the small pictures, whose objective is `DenoisingConfig`'s."""

    kind: Literal["cascade"] = "cascade"  # type: ignore[assignment]  # it has all the settings of the other kind
    factors: Annotated[tuple[Factor, ...], Field(min_length=1, max_length=MOST_UPSCALERS)] = (4,)
    details: Annotated[tuple[NoiseLevel, ...], Field(max_length=MOST_UPSCALERS)] = ()
    augmentation: float = Field(
        default=0.0,
        description="the most noise that small pictures are given, a standard deviation, of which upscalers are told",
        ge=0,
        le=1,
    )
    upscaler: UNetConfig = Field(
        default=UNetConfig(patch=1, channels=(32, 64), blocks=2, width=128, depth=2, heads=2),
        description="the network of each upscaler",
    )
    crop_side: int = Field(default=64, description="pixels, of the crops that upscalers learn from", ge=8, le=256)
    crops: int = Field(default=12, description="how many crops each upscaler learns from in a step", ge=1, le=4096)
    made: float = Field(
        default=0.0,
        description="share of the crops whose small form is one that the model itself has made",
        ge=0,
        le=1,
    )

    adapts: ClassVar[bool] = False
    # An enlargement takes as long as some steps. The first snapshot tells how long the last one will take.
    moments: ClassVar[int] = 6
    fewest_moments: ClassVar[int] = 2
    moments_a_minute: ClassVar[float] = 0.5
    description: ClassVar[str] = "A diffusion model for pictures, which it makes small and then enlarges"

    @model_validator(mode="after")
    def _the_parts_go_together(self) -> Self:
        if self.details and len(self.details) != len(self.factors):
            raise ValueError(
                f"there {'are' if len(self.factors) > 1 else 'is'} {counted(len(self.factors), 'factor')} and "
                f"{counted(len(self.details), 'detail')}; give one for each"
            )
        if self.crop_side < (least := max(map(self._multiple, self.factors))):
            raise ValueError(f"crop_side {self.crop_side}: this network needs crops of {least} pixels or more")
        return self

    @property
    def enlargement(self) -> int:
        return math.prod(self.factors)

    def sides(self, size: int) -> list[int]:
        """Pixels: of the small pictures, and of what each upscaler makes of them."""
        return [size * math.prod(self.factors[:place]) for place in range(len(self.factors) + 1)]

    def crop(self, place: int, size: int) -> int:
        """The side of what upscaler number ``place`` learns from, in whole pixels of what it enlarges: all of a
        picture, or a crop. size: of the small pictures."""
        multiple = self._multiple(self.factors[place])
        return min(self.sides(size)[place + 1], self.crop_side) // multiple * multiple

    def places(self, place: int, size: int) -> CropPlaces:
        """Where the crops of upscaler number ``place`` are; the first alone enlarges what the base makes."""
        made = round(self.crops * self.made) if place == 0 else 0
        side = self.crop(place, size) // self.factors[place]
        return CropPlaces(self.sides(size)[place], side, self.crops - made, made)

    def _multiple(self, factor: int) -> int:
        return math.lcm(self.upscaler.size_multiple, factor)

    def fitted(self, dataset: Dataset, parent: Model | None) -> Self:
        if self.details:
            return self
        known = () if parent is None else parent.config.upscalers
        details = tuple(each.sigma_data for each in known) or measure_details(dataset, self.factors, self.augmentation)
        return self.model_copy(update={"details": details})

    @classmethod
    def shared_with(cls, parent: ModelConfig) -> Mapping[str, Any]:
        first = parent.upscalers[0]
        return {
            "factors": tuple(each.factor for each in parent.upscalers),
            "details": tuple(each.sigma_data for each in parent.upscalers),
            "augmentation": first.reference_noise,
            "upscaler": first.network,
            "crop_side": max(each.size for each in parent.upscalers),
        }

    def stages(self, settings: TrainingConfig) -> list[TrainingConfig]:
        """The settings with which each upscaler would be trained alone."""
        stages = []
        for place in range(len(self.factors)):
            objective = UpscalingConfig(factor=self.factors[place], augmentation=self.augmentation)
            if self.details:
                objective = objective.model_copy(update={"detail": self.details[place]})
            update = {"objective": objective, "network": self.upscaler, "size": self.crop(place, settings.size)}
            stages.append(settings.model_copy(update=update))
        return stages

    def crops_a_step(self, settings: TrainingConfig) -> int:
        return self.crops

    def upscalers(self, settings: TrainingConfig, name: str) -> tuple[ModelConfig, ...]:
        return tuple(
            ModelConfig(
                name=name,
                size=stage.size,
                factor=stage.factor,
                network=stage.network,
                codec=stage.codec,
                objective=stage.objective.kind,
                begins_with=stage.objective.begins_with,
                preconditioning=stage.preconditioning,
                sigma_data=stage.objective.sigma_data,
                reference_noise=stage.objective.reference_noise,
                generation=stage.objective.sampling(stage),
            )
            for stage in self.stages(settings)
        )

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Cascading:
        base = super().build(settings, classes, perceptual)
        return Cascading(base, [_upscaling(stage) for stage in self.stages(settings)], self)


def _upscaling(stage: TrainingConfig) -> Upscaling:
    objective = stage.objective
    assert isinstance(objective, UpscalingConfig), "a stage's is"
    return objective.build(stage, 0)


class Cascading(Denoising):
    """The loss of small pictures and that of each upscaler's crops, of networks that share no weight.

    An upscaler is to enlarge what the model makes, which is not like small pictures in all. So all that it is shown has
    noise of a level that it is told (Ho et al. 2022, arXiv:2106.15282, section 4.2); and part of what the first is
    shown was made by the averaged base itself, from a small picture with as much noise as leaves its composition
    (truncated conditioning augmentation, section 4.1 there, begins from noise and reverses it likewise).
    """

    def __init__(self, base: Denoising, stages: Sequence[Upscaling], config: CascadeConfig) -> None:
        super().__init__(
            Cascade(base.denoiser, [stage.denoiser for stage in stages]),
            base.density,
            base.class_dropout,
            base.perceptual,
            base.perceptual_weight,
            base.perceptual_below,
            base.codec,
        )
        self.config = config
        self.__dict__["stages"] = tuple(stages)  # not submodules: their denoisers are parts of this one's
        self.__dict__["average"] = None  # of the denoiser, which does not learn either
        self.progress = 1.0

    def begin_step(self, progress: float, average: Denoiser) -> None:
        self.progress, self.__dict__["average"] = progress, average

    def forward(  # type: ignore[override]  # its batches are not whole pictures
        self, images: CascadeBatch, condition: Condition, generator: torch.Generator
    ) -> Losses:
        base = super().forward(images.small, condition, generator)
        total, parts = base.total, {"base": base.total, **base.parts}
        stages: Sequence[Upscaling] = self.__dict__["stages"]
        for place, (stage, crops) in enumerate(zip(stages, images.crops, strict=True)):
            small = crops.small
            if place == 0 and self.progress >= MADE_FROM:
                small = self._with_made(images, condition, generator)
            loss = _loss_of_crops(stage, crops, small, generator).mean()
            parts["upscaler" if len(stages) == 1 else f"upscaler {place + 1}"] = loss.expand(len(total))
            total = total + loss
        return Losses(total, parts)

    def stand_in(self, settings: TrainingConfig, generator: torch.Generator, device: torch.device) -> CascadeBatch:
        def noise(count: int, side: int) -> Tensor:
            return torch.randn((count, 3, side, side), generator=generator).to(device)

        crops = []
        for place, stage in enumerate(self.__dict__["stages"]):
            places = self.config.places(place, settings.size)
            chosen = places.pictures(settings.batch)
            shown = noise(len(chosen), stage.side), noise(len(chosen), places.around)
            crops.append(Crops(*shown, *places.drawn(len(chosen), generator), chosen))
        return CascadeBatch(noise(settings.batch, settings.size), crops)

    @torch.no_grad()
    def _with_made(self, batch: CascadeBatch, condition: Condition, generator: torch.Generator) -> Tensor:
        """The first upscaler's small forms, the last of which are taken from pictures that the base has made."""
        crops, count = batch.crops[0], self.config.places(0, batch.small.shape[2]).made
        if count == 0:
            return crops.small
        places, which = torch.unique(crops.pictures[-count:], return_inverse=True)
        low, high = (level * batch.small.shape[2] / 64 for level in MADE_NOISE)
        sigma = low + (high - low) * torch.rand((), generator=generator).item()
        levels = SCHEDULES["karras"](MADE_STEPS, MADE_LAST * batch.small.shape[2] / 64, sigma)
        clean = self.codec.encode(batch.small[places])
        x = clean + sigma * torch.randn(clean.shape, generator=generator).to(clean)
        average, told = self.__dict__["average"], condition[places]
        denoiser = self.denoiser if average is None else average
        *_, last = dpmpp_2m(lambda x, sigma: denoiser(x, sigma, told), x, levels)
        made = cut(self.codec.decode(last.x)[which], crops.start[-count:], crops.small.shape[2])
        return torch.cat((crops.small[:-count], made.to(crops.small)))

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """The first works of the seed, fewer of them where they are large, enlarged in few steps."""
        count = max(2, min(PICTURES, SNAPSHOT_PIXELS // model.config.side**2))
        quick = {"steps": SNAPSHOT_STEPS}
        upscalers = tuple(
            each.model_copy(update={"generation": each.generation.model_copy(update=quick)})
            for each in model.config.upscalers
        )
        shown = replace(model, config=model.config.model_copy(update={"upscalers": upscalers}))
        generation = Generation.of(shown, seed=seed, precision=precision, policy=Policy.none())
        return [work.image for work in generation.works(count)]


def _loss_of_crops(stage: Upscaling, crops: Crops, small: Tensor, generator: torch.Generator) -> Tensor:
    """[M]. small: in the place of the crops' own."""
    level, noisy = stage.augmented(small, generator)
    reference = cut(enlarged(noisy, stage.factor), crops.inside * stage.factor, crops.clean.shape[2])
    return stage.error(stage.denoiser, crops.clean, reference, level, generator)
