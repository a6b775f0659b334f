"""What the machine has for a pre-trained model: the memory that is free, and whether bfloat16 is faster here."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final

import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.pretrained.sizes import GB

LEAST_GB, MOST_GB = 0.1, 10_000.0
EARNED: Final = 0.95  # of float32's time: bfloat16 must earn its rounding errors
_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")
_NO_LIMIT: Final = 1 << 60  # what version 1 writes for none is near 2^63


def stated_bytes(gigabytes: float) -> int:
    """What `--memory 8` says. Raises SfumatoError out of range."""
    if not LEAST_GB <= gigabytes <= MOST_GB:
        raise SfumatoError(f"--memory {gigabytes:g}: is in GB, from {LEAST_GB:g} to {MOST_GB:,.0f}")
    return round(gigabytes * GB)


def available_bytes(device: torch.device) -> int:
    """Memory of the device that a model can have now: of a GPU its free memory, of the CPU what the system can give
    without swapping, and no more than the limit of the control group that the program runs in."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return min([system_bytes(), *group_bytes()])


def system_bytes() -> int:
    """Of the whole system, limits aside."""
    with suppress(OSError):
        for line in (_PROC / "meminfo").read_text().splitlines():
            name, _, said = line.partition(":")
            if name == "MemAvailable":
                return int(said.split()[0]) << 10
    psutil: Any = importlib.import_module("psutil")  # comes with accelerate
    return int(psutil.virtual_memory().available)


def group_bytes(groups: Path = _GROUPS, process: Path = _PROC / "self") -> list[int]:
    """What the Linux control groups of this process, from its own up to the root, leave of their limits; [] without.

    Files that a group has read count as used there, and are given up when memory is wanted; so they are left out.
    """
    try:
        lines = (process / "cgroup").read_text().splitlines()
    except OSError:
        return []
    left = []
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers == "":
            root, limit, used, cache = groups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, limit, used, cache = (
                groups / "memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                ("total_inactive_file"),
            )
        else:
            continue
        own = PurePosixPath(place.lstrip("/"))
        for each in (own, *own.parents):
            left += _left(root / each, limit, used, cache)
    return left


def _left(group: Path, limit: str, used: str, cache: str) -> list[int]:
    try:
        most, now = (group / limit).read_text().strip(), int((group / used).read_text())
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        if most == "max" or int(most) >= _NO_LIMIT:
            return []
        return [max(0, int(most) - now + int(counts.get(cache, 0)))]
    except (OSError, ValueError):  # the root has no limit, and inside a container others' groups are not there
        return []


def bfloat16_pays(device: torch.device, seconds: float = 0.4) -> bool:
    """Whether bfloat16 is faster than float32 here: for CUDA what the GPU has, else a measurement of that many seconds
    of what these models do most, convolutions and products of matrices."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    times: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    work = {dtype: _typical_work(device, dtype) for dtype in times}
    end = time.perf_counter() + seconds
    # Side by side, as other programs disturb both then.
    while time.perf_counter() < end or len(times[torch.bfloat16]) < 3:
        for dtype, run in work.items():
            began = time.perf_counter()
            run()
            times[dtype].append(time.perf_counter() - began)
    whole, half = (statistics.median(times[dtype][1:]) for dtype in (torch.float32, torch.bfloat16))
    return half < EARNED * whole


def _typical_work(device: torch.device, dtype: torch.dtype) -> Callable[[], None]:
    """A convolution and a layer as a U-Net has them at an eighth of 256 x 256 pixels."""
    with torch.random.fork_rng(devices=[]):
        convolution, layer = nn.Conv2d(320, 320, 3, padding=1), nn.Linear(640, 2560)
    convolution.to(device, dtype)
    layer.to(device, dtype)
    cells = torch.ones(1, 320, 32, 32, device=device, dtype=dtype)
    tokens = torch.ones(1, 256, 640, device=device, dtype=dtype)

    def run() -> None:
        with torch.no_grad():
            (convolution(cells).sum() + layer(tokens).sum()).item()

    return run
