"""What a sampler asks: the model's estimate under its conditions, with guidance, in windows where a canvas is large."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoise, Mixture, PictureCondition, at_level, conditioned, guide, mixed
from sfumato.diffusion.windows import Positions, windowed
from sfumato.models.canvas import Canvas
from sfumato.models.model import Model
from sfumato.works.sampler_settings import SamplerSettings

AT_ONCE = 64  # windows that the network sees at once


def window_stride(model: Model) -> int:
    """The largest distance between windows that a model looks at a canvas in, in its codec's cells."""
    side = model.config.size // model.codec.factor
    # Measured: where a reference says what windows are parts of, they need not overlap by half.
    return max(1, 3 * side // 4 if model.config.enlarges else side // 2)


def estimate(
    model: Model, settings: SamplerSettings, canvas: Canvas, mixture: Mixture, negative: Condition | None = None
) -> Denoise:
    """What a sampler asks of a whole canvas: `guided`, in windows where the model cannot see it at once.

    mixture: of N pictures; negative: of one.
    """
    mixture = mixture.to(model.device)
    if negative is not None:
        negative = negative.to(model.device).repeat(mixture.weights.shape[1])
    if canvas.is_one_picture(model.config):
        return guided(model, settings, mixture, negative)
    side = model.config.size // model.codec.factor

    def in_windows(x: Tensor, sigma: float, positions: Positions) -> Tensor:
        wanted = mixture.windows(positions)
        unwanted = None if negative is None else negative.windows(positions)
        made = []
        at_once = AT_ONCE if model.pretrained is None else 1
        for start in range(0, len(x), at_once):
            part = slice(start, start + at_once)
            denoise = guided(model, settings, wanted[part], None if unwanted is None else unwanted[part])
            made.append(denoise(x[part], sigma))
        return torch.cat(made)

    return windowed(in_windows, side=side, stride=window_stride(model), wrap=canvas.tile)


def guided(model: Model, settings: SamplerSettings, mixture: Mixture, negative: Condition | None = None) -> Denoise:
    """The model's estimate under a mixture of conditions, with guidance and sharpness, in the settings' precision.

    It takes as many evaluations as the mixture has conditions, and one for guidance. negative: what guidance leads away
    from, a condition of as many pictures; None for 'nothing'.
    """
    wanted = _evaluated(
        model,
        settings,
        mixed([conditioned(model.denoiser, one) for one in mixture.conditions or (None,)], mixture.weights),
    )
    kind = effective_guidance(model, settings, negative=negative is not None)
    if kind == "none":
        return wanted
    if negative is None and mixture.conditions:
        negative = mixture.conditions[0].drop()
    other = model.early_denoiser() if kind == "autoguidance" else model.denoiser
    unwanted = _evaluated(model, settings, conditioned(other, negative))
    interval = (settings.guidance_low, settings.guidance_high)
    return guide(
        wanted,
        unwanted,
        settings.guidance,
        interval,
        settings.guidance_chroma,
        model.codec,
        contrast=settings.guidance_contrast,
        middle=_reference(model, mixture),
        detail=(settings.detail_below, settings.guidance_of_detail),
    )


def _reference(model: Model, mixture: Mixture) -> Tensor | None:
    """What an upscaler adds its detail to, in the codec's latents; None of other models. It is the same under all
    conditions."""
    first = mixture.conditions[0] if mixture.conditions else None
    return first.picture[:, : model.codec.channels].float() if isinstance(first, PictureCondition) else None


def effective_guidance(model: Model, settings: SamplerSettings, *, negative: bool = False) -> str:
    """'none' where nothing would change: at 1, or away from 'nothing' in a model without conditions."""
    without = settings.guidance_kind == "classifier_free" and not model.is_conditional and not negative
    return "none" if settings.guidance == 1 or without else settings.guidance_kind


def _evaluated(model: Model, settings: SamplerSettings, denoise: Denoise) -> Denoise:
    """An estimate in the precision of the settings, for a noise level that is lowered by their sharpness."""

    def evaluate(x: Tensor, sigma: float) -> Tensor:
        timing = nullcontext() if model.threads is None else model.threads.timing(len(x))
        # A pre-trained network's weights are in the precision that it computes in.
        is_cast = settings.precision == "bfloat16" and model.pretrained is None
        less = at_level(sigma, settings.detail_below, 0.0, settings.sharpness)
        with timing, torch.autocast(x.device.type, torch.bfloat16, enabled=is_cast):
            return denoise(x, sigma * (1 - less))  # type: ignore[arg-type]  # maybe one for each picture

    return evaluate
