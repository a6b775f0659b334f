"""A checkpoint in one safetensors file, as artists share them: which model it is, told from the names and shapes in its
header alone.

The names are those of the code that the models were trained with: CompVis' latent-diffusion for Stable Diffusion 1 and
2, Stability's generative-models (SGM) for SDXL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sfumato.disk import open_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.model_index import INDEX, PICKLES
from sfumato.weights import opened_tensors

UNET, VAE = "model.diffusion_model.", "first_stage_model."
ENDING: Final = ".safetensors"


@dataclass(frozen=True)
class Layout:
    """What a safetensors file says of itself. shapes: of its tensors, by name; metadata: of its own, texts by name."""

    shapes: Mapping[str, Sequence[int]]
    metadata: Mapping[str, str]

    def has(self, beginning: str) -> bool:
        return any(name.startswith(beginning) for name in self.shapes)


@dataclass(frozen=True)
class Kind:
    """A kind of checkpoint. name: of the family, and of the folder with its configuration; title: for people; encoders:
    the text encoders' names in the pipeline with the beginnings that their tensors' names may have."""

    name: str
    title: str
    encoders: Mapping[str, tuple[str, ...]]


SD15: Final = Kind(
    "sd15",
    "Stable Diffusion 1.5",
    {"text_encoder": ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer.")},
)
SD21: Final = Kind(
    "sd21",
    "Stable Diffusion 2.1",
    {"text_encoder": ("cond_stage_model.model.", "conditioner.embedders.0.model.")},
)
SDXL: Final = Kind(
    "sdxl",
    "SDXL",
    {"text_encoder": ("conditioner.embedders.0.transformer.",), "text_encoder_2": ("conditioner.embedders.1.model.",)},
)


def check_no_pickle(path: Path) -> None:
    """Raises SfumatoError for a pickle, by its name or by its first bytes, and where the file cannot be read.

    torch's own files are pickles: older ones bare, newer ones in a zip.
    """
    if path.suffix.lower() in PICKLES:
        raise SfumatoError(
            f"{path}: is a pickle, which can run any program when it is opened, so sfumato reads safetensors only; "
            "get the same model as a .safetensors file"
        )
    try:
        with open_file(path) as file:
            head = file.read(9)
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be read ({error.strerror or error}); get the file again") from error
    for beginning, what in ((b"PK", "a zip, as torch writes its pickles,"), (b"\x80", "a pickle")):
        # Safetensors begin with the length of the header, in 8 bytes, and the header with '{'.
        if head.startswith(beginning) and head[8:] != b"{":
            raise SfumatoError(
                f"{path}: is {what} in spite of its name, and could run any program when it is opened; sfumato reads "
                "safetensors only: get the model from somebody else"
            )


def layout_of(path: Path) -> Layout:
    """Read the header of a safetensors file. Raises SfumatoError for a pickle, and where it cannot be read."""
    check_no_pickle(path)
    with opened_tensors(path) as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
        return Layout(shapes, dict(file.metadata() or {}))


def kind_of(layout: Layout, path: Path) -> Kind:
    """Which kind of checkpoint it is. path: for sentences.

    Raises SfumatoError where it is none that is known, or not whole, with what it seems to be.
    """
    if layout.has(UNET):
        _check_text_to_picture(layout, path)
        found = _by_encoders(layout)
        if found is not None and layout.has(VAE):
            return found
    what, remedy = next((said for test, said in _OTHERS if test(layout)), _UNKNOWN)
    if (path.parent.parent / INDEX).is_file():
        what, remedy = "is a part of the diffusers model in the folder above it", f"give {path.parent.parent}"
    raise SfumatoError(f"{path}: {what}; {remedy}")


def _by_encoders(layout: Layout) -> Kind | None:
    if layout.has(SDXL.encoders["text_encoder_2"][0]):
        return SDXL
    for kind in (SD15, SD21):
        if any(layout.has(beginning) for beginning in kind.encoders["text_encoder"]):
            return kind
    return None


def _check_text_to_picture(layout: Layout, path: Path) -> None:
    """Raises SfumatoError for a checkpoint of the same names that is not made for pictures from text alone."""
    taken = layout.shapes.get(f"{UNET}input_blocks.0.0.weight", (0, 4))
    channels = taken[1] if len(taken) > 1 else 0
    purposes = {9: "inpainting", 8: "editing by instructions", 7: "enlarging", 5: "pictures with depth"}
    if channels != 4 and layout.has(f"{UNET}input_blocks."):
        raise SfumatoError(
            f"{path}: is a checkpoint for {purposes.get(channels, 'something else')} (its U-Net takes {channels} "
            "channels); give one for pictures from text, which sfumato inpaints and enlarges with too"
        )
    if "edm_mean" in layout.shapes or "edm_vpred.sigma_max" in layout.shapes:
        raise SfumatoError(
            f"{path}: has noise levels of its own (EDM's, as Playground 2.5 and CosXL have them), which sfumato does "
            "not know; give another checkpoint"
        )
    if layout.has("conditioner.embedders.0.model.") and layout.has(f"{UNET}label_emb."):
        raise SfumatoError(f"{path}: is SDXL's refiner, which finishes pictures; give a base model of SDXL")


def _any(pattern: str) -> Callable[[Layout], bool]:
    compiled = re.compile(pattern)
    return lambda layout: any(compiled.search(name) for name in layout.shapes)


_WHOLE: Final = "give a whole checkpoint of Stable Diffusion 1.5, 2.1 or SDXL"
_UNKNOWN: Final = ("is not a checkpoint that sfumato knows", f"{_WHOLE}, or the folder of a diffusers model")
# The most particular ones come first.
_OTHERS: Final[tuple[tuple[Callable[[Layout], bool], tuple[str, str]], ...]] = (
    (
        _any(r"(^|[._])(lora_(up|down|A|B|a|b)|hada_w1_a|lokr_w[12]|oft_blocks|dora_scale)\b|^lora_(unet|te)"),
        ("is a LoRA, which changes a model and is not one itself", "give the model, and this file with --lora"),
    ),
    (
        lambda layout: len(layout.shapes) <= 4 and _any(r"^(emb_params|clip_[lg]|<.*>)$")(layout),
        ("is an embedding (textual inversion): words for a model, and not a model", _WHOLE),
    ),
    (
        _any(r"^control_model\.|input_hint_block|^controlnet_|controlnet_cond_embedding"),
        ("is a ControlNet, which steers a model and is not one itself", _WHOLE),
    ),
    (
        _any(r"(^|\.)(double_blocks|joint_blocks|single_blocks|transformer_blocks\.\d+\.attn\.add_k_proj)\."),
        (
            "is a transformer such as FLUX's or Stable Diffusion 3's, which sfumato reads only from folders",
            "give the folder of a diffusers model",
        ),
    ),
    (
        lambda layout: layout.has(UNET) and _by_encoders(layout) is not None and not layout.has(VAE),
        ("holds no VAE, which turns latents into pictures", f"{_WHOLE}, with its VAE"),
    ),
    (
        _any(rf"^({re.escape(UNET)})?(input_blocks|output_blocks|middle_block)\.|^(down_blocks|up_blocks|mid_block)\."),
        ("holds only a U-Net, without a text encoder and a VAE", _WHOLE),
    ),
    (
        _any(rf"^({re.escape(VAE)})?(encoder|decoder|quant_conv|post_quant_conv)\b"),
        ("is only a VAE, without a U-Net and a text encoder", _WHOLE),
    ),
    (
        _any(r"(^|\.)text_model\.|^transformer\.resblocks\.|token_embedding|^encoder\.block\."),
        ("holds only a text encoder", _WHOLE),
    ),
)
