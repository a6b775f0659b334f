"""Works that come in from elsewhere, and those that go out without their recipe."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from sfumato.disk import read_file, replace_file
from sfumato.errors import SfumatoError
from sfumato.images.files import BYTE_LIMIT
from sfumato.studio.jobs.specs import Import, Sign
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.models import models_of
from sfumato.studio.uploads import Upload
from sfumato.studio.workers.handling import Context, Happening, Made, Step, told_of
from sfumato.studio.workers.rows import row_of
from sfumato.text import counted
from sfumato.works import read_work

SIGNED: Final = "signed.png"
MOST_FILES: Final = 100_000  # of one folder
_SUFFIX: Final = ".png"


def sign(asked: Sign, context: Context) -> Generator[Happening, None, None]:
    """A copy without recipe, signed: the result says where it lies."""
    yield Step({"stage": "signing"})
    work = read_work(context.gallery.path_of(context.gallery.work(asked.work)))
    # What it was read from carries the recipe, and would go along as what the copy was made from.
    path = replace(work, inputs=()).save(context.works / SIGNED, recipe=False, mark=False, force=True)
    context.result |= {"work": asked.work, "file": context.relative(path)}


def import_works(asked: Import, context: Context) -> Generator[Happening, None, None]:
    """Works into the gallery. What was uploaded is kept with the studio's works, what is named stays where it is."""
    files, ids, others = _found(asked, context), _ids(context), 0
    for index, path in enumerate(files):
        yield Step({"stage": "importing", "done": index, "total": len(files), "unit": "work"})
        if index in context.there:
            continue
        try:
            row = _row(path, ids, context)
        except SfumatoError:
            others += 1
            continue
        if asked.upload is None:
            # One that is there already, because it was made or brought in before, stays what it is.
            context.gallery.add(row)
        else:
            kept = context.works / f"{index:04d}{_SUFFIX}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            replace_file(kept, read_file(path, BYTE_LIMIT))
            yield Made(index, replace(row, file=context.relative(kept)))
    context.result |= {"works": len(files) - others, "others": others}
    if others:
        yield told_of(f"{counted(others, 'picture')} without a recipe left out: not works of sfumato, or saved again")
    if not context.result["works"]:
        raise SfumatoError("no work of sfumato is among these files; choose PNG files that it made, with their recipes")


def _found(asked: Import, context: Context) -> list[Path]:
    """Files that may be works, in one order at each attempt. Raises SfumatoError where there is nothing."""
    if asked.upload is not None:
        upload = Upload.open(context.place, asked.upload)
        found = [upload.files / each.path for each in upload.listed()]
    else:
        named = Path(asked.path or "")
        if not named.exists():
            raise SfumatoError(f"{named}: there is no such folder or file any more")
        found = sorted(named.rglob("*")) if named.is_dir() else [named]
    files = [path for path in found if path.suffix.lower() == _SUFFIX and path.is_file()]
    if len(files) > MOST_FILES:
        raise SfumatoError(f"{asked.path}: holds {len(files):,} pictures, and {MOST_FILES:,} are the most at once")
    return files


def _row(path: Path, ids: Mapping[str, str], context: Context) -> NewWork:
    """ids: of the studio's models, by their digests. Raises SfumatoError for what is no work."""
    real, own = path.resolve(), context.place.path.resolve()
    file = real.relative_to(own).as_posix() if real.is_relative_to(own) else str(real)
    row = row_of(read_work(path), file, "import")
    return replace(row, model_id=ids.get(row.model_digest, ""))


def _ids(context: Context) -> dict[str, str]:
    found = {}
    for model in models_of(context.place, context.roots):
        with suppress(OSError):
            found[model.digest] = model.id
    return found
