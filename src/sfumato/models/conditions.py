"""What a model is told besides the noise: classes of its own, or words where it is a pre-trained one."""

from __future__ import annotations

from collections.abc import Iterable

from sfumato.diffusion import ClassCondition, Condition, Mixture
from sfumato.models.canvas import Canvas
from sfumato.models.classes import class_index, class_mixture
from sfumato.models.model import Model
from sfumato.text import printable, shortened


def seen_at_once(model: Model, canvas: Canvas) -> tuple[int, int]:
    """Height and width, in pixels, of what the network sees of a canvas at once: all of it, or one window."""
    whole = canvas.is_one_picture(model.config)
    return (canvas.height, canvas.width) if whole else (model.config.size, model.config.size)


def mixture_of_words(
    model: Model, canvas: Canvas, prompt: str, negative: str | None = None, distilled_guidance: float | None = None
) -> Mixture:
    """For one picture of a canvas. negative: what guidance leads away from, None for what is usual with the model;
    distilled_guidance: of a network that is told one."""
    assert model.pretrained is not None, "no other model understands words"
    height, width = seen_at_once(model, canvas)
    encoder = model.pretrained.encoder
    return Mixture.of(encoder.condition(prompt, height, width, negative, distilled_guidance))


def cut_from(model: Model, prompts: Iterable[str]) -> list[str]:
    """A sentence on each prompt that is longer than the model's text encoders take. prompts: as they are told it."""
    if model.pretrained is None:
        return []
    cuts = {prompt: model.pretrained.encoder.cut(prompt) for prompt in dict.fromkeys(prompts)}
    return [
        f"the prompt '{shortened(printable(prompt), 60)}' is longer than the model reads: "
        f"from '{shortened(printable(cut), 60)}' on it is not seen"
        for prompt, cut in cuts.items()
        if cut
    ]


def mixture_named(model: Model, canvas: Canvas, name: str | None) -> Mixture:
    """For one picture: of a class or a mixture by name, or of words; None for nothing."""
    if model.config.takes_prompts:
        return mixture_of_words(model, canvas, name or "")
    return ClassCondition.mixture({} if name is None else class_mixture(name, model.config))


def away_from(model: Model, negative: str | None) -> Condition | None:
    """The condition of the class that guidance leads away from; None for 'nothing'. Words to lead away from are part of
    the condition of a prompt."""
    unwanted = unwanted_of(model, negative)
    return ClassCondition.of([unwanted]) if isinstance(unwanted, int) else None


def unwanted_of(model: Model, negative: str | None) -> int | str | None:
    """What guidance leads away from: the index of a class, or words. Raises SfumatoError for an unknown class."""
    return negative if negative is None or model.config.takes_prompts else class_index(negative, model.config)
