"""Making works: one generator, whatever is asked for. A work depends on its model, its request and the environment, and
on nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from PIL import Image
from pydantic import ValidationError
from torch import Tensor

import sfumato
from sfumato.diffusion import ClassCondition
from sfumato.diffusion.randomness import NoiseBetween, PictureNoise, SeededNoise
from sfumato.diffusion.samplers import DISTILLED, Step
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_pictures
from sfumato.models.canvas import Canvas, plain_canvas
from sfumato.models.classes import class_index, class_mixture
from sfumato.models.model import Model
from sfumato.models.sampling import InitialNoise, Sampling, batch_size, effective_guidance, filled_from, sampling_of
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.random import keyed_generator
from sfumato.text import counted, readable
from sfumato.works import Recipe, Work
from sfumato.works.edits import Reconstruct
from sfumato.works.recipe import Environment
from sfumato.works.request import Request, SamplerSettings, fault
from sfumato.works.values import HIGHEST_SIGMA


@dataclass(frozen=True)
class Progress:
    """A step of a batch. positions: of its works in their series; step of steps; sigma: the noise still in them.

    Where previews were asked for: the pictures with that noise in them, and estimates of the clean pictures, from which
    the step was made. works: with the last step, the works.
    """

    positions: range
    step: int
    steps: int
    sigma: float
    previews: tuple[Image.Image, ...] = ()
    estimates: tuple[Image.Image, ...] = ()
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, eq=False)
class Generation:
    """A model and everything that is asked of it but the number of works.

    request: complete, what was left open is as the model has it; canvas: what the request's pictures and size make;
    origin: of a picture to be enlarged that is a work, its recipe.
    """

    model: Model
    request: Request
    canvas: Canvas
    origin: Recipe | None = None

    @classmethod
    def of(
        cls,
        model: Model,
        request: Request | None = None,
        *,
        canvas: Canvas | None = None,
        origin: Recipe | None = None,
        **asked: object,
    ) -> Self:
        """What a request asks of a model, or what is asked by the plain names of its fields (see ``Request.of``).

        canvas: by default an empty one of the request's size. Raises SfumatoError for an unknown class, a value out of
        range, autoguidance with a model that carries no early weights, and what the model cannot do.
        """
        if request is None:
            request = Request.of(**asked)
        canvas = canvas or plain_canvas(model.config, request.canvas)
        sampling = request.sampling.model_dump(exclude_unset=True)
        if canvas.mask is not None and model.config.samples_freely:
            sampling = _fitting(model, canvas) | sampling
        if request.negative is not None:
            # Measured: of which class a picture is, is decided where there is much noise.
            sampling = {"guidance_low": 0.0, "guidance_high": 1000.0} | sampling
        try:
            chosen = SamplerSettings.model_validate(sampling).over(model.config.generation)
        except ValidationError as error:
            raise fault(error) from error
        _check_generates(model, chosen, canvas, Steering(request.palette, request.composition))
        # As it is typed, a name may be taken apart or in other bytes; a recipe keeps it as text that can be written.
        label, negative = (None if name is None else readable(name) for name in (request.label, request.negative))
        if label is not None:
            class_mixture(label, model.config)
        if negative is not None:
            class_index(negative, model.config)
            if chosen.guidance == 1:
                raise SfumatoError(
                    f"negative class '{negative}': it is guidance that leads away from it, and it is 1, which is none; "
                    "choose 1.5 to 3"
                )
        made = {"label": label, "negative": negative, "sampling": chosen, "canvas": canvas.shape, "edit": canvas.edit}
        complete = request.model_copy(update=made)
        generation = cls(model, complete, canvas, origin)
        if generation.guidance_kind == "autoguidance":
            model.early_denoiser()
        return generation

    def works(self, count: int = 1, first: int | None = None) -> Iterator[Work]:
        """Yields ``count`` works, from the request's own on, or from that of the position ``first``."""
        for progress in self.events(count, first):
            yield from progress.works

    @torch.inference_mode()
    def events(self, count: int = 1, first: int | None = None, *, previews: bool = False) -> Iterator[Progress]:
        """Yields every step of every batch; a batch's last step carries its works."""
        with self.model.giving_way():
            for positions, wanted, sampling in self._batches(count, first):
                for step in sampling.steps:
                    sampling.check(step.x)
                    is_last = step.index + 1 == step.steps
                    made = previews or is_last
                    pictures = tuple(to_pictures(sampling.decode(step.x, is_last)[wanted])) if made else ()
                    works = zip(positions, pictures, strict=True) if is_last else ()
                    yield Progress(
                        positions,
                        step.index + 1,
                        step.steps,
                        step.sigma,
                        pictures if previews else (),
                        tuple(to_pictures(sampling.decode(step.denoised, False)[wanted])) if previews else (),
                        tuple(
                            Work(picture, self.recipe(position), self.model.config.learned_from, kept=self.canvas.kept)
                            for position, picture in works
                        ),
                    )

    def pictures(self, count: int = 1, first: int | None = None) -> Tensor:
        """The pictures of the same works before they are rounded to 8 bits: [count, 3, H, W] in about -1..1."""
        with self.model.giving_way():
            return torch.cat([sampling.last()[wanted].cpu() for _, wanted, sampling in self._batches(count, first)])

    def _batches(self, count: int, first: int | None) -> Iterator[tuple[range, slice, Sampling]]:
        """Of each batch the positions that are asked for, their place in it, and what samples it."""
        first = self.request.position if first is None else first
        if count < 1:
            raise SfumatoError(f"{counted(count, 'work')}: give 1 or more")
        if isinstance(self.canvas.edit, Reconstruct):
            yield range(first, first + 1), slice(0, 1), self._one_pass()
            return
        unwanted = self.request.negative
        negative = None if unwanted is None else ClassCondition.of([class_index(unwanted, self.model.config)])
        batch = batch_size(self.model, self.canvas)
        for start in range(first - first % batch, first + count, batch):
            # A batch is always full: what is not asked for holds what would stand there, as works depend on the place.
            initial = [self.initial_noise(position) for position in range(start, start + batch)]
            positions = range(max(start, first), min(start + batch, first + count))
            wanted = slice(positions.start - start, positions.stop - start)
            sampling = sampling_of(
                self.model, self.settings, initial, negative=negative, canvas=self.canvas, steering=self.steering
            )
            yield positions, wanted, sampling

    @torch.inference_mode()
    def _one_pass(self) -> Sampling:
        """What an autoencoder makes of the picture on the canvas."""
        assert self.canvas.picture is not None, "it is given one to make again"
        made = self.model.denoiser(self.canvas.picture[None].to(self.model.device), 1.0)
        steps = iter([Step(0, 1, 0.0, made, made)])
        return Sampling(steps, lambda latents, _: self.model.codec.decode(latents), self.model.config)

    @property
    def settings(self) -> SamplerSettings:
        return self.request.sampling

    @property
    def steering(self) -> Steering:
        return Steering(self.request.palette, self.request.composition)

    def with_seed(self, seed: int) -> Self:
        """The same, of another seed."""
        return replace(self, request=self.request.at(seed=seed))

    def initial_noise(self, position: int) -> InitialNoise:
        """What the work at a position begins with."""
        mixture = ClassCondition.mixture(self.classes_of(position))
        return InitialNoise(noise_of(self.request.at(position)), mixture)

    @property
    def guidance_kind(self) -> str:
        return effective_guidance(self.model, self.settings, negative=self.request.negative is not None)

    def classes_of(self, position: int) -> Mapping[int, float]:
        """The classes of a work and their weights: those asked for, or one, drawn as often as in training."""
        if self.request.label is not None:
            return class_mixture(self.request.label, self.model.config)
        if not self.model.config.classes:
            return {}
        key = ("class", self.request.series_seed, position)
        drawn = torch.rand((), generator=keyed_generator(*key), dtype=torch.float64).item()
        bounds = np.cumsum(self.model.config.class_shares)
        return {min(int(np.searchsorted(bounds, drawn * bounds[-1], side="right")), len(bounds) - 1): 1.0}

    def label_of(self, position: int) -> str | None:
        """The same in words: one class by its own name, a mixture as it was asked for."""
        classes = self.classes_of(position)
        if len(classes) > 1:
            return self.request.label
        return next((self.model.config.classes[number] for number in classes), None)

    def recipe(self, position: int) -> Recipe:
        """All that is needed to make the work at a position again."""
        sampling = self.settings
        if self.guidance_kind == "none":
            sampling = sampling.model_copy(update={"guidance": 1.0})
        made = self.request.at(position)
        return Recipe(
            model=self.model.reference,
            request=made.model_copy(update={"label": self.label_of(position), "sampling": sampling}),
            environment=Environment(
                device=self.model.device.type,
                sfumato_version=sfumato.__version__,
                torch_version=torch.__version__,
            ),
            origin=self.origin,
        )


def noise_of(request: Request) -> PictureNoise:
    """The noise that the work of a request begins with: its number's, turned towards others' one after the other."""
    noise: PictureNoise = SeededNoise(request.seed, request.number)
    for slerp in request.slerps:
        noise = NoiseBetween(noise, SeededNoise(slerp.seed, slerp.number), slerp.fraction)
    return noise


def _fitting(model: Model, canvas: Canvas) -> dict[str, float]:
    """What makes a part of a picture fit the rest, unless it is asked for otherwise."""
    # Measured: sharpness makes the new part rougher than the kept one; fresh noise helps it to fit. And where
    # it has the kept one's light and colour to begin with, it takes no more noise than leaves the composition open, of
    # which larger pictures bear more.
    begun = {"sigma_max": filled_from(model.config)} if canvas.strength == 1 else {}
    return {"sharpness": 0.0, "noise_high": HIGHEST_SIGMA, **begun}


def _check_generates(model: Model, settings: SamplerSettings, canvas: Canvas, steering: Steering) -> None:
    """Raises SfumatoError for a model that makes no pictures of its own, or none in this way."""
    config, name, own = model.config, model.config.name, model.config.generation
    if config.begins_with == "picture" and not isinstance(canvas.edit, Reconstruct):
        raise SfumatoError(
            f"the model '{name}' is an autoencoder: it makes a picture that it is shown again, and none of its own; "
            "show it one with 'sfumato reimagine'"
        )
    if config.enlarges and canvas.reference is None:
        raise SfumatoError(
            f"the model '{name}' is an upscaler: it enlarges a picture, and makes none of its own; "
            "show it one with 'sfumato upscale', or name it with 'sfumato generate MODEL --upscale'"
        )
    open_ones: dict[str, str] = {"precision": settings.precision}
    if settings.sampler in DISTILLED:
        open_ones["sampler"] = settings.sampler
    if config.is_distilled and settings != own.model_copy(update=open_ones):
        raise SfumatoError(
            f"the model '{name}' was distilled: it samples in {counted(own.steps, 'step')} by "
            f"{' or '.join(DISTILLED)}, with its guidance built in, and in no other way; for other settings use the "
            "model it was distilled from"
        )
    if isinstance(canvas.edit, Reconstruct) or not config.is_direct:
        return
    if settings.steps > 1:
        raise SfumatoError(
            f"the model '{name}' is a GAN, which answers in one step, and {settings.steps} were asked for"
        )
    if steering != NOT_STEERED or canvas.picture is not None or not canvas.is_one_picture(config):
        raise SfumatoError(
            f"the model '{name}' is a GAN: it makes pictures of its own size from noise alone, and "
            "cannot be steered or take one up; make works with 'sfumato generate'"
        )
