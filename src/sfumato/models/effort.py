"""What sampling will cost: how many pictures, or windows of them, the networks have to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from sfumato.diffusion import Denoiser
from sfumato.diffusion.windows import window_count
from sfumato.models.canvas import Canvas
from sfumato.models.cascade import canvases, settings_of
from sfumato.models.estimates import effective_guidance, window_stride
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.noise import begins_at_mean, noise_levels, step_count
from sfumato.models.sampling import batch_size, part_to_make
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.works.edits import Invert
from sfumato.works.sampler_settings import SamplerSettings


def looks(generation: Generation, wanted: int | None = None) -> list[int]:
    """For each step of one batch: how many pictures, or windows of them, networks look at.

    wanted: works that are asked for of the batch, by default all; a model's upscalers only work on these. Exact where
    no part of a picture is kept, and in proportion where one is.
    """
    return [look for stage in stage_looks(generation, wanted) for look in stage]


def stage_looks(generation: Generation, wanted: int | None = None) -> list[list[int]]:
    """The same for each stage of a model with upscalers, of its own network first; one of all others."""
    model, settings, whole = generation.model, generation.settings, generation.canvas
    canvas, *larger = canvases(model, whole, settings)
    batch = batch_size(model, whole)
    classes = max(len(generation.told.classes_of(0)), 1) if canvas.reference is None else 1
    is_guided = generation.guidance_kind != "none"
    seen = batch * _windows(model.base, canvas, generation.steering)
    stages = [_looks(model.base, settings, canvas, seen, classes, is_guided=is_guided) * generation.choice.best_of]
    small = canvas
    for place, (upscaler, each) in enumerate(zip(model.upscalers, larger, strict=True)):
        each = replace(each, reference=torch.empty((3, small.height, small.width), device="meta"))
        seen = (batch if wanted is None else wanted) * _windows(upscaler, each, NOT_STEERED)
        own = settings_of(upscaler, place, settings)
        is_guided = effective_guidance(upscaler, own) != "none"
        stages.append(_looks(upscaler, own, each, seen, 1, is_guided=is_guided))
        small = each
    return stages


@torch.inference_mode()
def look_flops(model: Model) -> float:
    """About how many floating-point operations a model's network, of one with upscalers its own, needs for one picture
    or window: those of its layers' weights, counted in one evaluation. The number of weights alone would not tell: one
    that is used at every pixel costs more than one of a coarse level.

    A pre-trained network is too large to be asked only for that, and reckoned as if all of it were used at every pixel.
    """
    side, network = model.config.size // model.codec.factor, model.denoiser.network
    if model.pretrained is not None:
        return 2.0 * sum(weights.numel() for weights in network.parameters()) * side**2
    channels, device = model.codec.channels, model.device
    counted: list[float] = []

    def after(module: nn.Module, inputs: object, output: object) -> None:
        weight = getattr(module, "weight", None)
        if isinstance(weight, torch.Tensor) and isinstance(output, torch.Tensor) and weight.ndim > 1:
            places = output.numel() / output.shape[-1 if weight.ndim == 2 else 1]  # of which each sees all weights
            counted.append(2.0 * weight.numel() * places)

    told = None
    if model.config.begins_with == "reference":
        told = torch.zeros((1, channels + (model.config.reference_noise > 0), side, side), device=device)
    hook = register_module_forward_hook(after)
    try:
        network(torch.zeros((1, channels, side, side), device=device), torch.zeros(1, device=device), told)
    finally:
        hook.remove()
    return sum(counted)


def batches(generation: Generation, count: int, first: int = 0) -> int:
    """In how many batches the works number ``first`` to ``first + count - 1`` are made."""
    return len(wanted_of_batches(generation, count, first))


def wanted_of_batches(generation: Generation, count: int, first: int = 0) -> list[int]:
    """How many works are asked for of each of these batches."""
    together = batch_size(generation.model, generation.canvas)
    starts = range(first - first % together, first + count, together)
    return [min(start + together, first + count) - max(start, first) for start in starts]


@contextmanager
def watched_looks(note: Callable[[Denoiser, int], None]) -> Iterator[None]:
    """Within the block, ``note`` is called before every evaluation of a denoiser, with the denoiser and the number of
    pictures or windows that it looks at."""

    def before(module: nn.Module, inputs: tuple[object, ...]) -> None:
        if isinstance(module, Denoiser) and isinstance(inputs[0], torch.Tensor):
            note(module, len(inputs[0]))

    hook = register_module_forward_pre_hook(before)  # of all modules: autoguidance brings a second network
    try:
        yield
    finally:
        hook.remove()


def _looks(
    model: Model, settings: SamplerSettings, canvas: Canvas, seen: int, classes: int, *, is_guided: bool
) -> list[int]:
    """For each step of one stage. seen: pictures or windows for each condition; classes: conditions of a picture."""
    sigmas = noise_levels(model, settings, canvas)
    levels: list[float] = sigmas[settings.steps - step_count(settings, canvas) :].tolist()

    def at(sigma: float) -> int:
        return seen * (classes + (is_guided and settings.guidance_low <= sigma <= settings.guidance_high))

    steps = [at(sigma) for sigma in levels[:-1]]
    is_inverted = isinstance(canvas.edit, Invert)
    if settings.sampler == "heun" and not is_inverted:
        steps = [now + (at(later) if later > 0 else 0) for now, later in zip(steps, levels[1:], strict=True)]
    if is_inverted:
        steps[0] += seen * len(steps)
    elif begins_at_mean(model.config, settings, canvas, levels[0]):
        steps[0] += seen * classes
    return steps


def _windows(model: Model, canvas: Canvas, steering: Steering) -> int:
    """In how many windows one picture is looked at."""
    part = part_to_make(model, canvas, steering)
    if part is not None:
        canvas = canvas.part(*part)
    if canvas.is_one_picture(model.config):
        return 1
    _, height, width = model.codec.shape(canvas.height, canvas.width)
    side = model.config.size // model.codec.factor
    return window_count(height, width, side, window_stride(model), canvas.tile)
