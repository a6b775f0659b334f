"""The parts that say how fast sfumato trains and samples, and how near a step comes to what the device can do."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import Any

import torch
from on_gpu.bench import Bench
from on_gpu.device import matrix_rate, peak_memory, timed
from on_gpu.step import Step
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from sfumato.models import Generation
from sfumato.training import Evaluated, Finished, Noted, Trained, prepare_run, train
from sfumato.training.configuration import TrainingConfig
from sfumato.training.plan import measure

SAMPLED, SAMPLING_STEPS = 16, 20


def training(bench: Bench) -> dict[str, Any]:
    """From measuring the machine to the finished model."""
    if bench.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(bench.device)
    began = time.perf_counter()
    run, made = prepare_run(bench.work / "run", bench.dataset, bench.choices, device=bench.device)
    planning = time.perf_counter() - began
    bench.planned = settings = made.settings
    steps, seconds, late, held_out, remarks = 0, 0.0, 0.0, None, []
    for event in train(run, device=bench.device, spent_seconds=planning):
        if isinstance(event, Trained):
            late = event.pictures_per_second
        elif isinstance(event, Evaluated):
            held_out = event.held_out_loss
        elif isinstance(event, Noted):
            remarks.append(event.text)
        elif isinstance(event, Finished):
            steps, seconds = event.step, event.elapsed_seconds - planning
    pictures = steps * settings.batch
    return {
        "pictures_per_second": pictures / seconds,  # with measuring, snapshots and saving
        "pictures_per_second_of_late": late,  # over the last 200 steps
        "steps": steps,
        "pictures": pictures,
        "seconds": seconds,
        "planning_seconds": planning,
        "held_out_loss": held_out,
        "plan": made.sentence,
        "network": settings.network.model_dump(),
        "parameters": made.parameters,
        "precision": settings.precision,
        "batch": settings.batch,
        **peak_memory(bench.device),
        "remarks": remarks,
    }


def share(bench: Bench) -> dict[str, Any]:
    """FLOPs are those of convolutions, matrix products and attention, forward and backward; the optimiser's, which
    multiplies matrices too, and everything by the element are not among them."""
    settings, device = bench.settings, bench.device
    step = Step.of(bench, settings.batch)
    # The counter does not know every kernel of attention, but all of what its plain formula is made of.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        step()
    flops = counter.get_total_flops()
    make = partial(TrainingConfig.build_objective, classes=len(bench.dataset.classes))
    whole = measure(make, settings, device, [settings.precision]).seconds_per_step
    network = statistics.median(timed(step, device))
    side, rate = matrix_rate(device)
    return {
        "share": flops / whole / rate,
        "share_of_forward_and_backward_alone": flops / network / rate,
        "teraflop_a_step": flops / 1e12,
        "teraflop_counts": "forward and backward: convolutions, matrix products, attention; not the optimiser",
        "ms_a_step": 1000 * whole,
        "ms_forward_and_backward": 1000 * network,
        "matrix_teraflop_per_second": rate / 1e12,
        "matrix_side": side,
        "batch": settings.batch,
        "precision": settings.precision,
    }


def sampling(bench: Bench) -> dict[str, Any]:
    """Noise to pictures, before they are rounded to 8 bits; guidance and sampler are the model's own."""
    model = bench.model()
    figures: dict[str, Any] = {}
    for precision in ("float32", "bfloat16"):
        generation = Generation.of(model, seed=1, steps=SAMPLING_STEPS, precision=precision)
        seconds = statistics.median(timed(partial(sample, generation), bench.device))
        figures[precision] = {"works_per_second": SAMPLED / seconds, "seconds_for_16": seconds}
    return {**figures, "steps": SAMPLING_STEPS, "guidance": generation.settings.guidance}


def sample(generation: Generation) -> None:
    """One batch."""
    generation.pictures(SAMPLED)
