"""The training loop: a generator of events. Closing it stops the training and leaves a model that can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean as mean

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from sfumato.diffusion.condition import ClassCondition, Condition
from sfumato.disk import disk_fault
from sfumato.errors import SfumatoError
from sfumato.random import keyed_generator
from sfumato.training.adapting import run_base
from sfumato.training.ancestry import run_likeness
from sfumato.training.calibration import MOST_BATCHES, Calibration, batches_after, calibrate, measured, with_emptiness
from sfumato.training.cascade_examples import CascadeExamples, examples_of
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.conditions import class_conditions, labels_among
from sfumato.training.events import Evaluated, Event, Finished
from sfumato.training.examples import judged_by
from sfumato.training.objectives import Losses
from sfumato.training.reference_noise import share_of_time, with_reference_noise
from sfumato.training.run import Run
from sfumato.training.snapshots import moments
from sfumato.training.state import TrainingState
from sfumato.training.throughput import Throughput
from sfumato.training.warm_start import begin
from sfumato.training.writer import RunWriter, build_model_config

MOST_HALVINGS = 8


def train(
    run: Run,
    *,
    device: torch.device | None = None,
    more_steps: int = 0,
    more_minutes: float = 0.0,
    spent_seconds: float = 0.0,
    conditions: Condition | None = None,
    is_shown: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train a run to its end, from its latest checkpoint if there is one; a finished run only if more is asked for.

    more_steps or more_minutes: train further by so much, on top of what a run that has not ended has still to do;
    spent_seconds: what measuring and planning took of the run's minutes; conditions: [N], what the network is told of
    each of the data set's N pictures, by default its class; is_shown: asked before each step, whether a snapshot of
    that moment is wanted beside those that are planned.
    Yields events; after ``close()`` a checkpoint and a model of the moment are on the disk. Raises SfumatoError where
    another process is at work in the run, the data set has changed, a checkpoint is damaged or the disk is full.
    """
    training = _Training(run, device or torch.device("cpu"), spent_seconds, conditions)
    training.is_shown = is_shown
    return training.events(more_steps, more_minutes)


class _Training:
    def __init__(
        self, run: Run, device: torch.device, spent_seconds: float, conditions: Condition | None = None
    ) -> None:
        self.run, self.device, self.settings = run, device, run.record.settings
        self.dataset = run.open_dataset()
        base = run_base(run, device)
        self.config = build_model_config(run, self.dataset, base)
        self.labels = labels_among(self.config.classes, self.dataset, self.config.name)
        known = class_conditions(self.dataset) if base is None else ClassCondition.of(self.labels)
        self.conditions = known if conditions is None else conditions
        self.state: TrainingState = begin(run, self.dataset, self.config, device, base)
        self.state.elapsed_seconds = spent_seconds
        self.objective = self.state.objective
        self.module: nn.Module = self.objective  # what is called in every step, or what wraps it
        self.writer = RunWriter(run, self.config, self.state, device, base)
        encoded = None if base is None else base.encoded
        self.examples = examples_of(self.dataset, encoded, self.conditions, self.settings, device)
        self.throughput: Throughput
        self.is_shown: Callable[[], bool] = lambda: False

    # ---- the course of a session

    def events(self, more_steps: int, more_minutes: float) -> Iterator[Event]:
        try:
            with self.run.at_work():
                yield from self._session(more_steps, more_minutes)
        except (OSError, SafetensorError) as error:
            place = getattr(error, "filename", None) or self.run.path
            safe = "the last checkpoint is whole: " if self.run.has_begun else ""
            raise SfumatoError(
                f"{place}: cannot be written ({disk_fault(error)}); {safe}make room and go on with --resume"
            ) from error

    def _session(self, more_steps: int, more_minutes: float) -> Iterator[Event]:
        checkpoint = load_checkpoint(self.run.checkpoints)
        if checkpoint is not None:
            self.state.restore(checkpoint, self.settings.early)
        state = self.state
        self.throughput = Throughput(state, self.settings, self.device)
        seconds = self.throughput.likeness_seconds(checkpoint is None)
        self.writer.likeness = run_likeness(self.run, self.dataset, seconds)
        self.writer.config = with_emptiness(self.config, self.examples.dataset, self.labels)
        if checkpoint is None and self.settings.minutes:
            self.throughput.keep(60 * self.settings.minutes - self.throughput.elapsed())
        if more_steps or more_minutes:
            self.throughput.extend(self.run, len(self.dataset.train), more_steps, more_minutes)
        elif state.finished:
            if not (self.run.model / "config.json").exists():
                self.writer.write_model(self.throughput.elapsed(), self._calibration())
            yield Finished(state.step, self.run.model, state.elapsed_seconds)
            return
        self.throughput.begin()
        self.writer.open()
        try:
            if checkpoint is None and (notice := self.objective.notice(self.dataset)):
                yield self.writer.note(notice)
            if checkpoint is None or more_steps or more_minutes:
                yield self.writer.save(self.throughput.elapsed())
            yield from self._to_the_end()
        except GeneratorExit:
            if not state.finished:
                self._leave()
            raise
        finally:
            self.writer.close()

    def _to_the_end(self) -> Iterator[Event]:
        """What is due comes before each step, so that a session that was closed after one goes on where it was."""
        state = self.state
        while True:
            ended = state.place >= state.schedule.end
            halt = ended or state.step % self.settings.cadence.checkpoint_every == 0
            if halt and not state.is_finite():
                yield self._step_back()
                continue
            yield from self._due()
            if state.place >= state.schedule.end:
                break
            if halt and state.step != self.writer.saved:
                yield self.writer.save(self.throughput.elapsed())
            yield from self._one_step()
        yield from self._finish()

    def _one_step(self) -> Iterator[Event]:
        state, settings = self.state, self.settings
        factor = state.schedule.factor(state.place) * state.rate_factor
        self.throughput.begin_step()
        losses = self._losses()
        loss = losses.total.mean()
        if not self.throughput.accepts(loss):
            yield self._step_back()
            return
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimiser.step(factor)
        shown, parts = loss.item(), losses.means()
        state.step += 1
        decision = self.throughput.decide()
        state.place = decision.place
        state.average.update(self.objective.denoiser, state.step)
        state.keep_early(settings.early)
        trained = self.throughput.trained(shown, parts, factor, torch.get_num_threads())
        if state.step % settings.cadence.log_every == 0 or state.place >= state.schedule.end:
            self.writer.write(trained)
        self.throughput.go_on(decision)
        yield trained

    def _losses(self) -> Losses:
        """Those of the next batch."""
        state, seed = self.state, self.settings.seed
        images, condition = self.examples.batch(state.step)
        self.objective.begin_step(state.schedule.progress(state.place), state.average.module)
        generator = keyed_generator("noise", seed, state.step)
        with self._autocast():
            losses: Losses = self.module(images, condition, generator)
        return losses

    def _due(self) -> Iterator[Event]:
        """Measurements and snapshots whose moment has come."""
        state, progress, cadence = self.state, self.state.schedule.progress(self.state.place), self.settings.cadence
        if progress >= (state.evaluations + 1) / cadence.evaluations and len(self.dataset.held_out):
            state.evaluations = int(progress * cadence.evaluations + 1e-9)
            yield from self._evaluate()
        if every := cadence.picture_every:
            passed = -(-state.step // every) if progress >= 1 else state.step // every
        else:
            passed = sum(progress >= moment - 1e-9 for moment in moments(cadence.snapshots))
        is_due = passed > state.snapshots
        state.snapshots = max(passed, state.snapshots)
        if self.is_shown() or is_due:
            yield self._picture()

    def _finish(self) -> Iterator[Event]:
        self.writer.write_model(self.throughput.elapsed(), self._calibration())
        self.writer.summarise()
        finished = Finished(self.state.step, self.run.model, self.throughput.elapsed())
        self.writer.write(finished)
        self.state.finished = True
        self.writer.save(self.throughput.elapsed())
        yield finished

    def _leave(self) -> None:
        """A checkpoint and a model of this moment."""
        if not self.state.is_finite():
            self._step_back()
        self.writer.save(self.throughput.elapsed())
        self.writer.write_model(self.throughput.elapsed())

    # ---- its parts

    def _evaluate(self) -> list[Event]:
        state, began = self.state, self.throughput.elapsed()
        training, held_out = (self._losses_on(indices) for indices in (self.dataset.train, self.dataset.held_out))
        self.throughput.allow("evaluation", self.throughput.elapsed() - began)
        evaluated = Evaluated(state.step, mean(training), mean(held_out))
        self.writer.write(evaluated)
        speaks = state.guard.watch(state.step, self.examples.epochs(state.step), training, held_out)
        if not (speaks and self.settings.guard) or state.noted:
            return [evaluated]
        return [evaluated, *self._by_heart(evaluated.held_out_loss)]

    def _by_heart(self, held_out_loss: float) -> list[Event]:
        """The guard has spoken: a time to keep is cut short, a number of steps is kept to, with a note."""
        state, guard = self.state, self.state.guard
        why = (
            f"the loss on held-out pictures rose from {guard.lowest:.4f} at step {guard.step_at_lowest} to "
            f"{held_out_loss:.4f} while that on training pictures fell"
        )
        if state.timetable is None:
            state.noted = f"from step {guard.step_at_lowest} on it learned its pictures by heart: {why}"
            advice = f"it goes on to step {state.schedule.end}, as was asked; fewer steps would copy less"
            return [self.writer.note(f"{state.noted}; {advice}")]
        sooner = state.schedule.annealing_now(state.place)
        if sooner == state.schedule:
            return []
        state.schedule = sooner
        state.noted = f"ended early, {self.throughput.end()}: {why}: it had begun to learn them by heart"
        return [self.writer.note(state.noted.replace("ended", "ends", 1))]

    @torch.no_grad()
    def _losses_on(self, indices: Tensor) -> list[float]:
        """The average's loss on each of the pictures that a measurement looks at (see `judged_by`), with the same noise
        at every call."""
        chosen, average = judged_by(indices), self.state.average.module
        losses = torch.zeros(len(chosen), dtype=torch.float64)
        for number, (places, images, condition) in enumerate(self.examples.some(chosen)):
            generator = keyed_generator("evaluation", number)
            with self._autocast():
                loss = self.objective.validation_loss(average, images, condition, generator)
            losses[places] = loss.double().cpu()
        _, each = torch.unique(chosen, return_inverse=True)
        sums = torch.zeros(int(each.max()) + 1, dtype=torch.float64).index_add_(0, each, losses)
        return (sums / torch.bincount(each)).tolist()

    def _picture(self) -> Event:
        began, model, settings = self.throughput.elapsed(), self.writer.model(), self.settings
        pictures = self.objective.snapshot(model, self.dataset, settings.seed, settings.precision)
        event = self.writer.picture(pictures)
        self.throughput.allow("snapshot", self.throughput.elapsed() - began)
        return event

    def _calibration(self) -> Calibration | None:
        """How works are best sampled; None after a training too short to tell, and of what is sampled in one way."""
        state, throughput, examples = self.state, self.throughput, self.examples
        batches, counted_in_steps = batches_after(self.settings, state.step), state.timetable is None
        if not batches or not (counted_in_steps or throughput.calibration_seconds):
            return None
        end = throughput.elapsed() + throughput.calibration_seconds
        of_base = end - share_of_time(self.config) * throughput.calibration_seconds
        pictures = measured(examples.dataset, self.config.class_shares, self.labels)
        shares: list[float | None] = [*state.early.shares(state.step)] or [None]
        models = {share: self.writer.model(early_share=share).base for share in shares}
        left = None if counted_in_steps else lambda: of_base - throughput.elapsed()
        found = calibrate(models, pictures, batches if counted_in_steps else MOST_BATCHES, left)
        if found is None or not isinstance(examples, CascadeExamples):
            return found
        left, model = None if left is None else lambda: end - throughput.elapsed(), self.writer.model(calibration=found)
        return with_reference_noise(found, model, examples.levels[1], left)

    def _step_back(self) -> Event:
        """A loss or a weight was not finite: back to the last checkpoint, at half the learning rate."""
        state, step, factor = self.state, self.state.step, self.state.rate_factor / 2
        elapsed, end = self.throughput.elapsed(), self.throughput.end_seconds()
        checkpoint = load_checkpoint(self.run.checkpoints)
        if checkpoint is None or factor < 0.5**MOST_HALVINGS:
            raise SfumatoError(
                f"{self.run.path}: the loss is not finite at step {step}, even at 1/{1 / state.rate_factor:.0f} "
                "of the learning rate; begin again with another --seed or a lower learning rate"
            )
        state.restore(checkpoint, self.settings.early)
        state.rate_factor, state.elapsed_seconds = factor, elapsed
        self.writer.forget_later()
        self.throughput.went_back(end)
        return self.writer.note(
            f"the loss was not finite at step {step}: "
            f"back to step {state.step} at 1/{1 / factor:.0f} of the learning rate"
        )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16")
