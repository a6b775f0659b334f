"""Training: a plan for the time that there is, and a loop that is a generator of events."""

from sfumato.training.cascades import staged
from sfumato.training.choices import layered, parse_choices, read_choices, resolve
from sfumato.training.configuration import TrainingConfig
from sfumato.training.events import Evaluated, Event, Finished, Noted, Pictured, Saved, Trained
from sfumato.training.loop import train
from sfumato.training.objectives.distillation import STUDENT, refinement
from sfumato.training.objectives.upscaling import upscaler
from sfumato.training.plan import Plan
from sfumato.training.preparation import check_disk, disk_bytes, parent_choices, prepare_run, suitable_size
from sfumato.training.presets import PRESETS, preset
from sfumato.training.run import Run, check_parent_stays, check_run_place, clear_run, is_run, would_clear

__all__ = [
    "PRESETS",
    "STUDENT",
    "Evaluated",
    "Event",
    "Finished",
    "Noted",
    "Pictured",
    "Plan",
    "Run",
    "Saved",
    "Trained",
    "TrainingConfig",
    "check_disk",
    "check_parent_stays",
    "check_run_place",
    "clear_run",
    "disk_bytes",
    "is_run",
    "layered",
    "parent_choices",
    "parse_choices",
    "prepare_run",
    "preset",
    "read_choices",
    "refinement",
    "resolve",
    "staged",
    "suitable_size",
    "train",
    "upscaler",
    "would_clear",
]
