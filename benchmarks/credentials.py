"""What signing costs, and whether it loses memory or handles; and what the index of saved works costs.

    python benchmarks/credentials.py

signs a drawn work of each size 200 times and says the median, then signs and verifies 2,000 times and says how much
memory and how many handles the process has before and after. Then it enters works in an empty index, and in one of a
year with 100,000, and finds them again; that waits for the disk, which is TMPDIR's. Key and index are its own.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sfumato.collection.drawn import draw
from sfumato.provenance.credentials import Claim, Input, signed
from sfumato.provenance.sources import LearnedFrom, Sources
from sfumato.provenance.verification import credentials_of
from sfumato.works import saved, saving
from sfumato.works.recipe import Mark
from sfumato.works.saving import Product, encoded
from sfumato.works.state import index_file, transaction

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


def entering(rows: int) -> None:
    """Works of 100 kB each in an index that holds so many already."""
    file, mark = os.urandom(100_000), Mark(identity="5f0a70aa", key_version=1)
    path, told = Path("works/0000.png"), {"model": "ab" * 32, "recipe": "r" * 1300}
    saved.add(path, file, **told)
    now = time.time_ns() // 1000
    earlier = ((now - 315_000_000 * (row + 1), f"{row * 2654435761 % 2**32:08x}") for row in range(rows))
    with transaction(index_file(), writes=True) as connection:
        columns = "saved_at, path, digest, mark, key_version, recipe, works"
        given = f"?, '/works/0000.png', '{'cd' * 32}', ?, 1, '{'r' * 1300}', 1"
        connection.executemany(f"INSERT INTO works ({columns}) VALUES ({given})", earlier)
    for what, limit in (("", None), (", counted", 10**6)):
        taken = timed(lambda most=limit: saved.add(path, file, mark=mark, most_per_hour=most, **told))  # type: ignore[misc]
        print(f"{rows:,} works, one more{what}: {statistics.median(taken):.2f} ms, {sorted(taken)[-3]:.1f} of 1 in 100")
    found = timed(lambda: saved.with_mark("5f0a70aa"))
    page = timed(lambda: saved.newest(50))
    print(
        f"{rows:,} works, {len(saved.with_mark('5f0a70aa')):,} of one mark found: {statistics.median(found):.2f} ms; "
        f"a page of 50: {statistics.median(page):.2f} ms; {index_file().stat().st_size / 1e6:.0f} MB"
    )
    index_file().unlink()


def timed(call: Callable[[], object]) -> list[float]:
    """Milliseconds of each of many calls."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    return taken


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
        for rows in (0, 100_000):
            entering(rows)
