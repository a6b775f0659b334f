"""The command line. Each command's module imports what is heavy inside its function, so that --help is quick."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text

from sfumato.disk import DISK_FULL, disk_fault
from sfumato.errors import SfumatoError
from sfumato.memory import keep_freed_memory
from sfumato.text import at_home, printable

# Some versions of typer bring their own copy of click: this is theirs, whichever it is.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
# What a person can put right, and no fault of the program.
_OF_THE_MACHINE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.EFBIG, errno.ENXIO),
}
_OTHER_NAMES = {"--negative-prompt": "--negative", "--text": "--prompt"}  # what people try who know other programs
_CIRCLE = "Symlink loop from"  # Python's words, before 3.13
LONGEST = 2000  # letters of an answer; a person who gave more need not read it all again

_HOME = re.compile(r"^(--[\w-]+=)?(~)(?=/|$)")

# In the order of their list. A command's module, which has its name, is loaded when it is named: the list is quick. It
# holds a function of that name, or a group of further commands.
COMMANDS: Final[Mapping[str, str]] = {
    "collect": "Turn a folder of art into a collection: sound pictures, without duplicates, and what is known of each.",
    "collection": "Show what a collection holds and what is not known of it, state more, or take pictures out.",
    "train": "Train a diffusion model on a folder of art in the time that you have.",
    "generate": "Make new works with a model: PNG files that carry their recipe, and a contact sheet beside their "
    "directory.",
    "upscale": "Make a picture larger, with detail such as the collection has that the upscaler learned from.",
    "reimagine": "Make a picture again with a model: an autoencoder answers in one pass, a diffusion model refines "
    "it from noise.",
    "inpaint": "Make part of a picture anew: what the mask shows white. What it shows black is kept to the pixel.",
    "outpaint": "Continue beyond the edges of a picture, which itself is kept to the pixel.",
    "again": "Make a work once more from the recipe in its file, and say whether the pixels are the same.",
    "verify": "Say who signed a file, whether it was changed since, and what it was made from.",
    "card": "Print what is known of a model or a collection as a card: for the Hub, as Croissant, or for the EU's AI "
    "Act.",
    "key": "Show the key by which your works are signed, give its certificate to others, or sign with one of your own.",
    "policy": "Show the limits that works keep to on this computer, or check a policy file.",
    "nearest": "Name and show the training pictures that a work is nearest to, and say whether it is a near copy.",
    "interpolate": "Pass from one work to another through pictures that the model makes, at an even pace.",
    "grid": "Compare settings by looking: one sheet of works of the same seed, each row and column with another value.",
    "distill": "Teach a copy of a run's model to make its works in a few steps, guidance included.",
    "evaluate": "Measure works against the pictures that were learned from, and the same of real pictures that "
    "were held out.",
    "compare": "Train an autoencoder, a GAN and a diffusion model on the same pictures for the same time, and "
    "show what came.",
    "studio": "Open a page in the browser to collect pictures, train, make works and find them again; and an API for "
    "programs.",
    "demo": "Show everything on pictures that the program draws itself: collect, train two minutes, generate, "
    "one web page.",
}


def application(named: Collection[str] | None = None) -> typer.Typer:
    """The command line, with the options of the commands that are named, by default of all; of the others there is what
    the list says of them."""
    app = typer.Typer(
        name="sfumato",
        help="From a folder of art to a diffusion model and new works, on the machine that you have.",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_options)
    for name, summary in COMMANDS.items():
        if named is None or name in named:
            command = getattr(import_module(f"sfumato.cli.{name}"), name)
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=name, help=summary)
            else:
                app.command()(command)
        else:
            app.command(name, help=summary)(_listed)
    return app


def _listed() -> None:
    """In the place of a command that is not named."""


def _options(
    context: typer.Context, version: bool = typer.Option(False, "-V", "--version", help="Print the version and leave.")
) -> None:
    if version:
        import sfumato

        typer.echo(f"sfumato {sfumato.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line: a person's mistake is one sentence and exit code 2, an interruption 130."""
    keep_freed_memory()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name of any bytes can be printed, in any locale
            stream.reconfigure(errors="backslashreplace")
    # No shell does this after a '=', and a directory called '~' is a trap for whoever removes it.
    sys.argv[1:] = [
        _HOME.sub(lambda found: f"{found[1] or ''}{at_home(Path(found[2]))}", word) for word in sys.argv[1:]
    ]
    try:
        # Not on its own, or it would draw its usage and a box around a sentence, and end the program itself.
        completing = "_SFUMATO_COMPLETE" in os.environ
        app = application(None if completing else [word for word in sys.argv[1:] if word in COMMANDS])
        sys.exit(app(prog_name="sfumato", standalone_mode=False))
    except SfumatoError as error:
        _say(str(error))
        sys.exit(2)
    except UsageError as error:
        _say(_usage(error))
        sys.exit(2)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # The reader of our output has left; Python would complain once more when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        if error.errno not in _OF_THE_MACHINE:
            raise
        said = disk_fault(error)
        remedy = "make room and run the command again" if said == DISK_FULL else "choose another place"
        _say(f"{error.filename or 'the disk'}: {said[:1].lower()}{said[1:]}; {remedy}")
        sys.exit(2)
    except (RuntimeError, MemoryError) as error:
        if (fault := memory_fault(error)) is not None:
            _say(fault)
            sys.exit(2)
        if not str(error).startswith(_CIRCLE):
            raise
        _say(f"{str(error).removeprefix(_CIRCLE).strip()}: is a link that leads in a circle; give another place")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)


def memory_fault(error: Exception) -> str | None:
    """What to do where memory did not suffice; None for any other error. Torch says so in words, and on the CPU with a
    plain RuntimeError."""
    said = str(error).lower()
    on_gpu = "out of memory" in said
    on_cpu = isinstance(error, MemoryError) or "can't allocate memory" in said or "not enough memory" in said
    if not on_gpu and not on_cpu:
        return None
    smaller = "ask for less at once (a smaller --size or --width, or in training --batch 8), close other programs"
    return (
        f"the GPU's memory is full: {smaller}, or compute on the CPU with --device cpu"
        if on_gpu
        else f"this machine's memory is full: {smaller}"
    )


def _say(text: str) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    said = printable(text)
    if len(said) > LONGEST:
        said = f"{said[: LONGEST // 2]} ... {said[-LONGEST // 2 :]}"
    console.print(Text.assemble(("error: ", "bold red"), said))


def _usage(error: Any) -> str:
    """What is wrong with an option or an argument, in one sentence. error: a ``UsageError``."""
    if own := _OTHER_NAMES.get(getattr(error, "option_name", "")):
        return (
            f"{error.option_name}: is called {own} here, of a model that reads text; one that was trained with sfumato "
            "knows classes: choose one with --class"
        )
    context = error.ctx
    command = context.command_path if context is not None else "sfumato"
    said = " ".join(error.format_message().split()).rstrip(".")
    option, of_an_option, fault = said.removeprefix("Invalid value for '").partition("': ")
    if of_an_option:
        named = option.replace("' / '", " / ")  # '-n' / '--count'
        said = f"{named}: {fault[:1].lower()}{fault[1:]}"
    return f"{said if said[:2].isupper() else said[:1].lower() + said[1:]}; '{command} --help' shows what there is"
