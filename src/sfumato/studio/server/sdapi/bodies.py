"""What Stable Diffusion web UI is asked for works, and what it answers."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from sfumato.studio.models import StudioModel
from sfumato.studio.server.sdapi.samplers import SAMPLERS, SCHEDULERS, by_name
from sfumato.studio.server.sizes import MOST_SIDE, Size
from sfumato.works.values import MOST_LETTERS

MOST_STEPS: Final = 1000
MOST_AT_ONCE: Final = 32  # works of one request, which waits for all of them
_MOST_PICTURE_LETTERS: Final = 64 << 20
# That ask for nothing where they are as most programs send them by themselves.
_HARMLESS: Final[dict[str, object]] = {
    "batch_size": 1, "n_iter": 1, "restore_faces": False, "tiling": False, "do_not_save_samples": False,
    "do_not_save_grid": False, "send_images": True, "save_images": True, "subseed": -1, "subseed_strength": 0,
    "seed_resize_from_h": -1, "seed_resize_from_w": -1, "styles": [], "eta": 0, "s_churn": 0, "s_tmin": 0, "s_noise": 1,
    "s_tmax": 0, "s_min_uncond": 0, "enable_hr": False, "script_args": [], "alwayson_scripts": {}, "clip_skip": 1,
    "denoising_strength": 0, "hr_additional_modules": [], "refiner_switch_at": 0, "script_name": "",
}  # fmt: skip
# That belong to what is asked for by ``enable_hr``, or say what is done with a file, which is kept in any case.
_WITHOUT_OWN: Final = ("hr_", "firstphase_", "override_settings", "send_images", "save_images", "do_not_save_")
Words = Annotated[str, Field(max_length=MOST_LETTERS)]
Side = Annotated[int, Field(ge=1, le=MOST_SIDE)]
Base64 = Annotated[str, Field(max_length=_MOST_PICTURE_LETTERS)]


class Wanted(BaseModel):
    """What both routes take. None and what is left out are the same. Fields that are not known are let through, and
    named in the answer where they did nothing."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    prompt: Words = ""
    negative_prompt: Words | None = None
    seed: Annotated[int | None, Field(ge=-1, lt=2**63)] = None
    steps: Annotated[int | None, Field(ge=1, le=MOST_STEPS)] = None
    cfg_scale: Annotated[float | None, Field(ge=0, le=100)] = None
    width: Side | None = None
    height: Side | None = None
    sampler_name: Annotated[str | None, Field(max_length=200)] = None
    sampler_index: Annotated[str | None, Field(max_length=200)] = None
    scheduler: Annotated[str | None, Field(max_length=200)] = None
    batch_size: Annotated[int | None, Field(ge=1, le=MOST_AT_ONCE)] = None
    n_iter: Annotated[int | None, Field(ge=1, le=MOST_AT_ONCE)] = None
    tiling: bool | None = None
    send_images: bool | None = None
    override_settings: dict[str, Any] | None = None
    override_settings_restore_afterwards: bool | None = None

    @property
    def count(self) -> int:
        return (self.batch_size or 1) * (self.n_iter or 1)

    @property
    def size(self) -> Size | None:
        """The size that is asked for; None for the model's own."""
        if self.width is None and self.height is None:
            return None
        return self.width or self.height or 1, self.height or self.width or 1

    @property
    def checkpoint(self) -> str | None:
        """The model for this request alone."""
        named = (self.override_settings or {}).get("sd_model_checkpoint")
        return named if isinstance(named, str) and named else None

    def echoed(self) -> dict[str, Any]:
        """What was asked, without pictures, and without what nobody has checked: not all of it could be written."""
        known = set(type(self).model_fields) - {"override_settings", "init_images", "mask"}
        return self.model_dump(mode="json", exclude_unset=True, include=known) | {"init_images": None, "mask": None}

    def settings(self, model: StudioModel) -> tuple[dict[str, Any], set[str]]:
        """What is asked of the sampler by its plain names, and the fields that do nothing with this model.

        The scale of the guidance is that of models that read text; small models have another, which is measured.
        """
        asked: dict[str, Any] = {"tile": True} if self.tiling else {}
        ignored: set[str] = set()
        named = (
            ("sampler_name", "sampler", SAMPLERS, self.sampler_name or self.sampler_index),
            ("scheduler", "schedule", SCHEDULERS, self.scheduler),
        )
        for field, ours, known, name in named:
            own = by_name(known, name) if name else ""
            if own is None or (own and not model.samples_freely):
                ignored.add(field)
            elif own:
                asked[ours] = own
        numbers = (
            ("steps", "steps", self.steps, model.samples_freely),
            ("cfg_scale", "guidance", self.cfg_scale, model.kind == "text"),
        )
        for field, ours, value, acts in numbers:
            if value is not None and acts:
                asked[ours] = value
            elif value is not None:
                ignored.add(field)
        return asked, ignored

    def unknown(self) -> set[str]:
        """Fields that ask for something that there is not here."""
        return {
            name
            for name, value in (self.model_extra or {}).items()
            if value is not None and not name.startswith(_WITHOUT_OWN) and _HARMLESS.get(name, ...) != value
        }


class TextToImage(Wanted):
    """The body of txt2img. hr_upscaler: one of the studio's upscalers, which enlarges the works with enable_hr."""

    enable_hr: bool | None = None
    hr_upscaler: Annotated[str | None, Field(max_length=200)] = None


class ImageToImage(Wanted):
    """The body of img2img. init_images: in base64, or as data addresses; mask: what it shows white is made anew."""

    init_images: Annotated[list[Base64], Field(min_length=1, max_length=16)]
    mask: Base64 | None = None
    inpainting_mask_invert: Annotated[int | None, Field(ge=0, le=1)] = None
    denoising_strength: Annotated[float | None, Field(gt=0, le=1)] = None


class Answer(BaseModel):
    """images: in base64; parameters: what was asked; info: JSON as a text, as there."""

    images: list[str]
    parameters: dict[str, Any]
    info: str
