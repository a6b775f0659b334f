"""A collection becomes a dataset: every picture at one resolution, and the split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from sfumato.collection import Collection, LeftOut, Limits, Picture
from sfumato.collection.storing import writing_to
from sfumato.collection.workers import Workers
from sfumato.dataset.dataset import DESCRIPTION, FILES, NO_LABEL, PIXELS, Dataset, Prepared, PrepareEvent, Ready, store
from sfumato.dataset.splitting import held_out as split
from sfumato.directory import OwnDirectory
from sfumato.disk import flush_file
from sfumato.errors import SfumatoError
from sfumato.images.scaling import Crop, enlarged_size, scaled_size
from sfumato.text import counted, natural_order

SMALLEST_SIZE: Final = 32
LARGEST_SIZE: Final = 1024
FEWEST_PICTURES: Final = 8
MOST: Final = 0.9  # share of the pictures
TOO_SMALL: Final = "smaller than the training size"


@dataclass(slots=True)
class _Place:
    """A picture, and where its pixels go in the file: counted in pixels."""

    picture: Picture
    offset: int
    width: int
    height: int
    written: bool = False

    @property
    def pixels(self) -> int:
        return self.width * self.height


def prepare(
    collection: Collection,
    destination: Path | str,
    *,
    size: int,
    crop: Crop = "centre",
    pixel_art: bool = False,
    held_out: float = 0.1,
    seed: int = 0,
    fewest: int = FEWEST_PICTURES,
    workers: int | None = None,
    force: bool = False,
    limits: Limits | None = None,
) -> Iterator[PrepareEvent]:
    """Write a dataset into the directory `destination`; yields events, `Ready` the last.

    `size` is the side of the training pictures in pixels, 32 to 1,024, a multiple of 8; smaller pictures are left out.
    With `pixel_art` they are enlarged, by the smallest whole number that makes them large enough and without smoothing.
    `crop` 'centre' keeps a centred square of each; 'random' keeps more of the long side, for crops to move along.
    `held_out` (0 to 0.5) is the fraction of pictures that training does not see. `fewest` is the least number of
    pictures in a dataset; training needs 8. A dataset of the same pictures and settings that is there already is used
    as it is; any other is replaced only with `force`. A dataset is there whole or not at all, also where the generator
    is closed in between.

    Raises SfumatoError for settings out of range, too few pictures, and a destination that cannot be used.
    """
    destination = Path(destination)
    settings = _settings(collection, size, crop, held_out, seed)
    if pixel_art:  # left out where it is not so: datasets that were made before there was a choice stay good
        settings["pixel_art"] = True
    directory = OwnDirectory(destination, "dataset")
    present = _present(directory, settings, force=force)
    if present is not None:
        yield from present.left_out
        yield Ready(destination, changed=False)
        return
    if not collection.source.exists():
        raise SfumatoError(f"{collection.source}, of which {collection.path} is a collection, is not there any more.")

    places, left_out = _places(collection.pictures, size, crop, pixel_art)
    yield from left_out
    _check_count(len(places), fewest, collection, size)

    with writing_to(destination), directory.at_work(), directory.staged() as stage:
        with Workers(collection.source, collection.background, workers, limits) as pool:
            for event in _write_pixels(stage / PIXELS, places, pool, settings):
                if isinstance(event, LeftOut):
                    left_out.append(event)
                yield event
        places = [place for place in places if place.written]
        _check_count(len(places), fewest, collection, size)
        _describe(stage, places, left_out, settings)
        # The description comes last; until then the one of an earlier dataset must not pass for one of these.
        directory.remove([DESCRIPTION])
        directory.settle(stage, FILES)
    yield Ready(destination, changed=True)


def _settings(collection: Collection, size: int, crop: Crop, held_out: float, seed: int) -> dict[str, Any]:
    """What a dataset depends on, checked."""
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE or size % 8:
        raise SfumatoError(f"The size is {size} pixels; it is a multiple of 8 from {SMALLEST_SIZE} to {LARGEST_SIZE}.")
    if crop not in ("centre", "random"):
        raise SfumatoError(f"There is no crop {crop}; it is centre or random.")
    if not 0 <= held_out <= 0.5:
        raise SfumatoError(f"The fraction of pictures held out is {held_out}; it is a number from 0 to 0.5.")
    return {
        "collection": collection.digest,
        "known": _known_digest(collection),
        "background": list(collection.background),
        "size": size,
        "crop": crop,
        "held_out": held_out,
        "seed": seed,
    }


def _known_digest(collection: Collection) -> str:
    """SHA-256 over what a dataset takes from a collection besides its pictures and classes."""
    known = [[picture.file, picture.creator, picture.group] for picture in collection.pictures]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _present(directory: OwnDirectory, settings: dict[str, Any], *, force: bool) -> Dataset | None:
    """The dataset that is there already, if it is the wanted one. Raises SfumatoError where something else is."""
    destination = directory.path
    if (destination / DESCRIPTION).is_file():
        try:
            dataset = Dataset.open(destination)
            if dataset.settings == settings:
                return dataset
            raise SfumatoError(
                f"{destination} is a dataset of other pictures or settings; "
                "choose another place, or replace it with --force."
            )
        except SfumatoError:
            if not force:
                raise
    directory.check(FILES, force=force)
    return None


def _check_count(count: int, fewest: int, collection: Collection, size: int) -> None:
    if count < fewest:
        pictures = counted(count, "picture")
        trains = fewest == FEWEST_PICTURES
        needed = f"training needs at least {fewest}, and better 50" if trains else f"at least {fewest} are needed"
        raise SfumatoError(
            f"{collection.path} has {pictures} of {size} pixels or more; {needed}: {_what_helps(collection, fewest)}."
        )


def _what_helps(collection: Collection, fewest: int) -> str:
    """What a person can do where too few pictures are large enough."""
    sides = sorted((min(picture.width, picture.height) for picture in collection.pictures), reverse=True)
    if len(sides) < fewest:
        return "add pictures"
    fitting, most = sides[fewest - 1] // 8 * 8, sides[round(MOST * (len(sides) - 1))] // 8 * 8
    if fitting >= SMALLEST_SIZE:
        size = min(fitting, LARGEST_SIZE)
        of_most = f" (most of them have {most} or more)" if SMALLEST_SIZE <= most < size else ""
        return f"add pictures, or choose a size of {size} or less{of_most}"
    return "add larger pictures, or have them enlarged by whole numbers, as pixel art is (--pixel-art)"


def _places(pictures: list[Picture], size: int, crop: Crop, pixel_art: bool) -> tuple[list[_Place], list[LeftOut]]:
    """Where each picture that is large enough goes, and those that are not."""
    places: list[_Place] = []
    left_out: list[LeftOut] = []
    offset = 0
    for picture in pictures:
        width, height = picture.width, picture.height
        if min(width, height) < size and pixel_art:
            width, height = enlarged_size(width, height, size)
        elif min(width, height) < size:
            reason = f"{picture.width} x {picture.height} pixels, smaller than the training size of {size}"
            left_out.append(LeftOut(picture.file, TOO_SMALL, reason))
            continue
        width, height = scaled_size(width, height, size, crop)
        places.append(_Place(picture, offset, width, height))
        offset += width * height
    return places, left_out


def _write_pixels(
    path: Path, places: list[_Place], pool: Workers, settings: dict[str, Any]
) -> Iterator[Prepared | LeftOut]:
    """Decode all pictures into the file, each to its place, and close the gaps of those that could not be decoded."""
    by_file = {place.picture.file: place for place in places}
    scaling = {name: settings[name] for name in ("size", "crop", "pixel_art") if name in settings}
    requests = ({"file": file, "sha256": place.picture.sha256, **scaling} for file, place in by_file.items())
    with path.open("w+b") as file:
        for done, answer in enumerate(pool.answers(requests), start=1):
            place = by_file[answer.request["file"]]
            if answer.left_out is None:
                file.seek(3 * place.offset)
                file.write(answer.attached)
                place.written = True
            yield Prepared(done, len(places), place.picture.file)
            if answer.left_out is not None:
                yield LeftOut(place.picture.file, *answer.left_out)
        end = 0
        for place in places:
            if not place.written:
                continue
            if place.offset != end:
                file.seek(3 * place.offset)
                data = file.read(3 * place.pixels)
                file.seek(3 * end)
                file.write(data)
                place.offset = end
            end += place.pixels
        file.truncate(3 * end)
        flush_file(file)


def _describe(path: Path, places: list[_Place], left_out: list[LeftOut], settings: dict[str, Any]) -> None:
    """Write the index and the description of the pixels that lie in `path`."""
    pictures = [place.picture for place in places]
    classes = sorted({picture.category for picture in pictures if picture.category}, key=natural_order)
    creators = sorted({picture.creator for picture in pictures})
    groups = {group: number for number, group in enumerate(dict.fromkeys(picture.group for picture in pictures))}
    numbers = {name: label for label, name in enumerate(classes)}
    labels = [numbers.get(picture.category, NO_LABEL) if classes else 0 for picture in pictures]
    flags = split([picture.group for picture in pictures], labels, settings["held_out"], settings["seed"])
    index: dict[str, Tensor] = {
        "offsets": torch.tensor([place.offset for place in places]),
        "heights": torch.tensor([place.height for place in places]),
        "widths": torch.tensor([place.width for place in places]),
        "labels": torch.tensor(labels),
        "creators": torch.from_numpy(np.searchsorted(np.array(creators), [picture.creator for picture in pictures])),
        "groups": torch.tensor([groups[picture.group] for picture in pictures]),
        "held_out": torch.from_numpy(flags),
    }
    about = {
        "classes": classes,
        "creators": creators,
        "files": [picture.file for picture in pictures],
        "contents": [picture.sha256 for picture in pictures],
        "left_out": [asdict(entry) for entry in left_out],
    }
    store(path, settings, index, about)
