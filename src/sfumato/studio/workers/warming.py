"""The newest model is open, and has made a first work, before somebody asks for one."""

from __future__ import annotations

import threading

from sfumato.errors import SfumatoError
from sfumato.models import Generation
from sfumato.policy.policy import Policy
from sfumato.studio.model_folders import model_folders
from sfumato.studio.workers import making as making  # all that the first job imports
from sfumato.studio.workers.open_models import OpenModels


def newest_opened(models: OpenModels, leaving: threading.Event) -> None:
    """leaving: ends it after the step that it is at. Where there is no model, or it cannot be used, the job that asks
    for it says so."""
    for id, folder in model_folders(models.place):
        if leaving.is_set() or (folder / "adapter.safetensors").exists():  # whose base may take all of the memory
            return
        try:
            generation = Generation.of(models.opened(id), policy=Policy.none())
            for _ in generation.events():
                if leaving.is_set():
                    return
        except SfumatoError:
            continue
        return
