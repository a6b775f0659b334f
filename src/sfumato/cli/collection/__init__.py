"""sfumato collection: what is in a collection, what is known of it, and who is to be taken out."""

from __future__ import annotations

import typer

from sfumato.cli.collection.edit import edit
from sfumato.cli.collection.keep import keep
from sfumato.cli.collection.remove import remove
from sfumato.cli.collection.report import report
from sfumato.cli.collection.show import show

collection = typer.Typer()


@collection.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for command in (show, report, edit, keep, remove):
    collection.command()(command)
