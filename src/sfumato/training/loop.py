"""The training loop: a generator of events. Closing it stops the training and leaves a model that can be used."""

from __future__ import annotations

import copy
import math
import shutil
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict

import torch
from safetensors import SafetensorError
from torch import Tensor

from sfumato.dataset import Batches, Dataset, spread
from sfumato.diffusion.randomness import keyed_generator
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.card import model_card
from sfumato.training.assembly import objective_of, optimiser_of, schedule_of
from sfumato.training.average import PowerAverage
from sfumato.training.checkpoint import disk_fault, load_checkpoint, save_checkpoint
from sfumato.training.events import Evaluated, Event, Finished, Noted, Pictured, Saved, Trained
from sfumato.training.inheritance import inherit
from sfumato.training.objective import Objective
from sfumato.training.outcome import model_config, training_facts
from sfumato.training.run import Run, RunLog, replace_directory
from sfumato.training.snapshots import Snapshots, moments
from sfumato.training.state import TrainingState

REPLAN_SECONDS = 5.0
MOST_HALVINGS = 8
EVALUATED = 128


def train(
    run: Run,
    *,
    device: torch.device | None = None,
    more_steps: int = 0,
    more_minutes: float = 0.0,
    spent_seconds: float = 0.0,
) -> Iterator[Event]:
    """Train a run to its end, from its latest checkpoint if there is one; a finished run only if more is asked for.

    more_steps or more_minutes: train a finished run further by so much; spent_seconds: what measuring and planning
    took of the run's minutes. Yields events; after ``close()`` a checkpoint and a model of the moment are on the disk.
    Raises SfumatoError where the data set has changed, a checkpoint is damaged or the disk is full.
    """
    return _Training(run, device or torch.device("cpu"), spent_seconds).events(more_steps, more_minutes)


class _Training:
    def __init__(self, run: Run, device: torch.device, spent_seconds: float) -> None:
        self.run, self.device, self.settings = run, device, run.record.settings
        if self.settings.threads and device.type == "cpu":
            torch.set_num_threads(self.settings.threads)
        if not run.dataset.is_dir():
            raise SfumatoError(
                f"{run.dataset}: the prepared pictures of this run are not there any more; "
                "put them back, or begin a new run"
            )
        self.dataset = Dataset.open(run.dataset)
        self.dataset.verify()
        if self.dataset.digest != run.record.dataset_digest:
            raise SfumatoError(
                f"{run.dataset}: the prepared pictures are not those that this run began with; "
                "put them back, or begin a new run"
            )
        self.config = model_config(run, self.dataset)
        self.objective, self.state = self._fresh()
        self.state.elapsed_seconds = spent_seconds
        self.batches = Batches(
            self.dataset,
            self.dataset.train,
            self.settings.batch,
            seed=self.settings.seed,
            balance=self.settings.balance,
            flip=self.settings.flip,
            device=device,
        )
        self.snapshots = Snapshots(run.snapshots)
        self.log: RunLog
        self.clock: Callable[[], float] = time.perf_counter

    # ---- the course of a session

    def events(self, more_steps: int, more_minutes: float) -> Iterator[Event]:
        try:
            yield from self._session(more_steps, more_minutes)
        except (OSError, SafetensorError) as error:
            place = getattr(error, "filename", None) or self.run.path
            raise SfumatoError(
                f"{place}: cannot be written ({disk_fault(error)}); the last checkpoint is whole: "
                "make room and go on with --resume"
            ) from error

    def _session(self, more_steps: int, more_minutes: float) -> Iterator[Event]:
        self.run.tidy()
        checkpoint = load_checkpoint(self.run.checkpoints)
        if checkpoint is not None:
            self.state.restore(checkpoint)
        state = self.state
        self.session_start = self.clock() - state.elapsed_seconds
        if more_steps or more_minutes:
            self._extend(more_steps, more_minutes)
        elif state.finished:
            if not (self.run.model / "config.json").exists():
                self._write_model()
            yield Finished(state.step, self.run.model, True, state.elapsed_seconds)
            return
        self.snapshots.forget_after(state.step)
        self.log = RunLog(self.run.path / "log.jsonl", state.log_length)
        self.recent: deque[tuple[float, int]] = deque(maxlen=200)
        self.last_replan, self.finishing_seconds = self.clock(), 2.0
        self.saved = state.step
        try:
            if checkpoint is None and (remark := self.objective.remark(self.dataset)):
                yield self._note(remark)
            if checkpoint is None or more_steps or more_minutes:
                yield self._save()
            yield from self._to_the_end()
        except GeneratorExit:
            if not state.finished:
                self._leave()
            raise
        finally:
            self.log.close()

    def _to_the_end(self) -> Iterator[Event]:
        """What is due comes before each step, so that a session that was closed after one goes on where it was."""
        state = self.state
        while True:
            ended = state.step >= state.schedule.end
            halt = ended or state.step % self.settings.checkpoint_every == 0
            if halt and not state.is_finite():
                yield self._step_back()
                continue
            yield from self._due()
            if state.step >= state.schedule.end:
                break
            if halt and state.step != self.saved:
                yield self._save()
            yield from self._one_step()
        yield from self._finish()

    def _one_step(self) -> Iterator[Event]:
        state, settings = self.state, self.settings
        factor = state.schedule.factor(state.step) * state.rate_factor
        loss, parts = self._step(factor)
        if not math.isfinite(loss):
            yield self._step_back()
            return
        state.step += 1
        state.average.update(self.objective.denoiser, state.step)
        if not state.early and settings.early < 1 and state.schedule.progress(state.step) >= settings.early:
            state.early = copy.deepcopy(state.average.module.network.state_dict())
        trained = self._trained(loss, parts, factor)
        if state.step % settings.log_every == 0 or state.step == state.schedule.end:
            self._write(trained)
        self._replan()
        yield trained

    def _step(self, factor: float) -> tuple[float, dict[str, float]]:
        """One step of the optimiser, and none where the loss is not finite. Returns the loss and its parts."""
        images, labels = self.batches.batch(self.state.step)
        if not self.dataset.classes:
            labels = torch.full_like(labels, -1)
        generator = keyed_generator("noise", self.settings.seed, self.state.step)
        with self._autocast():
            losses = self.objective.losses(images, labels, generator)
        loss = losses.total.mean()
        if torch.isfinite(loss):
            loss.backward()  # type: ignore[no-untyped-call]
            self.state.optimiser.step(factor)
        return loss.item(), losses.means()

    def _due(self) -> Iterator[Event]:
        """Measurements and snapshots whose moment has come."""
        state, progress = self.state, self.state.schedule.progress(self.state.step)
        if progress >= (state.evaluations + 1) / self.settings.evaluations and len(self.dataset.held_out):
            state.evaluations = int(progress * self.settings.evaluations + 1e-9)
            yield from self._evaluate()
        if every := self.settings.picture_every:
            passed = -(-state.step // every) if progress >= 1 else state.step // every
        else:
            passed = sum(progress >= moment - 1e-9 for moment in moments(self.settings.snapshots))
        if passed > state.snapshots:
            state.snapshots = passed
            yield self._picture()

    def _finish(self) -> Iterator[Event]:
        self.snapshots.summarise(self.run.path / "evolution.png", self.run.path / "evolution.webp")
        self._write_model()
        finished = Finished(self.state.step, self.run.model, True, self._elapsed())
        self._write(finished)
        self.state.finished = True
        self._save()
        yield finished

    def _leave(self) -> None:
        """A checkpoint and a model of this moment."""
        if not self.state.is_finite():
            self._step_back()
        self._save()
        self._write_model()

    # ---- its parts

    def _evaluate(self) -> list[Event]:
        losses = [self._loss_of(indices) for indices in (self.dataset.train, self.dataset.held_out)]
        evaluated = Evaluated(self.state.step, *losses)
        self._write(evaluated)
        speaks = self.state.guard.watch(*losses)
        sooner = self.state.schedule.annealing_now(self.state.step)
        if not (speaks and self.settings.guard) or self.state.noted or sooner == self.state.schedule:
            return [evaluated]
        self.state.schedule = sooner
        self.state.budget_seconds = None  # no longer all the time that there is
        self.state.noted = (
            f"ended early, at step {self.state.schedule.end}: the loss on held-out pictures rose from "
            f"{self.state.guard.lowest:.4f} to {losses[1]:.4f} while that on training pictures fell: "
            "it had begun to learn them by heart"
        )
        return [evaluated, self._note(self.state.noted.replace("ended", "ends", 1))]

    @torch.no_grad()
    def _loss_of(self, indices: Tensor) -> float:
        """The average's loss on up to EVALUATED pictures, evenly chosen, with the same noise at every call."""
        chosen = spread(indices, min(EVALUATED, len(indices)))
        average, total = self.state.average.module, 0.0
        for number, part in enumerate(torch.split(chosen, 32)):
            images = self.dataset.images(part).to(self.device)
            labels = (self.dataset.labels[part] if self.dataset.classes else torch.full_like(part, -1)).to(self.device)
            with self._autocast():
                losses = self.objective.measured(average, images, labels, keyed_generator("evaluation", number))
            total += losses.sum().item()
        return total / len(chosen)

    def _picture(self) -> Event:
        began = self.clock()
        state, settings = self.state, self.settings
        pictures = self.objective.snapshot(self._model(), self.dataset, settings.seed, settings.precision)
        event = Pictured(state.step, self.snapshots.keep(pictures, state.step))
        self._write(event)
        self.finishing_seconds = 2.0 + self.clock() - began
        return event

    def _step_back(self) -> Event:
        """A loss or a weight was not finite: back to the last checkpoint, at half the learning rate."""
        state, step, factor = self.state, self.state.step, self.state.rate_factor / 2
        elapsed = self._elapsed()
        checkpoint = load_checkpoint(self.run.checkpoints)
        if checkpoint is None or factor < 0.5**MOST_HALVINGS:
            raise SfumatoError(
                f"{self.run.path}: the loss is not finite at step {step}, even at 1/{1 / state.rate_factor:.0f} "
                "of the learning rate; begin again with another --seed or a lower learning rate"
            )
        state.restore(checkpoint)
        state.rate_factor, state.elapsed_seconds = factor, elapsed
        self.snapshots.forget_after(state.step)
        self.recent.clear()
        return self._note(
            f"the loss was not finite at step {step}: "
            f"back to step {state.step} at 1/{1 / factor:.0f} of the learning rate"
        )

    def _extend(self, more_steps: int, more_minutes: float) -> None:
        state, settings = self.state, self.settings
        steps = more_steps or max(1, round(more_minutes * 60 / max(state.elapsed_seconds / max(1, state.step), 1e-3)))
        state.schedule = schedule_of(settings, len(self.dataset.train), start=state.step, steps=steps)
        state.budget_seconds = None if more_steps else state.elapsed_seconds + 60 * more_minutes
        state.evaluations = state.snapshots = state.guard.above = 0
        state.finished, state.noted = False, ""

    def _replan(self) -> None:
        """With a time to keep, move the end to where the present speed says."""
        state, now = self.state, self.clock()
        if state.budget_seconds is None or now - self.last_replan < REPLAN_SECONDS or len(self.recent) < 2:
            return
        self.last_replan = now
        left = state.budget_seconds - self._elapsed() - self.finishing_seconds
        steps = max(0, round(left / self._seconds_per_step()))
        state.schedule = state.schedule.ending_at(state.step + steps, state.step, self.settings.anneal)

    def _seconds_per_step(self) -> float:
        """Over the last steps, with what was done between them."""
        (first, first_step), (last, last_step) = self.recent[0], self.recent[-1]
        return max(1e-6, (last - first) / max(1, last_step - first_step))

    def _trained(self, loss: float, parts: dict[str, float], factor: float) -> Trained:
        state = self.state
        self.recent.append((self.clock(), state.step))
        per_step = self._seconds_per_step() if len(self.recent) > 1 else 0.0
        return Trained(
            state.step,
            state.schedule.end,
            state.step * self.settings.batch,
            loss,
            self.settings.learning_rate * factor,
            self.settings.batch / per_step if per_step else 0.0,
            self._elapsed(),
            per_step * (state.schedule.end - state.step),
            parts,
        )

    def _elapsed(self) -> float:
        return self.clock() - self.session_start

    # ---- onto the disk

    def _save(self) -> Event:
        self.state.elapsed_seconds = self._elapsed()
        self.state.log_length = self.log.length()
        self.saved = self.state.step
        return Saved(self.state.step, save_checkpoint(self.run.checkpoints, self.state.checkpoint()))

    def _write_model(self) -> None:
        temporary = self.run.path / f".{uuid.uuid4().hex}.tmp"
        try:
            replace_directory(self._model(with_card=True).save_pretrained(temporary), self.run.model)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _model(self, *, with_card: bool = False) -> Model:
        state = self.state
        facts = self.run.record.facts | training_facts(state, self.settings.batch, self._elapsed(), self.device)
        card = model_card(self.config, facts) if with_card else ""
        config = self.config.model_copy(update={"has_early": bool(state.early)})
        return Model(config, state.average.module, state.early, card, weights_digest="0" * 64)

    def _note(self, text: str) -> Noted:
        event = Noted(self.state.step, text)
        self._write(event)
        return event

    def _write(self, event: Trained | Evaluated | Pictured | Noted | Finished) -> None:
        clock = ("pictures_per_second", "elapsed_seconds", "remaining_seconds")
        fields = {name: value for name, value in asdict(event).items() if name not in ("path", "model")}
        self.log.write(
            type(event).__name__.lower(),
            {name: value for name, value in fields.items() if name not in clock},
            {"time": time.time()} | {name: round(fields[name], 3) for name in clock if name in fields},
        )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16")

    def _fresh(self) -> tuple[Objective, TrainingState]:
        settings, pictures = self.settings, len(self.dataset.train)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            objective = objective_of(settings, len(self.config.classes), self.run.perceptual_loss(self.device))
        if self.run.record.weights_from and not self.run.has_begun:
            inherit(objective.denoiser.network, self.config, self.run.record.weights_from)
        module = objective.module.to(self.device)
        state = TrainingState(
            module,
            PowerAverage(objective.denoiser, settings.ema_deviation),
            optimiser_of(settings, module),
            schedule_of(settings, pictures),
            budget_seconds=60 * settings.minutes if settings.minutes else None,
        )
        return objective, state
