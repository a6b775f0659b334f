"""That one server alone works in a studio's directory, and where it answers."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sfumato.directory import OwnDirectory
from sfumato.disk import disk_fault, read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.marker import kind_of
from sfumato.studio.place import Place
from sfumato.studio.workers.owners import is_alive, name_of, own_name

_FILE: Final = "running.json"
_KIND: Final = "studio"
_MOST_BYTES: Final = 4096


@dataclass(frozen=True)
class Held:
    """The directory, while a server holds it."""

    place: Place

    def answers_at(self, url: str) -> None:
        """Have others learn where the server answers."""
        said = {"url": url, "pid": os.getpid(), "process": own_name()}
        replace_file(self.place.path / _FILE, json.dumps(said).encode())


@contextlib.contextmanager
def held(place: Place) -> Iterator[Held]:
    """The directory, for one server, made if it is missing.

    Raises SfumatoError where another is at work in it, where it holds other things, and where it cannot be written.
    """
    directory = OwnDirectory(place.path, _KIND)
    names = (_FILE, "tokens.json", place.database.name)
    directory.check(names)
    with directory.at_work():
        try:
            if os.name != "nt":
                place.path.chmod(0o700)
            for name in names:
                directory.claim(name)
        except OSError as error:
            raise SfumatoError(f"{place.path}: cannot be written ({disk_fault(error)}); choose another") from error
        try:
            yield Held(place)
        finally:
            with contextlib.suppress(OSError):
                (place.path / _FILE).unlink()


def make(place: Place) -> None:
    """See that the directory is a studio's. Raises SfumatoError as `held`."""
    if kind_of(place.path) != _KIND:
        with held(place):
            pass


def running_at(place: Place) -> str | None:
    """Where the server answers that works in the directory; None where none does.

    What a server noted that has been killed since counts no more: whoever listens at its port now may be anybody, and
    would be sent the owner's token.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        said = read_json(place.path / _FILE, _MOST_BYTES)
        process = name_of(int(said["pid"]))
        # But for its host: a laptop may be called otherwise in another network.
        if said["process"].partition(":")[2] == process.partition(":")[2] and is_alive(process):
            return str(said["url"])
    return None
