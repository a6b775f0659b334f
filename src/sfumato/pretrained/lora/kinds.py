"""What a file is that was given as a LoRA and is none, or none that can be applied, by the names of its tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sfumato.text import printable, shortened

_VARIANTS: Final = (
    (r"\.dora_scale$|lora_magnitude_vector", "is a DoRA, of which diffusers leaves out the magnitudes"),
    (r"\.hada_w", "is a LoHa (LyCORIS), which diffusers cannot apply"),
    (r"\.lokr_w", "is a LoKr (LyCORIS), which cannot be applied here"),
    (r"\.oft_|\boft_blocks|\boft_diag", "is an OFT (LyCORIS), which cannot be applied here"),
    (r"\.lora_mid\.", "is a LoCon with a Tucker decomposition (LyCORIS), which diffusers cannot apply"),
    (r"\.(diff|diff_b|w_norm|b_norm)$", "changes whole weights (LyCORIS), which cannot be applied here"),
    (r"^lora_controlnet$", "is a ControlNet as a LoRA, which cannot be applied here"),
)
_OTHERS: Final = (
    (r"controlnet_|^control_model\.", "is a ControlNet, not a LoRA"),
    (r"^(image_proj|ip_adapter)\.", "is an IP-Adapter, not a LoRA"),
    (r"string_to_param|(^|\.)emb_params$|^clip_[lg]$", "is a textual inversion (an embedding), not a LoRA"),
    (r"^(model\.diffusion_model|cond_stage_model|first_stage_model|conditioner\.embedders)\.",
     "is a whole model, not a LoRA; it can be given as the model"),
    (r"(^|\.)quant_conv\.|^(encoder|decoder)\.(mid|up|down)", "is a VAE, not a LoRA"),
    (r"(^|\.)(down_blocks|double_blocks|transformer_blocks|layers)\.", "is a whole network, not a LoRA"),
)  # fmt: skip


def variant_of(names: Iterable[str]) -> str:
    """The relative of LoRA that tensors of these names are, which cannot be applied; '' where they are none.

    -> a phrase to follow the file's name.
    """
    return _first(_VARIANTS, names)


def kind_of(names: Iterable[str]) -> str:
    """What a file is whose tensors have these names, none of which are a LoRA's: a phrase to follow the file's name."""
    return _first(_OTHERS, names) or "holds nothing of a LoRA"


def some(names: Iterable[str], most: int = 3) -> str:
    """A few of many names, printable and for a sentence: "'a', 'b', 'c' and 12 more"."""
    every = sorted(names)
    shown = ", ".join(f"'{printable(shortened(name, 100))}'" for name in every[:most])
    return f"{shown} and {len(every) - most:,} more" if len(every) > most else shown


def _first(kinds: Iterable[tuple[str, str]], names: Iterable[str]) -> str:
    every = list(names)
    return next((said for mark, said in kinds if any(re.search(mark, name) for name in every)), "")
