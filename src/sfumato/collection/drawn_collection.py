"""A whole folder of the program's own art: a sub-folder a class, a table that says what each picture is, a licence."""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sfumato import __version__
from sfumato.collection.drawn import CLASSES, draw
from sfumato.collection.storing import writing_to
from sfumato.directory import OwnDirectory
from sfumato.disk import replace_file
from sfumato.errors import SfumatoError
from sfumato.text import counted

_LICENCE, _TABLE = "LICENCE.txt", "metadata.csv"
LICENCE: Final = "CC0-1.0"
LICENCE_TEXT: Final = f"""\
{LICENCE}

The pictures in this folder were drawn by the program sfumato, from random numbers and the rules in its source code.
To the extent possible under law, the sfumato authors have waived all copyright and related or neighbouring rights to
them: https://creativecommons.org/publicdomain/zero/1.0/
"""


def draw_collection(
    folder: Path, *, per_class: int = 200, size: int = 128, seed: int = 0, force: bool = False
) -> Iterator[Path]:
    """Draw a whole collection, yielding each picture's path once it is written.

    folder: made if missing; it gets one sub-folder a class, metadata.csv and LICENCE.txt. A folder that holds something
    already is refused (SfumatoError) unless `force`, which has drawn art drawn anew and touches nothing else. Pictures
    are numbered through all classes, so no two share a seed. Closing the iterator early leaves a smaller but sound
    collection: metadata.csv, which comes last, names what was written. Where the program ended before it could write
    that, the same call goes on.
    """
    if per_class < 1:
        raise SfumatoError(f"cannot draw {counted(per_class, 'picture')} a class; choose 1 or more")
    directory = OwnDirectory(folder, "drawn")
    directory.check((_LICENCE, _TABLE, *CLASSES), force=force)
    if (folder / _TABLE).is_file() and not force:
        raise SfumatoError(f"{folder} holds drawn art already; choose another folder, or use --force to draw it anew")
    draw(CLASSES[0], seed, size)  # a wrong seed or size is said here, before anything is written
    return _draw_all(directory, per_class, size, seed)


def _draw_all(directory: OwnDirectory, per_class: int, size: int, seed: int) -> Iterator[Path]:
    rows = [["file_name", "title", "creator", "licence", "source"]]
    with directory.at_work():
        replace_file(directory.claim(_LICENCE), LICENCE_TEXT.encode())
        try:
            with writing_to(directory.path):
                for name, number in itertools.product(CLASSES, range(per_class)):
                    file = f"{name}/{name}-{number + 1:04d}.png"
                    path = directory.claim(file)
                    path.parent.mkdir(exist_ok=True)
                    picture = io.BytesIO()
                    draw(name, seed + number, size).save(picture, "PNG", compress_level=3)
                    replace_file(path, picture.getvalue())
                    source = f"drawn by sfumato {__version__}, seed {seed + number}"
                    title = f"{name.capitalize()}, no. {number + 1}"
                    rows.append([file, title, "sfumato (drawn by the program)", LICENCE, source])
                    yield path
                _write_table(directory, rows)
        except GeneratorExit:
            _write_table(directory, rows)
            raise


def _write_table(directory: OwnDirectory, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    replace_file(directory.claim(_TABLE), text.getvalue().encode())
