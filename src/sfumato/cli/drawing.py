"""How a pipeline looks in a terminal: bars, notes and tables, drawn from its events."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from sfumato import collection, dataset, pipeline, training
from sfumato.cli.bar import SamplingTime, percent_bar, say
from sfumato.cli.tables import collection_table, metrics_table
from sfumato.cli.training_bar import TrainingBar
from sfumato.errors import SfumatoError
from sfumato.pipeline import events as pipelines
from sfumato.text import counted, printable

MOST_NAMED = 20  # left-out files on the screen; all of them stand in rejected.jsonl


def draw(events: Iterator[pipeline.Event], console: Console | None = None) -> None:
    """Draw a pipeline until it ends. While it trains, the first Ctrl-C ends it after the step, the second at once.

    Raises what the pipeline raises, after naming the files that were left out until then; typer.Exit(130) where it was
    ended.
    """
    drawing = Drawing(console or Console(highlight=False))
    with closing(events), drawing.stage:  # type: ignore[type-var]
        try:
            for event in events:
                drawing.show(event)
                if drawing.is_stopping and not isinstance(event, training.Finished):
                    events.close()  # type: ignore[attr-defined]
                    drawing.tell_stopped()
                    raise typer.Exit(130)
        except SfumatoError:
            drawing.end_stage()
            drawing.name_left_out(None)
            raise


class Drawing:
    """What the events have brought onto the screen. clock: seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.perf_counter) -> None:
        self.console, self.clock = console, clock
        self.stage = ExitStack()  # what is on the screen only while a stage lasts
        self.began: pipelines.Began | None = None
        self.progress: Progress | None = None
        self.task = TaskID(0)
        self.unchanged = 0
        self.left_out: list[collection.LeftOut] = []
        self.notes: list[str] = []
        self.trained: pipelines.TrainingBegan | None = None
        self.bar: TrainingBar | None = None
        self.sampling: SamplingTime | None = None
        self.is_stopping = False

    def show(self, event: pipeline.Event) -> None:
        match event:
            case pipelines.Began():
                self._begin(event)
            case collection.Scanned(total, unchanged):
                self.unchanged = unchanged
                self._count(0, total - unchanged)
            case collection.Read(done, total) | collection.Written(done, total) | dataset.Prepared(done, total):
                self._count(done, total)
            case collection.LeftOut():
                self.left_out.append(event)
            case collection.Noted(text) if self.began is not None and self.began.stage == "collecting":
                self.notes.append(text)  # below the table
            case collection.Noted(text):
                self._note(text)
            case collection.Fetched():
                self.end_stage()
            case collection.Finished():
                self._collected(event)
            case dataset.Ready(path):
                self.end_stage()
                self.name_left_out(path / "dataset.json")
            case pipelines.Sampled(done, total):
                self._sampled(done, total)
            case pipelines.TrainingBegan():
                self._begin_training(event)
            case training.Trained() | training.Evaluated() | training.Noted():
                if self.bar is not None:
                    self.bar.show(event)
            case training.Finished():
                if self.bar is not None:
                    self.bar.show(event)
                self.is_stopping = False
                self.end_stage()
            case pipelines.Evaluated():
                self._evaluated(event)
            case pipelines.Represented(headline, sentences):
                self.end_stage()
                say(self.console, printable(f"{headline}."), "bold")
                for sentence in sentences:
                    say(self.console, printable(sentence))
            case pipelines.Drew(folder, pictures, classes):
                self.end_stage()
                say(self.console, f"Drew {counted(pictures, 'picture')} into {folder}: {', '.join(classes)}.")
            case pipelines.Planned(sentence, disk_bytes):
                self.end_stage()
                size = f" (at most {max(1, disk_bytes / 1e6):,.0f} MB on the disk)" if disk_bytes else ""
                say(self.console, f"{sentence}{size}.")
            case pipelines.ContenderBegan(number, of, kind, minutes):
                self.console.print(f"{number} of {of}: {kind}, {counted(minutes, 'minute')}", style="bold")
            case pipelines.PageWritten(page):
                self.end_stage()
                say(self.console, f"Open {page} in a browser.", "bold")

    def end_stage(self) -> None:
        """Nothing that moves is left on the screen."""
        self.stage.close()
        self.progress = self.bar = self.sampling = None

    def name_left_out(self, where: Path | None) -> None:
        """Name the first of them, exact duplicates last: those are not a loss. where: a file that lists all of them."""
        entries = sorted(self.left_out, key=lambda entry: (entry.kind == "exact duplicate", entry.file))
        for entry in entries[:MOST_NAMED]:
            say(self.console, f"{printable(entry.file)}: {printable(entry.reason)} (left out)")
        more = len(entries) - MOST_NAMED
        if more > 0:
            see = f", see {printable(str(where))}" if where is not None else ""
            say(self.console, f"and {more:,} more{see}")
        self.left_out = []

    def tell_stopped(self) -> None:
        self.end_stage()
        assert self.trained is not None  # nothing else is stopped in this way
        say(
            self.console,
            f"Stopped. A model of this moment is in {self.trained.model}; "
            f"go on with: sfumato train --resume -o {shlex.quote(str(self.trained.run))}",
        )

    def _begin(self, event: pipelines.Began) -> None:
        self.end_stage()
        self.began = event
        if event.stage == "fetching":  # its client draws the download
            say(self.console, event.text)
        elif event.stage not in ("collecting", "preparing"):
            self.stage.enter_context(self.console.status(event.text))

    def _count(self, done: int, total: int) -> None:
        if self.progress is None:  # not sooner: two bars at once would write over each other
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self.progress = self.stage.enter_context(
                Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
            )
            is_read = self.began is not None and self.began.stage != "fetching"
            self.task = self.progress.add_task(self.began.text if self.began and is_read else "Writing")
        self.progress.update(self.task, completed=done, total=total)

    def _sampled(self, done: float, total: int) -> None:
        if self.sampling is None:
            self.end_stage()
            what = self.began.text if self.began is not None else counted(total, "work")
            self.sampling = SamplingTime(self.console, what, self.clock)
            self.progress, self.task = percent_bar(self.console, what, float(total))
            self.stage.enter_context(self.progress)
        if self.progress is not None:
            self.progress.update(self.task, completed=done, description=self.sampling.left(done / total))

    def _collected(self, event: collection.Finished) -> None:
        self.end_stage()
        self.console.print(collection_table(event))
        if self.unchanged:
            self.console.print(f"{counted(self.unchanged, 'file')} unchanged since the last time and not read again.")
        for note in self.notes:
            self._note(note)
        self.notes = []
        if event.origin is not None and "unknown" in event.summary.licences:
            say(self.console, printable(event.origin.licence_sentence))
        self.name_left_out(event.path / "rejected.jsonl")

    def _begin_training(self, event: pipelines.TrainingBegan) -> None:
        self.end_stage()
        self.trained = event

        def stop(number: int, frame: object) -> None:
            self.is_stopping = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            with suppress(RuntimeError):  # the interruption may have come in the middle of another print
                self.console.print("finishing this step and saving; Ctrl-C again stops at once")

        before = signal.signal(signal.SIGINT, stop)
        self.stage.callback(signal.signal, signal.SIGINT, before)
        self.bar = self.stage.enter_context(TrainingBar(self.console, event))

    def _evaluated(self, event: pipelines.Evaluated) -> None:
        self.end_stage()
        self.console.print(metrics_table(event))
        self.console.print("N: works, held-out pictures; training pictures that both are measured against")
        say(self.console, f"{event.headline}.", "bold red" if event.copies else "bold")
        for sentence in event.sentences:
            say(self.console, sentence)

    def _note(self, note: str) -> None:
        self.console.print(f"Note: {printable(note)}", markup=False, highlight=False)
