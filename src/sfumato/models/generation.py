"""Making works with a model: one picture depends on its seed, its number and the settings, and on nothing else."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Self, SupportsIndex, Unpack

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

import sfumato
from sfumato.diffusion.randomness import SeededNoise
from sfumato.diffusion.samplers import STUDENTS
from sfumato.errors import SfumatoError, faults_of
from sfumato.images.tensors import to_pictures
from sfumato.models.classes import class_index, class_mixture
from sfumato.models.configuration import SamplerChoices, SamplerSettings, given
from sfumato.models.ground import Ground
from sfumato.models.model import Model
from sfumato.models.sampling import NO_CLASS, Draft, effective_guidance, filled_from, places, sampled
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.random import keyed_generator
from sfumato.text import counted, readable
from sfumato.works import Recipe, Work
from sfumato.works.recipe import HIGHEST_SIGMA


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
    """A model and everything that is asked of it but the number of works.

    label: a class or a mixture, as `class_mixture` reads it, None for classes as in training; away: the class that
    guidance leads away from. noises: a picture's number -> its noise, by default that of the seed and the number.
    ground: what is painted on. steering: a palette, a composition.
    """

    model: Model
    settings: SamplerSettings
    seed: int
    ground: Ground
    label: str | None = None
    away: str | None = None
    noises: Callable[[int], SeededNoise] | None = None
    steering: Steering = NOT_STEERED

    @classmethod
    def of(
        cls,
        model: Model,
        *,
        seed: SupportsIndex = 0,
        label: str | None = None,
        away: str | None = None,
        noises: Callable[[int], SeededNoise] | None = None,
        ground: Ground | None = None,
        steering: Steering | None = None,
        **asked: Unpack[SamplerChoices],
    ) -> Self:
        """Settings that are None are the model's. Raises SfumatoError for an unknown class, a value out of range,
        autoguidance with a model that carries no early weights, or a model that does not generate."""
        ground, steering = ground or Ground.plain(model.config), steering or NOT_STEERED
        if ground.mask is not None and model.config.objective == "denoising":
            asked = {**_fitting(model, ground), **given(asked)}  # type: ignore[typeddict-item]
        if away is not None:
            # Measured: of which class a picture is, is decided where there is much noise.
            everywhere: SamplerChoices = {"guidance_low": 0.0, "guidance_high": 1000.0}
            asked = {**everywhere, **given(asked)}  # type: ignore[typeddict-item]
        chosen = _settings(model, asked)
        _check_generates(model, chosen, ground)
        if model.config.objective == "adversarial" and (
            steering != NOT_STEERED or ground.picture is not None or not ground.is_one_picture(model.config)
        ):
            raise SfumatoError(
                f"the model '{model.config.name}' is a GAN: it makes pictures of its own size from noise alone, and "
                "cannot be steered or take one up; make works with 'sfumato generate'"
            )
        # As it is typed, a name may be taken apart or in other bytes; a recipe keeps it as text that can be written.
        label, away = (None if name is None else readable(name) for name in (label, away))
        if label is not None:
            class_mixture(label, model.config)
        if away is not None:
            class_index(away, model.config)
            if chosen.guidance == 1:
                raise SfumatoError(
                    f"away from '{away}': it is guidance that leads away, and it is 1, which is none; choose 1.5 to 3"
                )
        generation = cls(
            model,
            chosen,
            whole_seed(seed),
            ground,
            label=label,
            away=away,
            noises=noises,
            steering=steering,
        )
        if generation.guidance_kind == "autoguidance":
            model.worse()
        return generation

    def works(self, count: int, first: int = 0) -> Iterator[Work]:
        """Yields ``count`` works, from number ``first`` on."""
        for progress in self.finished(count, first):
            for index, picture in zip(progress.indices, to_pictures(progress.noisy), strict=True):
                yield Work(picture, self.recipe(index))

    def finished(self, count: int, first: int = 0) -> Iterator[Progress]:
        """Yields the last step alone of every batch, with nothing but pictures in it."""
        return (progress for progress in self.steps(count, first) if progress.step == progress.steps)

    def steps(self, count: int, first: int = 0) -> Iterator[Progress]:
        """Yields every step of every batch, the pictures of a batch together."""
        if count < 1:
            raise SfumatoError(f"{counted(count, 'work')}: give 1 or more")
        with self.model.giving_way():
            yield from self._steps(count, first)

    def _steps(self, count: int, first: int) -> Iterator[Progress]:
        away = NO_CLASS if self.away is None else class_index(self.away, self.model.config)
        batch = places(self.model, self.ground)
        for start in range(first - first % batch, first + count, batch):
            # Places that are not asked for hold what would stand there, so that every batch has its full number.
            drafts = [self.draft(index) for index in range(start, start + batch)]
            indices = range(max(start, first), min(start + batch, first + count))
            wanted = slice(indices.start - start, indices.stop - start)
            for step in sampled(
                self.model, self.settings, drafts, away=away, ground=self.ground, steering=self.steering
            ):
                noisy, clean = step.x[wanted], step.denoised[wanted]
                yield Progress(indices, step.index + 1, step.steps, step.sigma, noisy, clean)

    def draft(self, index: int) -> Draft:
        """What picture ``index`` begins with."""
        return Draft(self._noise(index), self.classes_of(index))

    @property
    def guidance_kind(self) -> str:
        return effective_guidance(self.model, self.settings, away=self.away is not None)

    def classes_of(self, index: int) -> Mapping[int, float]:
        """The classes of picture ``index`` and their shares: those asked for, or one, drawn as often as in training."""
        if self.label is not None:
            return class_mixture(self.label, self.model.config)
        if not self.model.config.classes:
            return {}
        share = torch.rand((), generator=keyed_generator("class", self.seed, index), dtype=torch.float64).item()
        bounds = np.cumsum(self.model.config.class_shares)
        return {min(int(np.searchsorted(bounds, share * bounds[-1], side="right")), len(bounds) - 1): 1.0}

    def label_of(self, index: int) -> str | None:
        """The same in words: one class by its own name, a mixture as it was asked for."""
        classes = self.classes_of(index)
        if len(classes) > 1:
            return self.label
        return next((self.model.config.classes[number] for number in classes), None)

    def recipe(self, index: int) -> Recipe:
        """All that is needed to make picture ``index`` again."""
        settings, ground, noise = self.settings, self.ground, self._noise(index)
        palette, composition = self.steering.palette, self.steering.composition
        guided = self.guidance_kind != "none"
        return Recipe(
            model=self.model.config.name,
            model_digest=self.model.weights_digest,
            seed=noise.seed,
            index=noise.index,
            turns=tuple((turn.seed, turn.index, turn.share) for turn in noise.turns),
            label=self.label_of(index),
            away=self.away,
            sampler=settings.sampler,
            steps=settings.steps,
            schedule=settings.schedule,
            sigma_min=settings.sigma_min,
            sigma_max=settings.sigma_max,
            guidance=settings.guidance if guided else 1.0,
            guidance_kind=self.guidance_kind,
            guidance_low=settings.guidance_low if guided else None,
            guidance_high=settings.guidance_high if guided else None,
            guidance_chroma=settings.guidance_chroma if guided else None,
            noise_high=settings.noise_high,
            sharpness=settings.sharpness,
            palette=() if palette is None else palette.colours,
            palette_shares=() if palette is None else palette.shares,
            palette_strength=None if palette is None else palette.strength,
            composition=None if composition is None else composition.levels,
            composition_strength=None if composition is None else composition.strength,
            input_digest=ground.input_digest,
            strength=None if ground.picture is None else ground.strength,
            mask_digest=ground.mask_digest,
            margins=None if ground.margins is None else astuple(ground.margins),
            size=(ground.width, ground.height),
            tile=ground.tile,
            origin=ground.origin,
            inverted=ground.inverted,
            source=ground.source,
            dtype=settings.precision,
            device=self.model.device.type,
            sfumato_version=sfumato.__version__,
            torch_version=torch.__version__,
        )

    def _noise(self, index: int) -> SeededNoise:
        return SeededNoise(self.seed, index) if self.noises is None else self.noises(index)


def _fitting(model: Model, ground: Ground) -> SamplerChoices:
    """What makes a part of a picture fit the rest, unless it is asked for otherwise."""
    # Measured: sharpness makes the new part rougher than the kept one; fresh noise helps it to fit. And where
    # it has the kept one's light and colour to begin with, it takes no more noise than leaves the composition open, of
    # which larger pictures bear more.
    begun: SamplerChoices = {"sigma_max": filled_from(model.config)} if ground.strength == 1 else {}
    return {"sharpness": 0.0, "noise_high": HIGHEST_SIGMA, **begun}


def _check_generates(model: Model, settings: SamplerSettings, ground: Ground) -> None:
    """Raises SfumatoError for a model that makes no pictures of its own, or none in this way."""
    name, objective = model.config.name, model.config.objective
    if objective == "reconstruction":
        raise SfumatoError(
            f"the model '{name}' is an autoencoder: it makes a picture that it is shown again, and none of its own; "
            "show it one with 'sfumato reimagine'"
        )
    if objective == "upscaling" and ground.reference is None:
        raise SfumatoError(
            f"the model '{name}' is an upscaler: it enlarges a picture, and makes none of its own; "
            "show it one with 'sfumato upscale', or name it with 'sfumato generate MODEL --upscale'"
        )
    own = model.config.generation
    open_ones: dict[str, str] = {"precision": settings.precision}
    if settings.sampler in STUDENTS:
        open_ones["sampler"] = settings.sampler
    if objective == "distillation" and settings != own.model_copy(update=open_ones):
        raise SfumatoError(
            f"the model '{name}' was distilled: it samples in {counted(own.steps, 'step')} by {' or '.join(STUDENTS)}, "
            "with its guidance built in, and in no other way; for other settings use the model it was distilled from"
        )
    if objective == "adversarial" and settings.steps > 1:
        raise SfumatoError(
            f"the model '{name}' is a GAN, which answers in one step, and {settings.steps} were asked for"
        )


def _settings(model: Model, asked: SamplerChoices) -> SamplerSettings:
    if unknown := asked.keys() - SamplerSettings.model_fields.keys():
        raise TypeError(f"there is no setting {min(unknown)}")
    try:
        return SamplerSettings.model_validate(model.config.generation.model_dump() | given(asked))
    except ValidationError as error:
        fault = faults_of(error)[0]
        named = f"{fault.place[0]} {fault.value!r}: " if fault.place else ""
        raise SfumatoError(f"{named}{fault.said}") from error


def whole_seed(seed: SupportsIndex) -> int:
    """As Python's own int: NumPy's would make other keys, and no JSON."""
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if not 0 <= whole < 2**63:
        raise SfumatoError(f"seed {seed!r}: a whole number from 0 to 2^63 - 1 is needed")
    return whole
