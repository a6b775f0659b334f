"""How sampling looks in a terminal: a bar that moves with every look of a network, and beforehand how long it takes."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console

from sfumato.cli.bar import SamplingTime, percent_bar

if TYPE_CHECKING:
    from sfumato.diffusion import Denoiser
    from sfumato.models import Generation, Progress

NEARLY: Final = 0.97  # of a step: it has ended when its event is there


class Part:
    """A number of works of one request, and how far they are. Looks are those of `sfumato.models.effort.looks`."""

    def __init__(self, generation: Generation, count: int, first: int = 0) -> None:
        from sfumato.models.effort import look_flops, stage_looks, wanted_of_batches

        self.model, upscalers = generation.model, generation.model.upscalers
        # A look of an upscaler counts as so many of the model's own network.
        self.shares = [1.0, *(look_flops(each) / self.cost for each in upscalers)]

        def planned(wanted: int) -> list[float]:
            looks = zip(self.shares, stage_looks(generation, wanted), strict=True)
            return [share * look for share, stage in looks for look in stage]

        self.planned_of = functools.cache(planned)
        self.wanted = wanted_of_batches(generation, count, first)  # of the batches that are still to come
        self.total = float(sum(sum(self.planned_of(wanted)) for wanted in self.wanted))
        self.steps = self.planned_of(self.wanted.pop(0))
        self.planned = 0.0  # looks that the steps which have ended were thought to take
        self.looked = self.in_step = 0.0  # looks that were taken, in all and since the last step ended
        self.next_step, self.batch_ended, self.followed, self.ended, self.seconds = 0, False, False, False, 0.0
        self.is_sure = True  # of the total, so that something can be said of it

    @functools.cached_property
    def cost(self) -> float:
        """Of a look, in proportion, before one was timed: a network is asked for it, where it is compared."""
        from sfumato.models.effort import look_flops

        return look_flops(self.model.base)

    def has(self, denoiser: Denoiser) -> bool:
        return not self.ended and self.model.stage_of(denoiser) is not None

    def look(self, denoiser: Denoiser, count: int) -> None:
        looks = self.shares[self.model.stage_of(denoiser) or 0] * count
        self.looked += looks
        self.in_step += looks

    def and_then(self, other: Part) -> None:
        """Each work is looked at by the same networks once more, as another part says."""
        self.steps, self.total = [*self.steps, *other.steps], self.total + other.total

    def expect(self, batch: int, batches: int) -> None:
        """So many batches of so many have taken what was looked at until now, and the others will as well."""
        self.total, self.is_sure = self.looked / batch * batches, True

    def another_batch(self, wanted: int) -> None:
        """One more is made than was planned, as of so many works that were refused."""
        self.wanted.insert(0, wanted)
        self.total += sum(self.planned_of(wanted))

    def spare(self, count: int) -> None:
        """So many works are not made after all, each of which is a batch of its own."""
        self.total -= count * sum(self.steps)

    def step(self) -> None:
        if self.next_step == 0 and self.batch_ended:
            self.steps = self.planned_of(self.wanted.pop(0)) if self.wanted else self.steps
        self.planned += self.steps[self.next_step]
        self.next_step = (self.next_step + 1) % len(self.steps)
        self.batch_ended = self.next_step == 0
        self.in_step = 0.0

    @property
    def done(self) -> float:
        """Of ``total``. Steps are sure; within one it is reckoned how many looks a planned one has been until now."""
        if self.ended:
            return self.total
        if not self.followed:
            return min(self.looked, NEARLY * self.total)
        before = self.looked - self.in_step
        ratio = before / self.planned if self.planned else 1.0
        step = self.steps[self.next_step]
        return self.planned + min(self.in_step / ratio if ratio else 0.0, NEARLY * step)


class SamplingBar(ExitStack):
    """Make it as the context in which the sampling happens.

    what: the works in words, '16 works'. parts: what will be sampled; those of one model in the order of their turns.
    """

    def __init__(
        self, console: Console, what: str, parts: Sequence[Part], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        from sfumato.models.effort import watched_looks

        super().__init__()
        self.parts, self.clock = list(parts), clock
        self.costs = [part.cost for part in self.parts] if len(self.parts) > 1 else [1.0]
        self.turn: Part | None = None
        self.looking, self.time = self.parts[0], SamplingTime(console, what, clock)
        self.last = self.time.began
        self.progress, self.task = percent_bar(console, what, 1.0)
        self.enter_context(self.progress)
        self.enter_context(watched_looks(self._looked))

    def note(self, event: Progress, part: Part | None = None) -> None:
        """A step of a batch has ended, of the first part or another."""
        part = part or self.parts[0]
        part.followed = True
        if event.attempt and event.step == 1 and part.planned:  # a work that is made again has its own to begin with
            part.another_batch(len(event.positions))
        part.step()
        self._show()

    @contextmanager
    def turn_of(self, part: Part | None) -> Iterator[None]:
        """Within, what networks look at is that part's, although another one has the same; None for no one's."""
        self.turn = part
        try:
            yield
        finally:
            self.turn = None

    def end(self, part: Part) -> None:
        """All of a part is made."""
        part.ended = True
        self._show()

    @property
    def share(self) -> float:
        """0 to 1, of all parts."""
        each = list(zip(self.parts, self.costs, strict=True))
        return sum(part.done * cost for part, cost in each) / sum(part.total * cost for part, cost in each)

    @property
    def seconds_left(self) -> float:
        """Each part at the pace that it had; one that has not begun as its network's size says."""
        each = list(zip(self.parts, self.costs, strict=True))
        spent = sum(part.seconds for part in self.parts)
        per_cost = spent / max(1e-9, sum(part.done * cost for part, cost in each))
        return sum(
            (part.total - part.done) * (part.seconds / part.done if part.done else per_cost * cost)
            for part, cost in each
        )

    def _looked(self, denoiser: Denoiser, count: int) -> None:
        part = self.turn or next((part for part in self.parts if part.has(denoiser)), None)
        if part is not None:
            self._show()  # what was before: this look has only begun
            part.look(denoiser, count)
            self.looking = part

    def _show(self) -> None:
        now = self.clock()
        self.looking.seconds += now - self.last
        self.last = now
        share = self.share
        is_sure = any(one.is_sure and (one.planned or (not one.followed and one.looked)) for one in self.parts)
        left = self.time.told(share, self.seconds_left, is_sure=is_sure)
        self.progress.update(self.task, completed=share, description=left)
