"""The families of models that LoRA files are for, and how such a file says which is its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sfumato.pretrained.families import FAMILIES

VERSION: Final = "ss_base_model_version"
ARCHITECTURE: Final = "modelspec.architecture"


class Mark(NamedTuple):
    """How files say that they are for a family.

    version: kohya's word; architecture: ModelSpec's; begins: how these and other words for it begin; context: how wide
    the text is that its cross-attention sees, 0 where it has none.
    """

    version: str
    architecture: str
    begins: tuple[str, ...]
    context: int = 0


MARKS: Final[Mapping[str, Mark]] = {
    "sd15": Mark("sd_v1", "stable-diffusion-v1", ("sd_v1", "sd1", "stable-diffusion-v1"), 768),
    "sd21": Mark("sd_v2", "stable-diffusion-v2-512", ("sd_v2", "sd2", "stable-diffusion-v2"), 1024),
    "sdxl": Mark("sdxl_base_v1-0", "stable-diffusion-xl-v1-base", ("sdxl", "stable-diffusion-xl"), 2048),
    "sd3": Mark("sd3", "stable-diffusion-3", ("sd3", "stable-diffusion-3")),
    "flux": Mark("flux1", "flux-1", ("flux1", "flux-1", "flux.1")),
    "flux2_klein": Mark("flux2_klein", "flux-2-klein", ("flux2", "flux-2", "flux_2", "flux.2")),
    "z_image": Mark("z_image", "z-image", ("z_image", "z-image", "zimage")),
    "chroma": Mark("chroma", "chroma", ("chroma",)),
}


def has_unet(family: str) -> bool:
    """Whether a family's network is a U-Net, of which other programs know layers by kohya's names alone."""
    return family in FAMILIES and FAMILIES[family].network == "unet"


def stated_family(metadata: Mapping[str, str]) -> str:
    """The family that a file's metadata names; '' where they name none that is known."""
    for key in (VERSION, ARCHITECTURE):
        said = metadata.get(key, "").strip().lower()
        for family, mark in MARKS.items():
            if said.startswith(mark.begins):
                return family
    return ""


def family_by_context(widths: Iterable[int]) -> str:
    """The family whose cross-attention sees a text as wide as all of these; '' where there is none, or no width."""
    seen = set(widths)
    return next((family for family, mark in MARKS.items() if mark.context and seen == {mark.context}), "")
