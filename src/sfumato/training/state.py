"""Everything in a training that changes, and its way into a checkpoint and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import torch

from sfumato.diffusion import Denoiser
from sfumato.errors import SfumatoError
from sfumato.training.averages import EarlyAverages, PowerAverage
from sfumato.training.checkpoint import Checkpoint
from sfumato.training.memorisation import OverfittingGuard
from sfumato.training.objectives import Objective
from sfumato.training.optimisers import Optimiser
from sfumato.training.schedule import LearningRateSchedule


@dataclass(frozen=True)
class Timetable:
    """A time that a run has to keep: what its schedule counts in steps, the clock says.

    The plan had ``seconds_per_step`` for each of its steps. Where the run is in its schedule follows from the time that
    has passed, however many steps were really made: so the rate falls at the same moments on a machine that has become
    slow. origin: seconds of training, in all sessions, at the schedule's start; calibration_seconds: left for choosing
    the sampler's settings after the last step; finishing_seconds: left for what else is done there, by its name.
    """

    origin: float
    seconds_per_step: float
    calibration_seconds: float = 0.0
    finishing_seconds: Mapping[str, float] = field(default_factory=dict)

    def place(self, elapsed_seconds: float, start: int) -> float:
        """In a schedule with that start, in steps of the plan."""
        return start + max(0.0, elapsed_seconds - self.origin) / self.seconds_per_step


@dataclass(eq=False)
class TrainingState:
    """objective: all that learns; average: of the part that becomes the model; early: that from early in the run; step:
    steps done; rate_factor: halved after every loss that was not finite; evaluations, snapshots: how many were made;
    timetable: None for a fixed number of steps; place: in the schedule, in steps; threads: of the CPU, 0 before any
    were chosen; elapsed_seconds: trained so far, in all sessions; log_length: bytes of the log; noted: what the card
    should say of the course of the run; finished: the model is made and the log is closed."""

    objective: Objective
    average: PowerAverage[Denoiser]
    optimiser: Optimiser
    schedule: LearningRateSchedule
    guard: OverfittingGuard = field(default_factory=OverfittingGuard)
    early: EarlyAverages = field(default_factory=EarlyAverages)
    step: int = 0
    rate_factor: float = 1.0
    evaluations: int = 0
    snapshots: int = 0
    timetable: Timetable | None = None
    place: float = 0.0
    threads: int = 0
    elapsed_seconds: float = 0.0
    log_length: int = 0
    noted: str = ""
    finished: bool = False

    def keep_early(self, shares: Sequence[float]) -> None:
        """Keep the average where the run has come to one of these shares."""
        self.early.keep(self.average.module, self.step, self.schedule.progress(self.place), shares)

    def checkpoint(self) -> Checkpoint:
        tensors = {
            "weights": self.objective.state_dict(),
            "average": self.average.module.weights(),
            "optimiser": self.optimiser.state(),
            **{f"early-{number}": weights for number, (_, weights) in enumerate(self.early.kept.values())},
        }
        state = {name: getattr(self, name) for name in _PLAIN}
        state["timetable"] = None if self.timetable is None else asdict(self.timetable)
        state["early"] = [(share, step) for share, (step, _) in self.early.kept.items()]
        return Checkpoint(self.step, tensors, {**state, "schedule": asdict(self.schedule), "guard": asdict(self.guard)})

    def restore(self, checkpoint: Checkpoint, shares: Sequence[float]) -> None:
        """Take over a checkpoint of the same run. shares: where it keeps early averages. Raises SfumatoError for one of
        another network or version."""
        try:
            self._restore(checkpoint, shares)
        except (RuntimeError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SfumatoError(
                f"the checkpoint of step {checkpoint.step} does not fit the settings in run.json, or this version "
                f"({reason}); put run.json back as it was, or begin a new run"
            ) from error

    def _restore(self, checkpoint: Checkpoint, shares: Sequence[float]) -> None:
        state: dict[str, Any] = dict(checkpoint.state)
        self.objective.load_state_dict(dict(checkpoint.tensors["weights"]))
        self.average.module.load_weights(checkpoint.tensors["average"])
        self.early = _early_averages(checkpoint, shares)
        self.optimiser.load(checkpoint.tensors["optimiser"])
        self.schedule = LearningRateSchedule(**state["schedule"])
        self.timetable = None if state["timetable"] is None else Timetable(**state["timetable"])
        self.guard = OverfittingGuard(**state["guard"])
        self.step = checkpoint.step
        for name in _PLAIN:
            setattr(self, name, state[name])

    def is_finite(self) -> bool:
        """Whether every weight is a number."""
        return all(bool(torch.isfinite(parameter).all()) for parameter in self.objective.parameters())


def _early_averages(checkpoint: Checkpoint, shares: Sequence[float]) -> EarlyAverages:
    state, tensors = checkpoint.state, checkpoint.tensors
    if "early" in state:
        parts = {share: (step, f"early-{number}") for number, (share, step) in enumerate(state["early"])}
    else:  # of a version that kept one at one share, and another at half of it where a time was to be kept
        each = [one for share in shares for one in ((share / 2, "sooner"), (share, "early"))]
        parts = {share: (state[f"{name}_step"], name) for share, name in each if tensors[name]}
    return EarlyAverages({share: (step, dict(tensors[name])) for share, (step, name) in parts.items()})


# What of a state JSON holds as it is; the step is the checkpoint's own.
_PLAIN = [each.name for each in fields(TrainingState) if each.type in ("int", "float", "str", "bool")]
_PLAIN.remove("step")
