"""Making works: one generator, whatever is asked for. A work depends on its model, its request and the environment, and
on nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import torch
from PIL import Image
from torch import Tensor

from sfumato.diffusion import Mixture
from sfumato.diffusion.samplers import Step
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_pictures
from sfumato.likeness import Finding
from sfumato.models.abilities import check_allowed, check_generates, check_prompts, check_subject, settings_for
from sfumato.models.candidates import SEEDS_APART, Choice
from sfumato.models.canvas import Canvas, plain_canvas
from sfumato.models.cascade import sampling_for
from sfumato.models.conditions import away_from
from sfumato.models.emptiness import is_all_but_empty
from sfumato.models.estimates import effective_guidance
from sfumato.models.judging import check_can_be_judged, judged
from sfumato.models.model import Model
from sfumato.models.noise import noise_of
from sfumato.models.progress import Progress, warn_of
from sfumato.models.sampling import InitialNoise, Sampling, batch_size, one_pass
from sfumato.models.steering import Steering
from sfumato.models.told import Told
from sfumato.policy.policy import Policy
from sfumato.text import counted, readable
from sfumato.works import Recipe, Work
from sfumato.works.edits import Reconstruct
from sfumato.works.prompts import NO_WORDS, Prompts
from sfumato.works.recipe import Environment
from sfumato.works.refusal import Refusal, RefusedWarning, said_of_refusals
from sfumato.works.request import Request
from sfumato.works.sampler_settings import SamplerSettings


@dataclass(frozen=True, eq=False)
class Generation:
    """A model and everything that is asked of it but the number of works.

    request: complete, what was left open is as the model has it; canvas: what the request's pictures and size make;
    origin: of a picture to be enlarged that is a work, its recipe; earlier: what that is near to; policy: the limits
    that hold; attempt: how far its seed is beyond the one that was asked for, by 1 for each work that was refused in
    its place, and by SEEDS_APART for each other candidate and each that was all but empty; prompts: that a series
    goes through, of a model that reads text; choice: which of the works that are made are kept.
    """

    model: Model
    request: Request
    canvas: Canvas
    origin: Recipe | None = None
    earlier: Finding | None = None
    policy: Policy = field(default_factory=Policy.none)
    attempt: int = 0
    prompts: Prompts = NO_WORDS
    choice: Choice = field(default_factory=Choice)

    @classmethod
    def of(
        cls,
        model: Model,
        request: Request | None = None,
        *,
        canvas: Canvas | None = None,
        origin: Recipe | None = None,
        policy: Policy | None = None,
        prompts: Prompts | None = None,
        **asked: object,
    ) -> Self:
        """What a request asks of a model, or what is asked by the plain names of its fields (see ``Request.of``).

        canvas: by default an empty one of the request's size; policy: by default that of this computer; prompts: by
        default the request's own. Raises SfumatoError for an unknown class, a value out of range, autoguidance with a
        model that carries no early weights, what the model cannot do, and what the policy does not allow.
        """
        policy = Policy.current() if policy is None else policy
        if request is None:
            request = Request.of(**asked)
        model = model.at(request.stage)
        canvas = canvas or plain_canvas(model.config, request.canvas)
        check_subject(model, request, prompts)
        chosen = settings_for(model, request, canvas)
        check_generates(model, chosen, canvas, Steering(request.palette, request.composition))
        # As it is typed, a name may be taken apart or in other bytes; a recipe keeps it as text that can be written.
        label, negative = (None if name is None else readable(name) for name in (request.label, request.negative))
        check_allowed(policy, model, chosen, canvas, label=label, negative=negative)
        made = {"label": label, "negative": negative, "sampling": chosen, "canvas": canvas.shape, "edit": canvas.edit}
        complete = request.model_copy(update=made)
        prompts = prompts or Prompts.of(request.prompt or "")
        generation = cls(model, complete, canvas, origin, policy=policy, prompts=prompts)
        if generation.guidance_kind == "autoguidance":
            model.early_denoiser()
        return generation

    def works(self, count: int = 1, first: int | None = None) -> Iterator[Work]:
        """Yields ``count`` works, from the request's own on, or from that of the position ``first``; fewer, with a
        RefusedWarning, where some are not let out."""
        refused: list[Refusal] = []
        for progress in self.events(count, first):
            yield from progress.works
            warn_of(progress.notes)
            refused += [refusal for refusal in progress.refused if not refusal.again]
        for said in said_of_refusals(refused):
            warnings.warn(said, RefusedWarning, stacklevel=2)

    def work(self) -> Work:
        """The request's own work. Raises SfumatoError where it is not let out."""
        refused: tuple[Refusal, ...] = ()
        for progress in self.events():
            warn_of(progress.notes)
            if progress.works:
                return progress.works[0]
            refused = progress.refused or refused
        raise SfumatoError(f"the work was refused: {refused[-1]}; try another seed")

    @torch.inference_mode()
    def events(self, count: int = 1, first: int | None = None, *, previews: bool = False) -> Iterator[Progress]:
        """Yields every step of every batch; a batch's last step carries its works.

        Where works are made again, since they were refused or are all but empty, a batch of them with a later seed
        follows at once.
        """
        check_can_be_judged(self.model, self.policy, count)
        for positions in self._batches(count, first):
            check_prompts(self.policy, map(self.told.prompt_of, positions))
        with self.model.giving_way():
            for positions in self._batches(count, first):
                waiting: list[tuple[Generation, Sequence[int]]] = [(self, positions)]
                while waiting:
                    asked, wanted = waiting.pop(0)
                    sampling = asked._sampled(wanted)
                    for step in sampling.steps:
                        progress = asked._progress(step, sampling, wanted, previews=previews)
                        yield progress
                    for seeds in sorted({refusal.again for refusal in progress.refused} - {0}):
                        later = asked.after(seeds)
                        places = [refusal.position for refusal in progress.refused if refusal.again == seeds]
                        check_prompts(self.policy, map(later.told.prompt_of, places))  # another seed chooses otherwise
                        waiting.append((later, places))

    def _progress(self, step: Step, sampling: Sampling, positions: Sequence[int], *, previews: bool) -> Progress:
        """positions: of the works that are wanted of a batch."""
        retries = self.policy.limits.retries
        is_last = step.index + 1 == step.steps
        is_lost = not step.x.flatten(1).isfinite().all(1).any() and (self.choice.best_of == 1 or is_last)
        if is_lost and self.attempt == 0 and (len(step.x) > 1 or not retries):
            sampling.check(step.x)  # it says why: there is nothing to go on with
        images = sampling.decode(step.x, is_last) if previews or is_last else None
        pictures = () if images is None else tuple(to_pictures(images))
        works: tuple[Work, ...] = ()
        refused: tuple[Refusal, ...] = ()
        if images is not None and is_last:
            works, refused = self._judged(positions, pictures, images, sampling.chosen)
        notes = self.told.left_out(positions) if step.index == 0 else ()
        return Progress(
            positions,
            step.index + 1,
            step.steps,
            step.sigma,
            pictures if previews else (),
            tuple(to_pictures(sampling.decode(step.denoised, False))) if previews else (),
            works,
            refused,
            self.attempt,
            notes,
        )

    def _judged(
        self,
        positions: Sequence[int],
        pictures: Sequence[Image.Image],
        images: Tensor,
        chosen: Sequence[int],
    ) -> tuple[tuple[Work, ...], tuple[Refusal, ...]]:
        """What is let out, and what is not. chosen: of several candidates which each is."""
        policy, canvas, model = self.policy, self.canvas, self.model
        found = judged(pictures, images, policy, model.likeness, earlier=self.earlier, from_noise=canvas.is_empty)
        retries = 0 if isinstance(canvas.edit, Reconstruct) else policy.limits.retries
        again = int(self.attempt % SEEDS_APART < retries)
        empty = is_all_but_empty(model.config, images) if self.choice.draws_again(self.attempt) else None
        works, refused = [], []
        each, is_empty = chosen or [0] * len(pictures), empty or [False] * len(pictures)
        for position, picture, one, candidate, nothing in zip(positions, pictures, found, each, is_empty, strict=True):
            made = self.after(candidate * SEEDS_APART)
            if nothing or one.refused:
                seeds = self.choice.seeds if nothing else again
                refused.append(Refusal(made.request.series_seed, position, one.refused, seeds, is_empty=nothing))
                continue
            recipe = made.recipe(position, self.told.label_of(position))
            works.append(Work(picture, recipe, model.config.learned_from, kept=canvas.kept, finding=one.finding))
        return tuple(works), tuple(refused)

    def after(self, seeds: int) -> Self:
        """The same of the seed that is so many later."""
        seed = (self.request.series_seed + seeds) % 2**63
        return replace(self.with_seed(seed), attempt=self.attempt + seeds) if seeds else self

    def pictures(self, count: int = 1, first: int | None = None) -> Tensor:
        """The pictures of the same works before they are rounded to 8 bits, all of them, unjudged: [count, 3, H, W] in
        about -1..1."""
        with self.model.giving_way():
            sampled = map(self._sampled, self._batches(count, first))
            return torch.cat([sampling.last().cpu() for sampling in sampled])

    def _batches(self, count: int, first: int | None) -> Iterator[Sequence[int]]:
        """Of each batch the positions that are asked for."""
        first = self.request.position if first is None else first
        if count < 1:
            raise SfumatoError(f"{counted(count, 'work')}: give 1 or more")
        if isinstance(self.canvas.edit, Reconstruct):
            yield range(first, first + 1)
            return
        batch = batch_size(self.model, self.canvas)
        for start in range(first - first % batch, first + count, batch):
            yield range(max(start, first), min(start + batch, first + count))

    def _sampled(self, positions: Sequence[int]) -> Sampling:
        """What samples the works at these positions of one batch."""
        if isinstance(self.canvas.edit, Reconstruct):
            return one_pass(self.model, self.canvas)
        negative = away_from(self.model, self.request.negative)
        batch = batch_size(self.model, self.canvas)
        start = positions[0] - positions[0] % batch
        # A batch is always full: what is not asked for holds what would stand there, as works depend on the place.
        candidates = [self.after(number * SEEDS_APART) for number in range(self.choice.best_of)]
        # All candidates for a work are of one class, or the critic would decide how frequent classes are.
        told = {position: self.told.mixture_of(position) for position in range(start, start + batch)}
        initial = [[one.initial_noise(place, mixture) for place, mixture in told.items()] for one in candidates]
        return sampling_for(
            self.model,
            self.settings,
            initial,
            [position - start for position in positions],
            negative=negative,
            canvas=self.canvas,
            steering=self.steering,
        )

    @property
    def settings(self) -> SamplerSettings:
        return self.request.sampling

    @property
    def steering(self) -> Steering:
        return Steering(self.request.palette, self.request.composition)

    def with_seed(self, seed: int) -> Self:
        """The same, of another seed."""
        return replace(self, request=self.request.at(seed=seed))

    def choosing(self, best_of: int = 1, *, keep_empty: bool = True) -> Self:
        """The same with the best kept of so many works in the place of each; keep_empty: and without any being drawn
        again that is all but empty. See `Choice.of`, and what that raises."""
        return replace(self, choice=Choice.of(self.model, self.request, self.canvas, best_of, keep_empty=keep_empty))

    def asking(self, copies: str | None = None, retries: int | None = None) -> Self:
        """The same with what is asked for beside the policy; see ``Policy.asked``."""
        return replace(self, policy=self.policy.asked(copies, retries))

    def initial_noise(self, position: int, told: Mixture | None = None) -> InitialNoise:
        """What the work at a position begins with. told: in place of what this seed's own work is told."""
        mixture = self.told.mixture_of(position) if told is None else told
        return InitialNoise(noise_of(self.request.at(position)), mixture)

    @cached_property
    def told(self) -> Told:
        """What the network is told of each work."""
        return Told(self.model, self.request, self.canvas, self.policy, self.prompts)

    @property
    def guidance_kind(self) -> str:
        return effective_guidance(self.model, self.settings, negative=self.request.negative is not None)

    def recipe(self, position: int, label: str | None = None) -> Recipe:
        """All that is needed to make the work at a position again. label: its class, where another seed drew it."""
        sampling = self.settings
        if self.guidance_kind == "none":
            sampling = sampling.model_copy(update={"guidance": 1.0})
        told = {"prompt": self.told.prompt_of(position)} if self.model.config.takes_prompts else {}
        said = {"label": label or self.told.label_of(position), "sampling": sampling, **told}
        made = self.request.at(position).model_copy(update=said)
        return Recipe(
            model=self.model.reference,
            request=made if self.policy.keeps_prompts else made.withholding_words(),
            environment=Environment.here(self.model.device.type, self.model.fitted),
            origin=self.origin,
            policy=self.policy.digest if self.policy.judges else None,
            attempt=self.attempt,
        )
