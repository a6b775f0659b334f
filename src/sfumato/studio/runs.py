"""The trainings of the studio, read without torch from the directories that they write."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from sfumato.disk import read_file, read_json
from sfumato.errors import SfumatoError
from sfumato.studio.entries import Entry, is_id
from sfumato.studio.place import Place

_SNAPSHOT: Final = re.compile(r"\d{8,}\.png")
_MOST_BYTES: Final = 16 << 20
_MOST_LOG_BYTES: Final = 256 << 20
_MOST_RUNS: Final = 1000
_MOST_NOTES: Final = 100


class NoSuchTrainingError(SfumatoError):
    """There is no training of that id, or not what was asked of it."""


@dataclass(frozen=True)
class Loss:
    """How a loss went: three lists of one length. seconds: of training, without pauses."""

    steps: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class RunLog:
    """What log.jsonl says. step, steps: how many are done, of how many; pictures: shown so far; remaining_seconds: None
    at the end; loss: of batches; training, held_out: of the averaged weights, at the same moments; pictured: the
    seconds at which each snapshot was made, by its step; notes: what a person should know."""

    step: int = 0
    steps: int = 0
    pictures: int = 0
    elapsed_seconds: float = 0.0
    remaining_seconds: float | None = None
    finished: bool = False
    loss: Loss = Loss()
    training: Loss = Loss()
    held_out: Loss = Loss()
    pictured: Mapping[int, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudioRun:
    """A training in its directory. id: the directory's name; record: what its run.json says; entry: what is noted of
    it, None where nothing is."""

    id: str
    path: Path
    record: Mapping[str, Any]
    entry: Entry | None = None

    @property
    def name(self) -> str:
        """For people."""
        return self.id if self.entry is None else self.entry.name

    @property
    def settings(self) -> Mapping[str, Any]:
        settings = self.record.get("settings")
        return settings if isinstance(settings, dict) else {}

    @property
    def has_model(self) -> bool:
        return (self.path / "model" / "config.json").is_file()

    @cached_property
    def log(self) -> RunLog:
        """As far as it is written."""
        path = self.path / "log.jsonl"
        try:
            found = path.stat()
            return _read_log(path, found.st_size, found.st_mtime_ns)
        except OSError:
            return RunLog()

    @property
    def snapshots(self) -> list[int]:
        """The steps of which there is one, in order."""
        try:
            names = [path.name for path in (self.path / "snapshots").iterdir()]
        except OSError:
            return []
        return sorted(int(name.removesuffix(".png")) for name in names if _SNAPSHOT.fullmatch(name))

    def snapshot(self, step: int) -> Path:
        """Raises NoSuchTrainingError where there is none of that step."""
        path = self.path / "snapshots" / f"{step:08d}.png"
        if not path.is_file():
            raise NoSuchTrainingError(f"the training '{self.id}' has no snapshot of step {step}")
        return path

    def evolution(self) -> Path:
        """The animation of its snapshots, or their strip. Raises NoSuchTrainingError before there is any."""
        found = next((path for name in ("webp", "png") if (path := self.path / f"evolution.{name}").is_file()), None)
        if found is None:
            raise NoSuchTrainingError(f"the training '{self.id}' has no evolution yet; it is made at its end")
        return found


def runs_of(place: Place) -> list[StudioRun]:
    """All trainings, the last begun first."""
    try:
        found = [(path.stat().st_ctime_ns, path) for path in place.runs.glob("*/run.json")]
    except OSError:
        return []
    newest = [path.parent.name for _, path in sorted(found, reverse=True)[:_MOST_RUNS]]
    return [run for id in newest if (run := _opened(id, place)) is not None]


def run_of(id: str, place: Place) -> StudioRun:
    """Raises NoSuchTrainingError."""
    run = _opened(id, place)
    if run is None:
        raise NoSuchTrainingError(f"there is no training '{id[:80]}'")
    return run


def _opened(id: str, place: Place) -> StudioRun | None:
    if not is_id(id):
        return None
    path = place.runs / id
    try:
        record = read_json(path / "run.json", _MOST_BYTES)
    except (OSError, ValueError):
        return None
    return StudioRun(id, path, record, Entry.read(path)) if isinstance(record, dict) else None


@lru_cache(maxsize=64)
def _read_log(path: Path, size: int, changed: int) -> RunLog:
    """Raises OSError. size, changed: of the file, whose next state is read anew."""
    lines = read_file(path, _MOST_LOG_BYTES).splitlines()
    return parsed_log(lines)


def parsed_log(lines: Iterable[bytes]) -> RunLog:
    """What the lines of a log.jsonl say; one that is half written is passed over."""
    said = [entry for line in lines if (entry := _entry(line)) is not None]
    seconds = _seconds([entry["clock"] for entry in said])
    trained = [(each["step"], at, _number(each.get("loss"))) for each, at in _of(said, seconds, "trained")]
    evaluated = [
        (each["step"], at, _number(each.get("training_loss")), _number(each.get("held_out_loss")))
        for each, at in _of(said, seconds, "evaluated")
    ]
    steps, moments, training, held_out = _columns(evaluated, 4)
    last: dict[str, Any] = next((each for each in reversed(said) if each["event"] == "trained"), {})
    finished = bool(said) and said[-1]["event"] == "finished"
    return RunLog(
        step=max((each["step"] for each in said), default=0),
        steps=int(last.get("steps") or 0),
        pictures=int(last.get("pictures") or 0),
        elapsed_seconds=seconds[-1] if seconds else 0.0,
        remaining_seconds=None if finished or not last else _number(last["clock"].get("remaining_seconds")),
        finished=finished,
        loss=Loss(*_columns(trained, 3)),
        training=Loss(steps, moments, training),
        held_out=Loss(steps, moments, held_out),
        pictured={each["step"]: at for each, at in _of(said, seconds, "pictured")},
        notes=tuple(str(each.get("text")) for each, _ in _of(said, seconds, "noted"))[-_MOST_NOTES:],
    )


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
        float(said["clock"]["time"])
        return {**said, "event": str(said["event"]), "step": int(said["step"])}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _of(said: list[dict[str, Any]], seconds: list[float], event: str) -> Iterator[tuple[dict[str, Any], float]]:
    return ((each, at) for each, at in zip(said, seconds, strict=True) if each["event"] == event)


def _seconds(clocks: list[Mapping[str, Any]]) -> list[float]:
    """How long the training had taken at each event. Only some of them tell; between these the clock of the hour goes
    on, but not beyond what the next one tells, as there may be a pause of days between two sessions."""
    found: list[float] = []
    before, hour = 0.0, float(clocks[0]["time"]) if clocks else 0.0
    for clock in clocks:
        if math.isfinite(told := _number(clock.get("elapsed_seconds"))):
            before, hour = told, float(clock["time"])
        found.append(before + max(0.0, float(clock["time"]) - hour))
    most = math.inf
    for place in reversed(range(len(clocks))):
        if math.isfinite(told := _number(clocks[place].get("elapsed_seconds"))):
            most = told
        found[place] = round(min(found[place], most), 3)
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _columns(rows: Iterable[tuple[float, ...]], count: int) -> tuple[Any, ...]:
    """Rows as columns, of those with finite numbers alone, as charts and JSON take no others."""
    kept = [row for row in rows if all(math.isfinite(value) for value in row)]
    return tuple(zip(*kept, strict=True)) if kept else ((),) * count
