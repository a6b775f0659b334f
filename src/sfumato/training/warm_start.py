"""The state that a run begins with: random weights, those that know drawn pictures, or another model's."""

from __future__ import annotations

from pathlib import Path

import torch

from sfumato.dataset import Dataset
from sfumato.diffusion import Denoiser
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig
from sfumato.text import readable, restored_path
from sfumato.training.adapting import Base
from sfumato.training.averages import PowerAverage
from sfumato.training.configuration import TrainingConfig
from sfumato.training.initial import CLASSES, begin_with, initial_weights
from sfumato.training.objectives import Adapting
from sfumato.training.run import Run
from sfumato.training.state import TrainingState

# What a run has in common with the model that it begins with.
SHARED = ("size", "factor", "network", "codec", "preconditioning")


def begin(
    run: Run, dataset: Dataset, config: ModelConfig, device: torch.device, base: Base | None = None
) -> TrainingState:
    """The state of a run before its first step. config: of the model that it makes; base: the one that it adapts.

    Raises SfumatoError where the weights, the features or the teacher that it needs are not as they were.
    """
    settings, weights_from = run.record.settings, run.record.weights_from
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        perceptual, teacher = run.perceptual_loss(device), run.teacher(device)
        adapted = None if base is None else base.model
        objective = settings.build_objective(len(config.classes), perceptual, teacher, adapted)
    if base is not None and base.encoded is not None and isinstance(objective, Adapting):
        objective.shown = base.encoded.prompts()
    if weights_from and base is None and not run.has_begun:
        warm_start(objective.denoiser, settings, config, restored_path(weights_from))
    elif any(run.record.initial_weights) and not run.has_begun:
        begin_with(objective.denoiser, initial_weights(settings), run.record.initial_weights)
    objective = objective.to(device)
    return TrainingState(
        objective,
        PowerAverage(objective.denoiser, settings.ema_std),
        settings.optimiser.build(objective, objective.rates),
        settings.build_schedule(len(dataset.train)),
    )


def warm_start(denoiser: Denoiser, settings: TrainingConfig, config: ModelConfig, origin: str | Path) -> None:
    """Copy the weights of the model at ``origin`` into the denoiser of a run.

    Classes are matched by name; one that is new begins as 'no class'. Raises SfumatoError where the model there does
    not fit the settings, or is not the one that the configuration says it descends from.
    """
    parent = Model.from_pretrained(origin, device="cpu")
    check_fit(parent, origin, settings)
    if parent.weights_digest != config.descends_from[0]:
        raise SfumatoError(f"{origin}: has changed since this run was planned; begin a new run")
    tensors = parent.denoiser.weights()
    if CLASSES in tensors:
        rows = tensors[CLASSES]
        theirs = {readable(name): place + 1 for place, name in enumerate(parent.config.classes)}
        places = [theirs.get(readable(name), 0) for name in config.classes]
        tensors[CLASSES] = torch.stack([rows[place] for place in (0, *places)])
    denoiser.load_weights(tensors)


def check_fit(parent: Model, origin: str | Path, settings: TrainingConfig) -> None:
    """Raises SfumatoError where a run of such settings cannot begin with the parent's weights."""
    objective, config = settings.objective, parent.config
    # What answers with the mean can be taught to answer with a sample, as a student begins as its teacher.
    if objective.begins_with != config.begins_with or (objective.answer, config.answer) == ("mean", "sample"):
        raise SfumatoError(
            f"{origin}: its objective is {config.objective}, and this run's is {objective.kind}; leave that setting out"
        )
    for name in SHARED:
        ours, theirs = getattr(settings, name), getattr(config, name)
        if ours != theirs:
            raise SfumatoError(f"{origin}: its {name} is {theirs}, and this run's is {ours}; leave that setting out")
