"""A plan for adapting a pre-trained model in the time that there is: how many steps, and how often it is looked at."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import torch

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.pretrained.lora.trainable import remove_trainable_lora
from sfumato.random import keyed_generator
from sfumato.text import counted, printable
from sfumato.training.choices import layered, resolve
from sfumato.training.configuration import TrainingConfig
from sfumato.training.encoded import EncodedPictures
from sfumato.training.examples import EVALUATED, LOOKS, EncodedExamples
from sfumato.training.objectives.adapting import SNAPSHOT_PROMPTS, AdaptingConfig
from sfumato.training.plan import CHECKPOINT_SECONDS, FEWEST_LOOKS, LOG_SECONDS, PRECISIONS, Plan, in_steps
from sfumato.training.plan_words import rounded
from sfumato.works.values import Precision

# What a person adapting leaves open. The rate and the rank are those that Hu et al. 2021 (arXiv:2106.09685, table 12)
# and what is shared since have for layers of attention.
ADAPTING: Final[Mapping[str, Any]] = {
    "objective": {"kind": "adapting"},
    "adapter": {"rank": 16},
    "optimiser": {"kind": "adamw", "learning_rate": 1e-4},
    "schedule": {"warmup": 0.05, "anneal": 0.5},
    "early": 1.0,
    "flip": False,
    "batch": 4,
}
MEASURED_SECONDS: Final = 3.0
WATCHED: Final = 0.1  # the share of the time that measurements may take, and as much for snapshots
A_LOOK: Final = 1 / 3  # what an evaluation of the network takes of a step that learns


def fitting(choices: Mapping[str, Any], base: Model) -> dict[str, Any]:
    """The choices, and what follows from the base where they leave it open. Raises SfumatoError for what adapting
    cannot do."""
    own = {"size": base.config.size, "network": base.config.network, "preconditioning": base.config.preconditioning}
    chosen = layered(ADAPTING, {"size": base.config.size}, choices, {name: own[name] for name in own if name != "size"})
    settings = resolve(chosen)
    if settings.flip:
        raise SfumatoError(
            "flip: a mirrored picture has other latents than those that are kept; leave that setting out"
        )
    if settings.crop != "centre" or settings.pixel_art:
        raise SfumatoError("crop and pixel-art: pictures keep their shape here, and are not enlarged; leave them out")
    if settings.balance != "none":
        raise SfumatoError(f"balance {settings.balance}: batches follow the shapes of pictures; leave that option out")
    return chosen


def plan_adapting(
    choices: Mapping[str, Any],
    base: Model,
    dataset: Dataset,
    encoded: EncodedPictures,
    device: torch.device,
    known: tuple[str, ...] = (),
) -> Plan:
    """Complete choices that `fitting` gave. Measures this machine for some seconds, unless steps or epochs are among
    them. known: what else the plan says of pictures and captions. Raises SfumatoError for settings out of range."""
    threads = {"threads": torch.get_num_threads() if device.type == "cpu" else 0}
    pictures = len(dataset.train)
    choices = layered(threads, choices, in_steps(resolve(choices), pictures))
    settings = resolve(choices)
    if not settings.steps and not settings.minutes:
        raise SfumatoError("how long to train is open: choose minutes or steps")
    parameters = _count(settings, base)
    what = "; ".join((_what(settings, parameters, base), *known))
    if settings.steps:
        settings = _watched(resolve(choices, {"minutes": 0}), base, settings.steps)
        shown = settings.steps * settings.batch
        amount = f"{counted(settings.steps, 'step')}, {counted(shown, 'picture')}"
    else:
        settings, seconds_per_step = _measured(settings, base, dataset, encoded, device, "precision" not in choices)
        steps = 60 * settings.minutes / seconds_per_step
        settings = _watched(settings, base, steps, seconds_per_step)
        # A short run is looked at more than it should be, and learns less.
        learning = max(0.1 * steps, steps - _looked_at(settings, base))
        settings = settings.model_copy(update={"steps": max(1, round(learning))})
        shown = rounded(settings.steps * settings.batch)
        amount = f"about {counted(shown, 'picture')} in {counted(settings.minutes, 'minute')}"
    return Plan(settings, f"{what}: {amount}, {shown / pictures:,.1f} times each of {pictures:,}", parameters)


def _count(settings: TrainingConfig, base: Model) -> int:
    """Parameters that learn."""
    objective = settings.build_objective(0, base=base)
    _take_off(base)
    return sum(parameter.numel() for parameter in objective.parameters())


def _what(settings: TrainingConfig, parameters: int, base: Model) -> str:
    assert base.pretrained is not None and settings.adapter is not None, "it is a pre-trained one that is adapted"
    whole = sum(weights.numel() for weights in base.denoiser.parameters())
    title = base.pretrained.family.title
    return (
        f"adapts '{printable(base.config.name)}' ({title}, {whole / 1e6:,.1f} M parameters, which stay as they are): "
        f"{parameters:,} of rank {settings.adapter.rank} learn, batch {settings.batch}"
    )


def _take_off(base: Model) -> None:
    assert base.pretrained is not None, "it is a pre-trained one that is adapted"
    remove_trainable_lora(base.pretrained.network)


def _measured(
    settings: TrainingConfig,
    base: Model,
    dataset: Dataset,
    encoded: EncodedPictures,
    device: torch.device,
    choose_precision: bool,
) -> tuple[TrainingConfig, float]:
    """The settings in the faster precision, and with activations computed twice where they do not fit; the seconds a
    step. Raises SfumatoError where nothing fits."""
    assert isinstance(settings.objective, AdaptingConfig), "it adapts"
    precisions: tuple[Precision, ...] = tuple(PRECISIONS) if choose_precision else (settings.precision,)
    timings: dict[TrainingConfig, float] = {}
    for precision in precisions:
        for checkpointing in (settings.objective.checkpointing, True):
            objective = settings.objective.model_copy(update={"checkpointing": checkpointing})
            tried = settings.model_copy(update={"precision": precision, "objective": objective})
            try:
                timings[tried] = _seconds_per_step(tried, base, dataset, encoded, device)
                break
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
    if not timings:
        raise SfumatoError(
            f"'{base.config.name}' cannot learn in the memory of {device}, even with a batch of {settings.batch} and "
            "activations that are computed twice; choose a smaller --batch, a smaller rank or another model"
        )
    # In doubt float32: bfloat16 must earn its rounding errors.
    best = min(timings, key=lambda tried: timings[tried] / (0.95 if tried.precision == "bfloat16" else 1))
    return best, timings[best]


def _seconds_per_step(
    settings: TrainingConfig, base: Model, dataset: Dataset, encoded: EncodedPictures, device: torch.device
) -> float:
    objective = settings.build_objective(0, base=base).to(device)
    optimiser = settings.optimiser.build(objective, objective.rates)
    examples = EncodedExamples(dataset, encoded, settings, device)
    timings: list[float] = []
    began = time.perf_counter()
    try:
        while len(timings) < 3 or time.perf_counter() - began < MEASURED_SECONDS:
            start = time.perf_counter()
            latents, condition = examples.batch(len(timings))
            with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
                loss = objective(latents, condition, keyed_generator("measure", len(timings))).total.mean()
            loss.backward()
            optimiser.step(1e-6)
            loss.item()
            timings.append(time.perf_counter() - start)
            if len(timings) >= 2 and timings[1] > MEASURED_SECONDS:  # far too slow: no need to know how much
                break
    finally:
        _take_off(base)
    later = sorted(timings[1:])
    return later[len(later) // 2]


def _watched(settings: TrainingConfig, base: Model, steps: float, seconds_per_step: float = 0.0) -> TrainingConfig:
    """Looked at as often as takes little of the time of so many steps, and written down as often as is safe."""
    affordable = WATCHED * steps * settings.batch / A_LOOK  # evaluations of the network for one picture
    cadence = {
        "evaluations": round(affordable / (EVALUATED + LOOKS)),
        "snapshots": round(affordable / _of_a_snapshot(base)),
    }
    for name in cadence:
        cadence[name] = min(getattr(settings.cadence, name), max(FEWEST_LOOKS, cadence[name]))
    if seconds_per_step:
        cadence["log_every"] = max(1, round(LOG_SECONDS / seconds_per_step))
        cadence["checkpoint_every"] = max(1, round(CHECKPOINT_SECONDS / seconds_per_step))
    own = {name: value for name, value in cadence.items() if name not in settings.cadence.model_fields_set}
    return settings.model_copy(update={"cadence": settings.cadence.model_copy(update=own)})


def _looked_at(settings: TrainingConfig, base: Model) -> float:
    """How many steps could be made in the time of all measurements and snapshots."""
    cadence = settings.cadence
    evaluations = cadence.evaluations * (EVALUATED + LOOKS) + cadence.snapshots * _of_a_snapshot(base)
    return evaluations * A_LOOK / settings.batch


def _of_a_snapshot(base: Model) -> int:
    """Evaluations of the network for one picture."""
    generation = base.config.generation
    return SNAPSHOT_PROMPTS * generation.steps * (2 if generation.guidance != 1 else 1)
