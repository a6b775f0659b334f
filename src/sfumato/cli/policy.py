"""sfumato policy: the limits that works, and pictures that are learned from, keep to on this computer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli.bar import say
from sfumato.text import counted, printable

if TYPE_CHECKING:
    from sfumato.policy.policy import Policy


def policy(
    file: Annotated[
        Path | None, typer.Argument(help="A policy file (TOML) to check; by default the one in force.")
    ] = None,
) -> None:
    """Show the limits that works keep to on this computer, or check a policy file.

    The file is the one that SFUMATO_POLICY names, else sfumato/policy.toml in the directory of a person's settings
    (~/.config) or of the computer's (/etc/xdg). Its filters are loaded, so that it is known here whether they can be.
    """
    from sfumato.policy.limits import Limits
    from sfumato.policy.policy import Policy

    found = Policy.current() if file is None else Policy(Limits.read(file), file)
    found.load_filters()
    console = Console(highlight=False)
    for line in _said(found):
        say(console, printable(line))


def _said(policy: Policy) -> Iterator[str]:
    """What is allowed, a line each."""
    limits = policy.limits
    where = "no policy file: works are not limited" if policy.origin is None else f"{policy.origin}"
    yield f"{where} (SHA-256 {policy.digest[:16]})"
    threshold = "" if limits.copy_threshold is None else f", over a score of {limits.copy_threshold:g}"
    yield f"near copies of what was learned from: {limits.copies}{threshold}"
    again = counted(limits.retries, "time") if limits.retries else "not"
    yield f"a work that is refused is made again with the next seed: {again}"
    if limits.classes is not None:
        yield f"classes: {', '.join(limits.classes) or 'none'}"
    if limits.words.allowed is not None:
        yield f"words: {', '.join(limits.words.allowed) or 'none'}"
    if limits.words.refused:
        yield f"words refused: {', '.join(limits.words.refused)}"
    if limits.prompts.refused:
        yield f"in prompts refused: {', '.join(limits.prompts.refused)}"
    if limits.prompts.most_letters is not None:
        yield f"{counted(limits.prompts.most_letters, 'letter')} of a prompt at most"
    if limits.prompts.record == "digest":
        yield "prompts are not kept in files, only their SHA-256"
    if limits.works_per_hour is not None:
        yield f"{counted(limits.works_per_hour, 'work')} an hour at most"
    if limits.longest_side is not None:
        yield f"{limits.longest_side:,} pixels a side at most"
    for each in limits.filters:
        yield f"filter {each.name}: a score of {each.most:g} at most"
    yield from limits.pictures.policy.sentences
