"""The directories that the program makes, known by the files in them: a run is not a folder of art.

Most hold a marker, `.sfumato.jsonl`: JSON lines, the first of which names the kind of directory, and each other that is
a text one file that the program put there. Directories without it are known by their descriptions.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Final

from sfumato.marker import MARKER, MOST_BYTES, noun, parse_marker

_HEAD: Final = 64 * 1024  # bytes, in which a description says what it describes

# Made by the program too, but to hold pictures that can be learned from.
HOLDING_ART: Final = frozenset({"pictures", "drawn", "demo"})


@dataclass(frozen=True)
class _Description:
    """A file by which a directory without a marker is known: its name, how it begins, what else has to be there, and
    what the program may have put there besides."""

    name: str
    says: re.Pattern[bytes]
    beside: Set[str] = frozenset()
    others: Set[str] = frozenset()

    @property
    def names(self) -> Set[str]:
        return {self.name} | self.beside | self.others


_DESCRIPTIONS: Final[Mapping[str, _Description]] = {
    "run": _Description(
        "run.json",
        re.compile(rb'"format":\s*"sfumato-run-'),
        others={"log.jsonl", "checkpoints", "snapshots", "evolution.png", "evolution.webp"}
        | {"model", "teacher", "perceptual.safetensors", "likeness.safetensors", "holdings.jsonl"},
    ),
    "collection": _Description(
        "collection.json",
        re.compile(rb'^\s*\{\s*"format":\s*\d'),
        beside={"pictures.jsonl", "rejected.jsonl"},
        others={"excluded.jsonl", "thumbnails.npy"},
    ),
    "dataset": _Description(
        "dataset.json", re.compile(rb'^\s*\{\s*"format":\s*\d'), beside={"index.npz", "pixels.bin"}
    ),
    "model": _Description(
        "config.json",
        re.compile(rb'"format":\s*"sfumato-(model|adapter)-'),
        others={"model.safetensors", "adapter.safetensors", "likeness.safetensors", "record.json", "README.md"},
    ),
}
SIGNS: Final = frozenset({MARKER, *(description.name for description in _DESCRIPTIONS.values())})


@dataclass(frozen=True)
class Product:
    """A directory that the program made. names: what in it is the program's own, files ('log.jsonl', 'model/x') or
    whole directories ('checkpoints')."""

    kind: str
    names: Set[str]

    @property
    def noun(self) -> str:
        return noun(self.kind)

    @property
    def holds_art(self) -> bool:
        return self.kind in HOLDING_ART

    def owns(self, name: str) -> bool:
        """Whether a file in it, by its name relative to it, is the program's own."""
        return name in self.names or name.split("/", 1)[0] in self.names


def product_of(has: Callable[[str], bool], read: Callable[[str, int], bytes]) -> Product | None:
    """Which of its products the program made a directory for; None where it did not make the directory.

    has: whether a file of that name lies in the directory. read: at most so many of its first bytes; it may raise
    OSError.
    """
    with contextlib.suppress(OSError):
        if has(MARKER) and (marker := parse_marker(read(MARKER, MOST_BYTES))):
            return Product(marker.kind, marker.files)
    for kind, description in _DESCRIPTIONS.items():
        with contextlib.suppress(OSError):
            if (
                has(description.name)
                and all(map(has, description.beside))
                and description.says.search(read(description.name, _HEAD))
            ):
                return Product(kind, description.names)
    return None
