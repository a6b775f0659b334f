"""The families of models that LoRA files are for, and how such a file says which is its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

VERSION: Final = "ss_base_model_version"
ARCHITECTURE: Final = "modelspec.architecture"


class Base(NamedTuple):
    """A family as LoRA files know it.

    title: as people call it; version: kohya's word for it; architecture: the word of Stability AI's ModelSpec; marks:
    how other words for it begin; context: how wide the text is that its cross-attention sees, 0 where it has none;
    unet: whether its network is a U-Net, of which ComfyUI maps kohya's names and no others.
    """

    title: str
    version: str
    architecture: str
    marks: tuple[str, ...]
    context: int = 0
    unet: bool = False


BASES: Final[Mapping[str, Base]] = {
    "sd15": Base(
        "Stable Diffusion 1.5", "sd_v1", "stable-diffusion-v1", ("sd_v1", "sd1", "stable-diffusion-v1"), 768, True
    ),
    "sd21": Base(
        "Stable Diffusion 2.1", "sd_v2", "stable-diffusion-v2-512", ("sd_v2", "sd2", "stable-diffusion-v2"), 1024, True
    ),
    "sdxl": Base("SDXL", "sdxl_base_v1-0", "stable-diffusion-xl-v1-base", ("sdxl", "stable-diffusion-xl"), 2048, True),
    "sd3": Base("Stable Diffusion 3", "sd3", "stable-diffusion-3", ("sd3", "stable-diffusion-3")),
    "flux": Base("FLUX.1", "flux1", "flux-1", ("flux1", "flux-1", "flux.1")),
    "flux2_klein": Base("FLUX.2 klein", "flux2_klein", "flux-2-klein", ("flux2", "flux-2", "flux_2", "flux.2")),
    "z_image": Base("Z-Image", "z_image", "z-image", ("z_image", "z-image", "zimage")),
    "chroma": Base("Chroma", "chroma", "chroma", ("chroma",)),
}


def title_of(family: str) -> str:
    """'SDXL' for 'sdxl'; the name itself for one that is not known here."""
    return BASES[family].title if family in BASES else family


def stated_family(metadata: Mapping[str, str]) -> str:
    """The family that a file's metadata names; '' where they name none that is known."""
    for key in (VERSION, ARCHITECTURE):
        said = metadata.get(key, "").strip().lower()
        for family, base in BASES.items():
            if said.startswith(base.marks):
                return family
    return ""


def family_by_context(widths: Iterable[int]) -> str:
    """The family whose cross-attention sees a text as wide as all of these; '' where there is none, or no width."""
    seen = set(widths)
    return next((family for family, base in BASES.items() if base.context and seen == {base.context}), "")
