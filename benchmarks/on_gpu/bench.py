"""What all parts share, and how one of them says that it has no figures."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.training import TrainingConfig, layered, parse_choices, resolve
from sfumato.training.plan import plan

GPU_BATCHES = (24, 64, 256)
# What torch, its compilers, the disk and diffusers raise. make_graphed_callables asserts.
FAILURES = (RuntimeError, ImportError, OSError, ValueError, AssertionError, SfumatoError)


class LeftOutError(Exception):
    """A part that this machine, or this command, has no use for."""


class Bench:
    """What all parts share. settings: as planned, by the training or by whichever part asks first."""

    def __init__(self, arguments: argparse.Namespace, dataset: Dataset, device: torch.device) -> None:
        self.arguments, self.dataset, self.device = arguments, dataset, device
        self.work: Path = arguments.work
        asked = {"size": dataset.size, "crop": dataset.crop, "minutes": arguments.minutes}
        self.choices = layered(asked, parse_choices(arguments.set))
        if resolve(self.choices).objective.kind != "denoising":
            raise SfumatoError("--set objective: only denoising is measured here; leave it out")
        self.planned: TrainingConfig | None = None

    @property
    def settings(self) -> TrainingConfig:
        if self.planned is None:
            classes, pictures = len(self.dataset.classes), len(self.dataset.train)
            self.planned = plan(self.choices, classes=classes, pictures=pictures, device=self.device).settings
        return self.planned

    @property
    def batches(self) -> tuple[int, ...]:
        """The batch sizes at which two ways of a step are compared."""
        if self.arguments.batches:
            return tuple(self.arguments.batches)
        return GPU_BATCHES if self.device.type == "cuda" else (self.settings.batch,)

    def model(self) -> Model:
        """What the training left. Raises LeftOutError where there was none."""
        if not (self.work / "run" / "model").is_dir():
            raise LeftOutError("needs the model that the part 'training' leaves")
        return Model.from_pretrained(self.work / "run", device=str(self.device))


def told(error: Exception) -> str:
    """An error as one line: ours as they are, others with their kind, cut where they go on for pages."""
    said = " ".join(str(error).split())
    return said if isinstance(error, SfumatoError) else f"{type(error).__name__}: {said[:300]}"
