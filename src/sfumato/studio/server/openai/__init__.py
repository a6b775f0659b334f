"""The Images API of OpenAI, as far as models of the studio can do what it asks."""

from fastapi import APIRouter

from sfumato.studio.server.answers import ERRORS
from sfumato.studio.server.openai import images, models, pictures

router = APIRouter(prefix="/v1", tags=["openai"], responses=ERRORS)
router.include_router(models.router)
router.include_router(images.router)
router.include_router(pictures.router)
