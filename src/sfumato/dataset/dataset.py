"""A dataset: the pictures of a collection at one resolution, as one memory map of pixels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sfumato.collection import LeftOut
from sfumato.disk import flush_file, read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.images.scaling import Crop
from sfumato.images.tensors import to_float
from sfumato.text import counted

FORMAT: Final = 1
NO_LABEL: Final = -1  # of a picture of no class, among others that have one
DESCRIPTION: Final = "dataset.json"
INDEX: Final = "index.npz"
_MOST_BYTES: Final = 1 << 30  # of the description: some five million pictures
PIXELS: Final = "pixels.bin"
FILES: Final = (PIXELS, INDEX, DESCRIPTION)


class Dataset:
    """N pictures for training at `size` x `size`, P pixels in all.

    pixels: [P, 3] uint8, RGB, rows of each picture one after another; a private map of the file, so nothing that is
        written to it reaches the disk
    offsets, heights, widths: [N] int64, where a picture's pixels begin, and its shape; size x size after a centre crop
    labels: [N] int64, 0 .. len(classes) - 1, or -1 for a picture of no class; 0 where there are no classes
    creators: [N] int64, numbers in `creator_names`; where '' stands for those who are not known
    groups: [N] int64, equal for near duplicates
    contents: N SHA-256 in hex, of the pictures' files; [] in an older dataset
    train, held_out: [n] int64, indices of the pictures on either side of the split
    """

    def __init__(self, path: Path, description: dict[str, Any], index: dict[str, Tensor], pixels: Tensor) -> None:
        self.path = path
        self.settings: dict[str, Any] = description["settings"]
        self.size: int = self.settings["size"]
        self.crop = cast(Crop, self.settings["crop"])
        self.pixel_art: bool = self.settings.get("pixel_art", False)
        self.digest: str = description["digest"]
        self.collection_digest: str = self.settings["collection"]
        self.classes: list[str] = description["classes"]
        self.creator_names: list[str] = description["creators"]
        self.files: list[str] = description["files"]
        self.contents: list[str] = description.get("contents", [])
        self.left_out = [LeftOut(**entry) for entry in description["left_out"]]
        self.pixels = pixels
        self._index = index
        self.offsets, self.heights, self.widths = index["offsets"], index["heights"], index["widths"]
        self.labels, self.creators, self.groups = index["labels"], index["creators"], index["groups"]
        self.train = torch.nonzero(~index["held_out"]).flatten()
        self.held_out = torch.nonzero(index["held_out"]).flatten()

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open what `prepare` wrote, without reading the pixels. Raises SfumatoError where it is none, or not whole."""
        path = Path(path)
        if not (path / DESCRIPTION).is_file():
            raise SfumatoError(f"{path} is not a dataset.")
        try:
            description = read_json(path / DESCRIPTION, _MOST_BYTES)
            if description["format"] != FORMAT:
                raise SfumatoError(
                    f"{path} has the dataset format {description['format']}; this version reads {FORMAT}."
                )
            with np.load(path / INDEX, allow_pickle=False) as arrays:
                index = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
            # Copy on write: torch wants memory that it may write to, and the file must stay as it is.
            pixels = torch.from_numpy(np.memmap(path / PIXELS, dtype=np.uint8, mode="c"))
            if len(pixels) != 3 * description["pixels"]:
                raise ValueError(f"{PIXELS} has {len(pixels)} bytes in place of {3 * description['pixels']}")
            if index_digest(description["settings"], index) != description["index"]:
                raise ValueError(f"{INDEX} was changed")
            return cls(path, description, index, pixels.view(-1, 3))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SfumatoError(f"The dataset {path} is not whole ({error}); delete it and prepare it again.") from error

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> dict[str, int]:
        """The number of pictures of each class; {} where there are no classes."""
        if not self.classes:
            return {}
        return dict(zip(self.classes, self.label_counts(slice(None)).tolist(), strict=True))

    def label_counts(self, places: Tensor | slice) -> Tensor:
        """The number of pictures of each class among some of them: [n] indices -> [len(classes)]."""
        labels = self.labels[places]
        return torch.bincount(labels[labels != NO_LABEL], minlength=len(self.classes))

    def images(self, indices: Tensor | Sequence[int]) -> Tensor:
        """The pictures, cropped at their centre, not mirrored: [n] indices -> [n, 3, size, size], float in -1..1."""
        return to_float(self._centres(torch.as_tensor(indices, dtype=torch.int64)))

    def picture(self, index: int) -> Image.Image:
        """One picture, cropped at its centre, RGB."""
        return Image.fromarray(self._centres(torch.tensor([index]))[0].numpy())

    def verify(self) -> None:
        """Read all pixels and compare. Raises SfumatoError where they are not the ones that were prepared."""
        if dataset_digest(self.path, index_digest(self.settings, self._index)) != self.digest:
            raise SfumatoError(f"The pixels of the dataset {self.path} were changed; delete it and prepare it again.")

    def _centres(self, indices: Tensor) -> Tensor:
        top = (self.heights[indices] - self.size) // 2
        left = (self.widths[indices] - self.size) // 2
        flip = torch.zeros(len(indices), dtype=torch.bool)
        return gather(self.pixels, self.size, self.offsets[indices], self.widths[indices], top, left, flip)

    def __repr__(self) -> str:
        return f"Dataset({str(self.path)!r}, {counted(len(self), 'picture')} of {self.size} px, classes {self.classes})"


def store(path: Path, settings: dict[str, Any], index: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write the index and the description of the pixels that lie in `path`; about: the lists of the description."""
    arrays: dict[str, Any] = {name: array.numpy() for name, array in index.items()}
    with (path / INDEX).open("wb") as file:
        np.savez(file, **arrays)
        flush_file(file)
    digest = index_digest(settings, index)
    description = {
        "format": FORMAT,
        "settings": settings,
        "pixels": int((index["heights"] * index["widths"]).sum()),
        "index": digest,
        "digest": dataset_digest(path, digest),
        **about,
    }
    replace_file(path / DESCRIPTION, json.dumps(description).encode("ascii"))


def index_digest(settings: dict[str, Any], index: dict[str, Tensor]) -> str:
    """SHA-256 over the settings and all arrays of the index."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name in sorted(index):
        digest.update(name.encode() + index[name].numpy().tobytes())
    return digest.hexdigest()


def dataset_digest(path: Path, index: str) -> str:
    """SHA-256 over the index's digest and the file of pixels."""
    digest = hashlib.sha256(index.encode())
    with (path / PIXELS).open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Prepared:
    """One more picture is decoded and resized, or was left out: the `done`-th of `total`."""

    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The dataset is on the disk, at `path`. `changed` is False where it was there already, with these settings and
    pictures."""

    path: Path
    changed: bool


PrepareEvent = Prepared | LeftOut | Ready


def gather(pixels: Tensor, size: int, offset: Tensor, width: Tensor, top: Tensor, left: Tensor, flip: Tensor) -> Tensor:
    """Crops of B pictures.

    pixels: [P, 3] uint8
    offset, width, top, left: [B] int64: where each picture begins, its row length, the upper left corner of the crop
    flip: [B] bool: mirrored, left to right
    -> [B, size, size, 3] uint8, on the pixels' device; all arguments are on that device
    """
    along = torch.arange(size, device=pixels.device)
    columns = left[:, None] + torch.where(flip[:, None], size - 1 - along, along)
    rows = offset[:, None] + (top[:, None] + along) * width[:, None]
    index = rows[:, :, None] + columns[:, None, :]
    return pixels.index_select(0, index.flatten()).view(len(offset), size, size, 3)
