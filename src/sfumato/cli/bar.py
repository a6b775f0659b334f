"""The bar of work that takes long: what it is, how much of it is done, and a description."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn


def percent_bar(console: Console, what: str, total: float | None) -> tuple[Progress, TaskID]:
    """A bar and its task, of ``total`` (None: not known yet); nothing is drawn where the console is no terminal."""
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
