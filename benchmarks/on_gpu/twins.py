"""The parts that hold a step against another: compiled, as CUDA graphs, with a network of diffusers."""

from __future__ import annotations

import copy
import math
import statistics
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from on_gpu.bench import FAILURES, Bench, LeftOutError, told
from on_gpu.device import free, synchronise, timed
from on_gpu.step import Step, worst_difference
from torch import Tensor, nn

from sfumato.diffusion import Denoiser

# Of a gradient's norm. All networks of the plan's ladders in bfloat16 are within 0.013 of themselves in float32.
TOLERANCES: Mapping[str, float] = {"float32": 0.01, "bfloat16": 0.05}
WITHOUT_FUSION: Mapping[str, Any] = {"triton.mix_order_reduction": False}
MULTIPLES = (1, 1, 2, 2, 4, 4)  # channels of diffusers' unconditional example, from level to level


def compiled(bench: Bench) -> dict[str, Any]:
    return at_each_batch(bench, compiled_beside)


def compiled_beside(bench: Bench, batch: int) -> dict[str, Any]:
    figures = beside(*compiling(bench, batch))
    if "refused" in figures and bench.device.type == "cuda":
        figures["without_fusion"] = beside(*compiling(bench, batch, WITHOUT_FUSION))
    return figures


def compiling(bench: Bench, batch: int, options: Mapping[str, Any] | None = None) -> tuple[Step, Step]:
    """A step, and the same with its network compiled: at the first call, and anew each time."""
    eager = Step.of(bench, batch)
    torch.compiler.reset()
    network: Any = torch.compile(eager.network, dynamic=False, options=dict(options) if options else None)
    return eager, replace(eager, denoiser=Denoiser(network, eager.denoiser.preconditioning))


def graphs(bench: Bench) -> dict[str, Any]:
    if bench.device.type != "cuda":
        raise LeftOutError("needs CUDA")
    return at_each_batch(bench, graphed_beside)


def graphed_beside(bench: Bench, batch: int) -> dict[str, Any]:
    eager = Step.of(bench, batch)
    network = copy.deepcopy(eager.network)  # it is changed: its forward becomes the replay
    with eager.autocast(cache_enabled=False):  # what the cache holds would not be cast again in a replay
        torch.cuda.make_graphed_callables(network, eager.inputs(), allow_unused_input=True)
    return beside(eager, eager.through(network))


def diffusers(bench: Bench) -> dict[str, Any]:
    try:
        from diffusers import UNet2DModel, __version__  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise LeftOutError(f"diffusers is not installed, or not whole ({error})") from error
    settings = bench.settings
    ours = Step.of(bench, settings.batch)
    wanted, narrow = parameters(ours.network), 16
    with torch.device("meta"):
        least = parameters(UNet2DModel(**example_settings(settings.size, narrow)))
    # Nearly all parameters are in convolutions, whose number grows with the square of the width.
    width = max(8, 8 * round(narrow * math.sqrt(wanted / least) / 8))
    unet = UNet2DModel(**example_settings(settings.size, width))
    theirs = ours.through(UNet2DNetwork(unet).to(bench.device, memory_format=torch.channels_last))  # type: ignore[call-overload, unused-ignore]
    return {
        **alternated(ours, theirs, "ours", "theirs"),
        "parameters_ours": wanted,
        "parameters_theirs": parameters(unet),
        "width_theirs": width,
        "batch": settings.batch,
        "precision": settings.precision,
        "version": __version__,
    }


def example_settings(size: int, width: int) -> dict[str, Any]:
    """Of the network of diffusers' unconditional example. width: channels of its finest level, there 128."""
    down, up = ["DownBlock2D"] * 6, ["UpBlock2D"] * 6
    down[4], up[1] = "AttnDownBlock2D", "AttnUpBlock2D"
    return {
        "sample_size": size,
        "layers_per_block": 2,
        "block_out_channels": tuple(width * multiple for multiple in MULTIPLES),
        "down_block_types": tuple(down),
        "up_block_types": tuple(up),
        "norm_num_groups": 8,
    }


class UNet2DNetwork(nn.Module):
    """UNet2DModel as a network F(x, c_noise, condition)."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None = None) -> Tensor:
        # Its times are 0 to 999; c_noise lies in about -1.5..1.2.
        predicted: Tensor = self.unet(x.contiguous(memory_format=torch.channels_last), 300 * (c_noise + 1.5)).sample
        return predicted


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def at_each_batch(bench: Bench, compare: Callable[[Bench, int], dict[str, Any]]) -> dict[str, Any]:
    """From the smallest on, as far as it goes: what fails at one is not tried with a larger one."""
    done: dict[str, Any] = {"precision": bench.settings.precision}
    for batch in sorted(bench.batches):
        try:
            done[f"batch_{batch}"] = compare(bench, batch)
        except FAILURES as error:
            if len(done) == 1:
                raise
            traceback.print_exc()
            done[f"batch_{batch}"] = {"failed": told(error)}
            break
        free(bench.device)
    return done


def beside(eager: Step, twin: Step) -> dict[str, Any]:
    """Whether a twin has the gradients of the eager steps; if so, how fast both are."""
    device = eager.images.device
    began = time.perf_counter()
    twin()
    synchronise(device)
    first = time.perf_counter() - began
    # The twin goes first: what it fails to write would otherwise be what the eager step left in that memory.
    gradients = twin.gradients()
    error, whose = worst_difference(eager.gradients(), gradients)
    tolerance = TOLERANCES[eager.precision]
    figures: dict[str, Any] = {
        "first_step_seconds": first,
        "worst_gradient_error": error if math.isfinite(error) else None,
        "worst_gradient_of": whose,
        "tolerance": tolerance,
    }
    if error > tolerance:
        return {**figures, "refused": f"the gradient of {whose} is off by {error:.2g} of its norm"}
    return {**figures, **alternated(eager, twin, "eager", "twin")}


def alternated(first: Step, second: Step, first_name: str, second_name: str) -> dict[str, float]:
    """Milliseconds a step, medians over the turns A B A B, and how many times as fast the second is."""
    timings: tuple[list[float], list[float]] = ([], [])
    for _ in range(2):
        for step, its in zip((first, second), timings, strict=True):
            its += timed(step, step.images.device)
    one, other = (1000 * statistics.median(its) for its in timings)
    return {f"ms_{first_name}": one, f"ms_{second_name}": other, f"times_as_fast_as_{first_name}": one / other}
