"""sfumato collection remove: take pictures out for good, at the wish of whoever made them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from sfumato.cli.bar import say
from sfumato.cli.collection.arguments import Files, Place, carry_out
from sfumato.errors import SfumatoError
from sfumato.text import counted, printable

if TYPE_CHECKING:
    from sfumato.collection import Collection

MOST_NAMED: Final = 20


def remove(
    place: Place,
    creators: Annotated[
        list[str] | None,
        typer.Option("--creator", metavar="NAME", help="All pictures by this creator, now and later; may be repeated."),
    ] = None,
    files: Files = None,
    look_in: Annotated[
        list[Path] | None,
        typer.Option(
            "--look-in",
            metavar="DIR",
            help="Where to look for models that have learned from them; by default here and beside the collection.",
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take in again what was taken out.")] = False,
) -> None:
    """Take pictures out of a collection, for whoever asks for it, and name the models that have learned from them.

    Collecting the folder again does not bring them back, nor what is nearly the same picture. The files themselves stay
    where they are, and so do models: what a model has learned is not taken out of it but by training anew.
    """
    from sfumato import pipeline
    from sfumato.collection import Collection
    from sfumato.collection.selection import is_by, said_alike

    if not creators and not files:
        raise SfumatoError("say whose pictures, with --creator NAME, or which, with --file NAME")
    names, patterns = creators or [], files or []
    if not all(name.strip() for name in names):
        raise SfumatoError("--creator: a name is needed")
    for folder in look_in or []:
        if not folder.is_dir():
            raise SfumatoError(f"--look-in {folder}: there is no such directory")
    console = Console(highlight=False)
    before = Collection.open(place)
    if undo:
        carry_out(console, pipeline.restore(place, names, patterns))
        back = {each.sha256 for each in Collection.open(place).pictures} - {each.sha256 for each in before.pictures}
        say(console, f"{counted(len(back), 'picture')} taken in again.")
        return
    unknown = [name for name in names if not any(is_by(each, [name]) for each in (*before.pictures, *before.excluded))]
    carry_out(console, pipeline.remove(place, names, patterns))
    after = Collection.open(place)
    # What was left out for another reason until now may be in a model all the same.
    gone = _taken_out(after) - _taken_out(before)
    was_in = gone & {each.sha256 for each in before.pictures}
    more = f", and {len(gone - was_in):,} that had been left out already" if gone - was_in else ""
    say(console, f"{counted(len(was_in), 'picture')} taken out{more}; the files stay where they are.")
    for file in sorted(each.file for each in before.pictures if each.sha256 in was_in)[:MOST_NAMED]:
        say(console, f"{printable(file)}")
    if len(was_in) > MOST_NAMED:
        say(console, f"and {len(was_in) - MOST_NAMED:,} more, see {place / 'rejected.jsonl'}")
    for name in unknown:
        alike = said_alike([name], before)
        say(console, f"No picture here is by {printable(name)}{alike}; it is noted for pictures that come later.")
    if gone:
        _name_holders(console, gone, look_in or [Path(), place.absolute().parent])


def _taken_out(collection: Collection) -> set[str]:
    """SHA-256 of the files that are taken out on request."""
    from sfumato.images import unusable

    files = {each.file for each in collection.left_out if each.kind == unusable.REMOVED}
    return {each.sha256 for each in collection.excluded if each.file in files}


def _name_holders(console: Console, digests: set[str], places: list[Path]) -> None:
    from sfumato.pipeline.holders import holders

    found = list(holders(digests, places))
    where = " and ".join(dict.fromkeys(str(path.absolute()) for path in places))
    if not found:
        say(console, f"No model, dataset or other collection below {where} holds them; look elsewhere with --look-in.")
        return
    say(console, f"They are still in these, which stay as they are (looked for below {where}):", "bold")
    for each in found:
        if each.fault:
            said = f"cannot be read, so it is not known ({each.fault})"
        elif each.pictures is None:
            said = "is of an earlier version and does not say whether it holds them"
        else:
            verb = "has learned from" if each.kind == "model" else "holds"
            said = f"{verb} {counted(each.pictures, 'of them', 'of them')}"
        say(console, f"{each.path.absolute()} ({each.kind}): {said}")
    say(console, "Train anew on the collection, and delete what is not to be used any more.")
