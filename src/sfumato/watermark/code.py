"""The words that the mark carries: an identity and its checksum, in a convolutional code that corrects errors.

The code has rate 1/3 and constraint length 9 with the generators 557, 663 and 711 (octal), whose free distance is 18
(Lin and Costello, Error Control Coding, 2nd ed., table 12.1); it is tail-biting, so that no bits are spent on its ends.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]

IDENTITY_BITS: Final = 32
CHECKSUM_BITS: Final = 8
WORD_BITS: Final = IDENTITY_BITS + CHECKSUM_BITS
CODED_BITS: Final = 3 * WORD_BITS

_GENERATORS: Final = (0o557, 0o663, 0o711)
_MEMORY: Final = 8
_STATES: Final = 1 << _MEMORY
_CHECKSUM_POLYNOMIAL: Final = 0x07  # CRC-8 of ITU-T I.432.1
_CHECKSUM_START: Final = 0xFF
_TURNS: Final = 3  # about the circle; the middle one is read, when both its ends have forgotten where they began


def word(identity: int) -> Bits:
    """The identity (0 <= identity < 2 ** 32) with its checksum: [40] of 0 and 1, highest bit first."""
    if not 0 <= identity < 1 << IDENTITY_BITS:
        raise ValueError(f"an identity has {IDENTITY_BITS} bits; {identity} does not fit")
    value = identity << CHECKSUM_BITS | _checksum(identity)
    return np.array([value >> place & 1 for place in reversed(range(WORD_BITS))], np.uint8)


def identity_of(bits: Bits) -> int | None:
    """The identity of a word of 40 bits; None if the checksum is another's."""
    value = int("".join(map(str, bits.tolist())), 2)
    identity, checksum = value >> CHECKSUM_BITS, value & (1 << CHECKSUM_BITS) - 1
    return identity if checksum == _checksum(identity) else None


def encode(bits: Bits) -> Floats:
    """A word [40] of 0 and 1 as 120 signs, +1 for a coded 0 and -1 for a coded 1; [120]."""
    # The register at a bit holds it and the eight before it, around the circle.
    registers = sum(np.roll(bits.astype(np.int64), delay) << delay for delay in range(_MEMORY + 1))
    signs: Floats = _branch_signs()[registers].reshape(CODED_BITS)
    return signs


def decode(soft: Floats) -> Bits:
    """The most likely words of C received ones.

    soft: [C, 120], positive where a coded 0 is likely, in any unit. Returns [C, 40] of 0 and 1. Viterbi's algorithm,
    led around the circle three times (Shao, Lin and Fossorier, Two decoding algorithms for tailbiting codes, 2003).
    """
    received = soft.reshape(len(soft), WORD_BITS, 3)
    branches = received @ _branch_signs().T  # [C, 40, 512]: how well each content of the register agrees
    metrics = np.zeros((len(soft), _STATES), np.float32)
    from_upper = np.empty((_TURNS * WORD_BITS, len(soft), _STATES), bool)
    for step in range(_TURNS * WORD_BITS):
        branch = branches[:, step % WORD_BITS]
        lower = np.repeat(metrics[:, : _STATES // 2], 2, axis=1) + branch[:, :_STATES]
        upper = np.repeat(metrics[:, _STATES // 2 :], 2, axis=1) + branch[:, _STATES:]
        from_upper[step] = upper > lower
        metrics = np.maximum(lower, upper)
    return _traced(from_upper, metrics.argmax(axis=1))


def _traced(from_upper: npt.NDArray[np.bool_], state: npt.NDArray[np.int64]) -> Bits:
    """Back along the best path from its last states [C]; the middle turn's bits."""
    words = np.empty((len(state), WORD_BITS), np.uint8)
    everyone = np.arange(len(state))
    for step in range(_TURNS * WORD_BITS - 1, WORD_BITS - 1, -1):
        words[:, step % WORD_BITS] = state & 1  # the last turn's are written over by the middle one's
        state = state >> 1 | from_upper[step, everyone, state].astype(np.int64) << (_MEMORY - 1)
    return words


def _checksum(identity: int) -> int:
    remainder = _CHECKSUM_START
    for byte in identity.to_bytes(IDENTITY_BITS // 8, "big"):
        remainder ^= byte
        for _ in range(8):
            remainder = remainder << 1 ^ (_CHECKSUM_POLYNOMIAL if remainder & 0x80 else 0)
            remainder &= 0xFF
    return remainder


@cache
def _branch_signs() -> Floats:
    """What each content of the register (nine bits, the newest the lowest) sends: [512, 3] of +1 and -1."""
    taps = [_reversed(generator) for generator in _GENERATORS]
    parities = [[(content & tap).bit_count() % 2 for tap in taps] for content in range(2 * _STATES)]
    return 1 - 2 * np.array(parities, np.float32)


def _reversed(generator: int) -> int:
    """Written with the newest bit highest, as tables of codes do, and needed with it lowest."""
    return int(f"{generator:0{_MEMORY + 1}b}"[::-1], 2)
