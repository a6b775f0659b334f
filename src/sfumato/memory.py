"""The C library keeps freed memory, because the program soon asks for as much again."""

from __future__ import annotations

import ctypes
import functools
import sys

# mallopt(3)'s names for what it sets.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_NEVER = -1
_TOP_PAD_BYTES = 64 << 20


@functools.cache
def keep_freed_memory() -> bool:
    """Let the C library keep what is freed. Returns whether it can be told to; later calls change nothing.

    A training step frees some hundred large tensors and asks for the same again. glibc hands each back to the system,
    which clears every page anew: the page faults cost a sixth of a step and more. The price is that the process keeps
    as much memory as it once needed. Only for glibc; other allocators, and those of other systems, are left alone.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = {_MMAP_MAX: 0, _TRIM_THRESHOLD: _NEVER, _TOP_PAD: _TOP_PAD_BYTES}
    return all(mallopt(name, value) == 1 for name, value in settings.items())
