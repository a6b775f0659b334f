"""Freed memory that is asked for again costs no page faults."""

import os
import platform
import subprocess
import sys

import pytest

# 64 tensors of 8 MB a round, all freed before the next, as a training step does; in a process of its own, since what is
# set is set for good.
PROGRAM = """
import resource, sys, torch
from sfumato.memory import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
    assert keep_freed_memory()

def a_round():
    held = [torch.empty(2_000_000).fill_(1.0) for _ in range(64)]
    return sum(tensor[0].item() for tensor in held)

a_round()
a_round()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    a_round()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


# Else glibc moves its thresholds by what was freed before, and hands memory back in some processes only.
FIXED = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


def faults(way: str) -> int:
    program = [sys.executable, "-c", PROGRAM, way]
    done = subprocess.run(program, check=True, capture_output=True, text=True, env=os.environ | FIXED)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_kept_memory_is_used_again_without_page_faults() -> None:
    kept, handed_back = faults("keep"), faults("as it is")
    assert kept < handed_back / 20


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from sfumato.memory import keep_freed_memory

    keep_freed_memory.cache_clear()
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
    keep_freed_memory.cache_clear()
