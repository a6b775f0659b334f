"""A run: the directory of one training.

run.json          its settings, the plan and what it is made from
dataset/          the prepared pictures (or elsewhere: run.json says where)
log.jsonl         one event a line
checkpoints/      what resuming needs
snapshots/        pictures of fixed seeds, a sheet a moment
evolution.png     the snapshots side by side; evolution.webp: as an animation
model/            the model
perceptual.safetensors    the features that the perceptual part of the loss compares, if there is one
teacher/          of a student's run, the model that it learns from
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from sfumato.dataset import Dataset
from sfumato.disk import aside, flush_directory, flush_file, read_file, set_aside, write_through
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.configuration import MOST_CONFIG_BYTES
from sfumato.models.place import CARD, CONFIG, WEIGHTS, local_path
from sfumato.models.weights import digest
from sfumato.training.checkpoint import point_at
from sfumato.training.configuration import TrainingConfig
from sfumato.training.perceptual import PerceptualLoss

_FEATURES = "perceptual.safetensors"
_TEACHER = "teacher"
_OWN = ("checkpoints", "snapshots", "model", _TEACHER)


class RunRecord(BaseModel):
    """run.json. dataset: its directory, relative to the run where it lies inside; descends_from: see ModelConfig;
    perceptual_digest: SHA-256 of perceptual.safetensors, or ''; weights_from: the model whose weights it began with,
    or ''; facts: what the model's card says of the pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["sfumato-run-1"] = "sfumato-run-1"
    settings: TrainingConfig
    plan: str
    dataset: str
    dataset_digest: str
    perceptual_digest: str = ""
    weights_from: str = ""
    descends_from: tuple[str, ...] = ()
    facts: dict[str, str] = {}


@dataclass(frozen=True)
class Run:
    path: Path
    record: RunRecord

    @classmethod
    def create(cls, path: Path, record: RunRecord, features: Path | None = None, teacher: Path | None = None) -> Run:
        """Begin a run in a directory that holds none.

        features: what becomes its perceptual.safetensors; teacher: the directory of the model to learn from. Raises
        SfumatoError if there is a run already.
        """
        if is_run(path):
            raise SfumatoError(f"{path}: is a run already; go on with --resume, or begin anew with --force")
        path.mkdir(parents=True, exist_ok=True)
        if features is not None:
            write_through(path / _FEATURES, features.read_bytes())
        if teacher is not None:
            (path / _TEACHER).mkdir(exist_ok=True)
            for name in (CONFIG, WEIGHTS, CARD):
                if (teacher / name).is_file():
                    write_through(path / _TEACHER / name, (teacher / name).read_bytes())
        point_at(path / "run.json", record.model_dump_json(indent=2) + "\n")
        return cls(path, record)

    @classmethod
    def open(cls, path: Path) -> Run:
        """Raises SfumatoError where there is no run, or one of another version."""
        try:
            return cls(path, RunRecord.model_validate_json(read_file(path / "run.json", MOST_CONFIG_BYTES)))
        except FileNotFoundError as error:
            raise SfumatoError(
                f"{path}: is no run (it holds no run.json); give the directory that 'train -o' named"
            ) from error
        except (ValidationError, OSError) as error:
            raise SfumatoError(f"{path / 'run.json'}: cannot be read; it is damaged or a newer version's") from error

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def dataset(self) -> Path:
        return self.path / self.record.dataset

    @property
    def has_begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return (self.checkpoints / "latest").is_file()

    def open_dataset(self) -> Dataset:
        """Its prepared pictures. Raises SfumatoError where they are not as they were."""
        if not self.dataset.is_dir():
            raise SfumatoError(
                f"{self.dataset}: the prepared pictures of this run are not there any more; "
                "put them back, or begin a new run"
            )
        dataset = Dataset.open(self.dataset)
        dataset.verify()
        if dataset.digest != self.record.dataset_digest:
            raise SfumatoError(
                f"{self.dataset}: the prepared pictures are not those that this run began with; "
                "put them back, or begin a new run"
            )
        return dataset

    def perceptual_loss(self, device: torch.device) -> PerceptualLoss | None:
        """The perceptual part of its loss, if it has one. Raises SfumatoError where its file is not as it was."""
        if not self.record.perceptual_digest:
            return None
        path = self.path / _FEATURES
        if not path.is_file() or digest(path) != self.record.perceptual_digest:
            raise SfumatoError(f"{path}: is missing or was changed; put it back as it was, or begin a new run")
        return PerceptualLoss.from_file(path).to(device)

    def teacher(self, device: torch.device) -> Model | None:
        """The model that a student learns from. Raises SfumatoError where it is not as it was."""
        if self.record.settings.objective != "distillation":
            return None
        path = self.path / _TEACHER
        model = Model.from_pretrained(path, device=str(device))
        if model.weights_digest not in self.record.descends_from[:2]:  # a refined student descends from itself first
            raise SfumatoError(f"{path}: was changed; put it back as it was, or begin a new run")
        return model

    def tidy(self) -> None:
        """Put right what a session left that was killed while it wrote."""
        old = aside(self.model)
        if old.exists() and not self.model.exists():
            old.rename(self.model)
        for left in (old, *self.path.glob(".*.tmp"), *self.checkpoints.glob(".*.tmp")):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def teacher_of(student: Path) -> Path:
    """Where the run of a student keeps the model that it learned from. Raises SfumatoError where it keeps none."""
    kept = local_path(student) / _TEACHER
    if not (kept / CONFIG).is_file():
        raise SfumatoError(f"{student}: is not the run of a student with its teacher; give the one that 'distill' made")
    return kept


def would_clear(path: Path, place: Path) -> bool:
    """Whether ``clear_run(path)`` may remove what lies at a place, or the model of the run that it is."""
    real = place.resolve()
    return real == path.resolve() or any(real.is_relative_to((path / name).resolve()) for name in _OWN)


def is_run(path: Path) -> bool:
    return (path / "run.json").is_file()


def clear_run(path: Path) -> None:
    """Remove what a run has learned and said of it, and nothing else that lies there, its prepared pictures neither."""
    if not is_run(path):
        return
    for name in _OWN:
        shutil.rmtree(path / name, ignore_errors=True)
    for name in (_FEATURES, "log.jsonl", "evolution.png", "evolution.webp", "run.json"):
        (path / name).unlink(missing_ok=True)


class RunLog:
    """log.jsonl, which an interrupted and resumed run leaves as an uninterrupted one would."""

    def __init__(self, path: Path, length: int) -> None:
        """length: bytes that the checkpoint vouches for; what a killed session wrote after it is made again."""
        self.file = path.open("ab", buffering=0)
        self.file.truncate(min(length, self.length()))

    def write(self, event: str, fields: Mapping[str, Any], clock: Mapping[str, Any]) -> None:
        """fields: functions of the step alone; clock: what depends on the hour and the machine."""
        line = {"event": event, **fields, "clock": dict(clock)}
        data = memoryview(json.dumps(line, default=str).encode() + b"\n")
        while data:  # a write may take only a part of it, as on a disk that is nearly full
            data = data[self.file.write(data) :]

    def length(self) -> int:
        """Bytes written, and on the disk."""
        flush_file(self.file)
        return self.file.seek(0, 2)

    def close(self) -> None:
        self.file.close()


def replace_directory(new: Path, place: Path) -> None:
    """Put a finished directory in the place of another; whatever moment it ends at, one of the two is there whole.

    A reader may find the place empty between two renames; ``Run.tidy`` and the next save fill it.
    """
    for file in new.iterdir():
        with file.open("rb+") as opened:
            flush_file(opened)
    flush_directory(new)
    with set_aside(place):
        new.rename(place)
        flush_directory(place.parent)
