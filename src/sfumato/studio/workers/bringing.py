"""Works that come in from elsewhere, and those that go out without their recipe."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.specs import Import, Sign
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.model_folders import model_folders
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
    files, others = _found(asked, context), 0
    for index, path in enumerate(files):
        yield Step({"stage": "importing", "done": index, "total": len(files), "unit": "work"})
        if index in context.there:
            continue
        try:
            row = _row(path, context)
        except SfumatoError:
            others += 1
            continue
        if asked.upload is None:
            yield Made(index, row)
        else:
            kept = context.works / f"{index:04d}{_SUFFIX}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            replace_file(kept, read_file(path))
            yield Made(index, replace(row, file=context.relative(kept)))
    context.result |= {"works": len(files) - others, "others": others}
    if others:
        yield told_of(f"{counted(others, 'picture')} without a recipe left out: not works of sfumato, or saved again")
    if not context.result["works"]:
        raise SfumatoError("no work of sfumato is among these files; choose PNG files that it made, with their recipes")
