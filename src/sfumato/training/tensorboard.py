"""What a run's events say, for TensorBoard: curves of its figures, and its snapshots as pictures."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.training.events import Evaluated, Event, Pictured, Trained
from sfumato.training.run import Run

FOLDER = "tensorboard"  # in the run's directory
_FILE = FOLDER + "/events.out.tfevents.{:06d}.sfumato"  # TensorBoard knows a file of events by this beginning


def check_tensorboard() -> None:
    """Raises SfumatoError, with the command that installs it, where TensorBoard is not there."""
    if importlib.util.find_spec("tensorboard") is None:
        raise SfumatoError("--log tensorboard: TensorBoard is not installed; pip install 'sfumato[tensorboard]'")


def logged_to_tensorboard(events: Iterator[Event], run: Run) -> Iterator[Event]:
    """The same events, each noted for TensorBoard in the run's directory as it passes.

    Scalars, by step: loss/training (weighted, per picture) and its parts, loss/held_out and loss/held_in (the averaged
    weights' on pictures that were held out, and on such as were not), learning_rate, pictures_per_second; images:
    snapshots. Steps are noted as often as in log.jsonl. Each session writes a file of its own, and where training goes
    back to a checkpoint, TensorBoard drops what was noted after it. Closing it closes ``events``. Raises SfumatoError
    where TensorBoard is not installed, and where something that the program did not make lies in the way.
    """
    check_tensorboard()
    run.directory.check_way(FOLDER)
    every = run.record.settings.cadence.log_every
    with closing(_EventFile(run)) as file, closing(events):  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Trained) and (event.step % every == 0 or event.step == event.steps):
                rates = {name: getattr(event, name) for name in ("learning_rate", "pictures_per_second")}
                parts = {f"loss/{name}": value for name, value in event.parts}
                file.scalars(event.step, {"loss/training": event.loss, **rates, **parts})
            elif isinstance(event, Evaluated):
                losses = {"loss/held_out": event.held_out_loss, "loss/held_in": event.training_loss}
                file.scalars(event.step, losses)
            elif isinstance(event, Pictured):
                file.picture(event.step, "snapshots", event.path)
            yield event


class _EventFile:
    """One session's file of events, made with the first of them, when the run is at work.

    It is written record by record, since TensorBoard's own writers choose names, of which the marker would know nothing
    and which tell what the machine is called.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.writer: Any = None
        self.step = 0

    def scalars(self, step: int, figures: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=figure) for name, figure in figures.items()]
        self._write(step, summary=Summary(value=values))

    def picture(self, step: int, name: str, path: Path) -> None:
        """path: of a PNG file."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        with Image.open(path) as picture:
            width, height = picture.size
        image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=path.read_bytes())
        self._write(step, summary=Summary(value=[Summary.Value(tag=name, image=image)]))

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()

    def _write(self, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event as Record
        from tensorboard.compat.proto.event_pb2 import SessionLog

        if self.writer is None:
            self.writer = self._opened()
            self._put(Record(file_version="brain.Event:2"))
            self.step = step + 1
        if step < self.step:  # what was noted from this step on is made again
            self._put(Record(step=step, session_log=SessionLog(status=SessionLog.START)))
        self.step = step
        self._put(Record(step=step, **content))

    def _put(self, record: Any) -> None:
        record.wall_time = time.time()
        self.writer.write(record.SerializeToString())
        self.writer.flush()

    def _opened(self) -> Any:
        from tensorboard.summary.writer.record_writer import RecordWriter

        number = 0
        while (self.run.path / _FILE.format(number)).exists():
            number += 1
        path = self.run.directory.claim(_FILE.format(number))
        path.parent.mkdir(exist_ok=True)
        return RecordWriter(path.open("xb"))
