"""A pre-trained pipeline that was adapted: a LoRA file that other programs open too, beside a base that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.models.adaptation import Adaptation, written_config
from sfumato.models.adapted import AdapterConfig, BaseReference
from sfumato.models.bases import ABOVE
from sfumato.models.configuration import ModelConfig
from sfumato.models.nearby import find_pipeline
from sfumato.models.place import ADAPTER, CONFIG
from sfumato.models.pretrained import PretrainedParts, open_pretrained
from sfumato.weights import digest
from sfumato.works.recipe import ModelReference
from sfumato.works.values import Precision

if TYPE_CHECKING:
    from sfumato.pretrained.lora.about import LoraAbout


@dataclass(frozen=True, eq=False)
class PipelineAdaptation(Adaptation):
    """As `Adaptation`, of a pipeline: its weights are '<layer>.lora_A.weight' [rank, in, ...] and
    '<layer>.lora_B.weight' [out, rank, ...] of the layers of its network. component: that one's name in the pipeline;
    family: of `sfumato.pretrained`; about: what the file says of itself besides; targets: as in `AdapterConfig`;
    file: of one that was read, adapter.safetensors as it was."""

    component: str = "unet"
    family: str = "sd15"
    about: LoraAbout | None = None
    targets: tuple[str, ...] = ()
    file: bytes = b""

    def write(self, directory: Path, config: ModelConfig) -> str:
        from sfumato.pretrained.lora.about import LoraAbout
        from sfumato.pretrained.lora.writing import write_lora

        base = self.base if self.path is None else self.base.seen_from(directory, self.path)
        described = AdapterConfig(base=base, rank=self.rank, alpha=self.alpha, targets=self.targets, model=config)
        (directory / CONFIG).write_bytes(written_config(described))
        if self.file:
            (directory / ADAPTER).write_bytes(self.file)
            return described.weights_digest(digest(directory / ADAPTER))
        prediction = config.preconditioning if config.preconditioning in ("epsilon", "v") else ""
        write_lora(
            directory / ADAPTER,
            {self.component: self.weights},
            self.rank,
            self.alpha,
            self.family,
            (self.about or LoraAbout())._replace(title=config.name, base=self.base.name, licence=self.base.licence),
            size=config.size,
            prediction=prediction,
        )
        return described.weights_digest(digest(directory / ADAPTER))


def check_takes_no_base(name: str | Path, base: str | Path | None) -> None:
    """Raises SfumatoError where a base is given for a whole model."""
    if base is not None:
        raise SfumatoError(f"{name}: is a whole model and was not adapted from a base; leave out --base {base}")


def check_takes_no_loras(name: str | Path, adapted: AdapterConfig | None, loras: Sequence[str]) -> None:
    """Raises SfumatoError where LoRA files are given for a model of ours. adapted: of an adapted one."""
    if not loras:
        return
    if adapted is not None and adapted.base.kind == "diffusers":
        raise SfumatoError(
            f"{name}: is a pre-trained model with a LoRA of its own; for several give the model that it was adapted "
            f"from ('{adapted.base.name}'), and this one's {ADAPTER} as one --lora of them"
        )
    raise SfumatoError(f"{name}: is no pre-trained model, which LoRA files are for; leave out --lora {loras[0]}")


def open_adapted(
    directory: Path,
    adapted: AdapterConfig,
    device: torch.device,
    given: str | Path | None,
    memory: float | None = None,
    precision: Precision | None = None,
) -> tuple[PretrainedParts, PipelineAdaptation]:
    """The base of the adapted model in a directory, with the adapter on it.

    given: where a person says that the base is; memory, precision: see `open_pretrained`. Raises SfumatoError where it
    is not there, or is another.
    """
    reference = adapted.base
    place = given if given is not None else place_of_pipeline(directory, reference)
    if place is None:
        raise SfumatoError(
            f"{directory}: needs its base '{reference.name}', which is not where it was, nor near; say where it is "
            "with --base"
        )
    parts = open_pretrained(
        place,
        reference.revision or None,
        device,
        loras=[str(directory / ADAPTER)],
        memory=memory,
        precision=precision,
    )
    if parts.opened.digest != reference.digest:
        raise SfumatoError(
            f"{place}: is not the model '{reference.name}' that was adapted (its files are {parts.opened.digest[:10]}, "
            f"and those were {reference.digest[:10]}); say where that is with --base"
        )
    family = parts.pretrained.family
    adaptation = PipelineAdaptation(
        reference,
        {},
        adapted.rank,
        adapted.alpha,
        path=parts.opened.path if local_path(place).exists() else None,
        component=family.network,
        family=family.name,
        targets=adapted.targets,
        file=(directory / ADAPTER).read_bytes(),
    )
    config = adapted.model.model_copy(update={"codec": parts.config.codec})  # with its weights
    return replace(parts, config=config), adaptation


def place_of_pipeline(directory: Path, reference: BaseReference) -> Path | str | None:
    """Where the pipeline is that was adapted: where it was, a repository on the Hub, or a folder or a file near the
    adapter or here, under whatever name; None where it is not. directory: of the adapter."""
    if not reference.is_local:
        return reference.place or None
    recorded = reference.path_from(directory)
    if recorded.exists():
        return recorded
    named = ModelReference(name=reference.name, digest=reference.digest, files=reference.files)
    return find_pipeline(named, [directory, *directory.resolve().parents[:ABOVE], Path.cwd()])


def pipeline_reference(named: ModelReference, place: str, licence: str) -> BaseReference:
    """How an adapter names its base. named: how recipes do; place: what it was opened by; licence: as its card states
    it, or ''."""
    return BaseReference(
        kind="diffusers",
        name=named.name,
        digest=named.digest,
        files=named.files,
        place=place,
        revision=named.revision,
        licence=licence,
    )
