"""How training looks in a terminal."""

from __future__ import annotations

import shlex
from contextlib import ExitStack

from rich.console import Console

from sfumato.cli.bar import clock, percent_bar, say
from sfumato.pipeline.events import TrainingBegan
from sfumato.training import Evaluated, Event, Finished, Noted, Trained


class TrainingBar(ExitStack):
    """A context in which there is a bar with the time left, pictures a second and the two losses; notes above it."""

    def __init__(self, console: Console, training: TrainingBegan) -> None:
        super().__init__()
        self.console, self.training = console, training
        self.smooth, self.held_out, self.last_said = 0.0, "", 0.0
        self.progress, self.task = percent_bar(console, "training", None)
        self.enter_context(self.progress)

    def show(self, event: Event) -> None:
        if isinstance(event, Trained):
            self._trained(event)
        elif isinstance(event, Evaluated):
            self.held_out = f", held out {event.held_out_loss:.4f}"
        elif isinstance(event, Noted):
            say(self.console, f"At step {event.step:,}: {event.text}.")
        elif isinstance(event, Finished):
            self._finished(event)

    def _trained(self, event: Trained) -> None:
        self.smooth = event.loss if not self.smooth else 0.98 * self.smooth + 0.02 * event.loss
        # At a session's first step, also after a resume, it is unknown how long the next ones take.
        known = event.pictures_per_second > 0 or event.step == event.steps
        pace = f"{clock(event.remaining_seconds)} left, {event.pictures_per_second:,.0f} pictures/s, " if known else ""
        text = f"{pace}loss {self.smooth:.4f}{self.held_out}"
        self.progress.update(self.task, total=event.steps, completed=event.step, description=text)
        # Without a terminal there is no bar: a line now and then says that it is alive.
        if not self.console.is_terminal and event.elapsed_seconds - self.last_said > 30:
            self.last_said = event.elapsed_seconds
            say(self.console, f"step {event.step:,} of {event.steps:,}: {text}")

    def _finished(self, event: Finished) -> None:
        strip = self.training.run / "evolution.png"
        say(
            self.console,
            f"Done in {clock(event.elapsed_seconds)}: the model is in {event.model}"
            + (f", how it learned in {strip}.\n" if strip.exists() else ".\n")
            + self._terms()
            + f"Make works with: {self._next()}",
        )

    def _run(self) -> str:
        return shlex.quote(str(self.training.run))

    def _terms(self) -> str:
        said = self.training.terms
        return f"{said[:1].upper()}{said[1:]}; more of it: sfumato card {self._run()}\n" if said else ""

    def _next(self) -> str:
        run = self._run()
        if self.training.begins_with == "picture":
            return f"sfumato reimagine {run} PICTURE -o work.png"
        if self.training.begins_with == "reference":
            return f"sfumato upscale {run} PICTURE -o larger.png"
        words = f" --prompt {shlex.quote(self.training.prompt)}" if self.training.prompt else ""
        return f"sfumato generate {run}{words} -n 16 -o works"
