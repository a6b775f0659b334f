"""Lines of text; the bar of work that takes long: what it is, how much of it is done, and a description; and times as
people read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from sfumato.text import counted, printable

TOLD_FROM: Final = 10.0  # seconds; what is done sooner needs no word beforehand
MEASURED: Final = 2.0  # seconds, before anything is said of the rest
LINE_EVERY: Final = 30.0  # seconds, where there is no terminal


def say(console: Console, text: str, style: str | None = None) -> None:
    """Lines, however long. A path, or a name, may hold what rich would take for markup, and what steers a terminal."""
    said = "\n".join(map(printable, text.split("\n")))
    console.print(said, style=style, markup=False, highlight=False, soft_wrap=True)


def percent_bar(console: Console, what: str, total: float | None) -> tuple[Progress, TaskID]:
    """A bar and its task, of ``total`` (None: not known yet); nothing is drawn where the console is not a terminal."""
    progress = Progress(
        TextColumn("{task.fields[what]}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return progress, progress.add_task("", total=total, what=what)


def clock(seconds: float) -> str:
    """'0:07', '12:30', '1:02:05'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def about(seconds: float) -> str:
    """A guessed time, no finer than it is known: 'about 40 seconds', 'about 3 minutes', 'about 2.5 hours'."""
    if seconds < 90:
        return f"about {counted(max(5, 5 * round(seconds / 5)), 'second')}"
    if seconds < 90 * 60:
        return f"about {counted(round(seconds / 60), 'minute')}"
    return f"about {counted(round(seconds / 1800) / 2, 'hour')}"


class SamplingTime:
    """How long works take: said once at the beginning, and now and then where there is no terminal.

    what: the works in words, '16 works'.
    """

    def __init__(self, console: Console, what: str, clock: Callable[[], float]) -> None:
        self.console, self.what, self.clock = console, what, clock
        self.began = self.last_line = clock()
        self.is_told = False

    def left(self, fraction: float) -> str:
        """'0:12 left' where that much is done, 0..1, and the rest takes as long in proportion; '' while nothing is
        known."""
        spent = self.clock() - self.began
        return self.told(fraction, spent / fraction - spent) if fraction > 0 else ""

    def told(self, fraction: float, seconds_left: float, *, is_sure: bool = True) -> str:
        """The same where that many seconds are left; nothing that is unsure is said."""
        now = self.clock()
        spent = now - self.began
        if fraction <= 0 or spent <= MEASURED:
            return ""
        left = f"{clock(seconds_left)} left"
        if not is_sure:
            return left
        if not self.is_told:
            self.is_told = True
            if spent + seconds_left > TOLD_FROM:
                say(self.console, f"{self.what}: {about(spent + seconds_left)}")
        if not self.console.is_terminal and now - self.last_line > LINE_EVERY:
            self.last_line = now
            say(self.console, f"{self.what}: {fraction:.0%}, {left}")
        return left
