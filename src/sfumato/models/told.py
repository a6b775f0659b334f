"""What a network is told of each work of a series: classes, or words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sfumato.diffusion import ClassCondition, Mixture
from sfumato.models.canvas import Canvas
from sfumato.models.classes import class_mixture, drawn_class
from sfumato.models.conditions import cut_from, mixture_of_words
from sfumato.models.model import Model
from sfumato.models.sampling import part_to_make
from sfumato.models.steering import Steering
from sfumato.policy.policy import Policy
from sfumato.works.prompts import Prompts, spoken
from sfumato.works.request import Request


@dataclass(frozen=True, eq=False)
class Told:
    """A request of a model on a canvas, complete; policy: which classes may be drawn; prompts: that a series goes
    through, of a model that reads text. Positions are those of works in the series."""

    model: Model
    request: Request
    canvas: Canvas
    policy: Policy
    prompts: Prompts

    def mixture_of(self, position: int) -> Mixture:
        """What the network is told of the work at a position."""
        if not self.model.config.takes_prompts:
            return ClassCondition.mixture(self.classes_of(position))
        part = part_to_make(self.model, self.canvas, Steering(self.request.palette, self.request.composition))
        within = self.canvas if part is None else self.canvas.part(*part)
        words, guidance = spoken(self.prompt_of(position)), self.request.sampling.distilled_guidance
        return mixture_of_words(self.model, within, words, self.request.negative, guidance)

    def prompt_of(self, position: int) -> str:
        """The words that a work is made from, as its recipe has them."""
        return self.prompts.at(position, self.request.series_seed)

    def left_out(self, positions: Sequence[int]) -> tuple[str, ...]:
        """What the network does not read of the words of these works, in sentences."""
        return tuple(cut_from(self.model, [spoken(self.prompt_of(position)) for position in positions]))

    def classes_of(self, position: int) -> Mapping[int, float]:
        """The classes of a work and their weights: those asked for, or one that is allowed, drawn as often as in
        training."""
        if self.request.label is not None:
            return class_mixture(self.request.label, self.model.config)
        if not self.model.config.classes:
            return {}
        return {drawn_class(self._allowed, self.model.config, self.request.series_seed, position): 1.0}

    def label_of(self, position: int) -> str | None:
        """The same in words: one class by its own name, a mixture as it was asked for."""
        classes = self.classes_of(position)
        if len(classes) > 1:
            return self.request.label
        return next((self.model.config.classes[number] for number in classes), None)

    @cached_property
    def _allowed(self) -> list[int]:
        """The classes that may be drawn."""
        return self.policy.allowed_classes(self.model.config.classes)
