"""A pipeline of diffusers as a denoiser, a codec, conditions and schedules: the parts of every other model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from sfumato.diffusion.codec import Codec
from sfumato.diffusion.denoiser import Denoiser
from sfumato.pretrained.codec import VaeCodec
from sfumato.pretrained.denoiser import ReplayedNetwork, preconditioning_of, split
from sfumato.pretrained.families import Family, family_of
from sfumato.pretrained.prompts import PromptEncoder
from sfumato.pretrained.recording import record
from sfumato.pretrained.spacing import Spacing, noise_levels


@dataclass(eq=False)
class Pretrained:
    """A pipeline behind the one contract.

    denoiser: D(x, sigma, condition) in the codec's latents; gradients flow through it to x and to whatever is trained.
    size: its own side in pixels; largest: the longest side that its network can be shown at once, None for any.
    """

    family: Family
    pipeline: Any
    denoiser: Denoiser
    codec: Codec
    encoder: PromptEncoder
    spacing: Spacing
    size: int
    largest: int | None = None

    @property
    def network(self) -> Any:
        """The one of diffusers, within the denoiser."""
        return getattr(self.pipeline, self.family.network)


def bridged(pipeline: Any, where: str = "the model") -> Pretrained:
    """The parts of a pipeline, whose weights are frozen and told to evaluate. where: what messages call the model.

    Its text encoders are asked once, for an empty prompt. Raises SfumatoError for a pipeline of no known family, and
    for one whose network or scheduler is not as the family's.
    """
    family = family_of(pipeline, where)
    for component in pipeline.components.values():
        if isinstance(component, torch.nn.Module):
            component.eval().requires_grad_(False)
    pipeline.set_progress_bar_config(disable=True)
    codec = VaeCodec.of(pipeline.vae, family.layout.patch)
    network = getattr(pipeline, family.network)
    size = _own_size(pipeline, family, codec)
    recording = record(pipeline, family, prompt="", height=size, width=size)
    constants, nothing = split(recording, network, family)
    config = pipeline.scheduler.config
    levels = noise_levels(family, config)
    denoiser = Denoiser(
        ReplayedNetwork(network, family, constants, nothing),
        preconditioning_of(family, network, config, recording, levels),
    )
    return Pretrained(
        family,
        pipeline,
        denoiser.eval(),
        codec,
        PromptEncoder(pipeline, family, codec, size),
        Spacing(family, config, levels, codec.factor),
        size,
        _largest_side(network.config, codec),
    )


def _own_size(pipeline: Any, family: Family, codec: VaeCodec) -> int:
    """Of a U-Net and of Stable Diffusion 3 the network's own; of others, which have none, that of the VAE."""
    cells = getattr(pipeline, family.network).config.get("sample_size")
    return int(cells * codec.cell if isinstance(cells, int) else pipeline.vae.config.sample_size)


def _largest_side(config: Any, codec: VaeCodec) -> int | None:
    """Of networks that have a table of places: Stable Diffusion 3 of patches, Z-Image of rows and columns."""
    if config.get("pos_embed_max_size"):
        return int(config["pos_embed_max_size"] * codec.factor)
    if config.get("axes_lens"):
        return int(min(config["axes_lens"][1:]) * codec.factor)
    return None
