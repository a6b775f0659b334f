"""Weights in safetensors files: written whole, read only into what they fit."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from safetensors import SafetensorError, safe_open
from torch import Tensor

from sfumato.disk import open_file
from sfumato.errors import SfumatoError

MOST_HEADER_BYTES = 16 << 20
_EARLY = "early."
T = TypeVar("T")
_KINDS = {"F64", "F32", "F16", "BF16", "I64"}  # the whole ones count batches


class WeightsFile:
    """An open safetensors file, of which the header alone is read at first."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        self.names: list[str] = list(file.keys())

    def shapes(self) -> dict[str, Sequence[int]]:
        """Of its tensors, by name. Raises SfumatoError for numbers of a kind that no weights are."""
        parts = {name: self._file.get_slice(name) for name in self.names}
        for name, part in parts.items():
            if part.get_dtype() not in _KINDS:
                raise SfumatoError(
                    f"{self._path}: '{name}' holds numbers of the kind {part.get_dtype()}, which no weights of ours are"
                )
        return {name: part.get_shape() for name, part in parts.items()}

    def tensors(self) -> dict[str, Tensor]:
        """The tensors. Raises SfumatoError for one that holds NaN or infinity."""
        tensors = {}
        for name in self.names:
            tensor = self._file.get_tensor(name)
            if tensor.is_floating_point() and not tensor.float().isfinite().all():
                raise SfumatoError(
                    f"{self._path}: the weights are damaged: '{name}' holds NaN or infinity; "
                    "get the file again, or train again"
                )
            tensors[name] = tensor
        return tensors


@contextmanager
def opened_weights(path: Path, most: int) -> Iterator[WeightsFile]:
    """A safetensors file, open while the block lasts.

    most: bytes that it may have. Raises SfumatoError where it is missing, damaged, another's or larger.
    """
    missing = f"{path.parent}: holds no {path.name}, so it is not a model; give a model's or a run's directory"
    with _read_as_safetensors(path, missing), open_file(path) as file:
        size, head = os.fstat(file.fileno()).st_size, file.read(8)
        if size > most:
            raise ValueError(
                f"it has {size / 1e6:,.0f} MB, and what its config.json says has {most / 1e6:,.0f} at most"
            )
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if length > MOST_HEADER_BYTES:
            raise ValueError(f"its header claims to be {length:,} bytes long")
        opened = safe_open(_named_in_unicode(file, path), framework="pt")
    with opened as weights:
        yield WeightsFile(path, weights)


@contextmanager
def opened_tensors(path: Path, remedy: str = "get the file again", most: int | None = None) -> Iterator[Any]:
    """A safetensors file of somebody else's, as the library opens it, while the block lasts.

    remedy: what to do where it is not there or cannot be read, or has more bytes than `most`, of which the SfumatoError
    speaks that is raised then.
    """
    with _read_as_safetensors(path, f"{path}: no such file; {remedy}", remedy), open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:  # all of it is mapped into memory
            raise ValueError(f"it has {size / 1e6:,.0f} MB, and {most / 1e6:,.0f} at most belong there")
        with safe_open(_named_in_unicode(file, path), framework="pt") as tensors:
            yield tensors


@contextmanager
def _read_as_safetensors(path: Path, missing: str, remedy: str = "get the file again") -> Iterator[None]:
    """Makes a SfumatoError of what goes wrong within. missing: what is said where there is no file."""
    try:
        yield
    except FileNotFoundError as error:
        raise SfumatoError(missing) from error
    except (SafetensorError, OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise SfumatoError(f"{path}: cannot be read as safetensors ({said}); {remedy}") from error


def _named_in_unicode(file: BinaryIO, path: Path) -> str:
    """A name of an open file for a library that takes no other names than Unicode's, good as long as it is open."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return f"/dev/fd/{file.fileno()}"
    return str(path)


def split_early(named: Mapping[str, T]) -> tuple[dict[str, T], dict[str, T]]:
    """What a file of weights holds of the weights themselves, and of those from early in the training, by their names
    without the prefix."""
    early = {name.removeprefix(_EARLY): each for name, each in named.items() if name.startswith(_EARLY)}
    return {name: each for name, each in named.items() if not name.startswith(_EARLY)}, early


def with_early(weights: Mapping[str, Tensor], early: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Both as one file holds them, on the CPU."""
    named = {**weights, **{_EARLY + name: tensor for name, tensor in early.items()}}
    return {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, Sequence[int]]:
    """Of tensors, by name."""
    return {name: tensor.shape for name, tensor in tensors.items()}


def misfit(wanted: Mapping[str, Sequence[int]], given: Mapping[str, Sequence[int]]) -> str:
    """What is first wrong with the names and shapes of tensors, to stand after 'it'; '' where nothing is."""
    for name in sorted(wanted.keys() | given.keys()):
        if name not in given:
            return f"lacks '{name}'"
        if name not in wanted:
            return f"holds '{name}', which does not belong there"
        if tuple(given[name]) != tuple(wanted[name]):
            theirs, ours = (" x ".join(map(str, shape)) for shape in (given[name], wanted[name]))
            return f"holds '{name}' as {theirs} in place of {ours}"
    return ""


def check_fit(wanted: Mapping[str, Sequence[int]], given: Mapping[str, Sequence[int]], origin: Path | str) -> None:
    """Raises SfumatoError with the first name or shape that is not as a model's configuration wants it."""
    if fault := misfit(wanted, given):
        raise SfumatoError(f"{origin}: unlike what config.json asks for, it {fault}; the two do not belong together")


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
