"""A plan for the memory that there is: what of a pipeline is where and when, and in which precision.

The fastest way that fits is chosen. What is exact comes first: everything in memory; the text encoders there only while
they read prompts; each part there only while it computes; pictures decoded in tiles, which changes them a little. Then
come weights in int8 and in 4 bits, where the libraries for them are installed, as they compute nearly as fast. Last on
CUDA, layers that are brought one after another while the one before computes: exact, and as slow as the bus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from typing import Any, Final, Literal

import torch
from packaging.version import InvalidVersion, Version

from sfumato.errors import SfumatoError
from sfumato.pretrained.activations import decoding_bytes, denoising_bytes, reading_bytes
from sfumato.pretrained.sizes import GB, Role, Sizes, Storage
from sfumato.works.values import Precision

Turns = Literal["all", "encoders", "parts", "layers"]
"""What shares the device's memory in turns: nothing, all being there; the text encoders with the network; each of those
with each other; the layers of all of them."""

TILES: Final = (0, 512, 256)  # pixels along a side; 0 for whole pictures
# What the program itself takes of a memory that was stated: Python and the libraries; on a GPU its context.
PROGRAM_BYTES: Final[Mapping[str, int]] = {"cpu": round(0.8 * GB), "cuda": round(0.5 * GB), "mps": round(0.5 * GB)}
# Times what is alive at once: operators' own workspaces, and what an allocator cannot use between tensors. On the CPU
# it was 1.4 to 2.5 for a VAE, whose convolutions have copies of their own there (benchmarks/memory.py); on a GPU it is
# a guess.
ALLOWANCE: Final[Mapping[str, float]] = {"cpu": 2.5, "cuda": 1.25, "mps": 1.25}
SMALLER: Final = (1024, 768, 512, 256)
_LIBRARIES: Final[Mapping[Storage, str]] = {"int8": "torchao", "4-bit": "bitsandbytes"}
_LEAST: Final[Mapping[str, str]] = {"torchao": "0.15", "bitsandbytes": "0.46.1"}
_STORED: Final[Mapping[Storage, str]] = {"int8": "int8", "4-bit": "4 bits"}
_PLACES: Final[Mapping[str, str]] = {"cpu": "of memory", "cuda": "on the GPU", "mps": "on the GPU"}
_TURNS: Final[Mapping[Turns, str]] = {
    "all": "all of it loaded",
    "encoders": "the text encoders loaded only while they read a prompt",
    "parts": "each part loaded only while it computes",
    "layers": "its layers brought to the GPU one after another",
}


@dataclass(frozen=True)
class MemoryPlan:
    """device: 'cpu', 'cuda' or 'mps'; turns: see there; dtype: of the network and the text encoders, the VAE's is
    float32; storage: what their weights are kept as; tile: in which pictures are decoded, pixels, 0 for whole ones;
    peak_bytes: about what is needed at once of memory_bytes; sentence: all this, for people."""

    device: str
    turns: Turns
    dtype: Precision
    storage: Storage
    tile: int
    peak_bytes: int
    memory_bytes: int
    sentence: str = ""

    @classmethod
    def of_all(cls, dtype: Precision = "float32") -> MemoryPlan:
        """All of it on the CPU in one precision, whatever that takes."""
        return cls("cpu", "all", dtype, dtype, 0, 0, 0)

    @property
    def changes(self) -> str:
        """What of it changes pixels besides the precision, in words; '' for nothing."""
        stored = "" if self.storage == self.dtype else f"weights in {_STORED[self.storage]}"
        tiles = f"decoded in tiles of {self.tile} px" if self.tile else ""
        return ", ".join(filter(None, (stored, tiles)))

    def waits(self, role: Role) -> bool:
        """Whether a component in this role is read only when it is first needed, as it would not fit beside the others
        on the CPU."""
        return self.device == "cpu" and (
            (role == "network" and self.turns != "all") or (role == "encoder" and self.turns == "parts")
        )


@dataclass(frozen=True)
class _Way:
    """How a plan may be carried out; the fields are those of `MemoryPlan`."""

    turns: Turns
    dtype: Precision
    storage: Storage
    tile: int = 0


@dataclass(frozen=True, eq=False)
class _Needs:
    """What making pictures of a size in pixels needs, so many at a time, by the way that it is done."""

    sizes: Sizes
    kind: str
    width: int
    height: int
    pictures: int

    def peak(self, way: _Way) -> int:
        """Bytes that are needed at once. The VAE is there throughout, in float32, as it is small."""
        itemsize = 4 if way.dtype == "float32" else 2
        reading = ALLOWANCE[self.kind] * self._reading * itemsize / 4
        working = ALLOWANCE[self.kind] * max(self._denoising * itemsize / 4, self._decoding(way.tile))
        always = PROGRAM_BYTES[self.kind] + self.sizes.bytes("float32", "codec")
        network = self.sizes.network.bytes(way.storage)
        encoders = [each.bytes(way.storage) for each in self.sizes.encoders] or [0]
        if way.turns == "all":
            return round(always + network + sum(encoders) + max(reading, working))
        if way.turns == "layers":  # one computes while the next is brought
            largest = max(each.largest for each in (self.sizes.network, *self.sizes.encoders))
            return round(always + 2 * largest * itemsize + max(reading, working))
        together = sum(encoders) if way.turns == "encoders" else max(encoders)
        return round(always + max(together + reading, network + working))

    @cached_property
    def _reading(self) -> int:
        return max((reading_bytes(each.module) for each in self.sizes.encoders), default=0)

    @cached_property
    def _denoising(self) -> int:
        config: Any = self.sizes.network.module.config
        cells = self.sizes.cells(self.width, self.height)
        return denoising_bytes(self.sizes.network.module, (self.pictures, config.in_channels, *cells))

    def _decoding(self, tile: int) -> int:
        """Of one picture after another, or one tile after another; the pictures themselves are small beside it."""
        side = (min(tile or self.width, self.width), min(tile or self.height, self.height))
        config: Any = self.sizes.codec.module.config
        channels = config.latent_channels if "latent_channels" in config else config.z_dim
        return decoding_bytes(self.sizes.codec.module, (1, channels, *self.sizes.cells(*side)))


def plan(
    sizes: Sizes,
    device: torch.device,
    memory_bytes: int,
    width: int,
    height: int,
    *,
    pictures: int = 1,
    bfloat16: bool = False,
    host_bytes: int | None = None,
    libraries: Iterable[str] | None = None,
    precision: Precision | None = None,
    can_wait: bool = True,
) -> MemoryPlan:
    """The fastest way to make pictures of that size in pixels with a pipeline in that memory.

    memory_bytes: of the device (`machine.available_bytes`, or `machine.stated_bytes`); pictures: made at a time;
    bfloat16: whether it is faster there (`machine.bfloat16_pays`); host_bytes: what a GPU's computer has for weights
    that wait, None for enough; libraries: which of torchao and bitsandbytes there are, by default those that are
    installed; precision: the only one that will do, None for either; can_wait: whether a part on the CPU can be read
    from its files once more. Raises SfumatoError where nothing fits, with what would.
    """
    there = frozenset(_installed() if libraries is None else libraries)
    needs = _Needs(sizes, device.type, width, height, pictures)
    for way in _ways(device.type, bfloat16, there):
        if precision not in (None, way.dtype) or (device.type == "cpu" and not can_wait and way.turns != "all"):
            continue
        if _waits_somewhere(sizes, device.type, way, host_bytes) and (peak := needs.peak(way)) <= memory_bytes:
            return MemoryPlan(
                device.type,
                way.turns,
                way.dtype,
                way.storage,
                way.tile,
                peak,
                memory_bytes,
                _sentence(needs, way, peak, memory_bytes),
            )
    raise _refusal(needs, memory_bytes, bfloat16, host_bytes, there)


def _installed() -> Iterator[str]:
    """Those that are there in a version that diffusers and transformers work with."""
    for name, least in _LEAST.items():
        with suppress(metadata.PackageNotFoundError, InvalidVersion):
            if Version(metadata.version(name)) >= Version(least):
                yield name


def _waits_somewhere(sizes: Sizes, kind: str, way: _Way, host_bytes: int | None) -> bool:
    """Whether the computer of a GPU has room for all weights, which are read into its memory first."""
    return kind == "cpu" or host_bytes is None or sizes.bytes(way.storage) <= host_bytes


def _ways(kind: str, bfloat16: bool, libraries: Iterable[str]) -> Iterator[_Way]:
    """The fastest first, and of those that are as fast the most exact."""
    dtypes: Sequence[Precision] = ("bfloat16",) if bfloat16 else ("float32", "bfloat16")
    stored: list[tuple[Precision, Storage]] = [(each, each) for each in dtypes]
    if kind in ("cpu", "cuda") and "torchao" in libraries:
        stored.append(("bfloat16", "int8"))
    if kind == "cuda" and "bitsandbytes" in libraries:
        stored.append(("bfloat16", "4-bit"))
    turns: Sequence[Turns] = ("all", "encoders", "parts")
    for dtype, storage in stored:
        for tile in TILES:
            yield from (_Way(each, dtype, storage, tile) for each in turns)
    if kind == "cuda":
        yield from (_Way("layers", dtypes[-1], dtypes[-1], tile) for tile in TILES)


def _sentence(needs: _Needs, way: _Way, peak: int, memory_bytes: int) -> str:
    stored = way.dtype if way.storage == way.dtype else f"{way.dtype} with weights in {_STORED[way.storage]}"
    tiles = f", decoded in tiles of {way.tile} px" if way.tile and way.tile < max(needs.width, needs.height) else ""
    memory = f"about {_gb(peak)} of {_gb(memory_bytes)} GB {_PLACES[needs.kind]}"
    return f"{_what(needs)}: {memory}, in {stored}, {_TURNS[way.turns]}{tiles}"


def _what(needs: _Needs) -> str:
    many = f", {needs.pictures} at a time" if needs.pictures > 1 else ""
    size = f"{needs.width} x {needs.height} px"
    return f"{needs.sizes.name}, {_parameters(needs.sizes.parameters)}, {size}{many}"


def _refusal(
    needs: _Needs, memory_bytes: int, bfloat16: bool, host_bytes: int | None, libraries: frozenset[str]
) -> SfumatoError:
    ways = list(_ways(needs.kind, bfloat16, libraries))
    fits = [way for way in ways if _waits_somewhere(needs.sizes, needs.kind, way, host_bytes)]
    if not fits and host_bytes is not None:
        least = min(needs.sizes.bytes(way.storage) for way in ways)
        return SfumatoError(
            f"{_what(needs)}: its weights take {_gb(least)} GB of the computer's memory before they go to the GPU, and "
            f"{_gb(host_bytes)} GB are free; close other programs, or give a smaller model"
        )
    least = min(needs.peak(way) for way in fits)
    return SfumatoError(
        f"{_what(needs)}: needs about {_gb(least)} GB {_PLACES[needs.kind]} at the least, and there are "
        f"{_gb(memory_bytes)}; {_remedy(needs, memory_bytes, bfloat16, libraries)}"
    )


def _remedy(needs: _Needs, memory_bytes: int, bfloat16: bool, libraries: frozenset[str]) -> str:
    """What would fit: a smaller picture, or with a library that is not installed."""
    for side in SMALLER:
        smaller = replace(needs, width=min(side, needs.width), height=min(side, needs.height), pictures=1)
        if (smaller.width, smaller.height, 1) == (needs.width, needs.height, needs.pictures):
            continue
        if any(smaller.peak(way) <= memory_bytes for way in _ways(needs.kind, bfloat16, libraries)):
            return f"{smaller.width} x {smaller.height} px, one at a time, would fit"
    for library in _LIBRARIES.values():
        if library not in libraries and any(
            needs.peak(way) <= memory_bytes for way in _ways(needs.kind, bfloat16, {*libraries, library})
        ):
            return f"it would fit with {library}: pip install '{library}>={_LEAST[library]}'"
    return "give a smaller model, or with --memory what more there is"


def _parameters(count: int) -> str:
    return f"{count / 1e9:.2f} B parameters" if count >= 10**8 else f"{count / 1e6:.1f} M parameters"


def _gb(count: int) -> str:
    """'4.8', '12'."""
    return f"{count / GB:.1f}".removesuffix(".0")
