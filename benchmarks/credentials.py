"""What signing costs, and whether it loses memory or handles.

    python benchmarks/credentials.py

signs a drawn work of each size 200 times and says the median, then signs and verifies 2,000 times and says how much
memory and how many handles the process has before and after. The key is one of its own, in a temporary directory.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from sfumato.collection.drawn import draw
from sfumato.provenance.credentials import Claim, Input, signed
from sfumato.provenance.sources import LearnedFrom, Sources
from sfumato.provenance.verification import credentials_of
from sfumato.works import saving
from sfumato.works.saving import Product, encoded

SIZES = (64, 256, 512)
TIMES, MANY = 200, 2000
SOURCES = Sources("ab" * 32, (LearnedFrom(collection="cd" * 32, licences={"CC0-1.0": 612, "unknown": 113}),), "ef" * 32)


def unsigned(size: int) -> bytes:
    sign = saving.signed
    saving.signed = lambda data, claim: data
    try:
        return encoded(Product([draw("flow", 1, size)]), Path("work.png"))
    finally:
        saving.signed = sign


def times(size: int) -> None:
    plain = unsigned(size)
    for what, claim in (
        ("created", Claim("work.png", sources=SOURCES)),
        ("edited", Claim("work.png", inputs=(Input(signed(plain, Claim("input.png")), "input.png"),), sources=SOURCES)),
    ):
        taken, used = [], []
        for _ in range(TIMES):
            began, cpu = time.perf_counter(), time.process_time()
            whole = signed(plain, claim)
            taken.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.process_time() - cpu))
        print(
            f"{size} px, {what}: {statistics.median(taken):.1f} ms ({statistics.median(used):.1f} ms of the processor, "
            f"{min(taken):.1f} ms at best, median of {TIMES}), {len(whole) - len(plain):,} bytes more"
        )


def losses() -> None:
    plain = unsigned(64)
    claim = Claim("work.png", inputs=(Input(signed(plain, Claim()), "input.png"),), sources=SOURCES)

    def some(count: int) -> None:
        for _ in range(count):
            assert credentials_of(signed(plain, claim)).status == "trusted"
        gc.collect()

    some(200)
    before = state()
    some(MANY)
    after = state()
    print(f"{MANY:,} signed and verified: {before[0]} handles before, {after[0]} after; ", end="")
    print(f"{before[1]:.1f} MB resident before, {after[1]:.1f} after, {resource_peak():.1f} at most")


def state() -> tuple[int, float]:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return len(list(Path("/proc/self/fd").iterdir())), pages * resource.getpagesize() / 1e6


def resource_peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as keys:
        os.environ["SFUMATO_KEYS"] = os.environ["SFUMATO_STATE"] = keys
        for side in SIZES:
            times(side)
        losses()
