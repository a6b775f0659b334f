"""That one server alone works in a studio's directory, and where it answers."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sfumato.disk import disk_fault
from sfumato.errors import SfumatoError
from sfumato.marker import lock_descriptor
from sfumato.studio.place import Place

_MOST_BYTES: Final = 4096


class RunningError(SfumatoError):
    """A server is there already. url: where it answers, '' where that is not known yet."""

    def __init__(self, place: Place, url: str) -> None:
        super().__init__(
            f"{place.path}: a studio is running there already{f', at {url}' if url else ''}; end it, or choose another "
            "directory with --data"
        )
        self.url = url


class Held:
    """The directory, while it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def answers_at(self, url: str) -> None:
        """Have others learn where the server answers."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"url": url, "pid": os.getpid()}).encode(), 0)


@contextlib.contextmanager
def held(place: Place) -> Iterator[Held]:
    """The directory, for one server, made if it is missing.

    Raises RunningError where another has it, and SfumatoError where it cannot be written.
    """
    path = _file(place)
    try:
        place.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise SfumatoError(
            f"{place.path}: cannot be written ({disk_fault(error)}); choose another directory with --data"
        ) from error
    try:
        try:
            lock_descriptor(descriptor)
        except OSError as error:
            raise RunningError(place, _url(path)) from error
        yield Held(descriptor)
    finally:
        os.close(descriptor)


def _url(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError), path.open("rb") as file:
        return str(json.loads(file.read(_MOST_BYTES))["url"])
    return ""


def _file(place: Place) -> Path:
    return place.path / "running.json"
