"""Encoding a data set's pictures and captions with the codec and the text encoders of the model to adapt."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from sfumato.collection import Collection
from sfumato.collection.workers import Workers
from sfumato.dataset import Dataset, Prepared
from sfumato.directory import OwnDirectory
from sfumato.disk import replace_file
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_float
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.prompts import Leaf
from sfumato.training.encoded import (
    DESCRIPTION,
    FORMAT,
    IN_A_FILE,
    NOTHING,
    SHARED,
    EncodedPictures,
    Material,
    file_of,
    put,
)
from sfumato.weights import digest

_MADE_OF = "made_of"  # the name in a file's metadata of the material's digest


def encode(
    material: Material, dataset: Dataset, collection: Collection, base: Pretrained, path: Path
) -> Generator[Prepared, None, EncodedPictures]:
    """Encode into the directory ``path`` what an earlier call has not encoded yet.

    base: of which codec and text encoders are asked, each picture and each caption by itself, so that what comes out
    does not depend on where an earlier call was ended. Raises SfumatoError where a picture cannot be decoded any more,
    and where something lies in the directory that the program did not make.
    """
    directory = OwnDirectory(path, "encoded")
    with directory.at_work():
        yield from _encoding(material, dataset, collection, base, directory)
    return EncodedPictures.open(path)


def _encoding(
    material: Material, dataset: Dataset, collection: Collection, base: Pretrained, directory: OwnDirectory
) -> Iterator[Prepared]:
    path = directory.path
    names = {index: file_of(index) for index in range(len(dataset))}
    present = {name for name in {SHARED, *names.values()} if _is_of(path / name, material)}
    directory.remove([DESCRIPTION])
    device = next(base.network.parameters()).device
    if SHARED not in present:
        _write(directory, SHARED, _shared(material, base), material)
    wanted = [index for index, name in names.items() if name not in present]
    done, waiting = len(dataset) - len(wanted), dict[str, dict[int, Tensor]]()
    for index, pixels in _decoded(wanted, material, dataset, collection):
        parts = waiting.setdefault(names[index], {})
        parts[index] = _latents(pixels, base, device)
        done += 1
        yield Prepared(done, len(dataset), dataset.files[index])
        if len(parts) == min(IN_A_FILE, len(dataset) - index // IN_A_FILE * IN_A_FILE):
            _write(directory, names[index], _file(waiting.pop(names[index]), material, base), material)
    files = {name: digest(path / name) for name in sorted({SHARED, *names.values()})}
    description = {
        "format": FORMAT,
        "made_of": material.digest,
        "material": asdict(material),
        "contents": dataset.contents,
        "files": files,
    }
    directory.flush()
    replace_file(directory.claim(DESCRIPTION), json.dumps(description).encode())


def _is_of(path: Path, material: Material) -> bool:
    """Whether a file is there, and was made of this."""
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get(_MADE_OF) == material.digest
    except (OSError, SafetensorError):
        return False


def _decoded(
    wanted: Sequence[int], material: Material, dataset: Dataset, collection: Collection
) -> Iterator[tuple[int, Tensor]]:
    """Each picture in its shape, [1, 3, H, W] in -1..1, about in the order of their indices."""
    if not wanted:
        return
    places = {dataset.files[index]: index for index in wanted}
    contents = {picture.file: picture.sha256 for picture in collection.pictures}
    requests = (
        {"file": file, "sha256": contents[file], "shape": list(material.shapes[index])}
        for file, index in places.items()
    )
    with Workers(collection.source, collection.background) as pool:
        for answer in pool.answers(requests):
            file = answer.request["file"]
            if answer.left_out is not None:
                raise SfumatoError(f"{file}: {answer.left_out[1]}; collect the pictures again, into a new run")
            levels = np.frombuffer(answer.attached, dtype=np.uint8)
            shaped = levels.reshape(1, answer.facts["height"], answer.facts["width"], 3)
            yield places[file], to_float(torch.from_numpy(shaped.copy()))


@torch.no_grad()
def _latents(pixels: Tensor, base: Pretrained, device: torch.device) -> Tensor:
    return base.codec.encode(pixels.to(device))[0].float().cpu()


@torch.no_grad()
def _file(latents: Mapping[int, Tensor], material: Material, base: Pretrained) -> dict[str, Tensor]:
    tensors = {f"{index}/latents": latents[index].contiguous() for index in sorted(latents)}
    words: dict[str, Mapping[str, Leaf]] = {}  # many pictures may have one caption
    for index in sorted(latents):
        caption = material.captions[index]
        if caption not in words:
            words[caption] = base.encoder.condition(caption).given
        tensors |= put(str(index), words[caption])
    return tensors


@torch.no_grad()
def _shared(material: Material, base: Pretrained) -> dict[str, Tensor]:
    """What the network is told where nothing is asked for, and of the prompts of snapshots."""
    conditions = [base.encoder.condition(prompt) for prompt in (*material.shown, "")]
    tensors = put(NOTHING, conditions[-1].nothing)
    for place, condition in enumerate(conditions[:-1]):
        tensors |= put(f"shown-{place}", condition.given)
    return tensors


def _write(directory: OwnDirectory, name: str, tensors: Mapping[str, Tensor], material: Material) -> None:
    replace_file(directory.claim(name), save(dict(tensors), metadata={_MADE_OF: material.digest}))
