"""Checkpoints: written whole or not at all, in safetensors and JSON, each part known by its digest.

    checkpoints/00001200/weights.safetensors, average..., optimiser..., state.json, digests.json
    checkpoints/latest      the name of the newest whole one

A directory is written under a temporary name, flushed to the disk with all its files, renamed, and only then named in
``latest``; the one that ``latest`` names is never touched, not even for another checkpoint of the same step, which gets
a name of its own. So whatever moment the power fails at, ``latest`` names a whole checkpoint.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from sfumato.disk import disk_fault, flush_directory, read_json, replace_file, write_through
from sfumato.errors import SfumatoError

_MOST_BYTES = 1 << 20  # of the list of digests
_LATEST, _STATE, _DIGESTS = "latest", "state.json", "digests.json"
_NAME, _FILE = re.compile(r"\d{8,}(-again)*"), re.compile(r"[\w-]+\.(safetensors|json)")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """step: steps done; tensors: part's name -> tensor's name -> tensor; state: anything that JSON can hold."""

    step: int
    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into the folder of checkpoints and name it the latest; all but it and the one before go.

    Raises SfumatoError where the disk is full or cannot be written; the checkpoints that were there stay.
    """
    before = _latest(folder)
    name = f"{checkpoint.step:08d}"
    final = _free_place(folder, name, before)
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    parts = {f"{name}.safetensors": save(_plain(tensors)) for name, tensors in checkpoint.tensors.items()}
    parts[_STATE] = json.dumps({"step": checkpoint.step, **checkpoint.state}, indent=1).encode()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    try:
        temporary.mkdir(parents=True)
        for name, data in {**parts, _DIGESTS: json.dumps(digests, indent=1).encode()}.items():
            write_through(temporary / name, data)
        flush_directory(temporary)
        temporary.rename(final)
        flush_directory(folder)
        point_at(folder / _LATEST, final.name)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        size = sum(map(len, parts.values())) / 1e6
        safe = "the one before it is whole: " if before else ""
        raise SfumatoError(
            f"{final}: the checkpoint of {size:.1f} MB cannot be written ({disk_fault(error)}); {safe}"
            "make room and go on with --resume"
        ) from error
    _remove_old(folder, {final.name, before})
    return final


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The latest checkpoint, or None before the first. Raises SfumatoError where a part of it is missing or changed."""
    latest = _latest(folder)
    if latest is None:
        return None
    directory = folder / latest
    try:
        digests = dict(read_json(directory / _DIGESTS, _MOST_BYTES))
        parts = {name: (directory / name).read_bytes() for name in {_STATE: "", **digests}}
    except (OSError, ValueError, TypeError) as error:
        missing = Path(getattr(error, "filename", None) or directory / _DIGESTS)
        raise SfumatoError(_damage(missing, "is missing or cannot be read", folder, directory)) from error
    for name, data in parts.items():
        if hashlib.sha256(data).hexdigest() != digests.get(name):
            raise SfumatoError(_damage(directory / name, "has changed since it was written", folder, directory))
    state = json.loads(parts.pop(_STATE))
    tensors = {name.removesuffix(".safetensors"): load(data) for name, data in parts.items()}
    return Checkpoint(state.pop("step"), tensors, state)


def point_at(pointer: Path, text: str) -> None:
    """Replace a small file as a whole, and wait until that is on the disk."""
    replace_file(pointer, text.encode())
    flush_directory(pointer.parent)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _latest(folder: Path) -> str | None:
    """The name of the latest checkpoint; None before the first."""
    try:
        return (folder / _LATEST).read_text("utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None


def clear_checkpoints(folder: Path) -> None:
    """Remove all checkpoints and the name of the latest; other things that lie among them stay."""
    if not folder.is_dir():
        return
    (folder / _LATEST).unlink(missing_ok=True)
    _remove_old(folder, ())
    with contextlib.suppress(OSError):  # not empty
        folder.rmdir()


def _free_place(folder: Path, name: str, latest: str | None) -> Path:
    """Where a checkpoint of that name goes: not over the latest one, nor over anything that is not a checkpoint."""
    for final in (folder / name, *(folder / f"{name}-again{'-again' * number}" for number in range(1000))):
        if final.name == latest:
            continue
        if final in _all(folder):  # a session was killed between the rename and the pointer
            _remove(final)
        if not final.exists() and not final.is_symlink():
            return final
    raise SfumatoError(f"{folder / name}: other things lie where checkpoints go; move them away")


def _all(folder: Path) -> list[Path]:
    """The checkpoints: whatever else lies among them does not have their form of name, or has no digests."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and (path / _DIGESTS).is_file())


def _remove(checkpoint: Path) -> None:
    """Remove the files of a checkpoint, the list of them last, and its directory if nothing else lies there."""
    try:
        names = [name for name in read_json(checkpoint / _DIGESTS, _MOST_BYTES) if _FILE.fullmatch(name)]
    except (OSError, ValueError, TypeError):
        return  # no list of files, so nobody's to remove
    for name in (*names, _DIGESTS):
        (checkpoint / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        checkpoint.rmdir()


def _remove_old(folder: Path, kept: Collection[str | None]) -> None:
    for path in _all(folder):
        if path.name not in kept:
            _remove(path)


def _damage(part: Path, what: str, folder: Path, directory: Path) -> str:
    others = [path.name for path in _all(folder) if path != directory]
    way_out = (
        f"to go on from the one before, write '{others[-1]}' into {folder / _LATEST}"
        if others
        else "there is no older one; begin a new run"
    )
    return f"{part}: {what}, so this checkpoint cannot be used; {way_out}"
