"""A plan for the time that there is: which network, which batch, how many steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from sfumato.diffusion.condition import ClassCondition, Condition
from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss
from sfumato.models import Model
from sfumato.models.configuration import PretrainedNetwork
from sfumato.networks import AnyNetworkConfig, UNetConfig
from sfumato.random import keyed_generator
from sfumato.text import counted
from sfumato.training.choices import layered, resolve
from sfumato.training.configuration import TrainingConfig
from sfumato.training.initial import initial_weights
from sfumato.training.memorisation import (
    FROM_DRAWN_PICTURES,
    FROM_RANDOM_WEIGHTS,
    NOTICED_WITH,
    SHOWINGS_A_MEASUREMENT,
    Showings,
    can_notice,
)
from sfumato.training.objectives import Losses, Objective
from sfumato.training.plan_words import rounded, what_learns
from sfumato.works.values import Precision

CHECKPOINT_SECONDS, LOG_SECONDS = 45, 2
FEWEST_LOOKS, EVALUATIONS_A_MINUTE = 4, 4
MEASURED_SECONDS = 0.8
PRECISIONS: Sequence[Precision] = ("bfloat16", "float32")
NO_CLASS = ClassCondition.of([0]).drop()

Make = Callable[[TrainingConfig], Objective]
"""Settings -> the objective that they name, of fresh weights."""


@dataclass(frozen=True)
class Rung:
    """A network, and how many pictures it must be shown before it beats the smaller ones."""

    network: AnyNetworkConfig
    pictures: int


@dataclass(frozen=True)
class Plan:
    """settings: complete; sentence: the plan, for people; parameters: how many numbers learn."""

    settings: TrainingConfig
    sentence: str
    parameters: int


def ladder(size: int) -> Sequence[Rung]:
    """Networks for pictures of ``size`` pixels, the smallest first; measured, see benchmarks/README.md and log.md.

    Single pixels at the finest level, where there is time for them: with cells of 2 x 2, and more so of 4 x 4, grain
    stays in the pictures. The coarsest level is kept at about 8 x 8 tokens, whatever the size.
    """
    if size <= 48:
        return (
            Rung(UNetConfig(patch=1, channels=(32, 64), blocks=2, width=192, depth=2, heads=3), 0),
            Rung(UNetConfig(patch=1, channels=(48, 64), blocks=2, width=192, depth=2, heads=3), 12_000),
            Rung(UNetConfig(patch=1, channels=(64, 128), blocks=2, width=256, depth=4, heads=4), 250_000),
        )
    if size <= 96:
        return (
            Rung(UNetConfig(patch=2, channels=(48, 96), width=192, depth=4, heads=3), 0),
            Rung(UNetConfig(patch=1, channels=(64, 64, 96), width=192, depth=2, heads=3), 10_000),
            Rung(UNetConfig(patch=1, channels=(64, 96, 192), blocks=2, width=256, depth=6, heads=4), 400_000),
        )
    return (
        Rung(UNetConfig(patch=4, channels=(64, 128), width=192, depth=4, heads=3), 0),
        Rung(UNetConfig(patch=2, channels=(32, 64, 128), width=192, depth=4, heads=3), 40_000),
        Rung(UNetConfig(patch=1, channels=(32, 64, 128, 192), width=256, depth=6, heads=4), 400_000),
    )


def plan(
    choices: Mapping[str, Any],
    *,
    classes: int,
    pictures: int,
    device: torch.device,
    held_out: int = NOTICED_WITH,
    perceptual: PerceptualLoss | None = None,
    teacher: Model | None = None,
    base: Model | None = None,
    condition: Condition = NO_CLASS,
    measured: Measured | None = None,
) -> Plan:
    """Complete the chosen settings. Measures this machine for a few seconds, unless steps or epochs are among them.

    classes: that the model will know; pictures: in the data set's training part; held_out: pictures that are not
    trained on; perceptual: that part of the loss, if it was chosen; teacher: of a student; base: the model that is
    adapted, if one is; condition: of one picture, such as the network will be told of each; measured: speeds that were
    measured for plans before this one, and take those that it adds.

    Where too few pictures are held out to notice that the others are being learned by heart, a time is not used up: the
    plan is of as many steps as are safe. ``guard`` = false among the choices lifts that.
    Raises SfumatoError for settings out of range.
    """
    threads = torch.get_num_threads() if device.type == "cpu" else 0
    make = partial(TrainingConfig.build_objective, classes=classes, perceptual=perceptual, teacher=teacher, base=base)
    asked = resolve({"threads": threads}, choices)
    choices = layered(choices, in_steps(asked, pictures))
    asked = resolve({"threads": threads}, choices)
    if not asked.steps and not asked.minutes:
        raise SfumatoError("how long to train is open: choose minutes or steps")
    network = asked.network if "network" in choices else asked.objective.network
    assert not isinstance(network, PretrainedNetwork), "which has a plan of its own"
    options = ladder(asked.latent_size) if network is None else [Rung(network, 0)]
    for rung in options:
        if asked.latent_size % rung.network.size_multiple:
            raise SfumatoError(
                f"size {asked.size}: this network needs a multiple of {rung.network.size_multiple} pixels; "
                "choose another size or another network"
            )
    if asked.steps:
        settings = resolve(
            {"threads": threads, "network": options[min(1, len(options) - 1)].network}, choices, {"minutes": 0}
        )
        parameters = count_parameters(make, settings)
        amount = f"{counted(settings.steps, 'step')}, {counted(settings.steps * settings.batch, 'picture')}"
        sentence = f"{what_learns(settings, parameters, base)}: {amount}"
        if by_heart := _by_heart(settings, pictures, held_out, exact=True):
            sentence += f", {settings.steps * settings.batch / pictures:,.0f} times each of {pictures:,}; {by_heart}"
        return Plan(settings, sentence, parameters)
    known, most = _from_known(options, choices), FROM_RANDOM_WEIGHTS.by_heart_from * pictures
    settings, speed = _choose(known, choices, threads, asked.minutes, most, make, device, condition, measured)
    steps = max(1, round(60 * asked.minutes / speed.seconds_per_step))
    bearable = _bearable(settings)
    safe = bearable.most_steps(pictures, settings.batch)
    if asked.guard and asked.objective.samples_freely and not can_notice(held_out) and safe < steps:
        steps, seconds = safe, safe * speed.seconds_per_step
        settings = settings.model_copy(update={"minutes": 0.0})  # exactly this many steps, however fast they are
        end = (
            f" in about {counted(round(seconds), 'second')}, {bearable.safe} times each of {pictures:,}: shown more "
            "often, so few are learned by heart and works become copies, so the rest of the time is not used"
        )
    else:
        seconds, end = 60 * asked.minutes, f" in {counted(asked.minutes, 'minute')}"
    minutes, showings = seconds / 60, steps * settings.batch / pictures
    # Or the guard would come too late.
    often = round(showings / SHOWINGS_A_MEASUREMENT) if asked.guard and asked.objective.samples_freely else 0
    cadence = {
        "log_every": max(1, round(LOG_SECONDS / speed.seconds_per_step)),
        "checkpoint_every": max(1, round(CHECKPOINT_SECONDS / speed.seconds_per_step)),
        # A short run is not spent on being watched.
        "evaluations": max(FEWEST_LOOKS, round(min(asked.cadence.evaluations, EVALUATIONS_A_MINUTE * minutes)), often),
        "snapshots": min(
            asked.cadence.snapshots,
            asked.objective.moments,
            max(asked.objective.fewest_moments, round(asked.objective.moments_a_minute * minutes)),
        ),
    }
    chosen = settings.cadence.model_fields_set
    cadence = {name: value for name, value in cadence.items() if name not in chosen}
    settings = settings.model_copy(
        update={
            "steps": steps,
            "precision": settings.precision if "precision" in choices else speed.precision,
            "cadence": settings.cadence.model_copy(update=cadence),
        }
    )
    parameters, shown = count_parameters(make, settings), rounded(steps * settings.batch)
    sentence = f"{what_learns(settings, parameters, base)}: about {counted(shown, 'picture')}{end}"
    if settings.minutes:
        sentence += f", {shown / pictures:,.0f} times each of {pictures:,}"
        if by_heart := _by_heart(settings, pictures, held_out, exact=not asked.guard):
            sentence += f"; {by_heart}"
    return Plan(settings, sentence, parameters)


def _from_known(rungs: Sequence[Rung], choices: Mapping[str, Any]) -> Sequence[Rung]:
    """Without those below a network that begins with weights which know drawn pictures: it is better from the start."""
    for place in reversed(range(len(rungs))):
        if initial_weights(resolve({"network": rungs[place].network}, choices))[0] is not None:
            return rungs[place:]
    return rungs


def _bearable(settings: TrainingConfig) -> Showings:
    return FROM_RANDOM_WEIGHTS if initial_weights(settings)[0] is None else FROM_DRAWN_PICTURES


def _by_heart(settings: TrainingConfig, pictures: int, held_out: int, *, exact: bool) -> str:
    """What is known of diffusion models alone."""
    if not settings.objective.samples_freely:
        return ""
    return _bearable(settings).warning(pictures, settings.steps * settings.batch / pictures, held_out, exact=exact)


def in_steps(settings: TrainingConfig, pictures: int) -> dict[str, int]:
    """What was chosen in epochs, as the loop counts."""
    epochs = {"steps": settings.epochs, "checkpoint_every": settings.cadence.checkpoint_epochs}
    return {name: max(1, round(count * pictures / settings.batch)) for name, count in epochs.items() if count}


def count_parameters(make: Make, settings: TrainingConfig) -> int:
    """Of all that learns."""
    with torch.device("meta"):
        objective = make(settings)
    return sum(parameter.numel() for parameter in objective.parameters())


@dataclass(frozen=True)
class Speed:
    """One training step, measured. precision: the faster one."""

    seconds_per_step: float
    precision: str


Measured = dict[str, Speed]
"""Speeds by what was measured."""


def _choose(
    options: Sequence[Rung],
    choices: Mapping[str, Any],
    threads: int,
    minutes: float,
    most: int,
    make: Make,
    device: torch.device,
    condition: Condition,
    measured: Measured | None,
) -> tuple[TrainingConfig, Speed]:
    """Up the ladder while there is time for the next network's pictures, of which ``most`` can be shown at all."""
    best: tuple[TrainingConfig, Speed] | None = None

    def are_too_few(pictures: int, settings: TrainingConfig, speed: Speed) -> bool:
        return min(60 * minutes / speed.seconds_per_step * settings.batch, most) < pictures

    for rung in options:
        if best is not None and are_too_few(rung.pictures, *best):
            break  # which a larger network would not show sooner: it is not measured
        settings = resolve({"threads": threads, "network": rung.network}, choices)
        precisions = [settings.precision] if "precision" in choices else PRECISIONS
        known = {} if measured is None else measured
        what = f"{device} {settings.model_copy(update={'minutes': 0}).model_dump_json()} {precisions}"
        speed = known[what] = known.get(what) or measure(make, settings, device, precisions, condition=condition)
        if best is not None and are_too_few(rung.pictures, settings, speed):
            break
        best = settings, speed
    assert best is not None, "a ladder has a first rung"
    return best


def measure(
    make: Make,
    settings: TrainingConfig,
    device: torch.device,
    precisions: Sequence[Precision] = PRECISIONS,
    seconds: float = MEASURED_SECONDS,
    condition: Condition = NO_CLASS,
) -> Speed:
    """Train a network of fresh weights on noise for about ``seconds`` in each of the precisions, under the condition of
    one picture."""
    timings = {name: _seconds_per_step(make, settings, device, name, seconds, condition) for name in precisions}
    # In doubt float32: bfloat16 must earn its rounding errors.
    faster = min(timings, key=lambda name: timings[name] / (0.95 if name == "bfloat16" else 1))
    return Speed(timings[faster], faster)


def _seconds_per_step(
    make: Make, settings: TrainingConfig, device: torch.device, precision: str, seconds: float, condition: Condition
) -> float:
    with torch.random.fork_rng(devices=[]):
        objective = make(settings)
    objective.to(device)
    optimiser = settings.optimiser.build(objective, objective.rates)
    generator = keyed_generator("measure")
    images = objective.stand_in(settings, generator, device)
    conditions = condition.repeat(settings.batch).to(device)
    timings: list[float] = []
    began = time.perf_counter()
    while len(timings) < 4 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            losses: Losses = objective(images, conditions, generator)
        loss = losses.total.mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(1e-6)
        loss.item()
        timings.append(time.perf_counter() - start)
        if len(timings) >= 2 and timings[1] > seconds:  # far too slow for this machine: no need to know how much
            break
    later = sorted(timings[1:])
    return later[len(later) // 2]
