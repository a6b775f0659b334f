"""The API of Stable Diffusion web UI, as far as Open WebUI, SillyTavern and LibreChat call it."""

from fastapi import APIRouter

from sfumato.studio.server.answers import ERRORS
from sfumato.studio.server.sdapi import lists, making, options

router = APIRouter(prefix="/sdapi/v1", tags=["sdapi"], responses=ERRORS)
router.include_router(options.router)
router.include_router(lists.router)
router.include_router(making.router)
