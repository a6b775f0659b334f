"""What Stable Diffusion web UI tells of pictures beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sfumato
from sfumato.errors import SfumatoError
from sfumato.studio.jobs.job import Job
from sfumato.studio.models import StudioModel
from sfumato.studio.server.orders import Made
from sfumato.studio.server.sdapi.bodies import Wanted
from sfumato.studio.server.sdapi.options import digest_of
from sfumato.works import Recipe


def info_of(
    works: Sequence[Made], body: Wanted, model: StudioModel, job: Job, ignored: Sequence[str]
) -> dict[str, Any]:
    """The settings of a request's works, with the text of each that other programs read. ignored: names of fields that
    did nothing."""
    recipes = [_recipe(made) for made in works]
    first = next(filter(None, recipes), None)
    sampling = None if first is None else first.first.request.sampling
    seed = job.spec.get("asked", {}).get("seed", -1)
    count, negative = len(works), body.negative_prompt or ""
    width, height = (works[0].work.width, works[0].work.height) if works else (body.width or 0, body.height or 0)
    return {
        "prompt": body.prompt,
        "all_prompts": [body.prompt] * count,
        "negative_prompt": negative,
        "all_negative_prompts": [negative] * count,
        "seed": seed,
        "all_seeds": [made.work.seed for made in works],
        "subseed": -1,
        "all_subseeds": [-1] * count,
        "subseed_strength": 0,
        "width": width,
        "height": height,
        "sampler_name": body.sampler_name or "Automatic",
        "cfg_scale": None if sampling is None else sampling.guidance,
        "steps": None if sampling is None else sampling.steps,
        "batch_size": count,
        "restore_faces": False,
        "face_restoration_model": None,
        "sd_model_name": model.name,
        "sd_model_hash": digest_of(model)[:10],
        "sd_vae_name": None,
        "sd_vae_hash": None,
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": works[0].work.strength if works else None,
        "extra_generation_params": {"Ignored": ", ".join(ignored)} if ignored else {},
        "index_of_first_image": 0,
        "infotexts": ["" if recipe is None else recipe.parameters_text() for recipe in recipes],
        "styles": [],
        "job_timestamp": job.created_at.strftime("%Y%m%d%H%M%S"),
        "clip_skip": 1,
        "is_using_inpainting_conditioning": False,
        "version": f"sfumato {sfumato.__version__}",
        "works": [made.work.id for made in works],
    }


def _recipe(made: Made) -> Recipe | None:
    """None where none is kept, or none that can be read."""
    if made.work.recipe is None:
        return None
    try:
        return Recipe.model_validate(made.work.recipe)
    except (ValueError, SfumatoError):
        return None
