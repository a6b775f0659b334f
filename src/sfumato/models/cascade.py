"""Sampling of a model with upscalers: small pictures by its own network, and larger ones of each by what enlarges them
(Ho et al. 2022, 'Cascaded diffusion models', arXiv:2106.15282)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Step
from sfumato.diffusion.enlarging import enlarged
from sfumato.diffusion.randomness import PictureNoise
from sfumato.models.candidates import Candidates, critic_of
from sfumato.models.canvas import Canvas
from sfumato.models.model import Model
from sfumato.models.noise import noise_levels, step_count
from sfumato.models.sampling import InitialNoise, Sampling, sampling_of
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.works.sampler_settings import SamplerSettings

STAGE_STEPS = 1_000_000  # between the step numbers of the noise of one stage and of the next: more than any may take


@dataclass(frozen=True)
class StageNoise:
    """The noise of an upscaler's steps, of the same picture and apart from that of the other stages."""

    noise: PictureNoise
    stage: int

    def draw(self, step: int, shape: Sequence[int]) -> Tensor:
        return self.noise.draw(self.stage * STAGE_STEPS + step, shape)


def canvases(model: Model, canvas: Canvas, settings: SamplerSettings) -> list[Canvas]:
    """What each stage works on, the first one's own network's: the canvas in whole cells, ever less reduced.

    A strength below 1 is of the first stage's steps. Upscalers begin with as much noise as its small picture does, so
    that of a picture's own detail no more is left than of what it belongs to.
    """
    whole, factor = canvas.padded(model.config.enlargement), model.config.enlargement
    made = [whole.reduced(factor)]
    sigmas = noise_levels(model.base, settings, made[0])
    begins = sigmas[settings.steps - step_count(settings, made[0])].item()
    for place, upscaler in enumerate(model.upscalers):
        factor //= upscaler.config.factor
        each = whole.reduced(factor)
        if canvas.strength < 1:
            levels = noise_levels(upscaler, settings_of(upscaler, place, settings), each)[:-1]
            each = each.refined(max(int((levels <= begins).sum()), 1) / len(levels))
        made.append(each)
    return made


def settings_of(upscaler: Model, place: int, settings: SamplerSettings) -> SamplerSettings:
    """An upscaler's own, in the precision that is asked for. The first takes what it enlarges, works of the model's own
    network, with as much noise as is asked for."""
    changes: dict[str, object] = {"precision": settings.precision}
    if place == 0:
        changes["reference_noise"] = settings.reference_noise
    return upscaler.config.generation.model_copy(update=changes)


def sampling_for(
    model: Model,
    settings: SamplerSettings,
    initial: Sequence[Sequence[InitialNoise]],
    wanted: Sequence[int],
    *,
    negative: Condition | None = None,
    canvas: Canvas,
    steering: Steering = NOT_STEERED,
) -> Sampling:
    """As `sampling_of`, of a model with upscalers or without. initial: of each candidate, one or more, of which one is
    kept for each work; wanted: places in a batch of the pictures that are asked for, which alone are in the steps."""
    each = canvases(model, canvas, settings)
    bases = [
        sampling_of(model.base, settings, one, negative=negative, canvas=each[0], steering=steering) for one in initial
    ]
    if len(bases) == 1:
        return cascaded(model, bases[0], settings, [initial[0][place] for place in wanted], wanted, canvas, each)
    candidates = Candidates(bases, initial, wanted, critic_of(model, canvas))
    small = candidates.sampling()
    made = cascaded(model, small, settings, candidates.noise, wanted, canvas, each, len(initial))
    return replace(made, chosen=candidates.chosen)


def cascaded(
    model: Model,
    base: Sampling,
    settings: SamplerSettings,
    initial: Sequence[InitialNoise],
    wanted: Sequence[int],
    canvas: Canvas,
    each: Sequence[Canvas],
    candidates: int = 1,
) -> Sampling:
    """The same from what samples the small pictures on. base: of all of a batch; initial: of those that are wanted,
    known once the small pictures are made; each: the canvas's `canvases`; candidates: for each small picture."""
    if not model.config.upscalers:
        return base.of(wanted)
    stages = _Stages(model, base.of(wanted), settings, initial, canvas, each, candidates)
    return Sampling(stages.steps(), stages.decode, model.config, settings)


@dataclass(eq=False)
class _Stages:
    """The stages of one batch, of which one is at work: steps are to be decoded before the next is made."""

    model: Model
    base: Sampling
    settings: SamplerSettings
    initial: Sequence[InitialNoise]
    canvas: Canvas
    each: Sequence[Canvas]
    candidates: int
    at_work: Sequence[Sampling] = field(init=False)
    factor: int = field(init=False)

    def __post_init__(self) -> None:
        self.at_work, self.factor = [self.base], self.model.config.enlargement

    def steps(self) -> Iterator[Step]:
        """Those of all stages, numbered through."""
        upscalers, each = self.model.upscalers, self.each
        asked = [settings_of(upscaler, place, self.settings) for place, upscaler in enumerate(upscalers)]
        counts = [step_count(*one) for one in zip((self.settings, *asked), each, strict=True)]
        counts[0] *= self.candidates
        total, done = sum(counts), 0
        x = yield from _numbered(self.base.steps, done, total)
        for stage, (upscaler, one) in enumerate(zip(upscalers, asked, strict=True), 1):
            done += counts[stage - 1]
            small = self._made(x)
            # Each picture by itself: kernels may round differently for other numbers of windows.
            self.at_work = [
                sampling_of(
                    upscaler,
                    one,
                    [replace(noise, noise=StageNoise(noise.noise, stage))],
                    canvas=replace(each[stage], reference=picture, small=each[stage - 1].picture),
                )
                for noise, picture in zip(self.initial, small, strict=True)
            ]
            self.factor //= upscaler.config.factor
            x = yield from _numbered(_together([sampling.steps for sampling in self.at_work]), done, total)

    def decode(self, latents: Tensor, is_last: bool) -> Tensor:
        """Steps of every stage as pictures of one size."""
        pictures = self._decoded(latents, is_last)
        if self.factor > 1:
            pictures = enlarged(pictures, self.factor, wrap=self.canvas.tile)
        return pictures[:, :, : self.canvas.height, : self.canvas.width]

    def _decoded(self, latents: Tensor, is_last: bool) -> Tensor:
        if len(self.at_work) == 1:
            return self.at_work[0].decode(latents, is_last)
        return torch.cat(
            [one.decode(part, is_last) for one, part in zip(self.at_work, torch.split(latents, 1), strict=True)]
        )

    def _made(self, latents: Tensor) -> Tensor:
        """What a stage has come to, [N, 3, H, W] in -1..1."""
        return self._decoded(latents, True).clamp(-1, 1)


def _numbered(steps: Iterator[Step], done: int, total: int) -> Generator[Step, None, Tensor]:
    """Yields the steps of a stage, of ``total`` of which ``done`` were made before. Returns the last x."""
    for step in steps:
        x = step.x
        yield replace(step, index=done + step.index, steps=total)
    return x


def _together(series: Sequence[Iterator[Step]]) -> Iterator[Step]:
    """Series of one picture each as one of all the pictures."""
    for each in zip(*series, strict=True):
        x, denoised = (torch.cat(parts) for parts in zip(*((one.x, one.denoised) for one in each), strict=True))
        yield replace(each[0], x=x, denoised=denoised)
