"""Collections: made of what was sent, named or drawn, and what a person states of their pictures."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sfumato import pipeline
from sfumato.collection import Collection, Finished, Ownership, is_reference
from sfumato.collection.decisions import EDITABLE, Keep
from sfumato.collection.decisions import Edit as Statement
from sfumato.collection.drawn import CLASSES
from sfumato.collection.drawn_collection import draw_collection
from sfumato.collection.sources import ZIP_SUFFIXES
from sfumato.errors import SfumatoError
from sfumato.pipeline import Event
from sfumato.studio.jobs.specs import Collect, Edit
from sfumato.studio.open_collections import collection_folder
from sfumato.studio.uploads import Upload
from sfumato.studio.workers.handling import Context, Happening, Step
from sfumato.studio.workers.pipelines import followed

DRAWN_PER_CLASS: Final = 100
DRAWN_SIZE: Final = 64  # pixels


def collect(asked: Collect, context: Context) -> Generator[Happening, None, None]:
    """A collection. What was uploaded becomes a folder of pictures that the studio keeps; what is named on this
    computer stays where it is."""
    if asked.collection is not None:
        yield from _once_more(collection_folder(context.place, asked.collection), context)
        return
    place = context.folder(context.place.collections, asked.name)
    if asked.drawn:
        art: Path | str = context.place.pictures / place.name
        yield from _drawn(Path(art))
    elif asked.upload is not None:
        art = _kept(asked.upload, context.place.pictures / place.name, context)
    else:
        art = asked.path or ""
        art = art if is_reference(art) else Path(art)
    stated = asked.licence or asked.creator
    events = pipeline.collect(
        art,
        place,
        include_works=asked.include_works,
        ownership=Ownership(asked.licence, asked.creator) if stated else None,
        query=asked.query,
        limit=asked.limit,
    )
    yield from _made(place, events, context)


def _once_more(place: Path, context: Context) -> Generator[Happening, None, None]:
    """What is new, changed or gone in a collection's folder is looked into; what was decided of pictures holds."""
    before = Collection.open(place)
    if not before.source.exists():
        raise SfumatoError(f"the pictures of '{place.name}' lie in {before.source}, which is not there; put it back")
    options: dict[str, Any] = {"background": before.background, "include_works": before.include_works}
    yield from _made(place, pipeline.collect(before.source, place, **options), context)


def edit(asked: Edit, context: Context) -> Generator[Happening, None, None]:
    """What a person states of pictures, put down and carried out; the pictures' files stay as they are."""
    place = collection_folder(context.place, asked.collection)
    yield from _made(place, _decided(place, asked), context)


def _decided(place: Path, asked: Edit) -> Iterator[Event]:
    """Raises SfumatoError where a picture is not there."""
    if asked.forget:
        return pipeline.forget(place, asked.pictures, asked.only or EDITABLE)
    if asked.keep:
        keeps = [Keep(each.sha256, each.over, each.file, each.over_file, each.both) for each in asked.keep]
        return pipeline.keep(place, keeps)
    collection = Collection.open(place)
    known = {picture.sha256: picture.file for picture in (*collection.pictures, *collection.excluded)}
    if missing := [digest for digest in asked.pictures if digest not in known]:
        raise SfumatoError(f"the collection '{asked.collection}' holds no picture {missing[0][:10]} any more")
    if asked.remove or asked.restore:
        decide = pipeline.remove if asked.remove else pipeline.restore
        return decide(place, (), [known[digest] for digest in asked.pictures])
    fields: dict[str, str] = {about: " ".join(text.split()) for about, text in asked.fields.items()}
    return pipeline.edit(place, [Statement(digest, known[digest], fields) for digest in asked.pictures])


def _made(place: Path, events: Iterator[Event], context: Context) -> Generator[Happening, None, None]:
    last = yield from followed(events)
    assert isinstance(last, Finished), "the last event of collecting"
    context.changes.add("collections")
    context.result |= {
        "collection": place.name,
        "pictures": last.summary.pictures,
        "left_out": sum(last.summary.left_out.values()) + last.summary.exact_duplicates,
        "exact_duplicates": last.summary.exact_duplicates,
        "near_duplicates": last.summary.near_duplicates,
    }


def _drawn(folder: Path) -> Generator[Happening, None, None]:
    """The program's own pictures, in a folder. Where it was left before its end, it is drawn anew: only what the
    program drew is written over."""
    total = DRAWN_PER_CLASS * len(CLASSES)
    said: dict[str, Any] = {"stage": "drawing", "total": total, "unit": "picture"}
    with closing(draw_collection(folder, per_class=DRAWN_PER_CLASS, size=DRAWN_SIZE, force=True)) as paths:  # type: ignore[type-var]
        for done, _ in enumerate(paths, 1):
            yield Step({**said, "done": done})


def _kept(upload: str, folder: Path, context: Context) -> Path:
    """The files of an upload, moved to where the collection refers to them; what to collect of them: the one zip, or
    the one folder, that they are, or else all. Raises NoSuchUploadError where another collection has them."""
    if not folder.is_dir():
        sent = Upload.open(context.place, upload).files
        folder.parent.mkdir(parents=True, exist_ok=True)
        sent.rename(folder)
    root = folder
    while len(inside := list(root.iterdir())) == 1 and inside[0].is_dir():
        root = inside[0]
    if len(inside) == 1 and inside[0].suffix.lower() in ZIP_SUFFIXES:
        return inside[0]
    return root
