"""sfumato studio: a page in the browser on which all of this is done, and an HTTP API for other programs."""

from __future__ import annotations

import contextlib
import json
import logging
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli.bar import say
from sfumato.errors import SfumatoError
from sfumato.text import printable

if TYPE_CHECKING:
    from sfumato.studio.place import Place
    from sfumato.studio.server.running import Held
    from sfumato.studio.server.settings import Settings


def studio(
    port: Annotated[int, typer.Option(help="Where it listens; 0 for any port that is free.")] = 8411,
    data: Annotated[
        Path | None, typer.Option("--data", help="The studio's directory.", show_default="your data directory")
    ] = None,
    roots: Annotated[
        list[Path] | None,
        typer.Option("--root", help="A folder whose pictures may be named on the page; may be said again."),
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="A shared database: postgresql+psycopg://USER@HOST/NAME", show_default="a file")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Another address to listen at, such as 0.0.0.0: then other machines reach it.")
    ] = "127.0.0.1",
    hosts: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="A name by which other machines call it; may be said again."),
    ] = None,
    model_aliases: Annotated[
        list[str] | None,
        typer.Option(
            "--model-alias",
            metavar="NAME=MODEL",
            help="Another name of a model, for programs that know but one; may be said again.",
        ),
    ] = None,
    new_token: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make a token for a program, print it, and leave.")
    ] = None,
    *,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Say what is exposed, and leave: with 1 if at risk.")] = False,
) -> None:
    """Open a page in the browser to collect pictures, train, make works and find them again; and an API for programs.

    Only this machine reaches it, and only with its key, unless --host says otherwise. It ends with Ctrl-C; what is not
    done then goes on when it is started again.
    """
    from sfumato.disk import local_path
    from sfumato.studio.place import Place
    from sfumato.studio.server.running import make
    from sfumato.studio.server.settings import Settings
    from sfumato.studio.server.tokens import check_program
    from sfumato.studio.server.tokens import new_token as make_token

    place = Place.usual() if data is None else Place(local_path(data).absolute())
    if new_token is not None:
        check_program(new_token)
        make(place)
        typer.echo(make_token(place, new_token))
        return
    named = tuple(local_path(root).absolute() for root in roots or ())
    aliases = dict(map(_alias, model_aliases or ()))
    settings = Settings(host=host, port=port, hosts=tuple(hosts or ()), roots=named, aliases=aliases)
    if check:
        raise typer.Exit(_check(place, settings, database))
    _serve(place, settings, database, browser=browser)


def _alias(text: str) -> tuple[str, str]:
    name, _, model = (part.strip() for part in text.partition("="))
    if not name or not model:
        raise SfumatoError(f"--model-alias {text}: give NAME=MODEL, as in gpt-image-1=sea-studies-12")
    return name, model


def _check(place: Place, settings: Settings, database: str | None) -> int:
    """Says what is exposed; 1 where something of it is a risk."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from sfumato.studio.server.exposure import exposed
    from sfumato.studio.server.running import make

    try:
        hidden = None if database is None else make_url(database).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise SfumatoError("--database: is no URL; give postgresql+psycopg://USER@HOST/NAME") from error
    make(place)
    console = Console(highlight=False)
    found = exposed(place, settings, hidden)
    for each in found:
        say(console, f"{'Risk: ' if each.is_risk else ''}{printable(each.text)}")
    return int(any(each.is_risk for each in found))


def _serve(place: Place, settings: Settings, database: str | None, *, browser: bool) -> None:
    from sfumato.studio.server.running import held

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    for chatty in ("python_multipart", "uvicorn"):  # of what strangers send that is no request
        logging.getLogger(chatty).setLevel(logging.ERROR)
    console = Console(highlight=False, soft_wrap=True)
    if (entry := _entry_of_running(place)) is not None:
        say(console, f"A studio is running there already; this link opens its page once: {entry}")
        if browser:
            webbrowser.open(entry)
        return
    with held(place) as holding:
        _serve_held(holding, settings, database, console, browser=browser)


def _serve_held(holding: Held, settings: Settings, database: str | None, console: Console, *, browser: bool) -> None:
    from sfumato.studio.jobs.belonging import check_belongs
    from sfumato.studio.jobs.database import Database
    from sfumato.studio.server.app import create_app
    from sfumato.studio.server.guard import ENTRY
    from sfumato.studio.server.serving import listening, serve
    from sfumato.studio.server.tokens import Tokens
    from sfumato.studio.workers.supervisor import Supervisor

    tokens = Tokens.open(holding.place)
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(contextlib.closing(Database.open(holding.place, database)))
        if database is not None:
            check_belongs(opened)
        listener, settings = listening(settings)
        stack.enter_context(listener)
        app = create_app(
            holding.place,
            opened,
            settings,
            tokens=tokens,
            working=lambda: Supervisor(opened, url=database, roots=settings.roots),
        )
        url = _url(settings)

        def answers() -> None:
            holding.answers_at(url)
            _welcome(console, settings, f"{url}{ENTRY}?key={tokens.new_key()}", browser=browser)

        serve(app, listener, answers)


def _url(settings: Settings) -> str:
    """What the page is called on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _welcome(console: Console, settings: Settings, entry: str, *, browser: bool) -> None:
    if not settings.is_local:
        say(
            console,
            f"Other machines reach this studio at {settings.host}, port {settings.port}, and whoever is in between "
            "reads what is sent: put a server with HTTPS in front of it, or end it with Ctrl-C.",
        )
    say(console, f"The studio is open; this link opens its page once: {entry}")
    say(console, "Ctrl-C ends it. 'sfumato studio' in another terminal opens its page again.")
    if browser:
        webbrowser.open(entry)


def _entry_of_running(place: Place) -> str | None:
    """What opens the page of the server that is running there already; None where none answers."""
    from sfumato.studio.server.running import running_at
    from sfumato.studio.server.tokens import Tokens, tokens_file

    url = running_at(place)
    if url is None or not tokens_file(place).exists():
        return None
    headers = {"Authorization": f"Bearer {Tokens.open(place).owner}"}
    request = urllib.request.Request(f"{url}/api/keys", method="POST", headers=headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy is shown the token
    with contextlib.suppress(OSError, ValueError, KeyError), direct.open(request, timeout=5) as answer:
        return f"{url}{json.load(answer)['path']}"
    return None
