"""What a pre-trained pipeline is as a model of ours: its configuration, its record, and how recipes name it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, get_args

import torch

from sfumato.diffusion import PreconditioningName
from sfumato.diffusion.denoiser import V
from sfumato.errors import SfumatoError
from sfumato.models.configuration import ModelConfig, PretrainedNetwork
from sfumato.models.record import ModelRecord
from sfumato.pretrained.hub import is_hub_id
from sfumato.provenance.bases import BaseTerms
from sfumato.provenance.sources import LearnedFrom
from sfumato.works.recipe import LoraReference, ModelReference
from sfumato.works.sampler_settings import SamplerSettings
from sfumato.works.values import HIGHEST_SIGMA, Precision

if TYPE_CHECKING:
    from sfumato.pretrained.bridge import Pretrained
    from sfumato.pretrained.memory import MemoryPlan
    from sfumato.pretrained.opening import OpenedPipeline

STEPS: Final = 25  # of networks that learned on discrete levels: more are no better to the eye with this sampler
LARGE: Final = 100_000_000  # parameters, from which on it pays to measure which precision is faster
FEW_STEPS: Final = 4  # of a network that was distilled


@dataclass(frozen=True, eq=False)
class PretrainedParts:
    """What a `Model` is made of when it is a pre-trained one. reference: how recipes name it."""

    pretrained: Pretrained
    opened: OpenedPipeline
    config: ModelConfig
    record: ModelRecord
    reference: ModelReference

    @property
    def notes(self) -> tuple[str, ...]:
        """How it fits into the memory, and what was assumed of it."""
        return tuple(filter(None, (self.opened.plan.sentence, *self.opened.notes)))


def open_pretrained(
    name: str | Path,
    revision: str | None,
    device: torch.device,
    *,
    loras: Sequence[str] = (),
    memory: float | None = None,
    precision: Precision | None = None,
) -> PretrainedParts:
    """Open a pipeline of diffusers on a device. loras: files of LoRA that its weights are changed by, as 'FILE' or
    'FILE:WEIGHT'; memory: GB that it may take, by default what is free; precision: of its weights, by default the
    faster one, or the one that fits.

    Raises SfumatoError where the pipeline or a file cannot be used, or they do not belong together, and where it does
    not fit into the memory.
    """
    from sfumato.pretrained.bridge import bridged
    from sfumato.pretrained.lora.applying import apply_loras
    from sfumato.pretrained.lora.choice import lora_choice
    from sfumato.pretrained.lora.reading import read_lora
    from sfumato.pretrained.opening import open_pipeline
    from sfumato.pretrained.placing import decode_large_in_tiles, place

    named = [loras] if isinstance(loras, str | Path) else loras  # of one file, its letters are none
    if precision not in (None, *get_args(Precision)):
        raise SfumatoError(f"precision {precision!r}: is float32 or bfloat16")
    chosen = [(read_lora(choice.path), choice.weight) for choice in map(lora_choice, named)]
    opened = open_pipeline(name, revision, planned=_Planning(device, memory, precision))
    place(opened.pipeline, opened.plan, device, opened.reload)
    if chosen:
        apply_loras(opened.pipeline, chosen)
    pretrained = bridged(opened.pipeline, opened.place)
    if not opened.plan.tile:
        decode_large_in_tiles(opened.pipeline.vae, pretrained.size)
    changed_by = tuple(
        LoraReference(name=lora.path.stem or "untitled", digest=lora.digest, weight=weight)
        for lora, weight in chosen
        if weight
    )
    reference = ModelReference(
        name=_name(opened.place),
        digest=opened.digest,
        revision=opened.revision,
        files=opened.files,
        loras=changed_by,
    )
    return PretrainedParts(
        pretrained, opened, pretrained_config(pretrained, opened), record_of(pretrained, opened), reference
    )


@dataclass(frozen=True)
class _Planning:
    """What decides how a pipeline is read; see `open_pretrained`."""

    device: torch.device
    memory: float | None
    precision: Precision | None

    def __call__(self, folder: Path, name: str, can_wait: bool) -> MemoryPlan:
        from sfumato.pretrained.machine import available_bytes, bfloat16_pays, stated_bytes, system_bytes
        from sfumato.pretrained.memory import plan
        from sfumato.pretrained.sizes import sizes_of

        sizes = sizes_of(folder, name)
        pixels = sizes.side
        is_large = sizes.network.parameters >= LARGE
        return plan(
            sizes,
            self.device,
            available_bytes(self.device) if self.memory is None else stated_bytes(self.memory),
            pixels,
            pixels,
            bfloat16=self.precision is None and is_large and bfloat16_pays(self.device),
            host_bytes=system_bytes(),
            precision=self.precision,
            can_wait=can_wait,
        )


def pretrained_config(pretrained: Pretrained, opened: OpenedPipeline) -> ModelConfig:
    """Of a pipeline that was opened."""
    network = PretrainedNetwork(
        family=pretrained.family.name,
        parameters=sum(parameter.numel() for parameter in pretrained.denoiser.parameters()),
        multiple=pretrained.codec.factor,
        largest=pretrained.largest,
    )
    return ModelConfig.model_validate(
        {
            "name": _name(opened.place),
            "size": pretrained.size,
            "network": network,
            "codec": pretrained.codec,
            "objective": "text to picture",
            "preconditioning": _preconditioning(pretrained),
            "sigma_data": 1.0,
            "learned_from": (LearnedFrom(base=terms_of(opened)),),
            "generation": usual_settings(pretrained).model_copy(update={"precision": opened.plan.dtype}),
        }
    )


def usual_settings(pretrained: Pretrained) -> SamplerSettings:
    """How its works are made where nothing is said: in the spacing of its family with the family's own guidance, and
    in the steps of a solver of second order where the network learned on discrete levels."""
    family, spacing = pretrained.family, pretrained.spacing
    own: dict[str, Any] = {
        "guidance": family.guidance.ours(family.guidance.usual),
        "guidance_high": HIGHEST_SIGMA,
        "noise_high": HIGHEST_SIGMA,
        "sigma_min": spacing.sigma_min,
        "sigma_max": spacing.sigma_max,
        "schedule": spacing.default,
        "sharpness": 0.0,
    }
    if family.is_flow:
        own |= {"sampler": "euler", "steps": _usual_steps(pretrained)}
    else:
        own |= {"sampler": "dpmpp_2m", "steps": STEPS}
        if spacing.default == "leading":
            # Which begins below the noisiest level, and so never sees the lightest and the darkest pictures.
            own["schedule"] = "karras"
    if _was_distilled(pretrained):
        own |= {"steps": FEW_STEPS, "guidance": 1.0}
    return SamplerSettings.model_validate(own)


def record_of(pretrained: Pretrained, opened: OpenedPipeline) -> ModelRecord:
    """What is known of how it was made, and how equal it is to its own pipeline, which is measured when it is first
    opened."""
    from sfumato.pretrained.equality import equality_of

    notes = {"Assumed": " ".join(opened.notes)} if opened.notes else {}
    return ModelRecord(
        description=f"{pretrained.family.title}, a pre-trained model that makes pictures from text",
        tag="text-to-image",
        facts={**terms_of(opened).rows, "Equality": equality_of(pretrained, opened.digest).said, **notes},
    )


def terms_of(opened: OpenedPipeline) -> BaseTerms:
    """What its publisher states of its licence, and what is known of its training."""
    from sfumato.pretrained.terms import base_terms

    return base_terms(_name(opened.place), opened.licence, opened.card)


def _name(place: str) -> str:
    """What a recipe and messages call it: of a repository 'owner/name', of a folder or a file its own name alone, as a
    path tells of whose disk it is."""
    return place if is_hub_id(place) else PurePosixPath(place).name or "untitled"


def _preconditioning(pretrained: Pretrained) -> PreconditioningName:
    if pretrained.family.is_flow:
        return "flow"
    return "v" if isinstance(pretrained.denoiser.preconditioning, V) else "epsilon"


def _usual_steps(pretrained: Pretrained) -> int:
    """As many as the pipeline takes by itself."""
    return int(inspect.signature(type(pretrained.pipeline).__call__).parameters["num_inference_steps"].default)


def _was_distilled(pretrained: Pretrained) -> bool:
    """Whether its own files say that it answers in few steps and without guidance."""
    if pretrained.family.name == "flux":  # schnell, which is told no guidance
        return not pretrained.network.config.get("guidance_embeds", False)
    return bool(pretrained.pipeline.config.get("is_distilled", False))
