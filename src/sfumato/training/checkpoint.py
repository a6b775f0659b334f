"""Checkpoints: written whole or not at all, in safetensors and JSON, each part known by its digest.

    checkpoints/00001200/weights.safetensors, average..., optimiser..., state.json, digests.json
    checkpoints/latest      the name of the newest whole one

A directory is written under a temporary name, flushed to the disk with all its files, renamed, and only then named in
``latest``. So whatever moment the power fails at, ``latest`` names a whole checkpoint.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from sfumato.errors import SfumatoError

KEPT = 2
_LATEST, _STATE, _DIGESTS = "latest", "state.json", "digests.json"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """step: steps done; tensors: part's name -> tensor's name -> tensor; state: anything that JSON can hold."""

    step: int
    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into the folder of checkpoints and name it the latest; the oldest beyond ``KEPT`` go.

    Raises SfumatoError where the disk is full or cannot be written; the checkpoints that were there stay.
    """
    final = folder / f"{checkpoint.step:08d}"
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    parts = {f"{name}.safetensors": save(_plain(tensors)) for name, tensors in checkpoint.tensors.items()}
    parts[_STATE] = json.dumps({"step": checkpoint.step, **checkpoint.state}, indent=1).encode()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    try:
        temporary.mkdir(parents=True)
        for name, data in {**parts, _DIGESTS: json.dumps(digests, indent=1).encode()}.items():
            write_through(temporary / name, data)
        flush(temporary)
        if final.exists():  # left by a session that was killed between the rename and the pointer
            shutil.rmtree(final)
        temporary.rename(final)
        flush(folder)
        point_at(folder / _LATEST, final.name)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
        size = sum(map(len, parts.values())) / 1e6
        raise SfumatoError(
            f"{final}: the checkpoint of {size:.0f} MB cannot be written ({reason}); the one before it is whole: "
            "make room and go on with --resume"
        ) from error
    _remove_old(folder, final)
    return final


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The latest checkpoint, or None before the first. Raises SfumatoError where a part of it is missing or changed."""
    pointer = folder / _LATEST
    if not pointer.is_file():
        return None
    directory = folder / pointer.read_text("utf-8").strip()
    try:
        digests = json.loads((directory / _DIGESTS).read_bytes())
        parts = {name: (directory / name).read_bytes() for name in digests}
    except (OSError, ValueError) as error:
        missing = Path(getattr(error, "filename", None) or directory / _DIGESTS)
        raise SfumatoError(_damage(missing, "is missing or cannot be read", folder, directory)) from error
    for name, data in parts.items():
        if hashlib.sha256(data).hexdigest() != digests[name]:
            raise SfumatoError(_damage(directory / name, "has changed since it was written", folder, directory))
    state = json.loads(parts.pop(_STATE))
    tensors = {name.removesuffix(".safetensors"): load(data) for name, data in parts.items()}
    return Checkpoint(state.pop("step"), tensors, state)


def write_through(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush(directory: Path) -> None:
    """Wait until the directory's entries are on the disk."""
    if os.name == "nt":  # Windows has no handle on a directory to flush
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def point_at(pointer: Path, text: str) -> None:
    """Replace a small file as a whole."""
    temporary = pointer.with_name(f".{uuid.uuid4().hex}.tmp")
    write_through(temporary, text.encode())
    temporary.replace(pointer)
    flush(pointer.parent)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _remove_old(folder: Path, newest: Path) -> None:
    whole = sorted(path for path in folder.iterdir() if path.name.isdigit() and path.name < newest.name)
    for path in [*whole[: max(0, len(whole) - KEPT + 1)], *folder.glob(".*.tmp")]:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _damage(part: Path, what: str, folder: Path, directory: Path) -> str:
    others = sorted(path.name for path in folder.iterdir() if path.name.isdigit() and path != directory)
    way_out = (
        f"to go on from the one before, write '{others[-1]}' into {folder / _LATEST}"
        if others
        else "there is no older one; begin a new run"
    )
    return f"{part}: {what}, so this checkpoint cannot be used; {way_out}"
