"""What sampling will cost: how many pictures, or windows of them, the networks have to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from sfumato.diffusion import Denoiser
from sfumato.diffusion.windows import window_count
from sfumato.models.generation import Generation
from sfumato.models.noise import begins_at_mean, noise_levels, step_count
from sfumato.models.sampling import batch_size, part_to_make
from sfumato.works.edits import Invert


def looks(generation: Generation) -> list[int]:
    """For each step of one batch: how many pictures, or windows of them, networks look at.

    Exact where no part of a picture is kept, and in proportion where one is.
    """
    settings, canvas = generation.settings, generation.canvas
    sigmas = noise_levels(generation.model, settings, canvas)
    levels: list[float] = sigmas[settings.steps - step_count(settings, canvas) :].tolist()
    seen = batch_size(generation.model, canvas) * _windows(generation)
    classes = max(len(generation.classes_of(0)), 1) if canvas.reference is None else 1
    is_guided = generation.guidance_kind != "none"

    def at(sigma: float) -> int:
        return seen * (classes + (is_guided and settings.guidance_low <= sigma <= settings.guidance_high))

    steps = [at(sigma) for sigma in levels[:-1]]
    is_inverted = isinstance(canvas.edit, Invert)
    if settings.sampler == "heun" and not is_inverted:
        steps = [now + (at(later) if later > 0 else 0) for now, later in zip(steps, levels[1:], strict=True)]
    if is_inverted:
        steps[0] += seen * len(steps)
    elif begins_at_mean(generation.model.config, settings, canvas, levels[0]):
        steps[0] += seen * classes
    return steps


def batches(generation: Generation, count: int, first: int = 0) -> int:
    """In how many batches the works number ``first`` to ``first + count - 1`` are made."""
    together = batch_size(generation.model, generation.canvas)
    return (first + count - 1) // together - first // together + 1


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


def _windows(generation: Generation) -> int:
    """In how many windows one picture is looked at."""
    model, canvas = generation.model, generation.canvas
    part = part_to_make(model, canvas, generation.steering)
    if part is not None:
        canvas = canvas.part(*part)
    if canvas.is_one_picture(model.config):
        return 1
    _, height, width = model.codec.shape(canvas.height, canvas.width)
    side = model.config.size // model.codec.factor
    return window_count(height, width, side, max(1, side // 2), canvas.tile)
