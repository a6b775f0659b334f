"""Several works made in the place of one: which is kept, and the one that the model's critic likes best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import torch
from torch import Tensor

from sfumato.diffusion import Step
from sfumato.errors import SfumatoError
from sfumato.models.canvas import Canvas
from sfumato.models.critic import Critic
from sfumato.models.emptiness import MOST_REDRAWS
from sfumato.models.model import Model
from sfumato.models.sampling import InitialNoise, Sampling
from sfumato.works.request import Request
from sfumato.works.values import MOST_CANDIDATES

# Between the seeds of the candidates for one work: whoever asks for the next seed gets others.
SEEDS_APART: Final = 1_000_000


@dataclass(frozen=True)
class Choice:
    """Which of the works that are made are kept.

    best_of: how many candidates there are for each, of which the model's critic chooses one; redraws: how often a work
    that is all but empty is drawn again.
    """

    best_of: int = 1
    redraws: int = 0

    @classmethod
    def of(cls, model: Model, request: Request, canvas: Canvas, best_of: int, *, keep_empty: bool) -> Self:
        """best_of: 1 to MOST_CANDIDATES. keep_empty: else works are drawn again that are all but empty, where the model
        knows how empty its pictures are, and where a work follows from its seed alone: one that begins with a picture,
        is steered or is a variation is never drawn again. Raises SfumatoError for a number out of range, and where
        several candidates are asked for and nothing can choose."""
        if not 1 <= best_of <= MOST_CANDIDATES:
            raise SfumatoError(f"best of {best_of}: a whole number from 1 to {MOST_CANDIDATES} is needed")
        if best_of > 1:
            critic_of(model, canvas)
        is_free = canvas.is_empty and not (request.slerps or request.palette or request.composition)
        knows = model.config.empty_below is not None
        return cls(best_of, MOST_REDRAWS if knows and is_free and not keep_empty else 0)

    @property
    def seeds(self) -> int:
        """How many later those of other candidates are."""
        return self.best_of * SEEDS_APART

    def draws_again(self, attempt: int) -> bool:
        """Whether a work is, if it is all but empty: attempt as in a `Generation`."""
        return attempt // self.seeds < self.redraws


@dataclass(eq=False)
class Candidates:
    """The works that a model's own network makes in the place of each other, before any is enlarged.

    each: what samples them, the whole batch with one candidate for each work, then with the next; initial: what each
    begins with; wanted: places in the batch; critic: of the model. Once the last step is made, ``chosen`` says for each
    that is wanted which candidate it is, and ``noise`` what that began with.
    """

    each: Sequence[Sampling]
    initial: Sequence[Sequence[InitialNoise]]
    wanted: Sequence[int]
    critic: Critic
    chosen: list[int] = field(default_factory=list)
    noise: list[InitialNoise] = field(default_factory=list)

    def sampling(self) -> Sampling:
        """All of them one after the other; the last step has the chosen ones in their places."""
        return replace(self.each[0], steps=self._steps())

    def _steps(self) -> Iterator[Step]:
        last: list[Step] = []
        for number, sampling in enumerate(self.each):
            for step in sampling.steps:
                total = step.steps * len(self.each)
                numbered = replace(step, index=number * step.steps + step.index, steps=total)
                if numbered.index + 1 < total:
                    yield numbered
            last.append(numbered)
        self._choose(last)
        x, denoised = last[0].x.clone(), last[0].denoised.clone()
        for place, candidate in zip(self.wanted, self.chosen, strict=True):
            x[place], denoised[place] = last[candidate].x[place], last[candidate].denoised[place]
        yield replace(last[-1], x=x, denoised=denoised)

    def _choose(self, last: Sequence[Step]) -> None:
        scores = [self._scores(sampling, step) for sampling, step in zip(self.each, last, strict=True)]
        self.chosen[:] = torch.stack(scores).argmax(0).tolist()
        chosen = zip(self.wanted, self.chosen, strict=True)
        self.noise[:] = [self.initial[candidate][place] for place, candidate in chosen]

    def _scores(self, sampling: Sampling, step: Step) -> Tensor:
        """[wanted]; what holds no numbers is never chosen, where there is another."""
        pictures = sampling.decode(step.x, True)[list(self.wanted)]
        is_sound = pictures.isfinite().flatten(1).all(1).cpu()
        return self.critic.scores(pictures.nan_to_num().clamp(-1, 1)).masked_fill(~is_sound, -torch.inf)


def critic_of(model: Model, canvas: Canvas) -> Critic:
    """What chooses among a model's works. Raises SfumatoError where nothing can."""
    if not canvas.is_empty:
        raise SfumatoError("best of: what begins with a picture has no candidates to choose from; leave it out")
    if model.config.critic is None:
        raise SfumatoError(
            f"best of: the model '{model.config.name}' has no critic to choose by; trainings of some minutes fit one, "
            "of models that make works of noise in many steps: leave it out, or train one"
        )
    return model.config.critic
