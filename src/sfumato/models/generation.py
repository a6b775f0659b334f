"""Making works with a model: one picture depends on its seed, its number and the settings, and on nothing else."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, SupportsIndex

import numpy as np
import torch
from PIL import Image
from pydantic import ValidationError
from torch import Tensor

import sfumato
from sfumato.collection.scaling import scaled
from sfumato.diffusion import SAMPLERS, SCHEDULES, Denoise, autoguidance, classifier_free
from sfumato.diffusion.randomness import keyed_generator
from sfumato.errors import SfumatoError
from sfumato.models.configuration import SamplerSettings
from sfumato.models.model import Model
from sfumato.works import Recipe, Work

# Kernels may round differently for batches of different sizes. So every batch has this many places, picture i always
# stands in place i modulo BATCH, and empty places are filled with the pictures that would stand there.
BATCH = 16


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of one batch. indices: the numbers of the pictures; step of steps; sigma: the noise still in them;
    noisy and clean: the pictures with it and the estimate without, [n, 3, H, W] in about -1..1."""

    indices: range
    step: int
    steps: int
    sigma: float
    noisy: Tensor
    clean: Tensor


@dataclass(frozen=True, eq=False)
class Generation:
    """A model and everything that is asked of it but the number of works. label: -1 for classes as in training.

    picture: [3, size, size] in -1..1 to begin with, or None; strength: the share of the steps that it is refined in.
    """

    model: Model
    settings: SamplerSettings
    seed: int
    label: int
    picture: Tensor | None = None
    strength: float = 1.0

    @classmethod
    def of(
        cls,
        model: Model,
        *,
        seed: int = 0,
        label: str | None = None,
        sampler: str | None = None,
        schedule: str | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        guidance_kind: str | None = None,
        guidance_low: float | None = None,
        guidance_high: float | None = None,
        sharpness: float | None = None,
        precision: str | None = None,
        picture: Tensor | None = None,
        strength: float = 1.0,
    ) -> Self:
        """Settings that are None are the model's. Raises SfumatoError for an unknown class, a value out of range,
        autoguidance with a model that carries no early weights, or a model that does not generate."""
        asked = {
            "sampler": sampler,
            "schedule": schedule,
            "steps": steps,
            "guidance": guidance,
            "guidance_kind": guidance_kind,
            "guidance_low": guidance_low,
            "guidance_high": guidance_high,
            "sharpness": sharpness,
            "precision": precision,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        try:
            chosen = SamplerSettings.model_validate(model.config.generation.model_dump() | given)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            said = fault["msg"].removeprefix("Value error, ")
            named = f"{fault['loc'][0]} {fault['input']!r}: " if fault["loc"] else ""
            raise SfumatoError(f"{named}{said[:1].lower()}{said[1:]}") from error
        _check_generates(model, chosen)
        if not 0 < strength <= 1:
            raise SfumatoError(f"strength {strength:g}: above 0 (the picture as it is) to 1 (pure noise) is needed")
        generation = cls(model, chosen, _whole_seed(seed), _class_index(model, label), picture, strength)
        if generation.guidance_kind == "autoguidance":
            model.worse()
        return generation

    def works(self, count: int) -> Iterator[Work]:
        """Yields works 0 to count - 1."""
        for progress in self.finished(count):
            for index, picture in zip(progress.indices, to_pictures(progress.noisy), strict=True):
                yield Work(picture, self.recipe(index))

    def finished(self, count: int) -> Iterator[Progress]:
        """Yields the last step alone of every batch, with nothing but pictures in it."""
        return (progress for progress in self.steps(count) if progress.step == progress.steps)

    def steps(self, count: int) -> Iterator[Progress]:
        """Yields every step of every batch, the pictures of a batch together."""
        if count < 1:
            raise SfumatoError(f"{count} works: give 1 or more")
        for start in range(0, count, BATCH):
            yield from self._batch(start, min(BATCH, count - start))

    @torch.inference_mode()
    def _batch(self, start: int, wanted: int) -> Iterator[Progress]:
        places, settings, config = range(start, start + BATCH), self.settings, self.model.config
        device = next(self.model.denoiser.parameters()).device
        shape = (3, config.size, config.size)

        def noise(step: int) -> Tensor:
            drawn = [torch.randn(shape, generator=keyed_generator("noise", self.seed, i, step)) for i in places]
            return torch.stack(drawn).to(device)

        sigmas = SCHEDULES[settings.schedule](settings.steps, settings.sigma_min, settings.sigma_max)
        sigmas = sigmas[settings.steps - max(1, round(self.strength * settings.steps)) :]
        begun = 0.0 if self.picture is None else self.picture.to(device)
        denoise = guided(self.model, settings, torch.tensor([self.class_of(i) for i in places], device=device))
        for step in SAMPLERS[settings.sampler](denoise, begun + noise(-1) * sigmas[0].float(), sigmas, noise):
            noisy, clean = step.x[:wanted], step.denoised[:wanted]
            yield Progress(places[:wanted], step.index + 1, step.steps, step.sigma, noisy, clean)

    @property
    def guidance_kind(self) -> str:
        return effective_guidance(self.model, self.settings)

    def class_of(self, index: int) -> int:
        """The class of picture ``index``: the one asked for, or drawn as often as in training; -1 without classes."""
        if self.label >= 0 or not self.model.config.classes:
            return self.label
        share = torch.rand((), generator=keyed_generator("class", self.seed, index), dtype=torch.float64).item()
        bounds = np.cumsum(self.model.config.class_shares)
        return min(int(np.searchsorted(bounds, share * bounds[-1], side="right")), len(bounds) - 1)

    def recipe(self, index: int) -> Recipe:
        """All that is needed to make picture ``index`` again."""
        settings, config, label = self.settings, self.model.config, self.class_of(index)
        guided = self.guidance_kind != "none"
        return Recipe(
            model=config.name,
            model_digest=self.model.weights_digest,
            seed=self.seed,
            index=index,
            label=config.classes[label] if label >= 0 else None,
            sampler=settings.sampler,
            steps=settings.steps,
            schedule=settings.schedule,
            sigma_min=settings.sigma_min,
            sigma_max=settings.sigma_max,
            guidance=settings.guidance if guided else 1.0,
            guidance_kind=self.guidance_kind,
            guidance_low=settings.guidance_low if guided else None,
            guidance_high=settings.guidance_high if guided else None,
            sharpness=settings.sharpness,
            input_digest=None if self.picture is None else picture_digest(self.picture),
            strength=None if self.picture is None else self.strength,
            size=(config.size, config.size),
            dtype=settings.precision,
            device=next(self.model.denoiser.parameters()).device.type,
            sfumato_version=sfumato.__version__,
            torch_version=torch.__version__,
        )


def guided(model: Model, settings: SamplerSettings, condition: Tensor) -> Denoise:
    """What a sampler asks: the model's estimate with guidance, in the precision of the settings.

    condition: class indices [N], -1 for none.
    """
    interval, kind = (settings.guidance_low, settings.guidance_high), effective_guidance(model, settings)
    if kind == "autoguidance":
        estimate = autoguidance(model.denoiser, model.worse(), condition, settings.guidance, interval)
    else:
        guidance = settings.guidance if kind == "classifier_free" else 1.0
        estimate = classifier_free(model.denoiser, condition, guidance, interval)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            return estimate(x, sigma * (1 - settings.sharpness))

    return denoise


def effective_guidance(model: Model, settings: SamplerSettings) -> str:
    """'none' where nothing would change: at 1, or away from the class in a model that has none."""
    without = settings.guidance_kind == "classifier_free" and not model.config.classes
    return "none" if settings.guidance == 1 or without else settings.guidance_kind


def to_pictures(images: Tensor) -> list[Image.Image]:
    """[N, 3, H, W] in -1..1 (clipped) -> N RGB pictures."""
    levels = ((images.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(level) for level in levels]


def as_tensor(picture: Image.Image, size: int) -> Tensor:
    """A picture, cropped at its centre and scaled: -> [3, size, size] in -1..1."""
    square = scaled(picture.convert("RGB"), size, "centre", width=picture.width, height=picture.height)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 127.5 - 1


def picture_digest(picture: Tensor) -> str:
    """SHA-256 of a picture as the model sees it. picture: [3, size, size] in -1..1."""
    levels = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous()
    return hashlib.sha256(levels.numpy().tobytes()).hexdigest()


def _check_generates(model: Model, settings: SamplerSettings) -> None:
    name, objective = model.config.name, model.config.objective
    if objective == "reconstruction":
        raise SfumatoError(
            f"the model '{name}' is an autoencoder: it makes a picture that it is shown again, and none of its own; "
            "show it one with 'sfumato reimagine'"
        )
    if objective == "distillation" and settings != model.config.generation.model_copy(
        update={"precision": settings.precision}
    ):
        raise SfumatoError(
            f"the model '{name}' was distilled: it samples in {model.config.generation.steps} steps, with its guidance "
            "built in, and in no other way; for other settings use the model that it was distilled from"
        )
    if objective == "adversarial" and settings.steps > 1:
        raise SfumatoError(
            f"the model '{name}' is a GAN, which answers in one step, and {settings.steps} were asked for"
        )


def _whole_seed(seed: SupportsIndex) -> int:
    """As Python's own int: NumPy's would make other keys, and no JSON."""
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if not 0 <= whole < 2**63:
        raise SfumatoError(f"seed {seed!r}: a whole number from 0 to 2^63 - 1 is needed")
    return whole


def _class_index(model: Model, label: str | None) -> int:
    if label is None:
        return -1
    if label not in model.config.classes:
        known = ", ".join(model.config.classes) or "none at all"
        raise SfumatoError(f"class '{label}': the model '{model.config.name}' does not know it; its classes: {known}")
    return model.config.classes.index(label)
