"""The command line. Each command's module imports what is heavy inside its function, so that --help is quick."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console
from rich.text import Text

from sfumato.cli.collect import collect
from sfumato.cli.demo import demo
from sfumato.cli.generate import generate
from sfumato.cli.train import train
from sfumato.errors import SfumatoError

app = typer.Typer(
    name="sfumato",
    help="From a folder of art to a diffusion model and new works, on the machine that you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (collect, train, generate, demo):
    app.command()(command)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    if version:
        import sfumato

        typer.echo(f"sfumato {sfumato.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: a person's mistake is one sentence and exit code 2, an interruption 130."""
    try:
        app()
    except SfumatoError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(Text.assemble(("error: ", "bold red"), str(error)))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has left; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
