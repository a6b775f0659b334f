"""What a person asks for in words, 'painting' or 'painting:0.7,engraving:0.3', as classes of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sfumato.errors import SfumatoError
from sfumato.models.configuration import ModelConfig
from sfumato.text import readable


def class_mixture(text: str, config: ModelConfig) -> Mapping[int, float]:
    """Class indices and their shares, which sum to 1.

    text: a class's name, or names with shares, NAME:SHARE,NAME:SHARE; shares need not sum to 1, and one that is left
    out is 1. A text that is a name as a whole is that class, whatever marks it holds. Raises SfumatoError for a class
    that the model has not, one that is named twice, and shares that are no numbers above 0.
    """
    text = _as_known(text, config)
    if text in config.classes:
        return {config.classes.index(text): 1.0}
    shares: dict[int, float] = {}
    for part in text.split(","):
        name, share = _named(part.strip(), text, config)
        if name in shares:
            raise SfumatoError(f"class '{text}': '{config.classes[name]}' is named twice; name it once, with its share")
        shares[name] = share
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def class_index(name: str, config: ModelConfig) -> int:
    """Raises SfumatoError for a class that the model has not."""
    name = _as_known(name, config)
    if name not in config.classes:
        known = ", ".join(config.classes) or "none at all"
        raise SfumatoError(f"class '{name}': the model '{config.name}' does not know it; its classes: {known}")
    return config.classes.index(name)


def _as_known(name: str, config: ModelConfig) -> str:
    """The model's own spelling of a class, however its accents were typed; the name itself where it is no class."""
    if name in config.classes:
        return name
    typed = readable(name)
    return next((known for known in config.classes if readable(known) == typed), name)


def _named(part: str, text: str, config: ModelConfig) -> tuple[int, float]:
    part = _as_known(part, config)
    name, colon, number = part.rpartition(":")
    if not colon or part in config.classes:
        return class_index(part, config), 1.0
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    if not 0 < share < math.inf:
        raise SfumatoError(
            f"class '{text}': '{number.strip()}' is no share of '{name.strip()}'; give numbers above 0, "
            "as in painting:0.7,engraving:0.3"
        )
    return class_index(name.strip(), config), share
