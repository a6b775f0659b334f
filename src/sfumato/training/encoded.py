"""The latents of a data set's pictures and the embeddings of their captions, computed once and kept beside a run.

    encoded/00000.safetensors   of the first pictures: '0/latents', '0/words/<input>' ...; and so on
            shared.safetensors  what the network is told where nothing is asked for, and of the prompts of snapshots
            encoded.json        what it is all made of, and the digests of the files; written last

A file is there whole or not at all and names what it was made of, so that an encoding that was killed goes on where it
was. Of a hundred thousand pictures only those of a batch are read into memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import torch
from torch import Tensor

from sfumato.dataset.buckets import Shape
from sfumato.disk import read_json
from sfumato.errors import SfumatoError
from sfumato.pretrained.prompts import Leaf, PromptCondition
from sfumato.weights import digest, opened_tensors

FOLDER: Final = "encoded"
DESCRIPTION: Final = "encoded.json"
SHARED: Final = "shared.safetensors"
IN_A_FILE: Final = 32  # pictures
FORMAT: Final = 1
_MOST_BYTES: Final = 1 << 30  # of the description
_REMEDY: Final = "begin a new run"
NOTHING: Final = "nothing"


@dataclass(frozen=True)
class Material:
    """All that an encoding depends on. base: SHA-256 over the base's files; dataset: its digest; captions, shapes: of
    its N pictures; shown: the prompts of snapshots."""

    base: str
    dataset: str
    captions: tuple[str, ...]
    shapes: tuple[Shape, ...]
    shown: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256, hexadecimal."""
        return hashlib.sha256(json.dumps([FORMAT, *asdict(self).values()]).encode()).hexdigest()


def file_of(index: int) -> str:
    """The name of the file that holds a picture."""
    return f"{index // IN_A_FILE:05d}.safetensors"


def put(name: str, words: Mapping[str, Leaf]) -> dict[str, Tensor]:
    """What a network is called with for one picture, as tensors for a file. name: of the picture."""
    tensors: dict[str, Tensor] = {}
    for key, leaf in words.items():
        # Of inputs that differ in length a picture has one of its own.
        part, tensor = ("words", leaf) if isinstance(leaf, Tensor) else ("ragged", leaf[0])
        # A copy: two names in a file may not share their memory.
        tensors[f"{name}/{part}/{key}"] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    return tensors


def taken(name: str, file: Any) -> dict[str, Leaf]:
    """The reverse of `put`. file: as `opened_tensors` gives it."""
    words: dict[str, Leaf] = {}
    for key in file.keys():  # noqa: SIM118 (it is no dictionary)
        own, _, rest = key.partition("/")
        part, _, name_of_input = rest.partition("/")
        if own == name and part in ("words", "ragged"):
            tensor = file.get_tensor(key)
            words[name_of_input] = tensor if part == "words" else (tensor,)
    return words


class EncodedPictures:
    """What an encoding has written. captions, shapes: of N pictures; contents: SHA-256 of their files; shown: the
    prompts of snapshots; digest: SHA-256 over all of it."""

    def __init__(self, path: Path, description: Mapping[str, Any]) -> None:
        material = description["material"]
        self.path = path
        self.captions: tuple[str, ...] = tuple(material["captions"])
        self.shapes = tuple(Shape(*shape) for shape in material["shapes"])
        self.shown: tuple[str, ...] = tuple(material["shown"])
        self.contents: list[str] = list(description["contents"])
        self.files: dict[str, str] = dict(description["files"])
        self.digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises SfumatoError where there is none, or it is not whole."""
        try:
            description = read_json(path / DESCRIPTION, _MOST_BYTES)
            if description["format"] != FORMAT:
                raise ValueError(f"format {description['format']}")
            return cls(path, description)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SfumatoError(f"{path}: the encoded pictures cannot be read ({error}); {_REMEDY}") from error

    def verify(self) -> None:
        """Read all of it and compare. Raises SfumatoError where it is not what was written."""
        for name, known in self.files.items():
            if not (self.path / name).is_file() or digest(self.path / name) != known:
                raise SfumatoError(f"{self.path / name}: is missing or was changed; put it back, or {_REMEDY}")

    @cached_property
    def nothing(self) -> dict[str, Leaf]:
        """What the network is told where nothing is asked for, of one picture."""
        with opened_tensors(self.path / SHARED, _REMEDY) as file:
            return taken(NOTHING, file)

    def latents(self, indices: Sequence[int]) -> Tensor:
        """Of pictures of one shape: [n, C, h, w] float32."""
        found = []
        for index in indices:
            with opened_tensors(self.path / file_of(index), _REMEDY) as file:
                found.append(file.get_tensor(f"{index}/latents"))
        return torch.stack(found)

    def conditions(self, indices: Sequence[int]) -> PromptCondition:
        """Of the captions of n pictures."""
        words = []
        for index in indices:
            with opened_tensors(self.path / file_of(index), _REMEDY) as file:
                words.append(taken(str(index), file))
        return self._joined(words)

    def prompts(self) -> PromptCondition:
        """Of the prompts of snapshots."""
        with opened_tensors(self.path / SHARED, _REMEDY) as file:
            return self._joined([taken(f"shown-{place}", file) for place in range(len(self.shown))])

    def _joined(self, words: Sequence[Mapping[str, Leaf]]) -> PromptCondition:
        each = [PromptCondition(own, self.nothing) for own in words]
        return each[0].followed_by(each[1:])
