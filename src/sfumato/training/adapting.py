"""A run that adapts a model: its base, and the adapter that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.adaptation import Adaptation
from sfumato.models.adapted import BaseReference
from sfumato.models.adapted_pipeline import PipelineAdaptation, place_of_pipeline
from sfumato.models.bases import opened_base
from sfumato.pretrained.lora.about import LoraAbout
from sfumato.pretrained.machine import MOST_GB
from sfumato.training.configuration import AdapterSettings, TrainingConfig
from sfumato.training.encoded import FOLDER, EncodedPictures
from sfumato.training.low_rank import Adapter
from sfumato.training.objectives import AdaptingConfig
from sfumato.training.run import Run
from sfumato.training.state import TrainingState

_REMEDY = "put it back as it was, or begin a new run"


@dataclass(frozen=True, eq=False)
class Base:
    """The model that a run adapts. path: where it lies on this disk, None where it does not; encoded: what a
    pre-trained one has made of the run's pictures and captions, None of a model of ours."""

    model: Model
    reference: BaseReference
    path: Path | None
    encoded: EncodedPictures | None = None

    def sentence(self, settings: AdapterSettings | None) -> str:
        """What the adapted model's card says of it."""
        rank = "" if settings is None else f" of rank {settings.rank}"
        return f"an adapter{rank} of '{self.reference.name}', which is needed with it: weights {self.reference.digest}"

    def adaptation(self, settings: TrainingConfig, state: TrainingState, early: Mapping[str, Tensor]) -> Adaptation:
        """The adapter of the moment, which shares the state's averaged weights. settings: of a run that adapts; early:
        the adapter from early in it, or nothing."""
        network, pretrained, adapter = state.average.module.network, self.model.pretrained, settings.adapter
        assert adapter is not None, "a run that adapts says how"
        if pretrained is None:
            moved = {name: tensor.cpu() for name, tensor in early.items()}
            weights = network.state_dict()
            return Adaptation(self.reference, weights, adapter.rank, adapter.scale, moved, self.path)
        assert isinstance(network, Adapter) and isinstance(settings.objective, AdaptingConfig)
        return PipelineAdaptation(
            self.reference,
            network.tensors(),
            adapter.rank,
            adapter.scale,
            path=self.path,
            component=pretrained.family.network,
            family=pretrained.family.name,
            about=LoraAbout(trigger=settings.objective.trigger),
            targets=adapter.targets,
        )


def run_base(run: Run, device: torch.device) -> Base | None:
    """None of a run that adapts no model. device: where a pre-trained one computes. Raises SfumatoError where the base,
    or what it has made of the pictures, is not as it was."""
    reference = run.record.base
    if reference is None:
        return None
    if reference.kind == "diffusers":
        return _pipeline_base(run, reference, device)
    with opened_base(reference, run.path, remedy=_REMEDY) as found:
        return Base(Model.from_pretrained(found.directory, device="cpu"), reference, found.path)


def _pipeline_base(run: Run, reference: BaseReference, device: torch.device) -> Base:
    encoded = EncodedPictures.open(run.path / FOLDER)
    encoded.verify()
    if encoded.digest != run.record.encoded_digest:
        raise SfumatoError(f"{encoded.path}: is not what this run began with; {_REMEDY}")
    place = place_of_pipeline(run.path, reference)
    if place is None:
        raise SfumatoError(f"{run.path}: adapts '{reference.name}', which is not where it was, nor near; {_REMEDY}")
    model = open_whole(place, device, reference.revision)
    if model.weights_digest != reference.digest:
        raise SfumatoError(f"{place}: is not the model that this run adapts, or was changed; {_REMEDY}")
    release_encoders(model)
    return Base(model, reference, local_path(place) if reference.is_local else None, encoded)


def open_whole(name: str | Path, device: torch.device, revision: str = "") -> Model:
    """A pipeline to adapt, all of it on the device and none of it quantised, as its layers are to learn. Raises
    SfumatoError as `Model.from_pretrained` does."""
    return Model.from_pretrained(name, revision=revision or None, device=str(device), memory=MOST_GB)


def release_encoders(model: Model) -> None:
    """Let go of a pipeline's text encoders, which take memory and are needed no more: all prompts are encoded."""
    assert model.pretrained is not None, "a pipeline has them"
    components = vars(model.pretrained.pipeline)  # by assignment the pipeline would note it in its configuration
    for name in [name for name in components if name.startswith("text_encoder")]:
        components[name] = None
