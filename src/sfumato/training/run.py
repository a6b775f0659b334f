"""A run: the directory of one training.

run.json          its settings, the plan and what it is made from
dataset/          the prepared pictures (or elsewhere: run.json says where); encoded/: as a pre-trained model sees them
log.jsonl         one event a line
checkpoints/      what resuming needs
snapshots/        pictures of fixed seeds, a sheet a moment
evolution.png     the snapshots side by side; evolution.webp: as an animation
likeness.safetensors      the index of the pictures that are learned from
holdings.jsonl    what their collections hold, a line each, where that is known
model/            the model
perceptual.safetensors    the features that the perceptual part of the loss compares, if there is one
tensorboard/      with --log tensorboard: a file of events a session
teacher/          of a student's run, the model that it learns from
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from sfumato.collection.holdings import Holdings
from sfumato.dataset import Dataset
from sfumato.directory import OwnDirectory
from sfumato.disk import flush_directory, flush_file, local_path, read_file, replace_file, write_through
from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss
from sfumato.marker import MARKER, kind_of
from sfumato.models import Model
from sfumato.models.adaptation import copied_file
from sfumato.models.adapted import BaseReference
from sfumato.models.configuration import MOST_CONFIG_BYTES
from sfumato.models.place import CONFIG, LIKENESS, MODEL_FILES, digest_in
from sfumato.provenance.keys import own_key
from sfumato.provenance.sources import LearnedFrom
from sfumato.text import encoded, restored_path
from sfumato.training.checkpoint import clear_checkpoints, point_at
from sfumato.training.configuration import TrainingConfig
from sfumato.training.snapshots import snapshot_names
from sfumato.weights import digest

_FEATURES = "perceptual.safetensors"
_TEACHER, _MODEL = "teacher", "model"
HOLDINGS = "holdings.jsonl"
LATEST = "checkpoints/latest"
_FILES = ("run.json", "log.jsonl", "evolution.png", "evolution.webp", LIKENESS, HOLDINGS, _FEATURES, LATEST)
_PARTS = (*_FILES[:-1], "checkpoints", "snapshots", _MODEL, _TEACHER)


class RunRecord(BaseModel):
    """run.json. dataset: its directory, relative to the run where it lies inside; descends_from: see ModelConfig;
    perceptual_digest: SHA-256 of perceptual.safetensors, or ''; weights_from: the model whose weights it began with, or
    ''; initial_weights: digests of the files that its networks began with, '' for random weights; base: how the adapter
    names that model, where nothing but an adapter of it is learned; encoded_digest: of what a pre-trained one has made
    of the pictures, or ''; learned_from: see ModelConfig; facts: what else the model's card says of the pictures;
    trained, held_out: how many are learned from, and judged by; collection: where they were collected, or ''."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["sfumato-run-1"] = "sfumato-run-1"
    settings: TrainingConfig
    plan: str
    dataset: str
    dataset_digest: str
    perceptual_digest: str = ""
    weights_from: str = ""
    initial_weights: tuple[str, ...] = ()
    base: BaseReference | None = None
    encoded_digest: str = ""
    descends_from: tuple[str, ...] = ()
    learned_from: tuple[LearnedFrom, ...] = ()
    facts: dict[str, str] = {}
    trained: int | None = None
    held_out: int | None = None
    collection: str = ""


@dataclass(frozen=True, eq=False)
class Run:
    """A run in its directory, and what its run.json says."""

    directory: OwnDirectory
    record: RunRecord

    @classmethod
    def create(
        cls,
        directory: OwnDirectory,
        record: RunRecord,
        features: Path | None = None,
        teacher: Path | None = None,
        holdings: Sequence[Holdings] = (),
    ) -> Run:
        """Begin a run in a directory that holds none.

        features: what becomes its perceptual.safetensors; teacher: the directory of the model to learn from; holdings:
        of the collections. Raises SfumatoError if there is a run already.
        """
        if is_run(directory.path):
            raise SfumatoError(f"{directory.path}: is a run already; go on with --resume, or begin anew with --force")
        with directory.at_work():
            if features is not None:
                write_through(directory.claim(_FEATURES), features.read_bytes())
            if teacher is not None:
                for name in filter(lambda name: (teacher / name).is_file(), MODEL_FILES):
                    kept = directory.claim(f"{_TEACHER}/{name}")
                    kept.parent.mkdir(exist_ok=True)
                    write_through(kept, copied_file(teacher / name, kept.parent))
            if holdings:
                write_through(directory.claim(HOLDINGS), encoded("".join(f"{each.to_json()}\n" for each in holdings)))
            description = directory.claim("run.json")
            directory.flush()  # or the run would not be known as one after a power failure
            point_at(description, record.model_dump_json(indent=2) + "\n")
        return cls(directory, record)

    @classmethod
    def open(cls, path: Path) -> Run:
        """Raises SfumatoError where there is no run, or one of another version."""
        try:
            record = RunRecord.model_validate_json(read_file(path / "run.json", MOST_CONFIG_BYTES))
        except FileNotFoundError as error:
            raise SfumatoError(
                f"{path}: is not a run (it has no run.json); give the directory that 'train -o' named"
            ) from error
        except (ValidationError, OSError) as error:
            raise SfumatoError(f"{path / 'run.json'}: cannot be read; it is damaged or a newer version's") from error
        return cls(OwnDirectory(path, "run"), record)

    @property
    def path(self) -> Path:
        return self.directory.path

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep other processes out, and put right what one left that was killed here.

        A run that was copied without its marker is known by what it holds. Raises SfumatoError where another process
        is at work, and where something that was not made by the program lies where the run will write.
        """
        known = kind_of(self.path) is not None
        with self.directory.at_work():
            if not known:
                models = [f"{folder}/{name}" for folder in (_MODEL, _TEACHER) for name in MODEL_FILES]
                self.directory.adopt((*_FILES, *models, *snapshot_names(self.path)))
            for name in (*_FILES, *(f"{_MODEL}/{name}" for name in MODEL_FILES)):
                self.directory.check_way(name)
            self.directory.claim(LATEST)
            yield

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / _MODEL

    @property
    def dataset(self) -> Path:
        return self.path / restored_path(self.record.dataset)

    @property
    def has_begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return (self.path / LATEST).is_file()

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
        if self.record.settings.objective.teacher == "none":
            return None
        path = self.path / _TEACHER
        # A refined student descends from itself first.
        if (path / CONFIG).is_file() and digest_in(path) not in self.record.descends_from[:2]:
            raise SfumatoError(f"{path}: was changed; put it back as it was, or begin a new run")
        return Model.from_pretrained(path, device=str(device))

    def write_model(self, model: Model) -> None:
        """Put a model in the place of an earlier one; other things that lie beside it stay. Call it while at work."""
        with self.directory.staged() as stage:
            model.save_pretrained(stage)
            files = [name for name in MODEL_FILES if (stage / name).is_file()]
            for name in files:
                with (stage / name).open("rb+") as file:
                    flush_file(file)
            flush_directory(stage)
            self.directory.settle(stage, files, into=_MODEL)


def kept_teacher(student: Path) -> Path:
    """Where the run of a student keeps the model that it learned from. Raises SfumatoError where it keeps none."""
    kept = local_path(student) / _TEACHER
    if not (kept / CONFIG).is_file():
        raise SfumatoError(f"{student}: is not the run of a student with its teacher; give the one that 'distill' made")
    return kept


def check_run_place(directory: OwnDirectory, *, force: bool, art: Path | None = None) -> None:
    """Raises SfumatoError, before any work, where a new run may not be written.

    force: a run that is there may go. art: where the pictures come from, which may lie in the directory.
    """
    path = directory.path
    if is_run(path) and kind_of(path) is None:
        raise SfumatoError(
            f"{path}: holds a run without its marker ({MARKER}), which lists what is sfumato's; go on with "
            f"'sfumato train --resume -o {path}', or choose another -o"
        )
    if is_run(path) and not force:
        raise SfumatoError(
            f"{path}: holds a run already; go on with 'sfumato train --resume -o {path}', begin anew with --force, "
            "or choose another -o"
        )
    directory.check(_PARTS, force=force, beside=art)
    own_key()  # by which its snapshots are signed


def would_clear(path: Path, place: Path) -> bool:
    """Whether ``clear_run`` may remove something that lies at a place or below it, or the run that the place is."""
    real = place.resolve()
    own = (path.resolve() / name for name in OwnDirectory(path, "run").own())
    checkpoints = (path / "checkpoints").resolve()
    return real in (path.resolve(), checkpoints) or any(file.is_relative_to(real) for file in own)


def check_parent_stays(path: Path, parent: Path) -> None:
    """Raises SfumatoError where beginning anew over a run would remove the model that the new one begins with."""
    if parent.exists() and would_clear(path, parent):
        raise SfumatoError(
            f"{parent}: the model to begin with would be removed with the old run by --force; "
            "choose another -o, or move it first"
        )


def is_run(path: Path) -> bool:
    return (path / "run.json").is_file()


def clear_run(directory: OwnDirectory) -> None:
    """Remove what a run has learned and said of it; what else lies there stays, its prepared pictures too."""
    with directory.at_work():
        clear_checkpoints(directory.path / "checkpoints")
        directory.clear()


class RunLog:
    """log.jsonl, which an interrupted and resumed run leaves as an uninterrupted one would."""

    def __init__(self, path: Path, length: int) -> None:
        """length: bytes that the checkpoint vouches for; what a killed session wrote after it is made again."""
        if path.exists() and path.stat().st_nlink > 1:  # another name's file too, as in a backup made of hard links
            replace_file(path, path.read_bytes())
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
