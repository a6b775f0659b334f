"""The route by which 'sfumato studio' opens the page of a server that is running already."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from sfumato.studio.server.answers import ERRORS
from sfumato.studio.server.guard import ENTRY
from sfumato.studio.server.services import Served

router = APIRouter(prefix="/api/keys", tags=["keys"], responses=ERRORS)


class Entry(BaseModel):
    """path: what opens the page, once."""

    path: str


@router.post("", status_code=201)
async def new_key(services: Served) -> Entry:
    """A key that opens the page once in a browser."""
    return Entry(path=f"{ENTRY}?key={services.tokens.new_key()}")
