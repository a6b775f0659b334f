"""sfumato collection show: what a collection holds, what is not known of it, and all on one picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from sfumato.cli.bar import say
from sfumato.cli.collection.arguments import Files, Place
from sfumato.errors import SfumatoError
from sfumato.text import class_name, counted, printable

if TYPE_CHECKING:
    from sfumato.collection import Collection, Picture
    from sfumato.collection.pairs import Pair

FACTS: Final = ("creator", "title", "year", "source", "licence")
MOST_CREATORS: Final = 10
MOST_REMOVALS: Final = 20


def show(
    place: Place,
    files: Files = None,
    unknown: Annotated[
        str | None,
        typer.Option(
            "--unknown", metavar="FACT", help=f"List the pictures of which this is not known: {', '.join(FACTS)}."
        ),
    ] = None,
    left_out: Annotated[
        bool, typer.Option("--left-out", help="List every file that is left out, with the reason.")
    ] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="List pictures that are the same, or nearly, and which are kept.")
    ] = False,
) -> None:
    """Show what a collection holds, what is not known of it, and what was decided; or all that is known of pictures."""
    from sfumato.collection import Collection
    from sfumato.collection.pairs import pairs_of
    from sfumato.collection.selection import Selection

    if sum((files is not None, unknown is not None, left_out, duplicates)) > 1:
        raise SfumatoError("--file, --unknown, --left-out and --duplicates each show something else; give one of them")
    if unknown not in (None, *FACTS):
        raise SfumatoError(f"--unknown {unknown}: choose {', '.join(FACTS[:-1])} or {FACTS[-1]}")
    console = Console(highlight=False)
    collection = Collection.open(place)
    if files is not None:
        for picture in Selection(tuple(files)).of(collection):
            for line in _of_picture(picture, collection):
                say(console, line)
        return
    if unknown is not None:
        for picture in collection.pictures:
            if not _is_known(picture, unknown):
                say(console, printable(picture.file))
        return
    if left_out:
        for entry in collection.left_out:
            say(console, f"{printable(entry.file)}: {printable(entry.reason)}")
        return
    if duplicates:
        for pair in pairs_of(collection):
            say(console, _of_pair(pair))
        return
    from sfumato.cli.tables import collection_table
    from sfumato.collection import Finished

    console.print(collection_table(Finished(place, collection.summary, collection.origin, False)))
    for line in _said(collection):
        say(console, line)


def _said(collection: Collection) -> Iterator[str]:
    from sfumato.provenance.terms import Terms

    pictures = collection.pictures
    creators = Counter(picture.creator for picture in pictures if picture.creator)
    if creators:
        named = ", ".join(f"{name} ({count:,})" for name, count in creators.most_common(MOST_CREATORS))
        more = len(creators) - MOST_CREATORS
        yield f"Creators: {named}{f' and {more:,} more' if more > 0 else ''}."
    missing = {about: sum(not _is_known(picture, about) for picture in pictures) for about in FACTS}
    if any(missing.values()):
        parts = ", ".join(f"{about} of {count:,}" for about, count in missing.items() if count)
        yield f"Not known, of {counted(len(pictures), 'picture')}: {parts}; --unknown FACT lists them."
    yield from Terms.of(collection.summary.licences).sentences
    yield from _decided(collection)
    for note in collection.notes:
        yield f"Note: {note}"


def _decided(collection: Collection) -> Iterator[str]:
    """What a person has stated, edited and taken out."""
    ownership, decisions = collection.ownership, collection.decisions
    if not collection.is_decided:
        yield (
            "What was edited or taken out is not carried out yet, or was put back; do so with: sfumato collect "
            f"{collection.source} -o {collection.path}"
        )
    if ownership is not None and (ownership.licence or ownership.creator):
        parts = (("licence", ownership.licence), ("creator", ownership.creator))
        stated = ", ".join(f"{about} {text}" for about, text in parts if text)
        yield f"Stated of all pictures of which nothing else is known: {stated}."
    if sentences := collection.policy.sentences:
        yield f"Policy: {'; '.join(sentences)}."
    if decisions.edits:
        yield f"Edited: {counted(len(decisions.edits), 'picture')}."
    if decisions.keeps:
        yield f"Chosen between pictures that are the same, or nearly: {counted(len(decisions.keeps), 'pair')}."
    for removal in decisions.removals[:MOST_REMOVALS]:
        whom = f"all by {removal.creator}" if removal.creator else removal.file
        yield f"Taken out on request: {whom} ({removal.when})."
    if len(decisions.removals) > MOST_REMOVALS:
        yield f"and {len(decisions.removals) - MOST_REMOVALS:,} more taken out on request."


def _of_picture(picture: Picture, collection: Collection) -> Iterator[str]:
    """All that is known of one picture, and by whom."""
    from sfumato.provenance.licences import short_name

    reason = next((entry.reason for entry in collection.left_out if entry.file == picture.file), "")
    yield f"{printable(picture.file)}{f' (left out: {reason})' if reason else ''}"
    edited = f" ({picture.found['category']})" if "category" in picture.found else ""
    category = f"class {class_name(picture.category)}{edited}"
    yield f"  {picture.width} x {picture.height} pixels, {category}, SHA-256 {picture.sha256}"
    for about in FACTS:
        value = getattr(picture, about)
        shown = short_name(value) if about == "licence" else value
        where = f" ({picture.found[about]})" if about in picture.found else ""
        others = "; ".join(f"{each.where} says '{each.text}'" for each in picture.conflicts if each.about == about)
        known = shown if _is_known(picture, about) else "not known"
        yield f"  {about}: {known}{where}{f'; but {others}' if others else ''}"
    if picture.caption:
        where = f" ({picture.found['caption']})" if "caption" in picture.found else ""
        yield f"  caption: {picture.caption}{where}"
    if picture.generated:
        yield f"  made by a model: {picture.generated}"
    if picture.lifted:
        yield f"  marked as not to be learned from, which does not count for one's own picture: {picture.lifted}"


def _of_pair(pair: Pair) -> str:
    kept, other = printable(pair.kept.file), printable(pair.other.file)
    decided = " (decided)" if pair.is_decided else ""
    if pair.kind == "same":
        return f"{kept} is kept; {other} is the same file{decided}"
    if pair.is_other_kept:
        return f"{kept} and {other} are nearly the same, and both are kept{decided}"
    return f"{kept} is kept; {other} is nearly the same, and left out{decided}"


def _is_known(picture: Picture, about: str) -> bool:
    return getattr(picture, about) not in ("", "unknown")
