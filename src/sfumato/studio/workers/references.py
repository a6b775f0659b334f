"""The pictures that a job names: files of an upload, works of the gallery, pictures of a collection."""

from __future__ import annotations

import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from sfumato.collection import WHITE, Collection, Picture
from sfumato.collection.sources import Source
from sfumato.errors import SfumatoError
from sfumato.images.decoding import open_picture, picture_and_file, read_picture
from sfumato.images.unusable import UnusableError
from sfumato.models.mask import over_both
from sfumato.provenance.credentials import Input
from sfumato.studio.jobs.specs import Inpaint, Making, OfCollection, OfWork, PictureReference, Uploaded
from sfumato.studio.uploads import Upload
from sfumato.studio.workers.handling import Context
from sfumato.works import Work
from sfumato.works.work import work_in


@dataclass(frozen=True)
class Given:
    """A picture that was named. image: upright, RGB; data: its file; name: the file's, for people; work: its id, if it
    is one of the gallery's."""

    image: Image.Image
    data: bytes
    name: str
    work: int | None = None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the credentials of a work say that it is made from."""
        return (Input(self.data, self.name),)

    def as_work(self) -> Work | None:
        """With its recipe, where the file has one and shows what it made; None for any other picture."""
        try:
            work = work_in(self.data, Path(self.name))
        except SfumatoError:
            return None
        return work if work.image.tobytes() == self.image.tobytes() else None


def opened(reference: PictureReference, context: Context) -> Given:
    """Raises SfumatoError where there is no such picture, or it cannot be read."""
    if isinstance(reference, OfCollection):
        return _of_collection(reference, context)
    if isinstance(reference, OfWork):
        path, name = context.gallery.path_of(context.gallery.work(reference.work)), f"work {reference.work}"
        return Given(*picture_and_file(path), name, reference.work)
    path = _uploaded(reference, context)
    return Given(*picture_and_file(path), path.name)


def opened_mask(asked: Inpaint, context: Context) -> Image.Image:
    """Upright: RGBA, as what is transparent in a mask has a meaning, or grey, where it is said what is made anew.
    Raises SfumatoError as `opened`."""
    path = _uploaded(asked.mask, context)
    on_white = open_picture(path, WHITE)
    if asked.anew == "black":
        return ImageChops.invert(on_white.convert("L"))
    mask = over_both(open_picture(path, (0, 0, 0)), on_white)
    opacity = mask.getchannel("A")
    if asked.anew == "transparent" and opacity.getextrema() != (255, 255):
        return ImageChops.invert(opacity)
    return mask


def steering_of(asked: Making, context: Context) -> dict[str, Any]:
    """Palette and composition, as `steering_from` of the models takes them."""
    palette: Any = asked.palette
    if palette is not None and not isinstance(palette, str):
        palette = opened(palette, context).image
    composition = None if asked.composition is None else opened(asked.composition, context).image
    return {
        "palette": palette,
        "palette_strength": asked.palette_strength,
        "composition": composition,
        "composition_strength": asked.composition_strength,
    }


def _uploaded(reference: Uploaded, context: Context) -> Path:
    return Upload.open(context.place, reference.upload).path_of(reference.file)


def picture_file(reference: OfCollection, context: Context) -> Path:
    """The file of a collection's picture. Raises SfumatoError where it is not there, or lies in a zip."""
    collection, picture = _picture(reference, context)
    path = collection.source / picture.file
    if not path.is_file():
        raise SfumatoError(f"{picture.file}: is in a zip, or not there any more; choose its file itself")
    return path


def _of_collection(reference: OfCollection, context: Context) -> Given:
    collection, picture = _picture(reference, context)
    try:
        with closing(Source(collection.source)) as source:
            data = source.read(picture.file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is wrong with a file, the error tells
            return Given(read_picture(data, collection.background).image, data, Path(picture.file).name)
    except UnusableError as error:
        raise SfumatoError(f"{picture.file}: {error}; choose another picture") from error


def _picture(reference: OfCollection, context: Context) -> tuple[Collection, Picture]:
    collection = Collection.open(context.place.collections / reference.collection)
    pictures = [*collection.pictures, *collection.excluded]
    picture = next((each for each in pictures if each.sha256 == reference.sha256), None)
    if picture is None:
        raise SfumatoError(f"the collection '{reference.collection}' holds no such picture any more; choose another")
    return collection, picture
