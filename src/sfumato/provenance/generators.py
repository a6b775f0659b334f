"""Whether a model made a picture, by what its file says: IPTC's digital source type, or another program's settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sfumato.provenance.statements import GENERATED, TEXT, Statement

# Terms for pictures that a trained model made, alone or in part. Those that a formula or a program without training
# data made ('algorithmicMedia') are somebody's art like any other.
# https://cv.iptc.org/newscodes/digitalsourcetype/, and C2PA's own for the data of a model.
GENERATED_TYPES: Final = frozenset(
    ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic", "trainedAlgorithmicData")
)
_PARAMETERS: Final = re.compile(r"\bSteps: \d+\b.*\b(?:Sampler|Seed|CFG scale|Model)\b", re.DOTALL)
_OWN_KEYWORDS: Final = (b"invokeai_metadata", b"invokeai_graph", b"sd-metadata", b"Dream", b"fooocus_scheme")
_NODES: Final = re.compile(rb'"class_type"\s*:')


def of_source_type(term: str, where: str) -> Iterator[Statement]:
    """What a digital source type says, given as its URI or its last part."""
    name = term.strip().rstrip("/").rpartition("/")[2]
    if name in GENERATED_TYPES:
        yield Statement(GENERATED, name, where)


def in_properties(properties: Mapping[str, Sequence[str]], where: str) -> Iterator[Statement]:
    """The source type in XMP."""
    for term in properties.get("Iptc4xmpExt:DigitalSourceType", ()):
        yield from of_source_type(term, where)


def in_png_text(keyword: bytes, text: bytes) -> Iterator[Statement]:
    """The settings that other programs leave in a PNG: AUTOMATIC1111's, Fooocus's, ComfyUI's, InvokeAI's, NovelAI's."""
    name = keyword.decode("latin-1")
    is_settings = (
        keyword in _OWN_KEYWORDS
        or (keyword == b"parameters" and (is_parameters(text.decode("utf-8", "replace")) or _is_settings(text)))
        or (keyword == b"prompt" and _NODES.search(text) is not None)
        or (keyword == b"Software" and text.strip() == b"NovelAI")
    )
    if is_settings:
        yield Statement(GENERATED, f"the settings of a program in '{name}'", TEXT)


def is_parameters(text: str) -> bool:
    """Whether a text is the settings of a picture as AUTOMATIC1111's program writes them, in a PNG or a comment."""
    return "Steps: " in text and _PARAMETERS.search(text) is not None


def _is_settings(text: bytes) -> bool:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(settings, dict) and "prompt" in settings and "seed" in settings
