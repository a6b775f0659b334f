"""Indexes in a safetensors file: written whole, and read with no trust in what is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save
from torch import Tensor

from sfumato.disk import replace_file
from sfumato.errors import SfumatoError
from sfumato.likeness.calibration import Calibration
from sfumato.likeness.descriptors import NUMBERS
from sfumato.likeness.discriminant import Discriminant
from sfumato.likeness.index import Index
from sfumato.text import readable
from sfumato.weights import opened_tensors

FORMAT: Final = 1
METADATA: Final = "likeness"  # the key in the file's metadata
MOST_PARTS: Final = 64
MOST_BYTES: Final = 4 << 30
_CONTENTS: Final = "contents"  # which older files do not have
_REMEDY: Final = "get the model again, or train again"


def write_parts(path: Path, parts: Sequence[Index], model_digest: str, *, foreign: bool) -> None:
    """The same indexes give the same bytes. model_digest: SHA-256 of the weights, hexadecimal, or ''."""
    tensors: dict[str, Tensor] = {}
    for number, part in enumerate(parts):
        tensors.update((f"{number}.{name}", tensor.contiguous()) for name, tensor in _tensors(part).items())
    said = {"format": FORMAT, "model": model_digest, "parts": len(parts), "foreign": foreign}
    # All under one key, as the library writes several in whatever order.
    replace_file(path, save(tensors, {METADATA: json.dumps(said)}))


def _tensors(part: Index) -> dict[str, Tensor]:
    names = {
        "files": list(part.files),
        "creators": list(part.creators),
        "calibration": asdict(part.calibration),
        "least_spread": part.least_spread,
    }
    text = json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    contents = {} if part.contents is None else {_CONTENTS: part.contents}
    return {
        **contents,
        "rows": part.rows,
        "groups": part.groups,
        "digests": part.digests,
        "mean": part.discriminant.mean,
        "directions": part.discriminant.directions,
        "names": torch.frombuffer(bytearray(text), dtype=torch.uint8),
    }


def read_parts(path: Path, model_digest: str) -> tuple[list[Index], bool]:
    """The indexes, and whether there was a base of which nothing is known.

    model_digest: of the weights that it must belong to, '' for any. Raises SfumatoError where it is missing, damaged,
    of another version, or of another model.
    """
    with opened_tensors(path, _REMEDY, MOST_BYTES) as file:
        said = _described(file)
        if said.get("format") != FORMAT:
            raise SfumatoError(f"{path}: is no index of training pictures that this version reads; {_REMEDY}")
        if model_digest and said.get("model") != model_digest:
            raise SfumatoError(
                f"{path}: is the index of another model, so it cannot say what this one learned from; {_REMEDY}"
            )
        try:
            count = said["parts"]
            if not isinstance(count, int) or not 0 <= count <= MOST_PARTS:
                raise ValueError("nobody knows of how many parts it is")
            return [_part(file, number) for number in range(count)], said["foreign"] is True
        except (KeyError, ValueError, TypeError, RecursionError, OverflowError) as error:
            raise SfumatoError(f"{path}: is damaged ({error}); {_REMEDY}") from error


def _described(file: Any) -> dict[str, Any]:
    """What the file says of itself; {} where that is nothing."""
    try:
        said = json.loads((file.metadata() or {}).get(METADATA, "{}"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _part(file: Any, number: int) -> Index:
    """Raises ValueError and the like for what no index holds."""
    rows, groups, digests = (file.get_tensor(f"{number}.{name}") for name in ("rows", "groups", "digests"))
    mean, directions = (file.get_tensor(f"{number}.{name}") for name in ("mean", "directions"))
    count, width = rows.shape
    held = f"{number}.{_CONTENTS}" in file.keys()  # noqa: SIM118 (the library's file is no mapping)
    contents = file.get_tensor(f"{number}.{_CONTENTS}") if held else None
    wanted = (
        ("rows", rows, torch.int8, (count, width)),
        ("groups", groups, torch.int64, (count,)),
        ("digests", digests, torch.uint8, (count, 32)),
        ("mean", mean, torch.float32, (NUMBERS,)),
        ("directions", directions, torch.float32, (NUMBERS, width)),
        *([(_CONTENTS, contents, torch.uint8, (count, 32))] if contents is not None else []),
    )
    for name, tensor, kind, shape in wanted:
        if tensor.dtype != kind or tuple(tensor.shape) != shape or not (count and width):
            raise ValueError(f"'{name}' holds {tensor.dtype} of {tuple(tensor.shape)}")
    if not (mean.isfinite().all() and directions.isfinite().all()):
        raise ValueError("it holds what is no number")
    names = json.loads(file.get_tensor(f"{number}.names").numpy().tobytes())
    files, creators = (_names(names[kind], count) for kind in ("files", "creators"))
    least = float(names.get("least_spread", 0.0))  # which older files do not say
    if not 0 <= least <= 2:
        raise ValueError(f"a picture's spread is {least}")
    calibration = _calibration(names["calibration"])
    return Index(Discriminant(mean, directions), rows, groups, digests, files, creators, calibration, least, contents)


def _names(names: Any, count: int) -> list[str]:
    """Names that can be written anywhere, as works are to name them."""
    if not (isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)):
        raise ValueError(f"there are not {count} names")
    return [readable(name) for name in names]


def _calibration(said: Any) -> Calibration:
    found = Calibration(float(said["threshold"]), int(said["families"]), int(said["alarms"]), float(said["rate"]))
    if not (-2 <= found.threshold <= 2 and 0 <= found.rate <= 1 and 0 <= found.alarms <= found.families):
        raise ValueError("its calibration is none")
    return found
