"""The families of pre-trained models that are known: what of their pipelines the one contract has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from sfumato.errors import SfumatoError
from sfumato.pretrained.layouts import (
    FRAMES,
    GRID,
    PATCHES,
    TOKENS,
    Layout,
    Placing,
    nowhere,
    with_four_axes,
    with_mask,
    with_rows_and_columns,
    with_size,
)

Kind = Literal["diffusion", "flow"]


@dataclass(frozen=True)
class Guidance:
    """A family's own number for guidance, and ours: good + (ours - 1) * (good - bad), where 1 is none.

    argument: its name in the pipeline; usual: what the pipeline takes by itself, in its own number; offset: ours minus
    theirs. distilled: what the network is told besides, which was trained into it and costs no second evaluation.
    """

    usual: float
    argument: str = "guidance_scale"
    offset: float = 0.0
    distilled: str | None = None

    def ours(self, theirs: float) -> float:
        return theirs + self.offset

    def theirs(self, ours: float) -> float:
        return ours - self.offset

    def said(self, ours: float) -> str:
        """What it is in the family's own terms, where those differ: 'guidance 6 is guidance_scale 5 there', or ''."""
        if self.offset == 0 and self.argument == "guidance_scale":
            return ""
        other = "" if self.distilled is None else f", and {self.distilled} there is the distilled guidance"
        return f"guidance {ours:g} is {self.argument} {self.theirs(ours):g} there{other}"


@dataclass(frozen=True)
class Family:
    """name: as recipes and options write it; title: as people do. pipelines: diffusers' classes; network: which of
    their components is the denoiser. kind: what x_t is, alpha x0 + sigma' noise on a circle or (1 - t) x0 + t noise.

    layout, placing: see `layouts`; placed: the inputs that ``placing`` makes. tokenizer: the one whose encoder sees the
    most words; chat: what its template is given, None for a tokenizer of plain text. zeros: the inputs that are zeros,
    not those of an empty prompt, where nothing is asked for. shift: how a flow's times are moved: as the scheduler's
    configuration says, by that with the last of them moved twice, or by the number of tokens and of steps.
    """

    name: str
    title: str
    pipelines: tuple[str, ...]
    network: str
    kind: Kind
    layout: Layout
    guidance: Guidance
    placing: Placing = nowhere
    placed: tuple[str, ...] = ()
    tokenizer: str = "tokenizer"
    chat: MappingProxyType[str, Any] | None = None
    zeros: tuple[str, ...] = ()
    shift: Literal["configured", "twice", "tokens and steps"] = "configured"

    @property
    def is_flow(self) -> bool:
        return self.kind == "flow"


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("sd15", "Stable Diffusion 1", ("StableDiffusionPipeline",), "unet", "diffusion", GRID, Guidance(7.5)),
        Family("sd21", "Stable Diffusion 2", ("StableDiffusionPipeline",), "unet", "diffusion", GRID, Guidance(7.5)),
        Family(
            "sdxl",
            "Stable Diffusion XL",
            ("StableDiffusionXLPipeline",),
            "unet",
            "diffusion",
            GRID,
            Guidance(5.0),
            placing=with_size,
            placed=("added_cond_kwargs.time_ids",),
            zeros=("encoder_hidden_states", "added_cond_kwargs.text_embeds"),
        ),
        Family(
            "sd3",
            "Stable Diffusion 3",
            ("StableDiffusion3Pipeline",),
            "transformer",
            "flow",
            PATCHES,
            Guidance(7.0),
            tokenizer="tokenizer_3",
            shift="twice",
        ),
        Family(
            "flux",
            "FLUX.1",
            ("FluxPipeline",),
            "transformer",
            "flow",
            TOKENS,
            Guidance(1.0, "true_cfg_scale", distilled="guidance_scale"),
            placing=with_rows_and_columns,
            placed=("img_ids",),
            tokenizer="tokenizer_2",
        ),
        Family(
            "flux2_klein",
            "FLUX.2 klein",
            ("Flux2KleinPipeline",),
            "transformer",
            "flow",
            TOKENS,
            Guidance(4.0),
            placing=with_four_axes,
            placed=("img_ids",),
            chat=MappingProxyType({"enable_thinking": False}),
            shift="tokens and steps",
        ),
        Family(
            "z_image",
            "Z-Image",
            ("ZImagePipeline",),
            "transformer",
            "flow",
            FRAMES,
            Guidance(5.0, offset=1.0),
            chat=MappingProxyType({"enable_thinking": True}),
        ),
        Family(
            "chroma",
            "Chroma",
            ("ChromaPipeline",),
            "transformer",
            "flow",
            TOKENS,
            Guidance(5.0),
            placing=with_mask,
            placed=("img_ids",),
        ),
    )
}

TITLES = ", ".join(family.title for family in FAMILIES.values())

# Pipelines that a person could try, and why they cannot be asked as D(x, sigma, condition), or not without torchvision.
_RENORMALISED = "its guidance scales what the network gives back to its norm, to which no guidance here is equal"
_VISION = "its processor of pictures needs torchvision, which sfumato does without"
REFUSED: dict[str, str] = {
    "QwenImagePipeline": _RENORMALISED,
    "Lumina2Pipeline": _RENORMALISED,
    "LongCatImagePipeline": _RENORMALISED,
    "QwenImage21Pipeline": _VISION,
    "QwenImageEditPipeline": _VISION,
    "QwenImageEditPlusPipeline": _VISION,
    "OmniGenPipeline": _VISION,
}
_FROM_PICTURES = ("Img2Img", "Inpaint", "Control", "Kontext", "Fill", "Edit", "Upscale", "Pix2Pix", "Depth")


def check_known(pipeline: str, where: str) -> None:
    """Raises SfumatoError for a pipeline's class, by its name, that is of no family known here. where: what to call
    the model."""
    if any(pipeline in family.pipelines for family in FAMILIES.values()):
        return
    if pipeline in REFUSED:
        raise SfumatoError(f"{where}: {pipeline} cannot be used, as {REFUSED[pipeline]}; take a model of {TITLES}")
    if any(word in pipeline for word in _FROM_PICTURES):
        raise SfumatoError(
            f"{where}: {pipeline} begins with a picture; take the model that makes pictures from text alone, of "
            f"{TITLES}, with which sfumato refines, inpaints and enlarges"
        )
    raise SfumatoError(f"{where}: {pipeline} is of no family that sfumato knows; take a model of {TITLES}")


def family_of(pipeline: Any, where: str = "the model") -> Family:
    """The family of a pipeline of diffusers. Raises SfumatoError for one that is of none, or of one whose network
    wants more than text and noise."""
    kind = type(pipeline).__name__
    check_known(kind, where)
    found = [family for family in FAMILIES.values() if kind in family.pipelines]
    network = getattr(pipeline, found[0].network)
    if len(found) > 1:  # Stable Diffusion 2 is 1 with another text encoder, and with linear layers for convolutions
        found = [FAMILIES["sd21" if network.config.use_linear_projection else "sd15"]]
    family = found[0]
    latents = pipeline.vae.config.latent_channels * (4 if family.layout is TOKENS else 1)
    if network.config.in_channels != latents:
        raise SfumatoError(
            f"{where}: its network takes {network.config.in_channels} channels and not the {latents} of its latents, "
            f"as those made for inpainting or by a reference do; take the ordinary model, which sfumato inpaints with"
        )
    return family
