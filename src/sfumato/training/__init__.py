"""Training: a plan for the time that there is, and a loop that is a generator of events."""

from sfumato.training.configuration import TrainingConfig, parse_choices, read_choices, resolve
from sfumato.training.loop import train
from sfumato.training.plan import Plan
from sfumato.training.preparation import check_disk, disk_bytes, parent_choices, prepare_run, suitable_size
from sfumato.training.presets import PRESETS, preset
from sfumato.training.run import Run, clear_run, is_run, would_clear

__all__ = [
    "PRESETS",
    "Plan",
    "Run",
    "TrainingConfig",
    "check_disk",
    "clear_run",
    "disk_bytes",
    "is_run",
    "parent_choices",
    "parse_choices",
    "prepare_run",
    "preset",
    "read_choices",
    "resolve",
    "suitable_size",
    "train",
    "would_clear",
]
