"""Samplers and schedulers by the names that other programs have for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# '' for the model's own, which is measured.
SAMPLERS: Final[Mapping[str, str]] = {
    "Automatic": "",
    "Euler": "euler",
    "Euler a": "euler_ancestral",
    "Heun": "heun",
    "DPM++ 2M": "dpmpp_2m",
    "DPM++ 2M SDE": "dpmpp_2m_sde",
}
SCHEDULERS: Final[Mapping[str, str]] = {
    "Automatic": "",
    "Karras": "karras",
    "Exponential": "exponential",
    "Flow": "flow",
}


def by_name(known: Mapping[str, str], name: str) -> str | None:
    """Our name of it, whatever the capitals: '' for the model's own, None for one that there is not."""
    wanted = name.casefold().replace("_", " ")
    return next((own for title, own in known.items() if wanted in (title.casefold(), own.replace("_", " "))), None)
