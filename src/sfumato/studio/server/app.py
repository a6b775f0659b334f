"""The application: one guard before all routes, and the routes of each resource."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from importlib import import_module
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

import sfumato
from sfumato.studio.jobs.database import Database
from sfumato.studio.place import Place
from sfumato.studio.server.answers import answer_errors
from sfumato.studio.server.guard import Guard
from sfumato.studio.server.pages import serve_page
from sfumato.studio.server.services import Services
from sfumato.studio.server.settings import Settings
from sfumato.studio.server.tokens import Tokens

# Modules beside this one with a `router`. One whose resource the page needs from the start, such as collections, has a
# function `listed(services) -> list[dict]` as well, and its line in `sfumato.studio.server.state`.
ROUTERS: Final = (
    "state", "events", "jobs", "uploads", "collections", "trainings", "models", "works", "openai", "sdapi", "keys",
)  # fmt: skip
_THREADS: Final = 32


def create_app(
    place: Place,
    database: Database,
    settings: Settings | None = None,
    *,
    tokens: Tokens | None = None,
    working: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> FastAPI:
    """The studio's server over a database.

    working: what runs beside it while it answers, such as `Supervisor`, which has the jobs done. Raises SfumatoError
    where the tokens cannot be read.
    """
    settings = settings or Settings()
    tokens = tokens or Tokens.open(place)
    services = Services(place, database, settings, tokens)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Python gives a few threads to each core; these wait for the disk, and nobody who listens may wait for them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "sfumato"))
        with working():
            warming = asyncio.create_task(asyncio.to_thread(services.pictures.warm))
            try:
                yield
            finally:
                services.close()
                await warming

    app = FastAPI(
        title="sfumato studio",
        version=sfumato.__version__,
        summary="Collect pictures, train on them, make works, and find them again with all that is known of each.",
        lifespan=lifespan,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation,
        separate_input_output_schemas=False,
    )
    app.state.services = services
    for name in ROUTERS:
        app.include_router(import_module(f"sfumato.studio.server.{name}").router)
    serve_page(app)
    answer_errors(app)
    app.add_middleware(Guard, settings=settings, tokens=tokens)
    return app


def _operation(route: APIRoute) -> str:
    """A route's name in the schema: 'jobs_control'."""
    module = route.endpoint.__module__.removeprefix("sfumato.studio.server.").replace(".", "_")
    return f"{module}_{route.endpoint.__name__}"
