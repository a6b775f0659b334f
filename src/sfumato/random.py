"""Choices that come out the same again: random numbers that depend on what they are for and on nothing that happened
before, and samples that are evenly spaced."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor


def keyed_generator(*key: int | str) -> torch.Generator:
    """A CPU generator whose stream is a function of the key alone: ('noise', seed, step), (seed, index) and so on."""
    return torch.Generator().manual_seed(int.from_bytes(_digest(key), "little") >> 1)


def batch_generator(seed: int, purpose: str, number: int) -> torch.Generator:
    """A CPU generator for batch or epoch `number` of a training with this seed.

    Its streams are others than those of `keyed_generator`, and stay so: what was trained with them comes out the same.
    """
    return torch.Generator().manual_seed(int.from_bytes(_digest(("sfumato", seed, purpose, number)), "big"))


def spread(indices: Tensor, count: int) -> Tensor:
    """An even choice, the first and the last among them: [N] -> [count]; some come twice where N is less than count."""
    return indices[torch.linspace(0, len(indices) - 1, count).long()]


def _digest(key: Sequence[int | str]) -> bytes:
    """Hashed, because neighbouring seeds give related streams. -> 8 bytes"""
    return hashlib.sha256("/".join(map(str, key)).encode()).digest()[:8]
