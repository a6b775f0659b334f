"""A LoRA as a person asks for it: FILE, or FILE:weight."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.text import shortened

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


MOST_WEIGHT: Final = 100


class LoraChoice(NamedTuple):
    """path: of the file; weight: how much of its change is made, -100..100, 1 being as it was trained, 0 none."""

    path: Path
    weight: float


def lora_choice(named: str | Path) -> LoraChoice:
    """The choice in 'ink.safetensors', 'ink.safetensors:0.8' or 'C:/ink.safetensors:-1': what stands after the last
    colon is the weight if it is a number, unless the whole is the name of a file, as that may have colons too.

    Raises SfumatoError for what is no path, for a weight that is no number after the name of a file, and for one
    that is out of bounds.
    """
    text = str(named)
    whole = local_path(text)
    path, colon, weight = text.rpartition(":")
    if not colon or not path or whole.exists():
        return LoraChoice(whole, 1.0)
    if _NUMBER.fullmatch(weight):
        if abs(float(weight)) > MOST_WEIGHT:
            raise SfumatoError(
                f"{shortened(text)}: a LoRA's weight is from -{MOST_WEIGHT} to {MOST_WEIGHT}; 1 is all of it, 0 none"
            )
        return LoraChoice(local_path(path), float(weight))
    if local_path(path).exists():
        raise SfumatoError(f"{text}: '{weight}' is no weight; write a number after the colon, such as {path}:0.8")
    return LoraChoice(whole, 1.0)
