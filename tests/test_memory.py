"""Freed memory that is asked for again costs no page faults."""

import os
import platform
import subprocess
import sys

import pytest

# 16 tensors of 8 MB a round, all freed before the next, as a training step does: first as it is, then with memory kept.
# In a process of its own, since what is set is set for good.
PROGRAM = """
import resource, torch
from sfumato.memory import keep_freed_memory

def a_round():
    held = [torch.empty(2_000_000).fill_(1.0) for _ in range(16)]
    return sum(tensor[0].item() for tensor in held)

def faults():
    a_round()
    a_round()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        a_round()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

handed_back = faults()
assert keep_freed_memory()
assert keep_freed_memory()
print(faults(), handed_back)
"""


# Else glibc moves its thresholds by what was freed before, and hands memory back in some processes only.
FIXED = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_kept_memory_is_used_again_without_page_faults() -> None:
    program = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, check=True, capture_output=True, text=True, env=os.environ | FIXED)
    kept, handed_back = map(int, done.stdout.split())
    assert kept < handed_back / 20


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from sfumato.memory import keep_freed_memory

    keep_freed_memory.cache_clear()
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
    keep_freed_memory.cache_clear()
