"""What a device is asked for: the time that work takes on it, its memory, its rate, its name."""

from __future__ import annotations

import gc
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

import sfumato

BLOCK_SECONDS, FEWEST = 2.0, 5  # of one turn of A or B: at least so long, and so many steps
MATRIX_SECONDS = 0.01  # a product that takes so long is a large one


def timed(action: Callable[[], object], device: torch.device, seconds: float | None = None) -> list[float]:
    """Seconds of each call, after one that does not count, for so many seconds (BLOCK_SECONDS)."""
    action()
    synchronise(device)
    timings: list[float] = []
    while len(timings) < FEWEST or sum(timings) < (BLOCK_SECONDS if seconds is None else seconds):
        began = time.perf_counter()
        action()
        synchronise(device)
        timings.append(time.perf_counter() - began)
    return timings


def synchronise(device: torch.device) -> None:
    """Wait for what the device was given to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def free(device: torch.device) -> None:
    """Give memory back that nobody holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def matrix_rate(device: torch.device) -> tuple[int, float]:
    """The side of the first square bfloat16 product that takes MATRIX_SECONDS or more, and its FLOP/s."""
    side = 512
    while True:
        first, second = torch.randn(2, side, side, device=device, dtype=torch.bfloat16)
        seconds = statistics.median(timed(partial(torch.matmul, first, second), device, MATRIX_SECONDS * 10))
        if seconds >= MATRIX_SECONDS:
            return side, 2 * side**3 / seconds
        side *= 2


def peak_memory(device: torch.device) -> dict[str, Any]:
    if device.type == "cuda":
        allocated, reserved = torch.cuda.max_memory_allocated(device), torch.cuda.max_memory_reserved(device)
        return {"peak_memory_bytes": allocated, "peak_memory_reserved_bytes": reserved, "peak_memory_of": "the device"}
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_memory_bytes": peak, "peak_memory_of": "this process"}


def machine(device: torch.device) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "device": str(device),
        "name": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "sfumato": sfumato.__version__,
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        facts |= {
            "name": properties.name,
            "memory_bytes": properties.total_memory,
            "capability": f"{properties.major}.{properties.minor}",
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        }
    return facts
