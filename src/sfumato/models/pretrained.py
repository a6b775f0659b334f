"""What a pre-trained pipeline is as a model of ours: its configuration, its record, and how recipes name it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import torch

from sfumato.diffusion import PreconditioningName
from sfumato.diffusion.denoiser import V
from sfumato.models.configuration import ModelConfig, PretrainedNetwork
from sfumato.models.record import ModelRecord
from sfumato.works.recipe import LoraReference, ModelReference
from sfumato.works.request import SamplerSettings
from sfumato.works.values import HIGHEST_SIGMA

if TYPE_CHECKING:
    from sfumato.pretrained.bridge import Pretrained
    from sfumato.pretrained.opening import OpenedPipeline

STEPS: Final = 25  # of networks that learned on discrete levels: more are no better to the eye with this sampler
FEW_STEPS: Final = 4  # of a network that was distilled


@dataclass(frozen=True, eq=False)
class PretrainedParts:
    """What a `Model` is made of when it is a pre-trained one. reference: how recipes name it."""

    pretrained: Pretrained
    opened: OpenedPipeline
    config: ModelConfig
    record: ModelRecord
    reference: ModelReference


def open_pretrained(
    name: str | Path, revision: str | None, device: torch.device, loras: Sequence[str] = ()
) -> PretrainedParts:
    """Open a pipeline of diffusers on a device. loras: files of LoRA that its weights are changed by, as 'FILE' or
    'FILE:WEIGHT'.

    Raises SfumatoError where the pipeline or a file cannot be used, or they do not belong together.
    """
    from sfumato.pretrained.bridge import bridged
    from sfumato.pretrained.lora.applying import apply_loras
    from sfumato.pretrained.lora.choice import lora_choice
    from sfumato.pretrained.lora.reading import read_lora
    from sfumato.pretrained.opening import open_pipeline

    chosen = [(read_lora(choice.path), choice.weight) for choice in map(lora_choice, loras)]
    opened = open_pipeline(name, revision)
    if chosen:
        apply_loras(opened.pipeline, chosen)
    pretrained = bridged(opened.pipeline.to(device), opened.place)
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


def pretrained_config(pretrained: Pretrained, opened: OpenedPipeline) -> ModelConfig:
    """Of a pipeline that was opened."""
    network = PretrainedNetwork(
        family=pretrained.family.name,
        parameters=sum(parameter.numel() for parameter in pretrained.denoiser.parameters()),
        multiple=pretrained.codec.factor,
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
            "generation": usual_settings(pretrained),
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
    """What is known of how it was made."""
    known = {"License": opened.licence} if opened.licence else {}
    notes = {"Assumed": " ".join(opened.notes)} if opened.notes else {}
    return ModelRecord(
        description=f"{pretrained.family.title}, a pre-trained model that makes pictures from text",
        tag="text-to-image",
        facts={"Learned from": "what it was trained on is not known", **known, **notes},
    )


def _name(place: str) -> str:
    """What a recipe and messages call it: of a repository 'owner/name', of a folder or a file its own name alone, as a
    path tells of whose disk it is."""
    from sfumato.models.place import is_hub_id

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
        return not pretrained.network.config.get("guidance_embeds", False)  # type: ignore[union-attr, operator]
    return bool(pretrained.pipeline.config.get("is_distilled", False))
