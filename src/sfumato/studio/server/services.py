"""What routes work with: the studio's database and directory, and the folders that its owner named."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from sfumato.policy.policy import Policy
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.journal import Journal
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.place import Place
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.following import Following
from sfumato.studio.server.pictures import Pictures
from sfumato.studio.server.settings import Settings
from sfumato.studio.server.tokens import OWNER, Tokens


@dataclass(frozen=True)
class Services:
    """One for a server. Routes get it by an argument ``services: Served``; the database waits for the disk, so such
    routes are plain functions, which run in threads, or call `asyncio.to_thread`."""

    place: Place
    database: Database
    settings: Settings = field(default_factory=Settings)
    tokens: Tokens = field(default_factory=lambda: Tokens({}))

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.database)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.database)

    @cached_property
    def gallery(self) -> Gallery:
        return Gallery(self.database)

    @cached_property
    def following(self) -> Following:
        """For all that listen to events."""
        return Following(self.journal)

    @cached_property
    def pictures(self) -> Pictures:
        """Thumbnails and larger views of any picture here."""
        return Pictures(self.place)

    def close(self) -> None:
        """End what listens and decodes, as the server is about to stop."""
        self.following.close()
        if "pictures" in vars(self):
            self.pictures.close()

    @property
    def policy(self) -> Policy:
        """The limits in force now: whoever changes their file need not start the server again. Raises SfumatoError."""
        return Policy.current()

    @property
    def roots(self) -> tuple[Path, ...]:
        """Folders on this machine whose files may be named."""
        return tuple(root.resolve() for root in self.settings.roots)

    def under_a_root(self, named: str) -> Path:
        """A folder or file that was named, with all links followed. Raises HttpError 403 for one under no root, and 404
        for none."""
        try:
            path = Path(named).expanduser().resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            path = None
        if path is not None and any(path.is_relative_to(root) for root in self.roots):
            return path
        # Whether there is such a file outside is nobody's to ask.
        message = (
            "there is no such folder under those that may be named; start the studio with --root FOLDER to name one"
        )
        raise HttpError(403, message, code="outside_roots", param="path")


def services(request: Request) -> Services:
    """Those of the application."""
    found: Services = request.app.state.services
    return found


def client(request: Request) -> str:
    """Who asks, by the name of the token: 'owner', or a program's."""
    name: str = request.state.client
    return name


def owner_of_jobs(name: Annotated[str, Depends(client)]) -> str | None:
    """Whose jobs may be seen: None for all, a program's name for those that it asked for."""
    return None if name == OWNER else name


Served = Annotated[Services, Depends(services)]
Client = Annotated[str, Depends(client)]
# As a route's argument: whose jobs it may show.
Whose = Annotated[str | None, Depends(owner_of_jobs)]
