"""The sentence on how near new works are to the pictures that their model learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sfumato.text import counted

if TYPE_CHECKING:
    from sfumato.likeness import Finding

_SHOWN: Final = 5  # near copies that are named


def said_of_nearness(findings: Mapping[str, Finding | None]) -> str:
    """'' where the model does not know what it learned from. findings: by the names of the works' files."""
    from sfumato.likeness.finding import nearest_to_a_copy

    found = {name: one for name, one in findings.items() if one is not None}
    if not found:
        return ""
    if len(findings) == 1:
        ((name, one),) = found.items()
        return f"{name}: {one.sentence}"
    copies = [name for name, one in found.items() if one.is_near_copy]
    if copies:
        listed = "; ".join(f"{name}: {found[name].sentence}" for name in copies[:_SHOWN])
        more = f"; and {len(copies) - _SHOWN:,} more" if len(copies) > _SHOWN else ""
        number = f"{len(copies):,} of {counted(len(found), 'work')} {'is a' if len(copies) == 1 else 'are'}"
        return f"{number} near {'copy' if len(copies) == 1 else 'copies'} ({listed}{more})"
    nearest = nearest_to_a_copy(list(found.values()))
    name = next(name for name, one in found.items() if one is nearest)
    foreign = f"; {nearest.foreign}" if nearest.foreign else ""
    none = f"none of {counted(len(found), 'work')} is a near copy ({nearest.alarms})"
    return f"{none}; {name} is nearest, to {nearest.neighbours}{foreign}"
