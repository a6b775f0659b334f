"""sfumato collection edit: say what is true of pictures, one, many, or by a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.cli.collection.arguments import Classes, Files, Place, carry_out
from sfumato.errors import SfumatoError
from sfumato.text import counted, printable

MOST_BYTES: Final = 1 << 28  # of a table


def edit(
    place: Place,
    files: Files = None,
    classes: Classes = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="NAME", help="Pictures by this creator, as is known now.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All pictures.")] = False,
    creator: Annotated[str | None, typer.Option(help="Who made them; '' for not known.")] = None,
    title: Annotated[str | None, typer.Option(help="Their title.")] = None,
    year: Annotated[str | None, typer.Option(help="When they were made, in any words.")] = None,
    source: Annotated[str | None, typer.Option(help="Where they come from: an address or a place.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="Their licence in any usual words, 'own' for yours; unknown for not known.")
    ] = None,
    class_name: Annotated[
        str | None, typer.Option("--class-name", metavar="NAME", help="Their class from now on; '' for none.")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Take back all that was edited of them.")] = False,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write a table to edit in a spreadsheet, as CSV.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", metavar="FILE", help="Take what was changed in such a table.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Say what is true of pictures: of those with a name or pattern, of a class, by somebody, or in a table.

    It counts more than what tables and the files say, and stays true when the folder is collected again. The pictures'
    files are not changed.
    """
    from sfumato import pipeline
    from sfumato.collection import Collection
    from sfumato.collection.decisions import Edit
    from sfumato.collection.selection import Selection
    from sfumato.collection.spreadsheet import edits_in, said_of, table_of
    from sfumato.disk import read_named_file, write_whole_file
    from sfumato.provenance.licences import is_reference, licence_of

    facts = {"creator": creator, "title": title, "year": year, "source": source, "licence": licence}
    facts["class"] = class_name
    fields = {about: " ".join(text.split()) for about, text in facts.items() if text is not None}
    chosen = Selection(tuple(files or ()), tuple(classes or ()), tuple(by or ()), everything)
    _check_asked(fields, chosen=bool(chosen), forget=forget, write=write, table=table)
    console = Console(highlight=False)
    collection = Collection.open(place)
    if write is not None:
        pictures = chosen.of(collection) if chosen else [*collection.pictures, *collection.excluded]
        data = table_of(pictures)
        write_whole_file(write, lambda file: file.write(data), force=force)
        say(console, f"{counted(len(pictures), 'picture')} in {write}; change it, and read it back with --table.")
        return
    if table is not None:
        data = read_named_file(table, MOST_BYTES)
        edits = edits_in(data, [*collection.pictures, *collection.excluded], printable(str(table)))
        if not edits:
            say(console, f"{table}: says nothing else than what is known.")
            return
    else:
        pictures = chosen.of(collection)
        if forget:
            carry_out(console, pipeline.forget(place, [picture.sha256 for picture in pictures]))
            say(console, f"What was edited of {counted(len(pictures), 'picture')} is taken back.")
            return
        edits = [Edit(picture.sha256, picture.file, fields) for picture in pictures]
    words = sorted(
        {each.fields["licence"] for each in edits if is_reference(licence_of(each.fields.get("licence", "")))}
    )
    carry_out(console, pipeline.edit(place, edits))
    say(console, f"{counted(len(edits), 'picture')} edited.")
    for line in said_of(edits):
        say(console, line)
    for text in words[:3]:
        say(console, f"Note: '{text}' is no licence that a list has; it is kept as {licence_of(text)}.")


def _check_asked(fields: dict[str, str], *, chosen: bool, forget: bool, write: Path | None, table: Path | None) -> None:
    """Raises SfumatoError where nothing is asked, or two things at once."""
    ways = [
        *(["--write"] if write is not None else []),
        *(["--table"] if table is not None else []),
        *(["--forget"] if forget else []),
        *(f"--{'class-name' if about == 'class' else about}" for about in list(fields)[:1]),
    ]
    if not ways:
        raise SfumatoError("state something, as in --file 'waves/*.png' --creator 'Ana Bo', or give --write or --table")
    if len(ways) > 1:
        raise SfumatoError(f"{ways[0]} and {ways[1]} are two things; give one after the other")
    if table is not None and chosen:
        raise SfumatoError("--table says itself of which pictures it speaks; leave out --file, --class, --by and --all")
    if not chosen and write is None and table is None:
        raise SfumatoError("say of which pictures, with --file, --class or --by, or give --all")
