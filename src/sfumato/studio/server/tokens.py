"""Who asks: the owner's token and those of programs, the cookie of a browser, and keys that open the page once."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from sfumato.disk import disk_fault, read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.studio.place import Place

OWNER: Final = "owner"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_MOST_BYTES: Final = 1 << 20
_LOG: Final = logging.getLogger("sfumato.studio")
_MOST_KEYS: Final = 20  # that open the page and were not used yet


class Tokens:
    """Secrets by the names of their clients. Whoever has the owner's may do everything; a program's opens the APIs for
    programs and the jobs that it asked for itself."""

    def __init__(self, named: Mapping[str, str], file: Path | None = None) -> None:
        """file: where they stand; when it changes, they are read again."""
        self._named, self._file = dict(named), file
        self._state = _state(file)
        self._keys: list[str] = []
        self._lock = threading.Lock()

    @classmethod
    def open(cls, place: Place) -> Self:
        """Those of the studio's directory; the owner's is made with the first opening.

        Raises SfumatoError where the file cannot be read or written, holds no tokens, or can be read by others.
        """
        named = _read(tokens_file(place))
        if OWNER not in named:
            named[OWNER] = secrets.token_urlsafe(32)
            _write(tokens_file(place), named)
        return cls(named, tokens_file(place))

    @property
    def owner(self) -> str:
        return self._named[OWNER]

    @property
    def programs(self) -> list[str]:
        """The names of all that have one beside the owner."""
        return sorted(self._named.keys() - {OWNER})

    @property
    def cookie(self) -> str:
        """What the owner's browser keeps: made from the token, so that it outlives the server and does not tell it."""
        return hmac.new(self.owner.encode(), b"the studio's cookie", hashlib.sha256).hexdigest()

    def client(self, token: str) -> str | None:
        """Whose token this is; None for a wrong one. It takes as long for each."""
        asked = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        self._read_again()
        found = None
        for name, known in self._named.items():
            if hmac.compare_digest(hashlib.sha256(known.encode()).digest(), asked):
                found = name
        return found

    def is_cookie(self, value: str) -> bool:
        self._read_again()
        return hmac.compare_digest(value.encode("utf-8", "surrogatepass"), self.cookie.encode())

    def new_key(self) -> str:
        """A key that opens the page once."""
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._keys = [*self._keys[1 - _MOST_KEYS :], key]
        return key

    def use_key(self, key: str) -> bool:
        """Whether a key opens the page; it does so no more."""
        asked = key.encode("utf-8", "surrogatepass")
        with self._lock:
            left = [known for known in self._keys if not hmac.compare_digest(known.encode(), asked)]
            opens = len(left) < len(self._keys)
            self._keys = left
        return opens

    def _read_again(self) -> None:
        """What another process wrote: a new token counts, and one that is gone does no more."""
        if self._file is None or (state := _state(self._file)) == self._state:
            return
        self._state = state
        try:
            named = _read(self._file)
        except SfumatoError as error:  # half edited: nobody comes in by it, and nobody is locked out
            _LOG.warning("%s", error)
            return
        if OWNER in named:
            self._named = named


def tokens_file(place: Place) -> Path:
    return place.path / "tokens.json"


def check_program(name: str) -> None:
    """Raises SfumatoError for what no program can be called."""
    if not _NAME.fullmatch(name) or name == OWNER:
        raise SfumatoError(
            f"--new-token {name}: give the program's name, of small letters, digits, '-', '_' and '.', such as "
            f"open-webui; '{OWNER}' is taken"
        )


def new_token(place: Place, name: str) -> str:
    """A token for a program, kept under its name; one that it had before counts no more. Raises SfumatoError."""
    check_program(name)
    Tokens.open(place)
    named = _read(tokens_file(place))
    named[name] = secrets.token_urlsafe(32)
    _write(tokens_file(place), named)
    return named[name]


def _state(file: Path | None) -> tuple[int, int] | None:
    """Another for each content of a file; None where there is none."""
    try:
        found = file.stat() if file is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino)


def _read(path: Path) -> dict[str, str]:
    try:
        said = read_json(path, _MOST_BYTES)
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path}: cannot be read ({error}); move it away, and new tokens are made") from error
    if not isinstance(said, dict) or not all(isinstance(token, str) and len(token) >= 32 for token in said.values()):
        raise SfumatoError(f"{path}: holds no tokens; move it away, and new ones are made")
    if os.name != "nt" and mode & 0o077:
        raise SfumatoError(f"{path}: others on this machine can read it; 'chmod 600 {path}', or move it away")
    return said


def _write(path: Path, named: Mapping[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = os.umask(0o077)
        try:
            replace_file(path, json.dumps(named, indent=2).encode())
        finally:
            os.umask(before)
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be written ({disk_fault(error)})") from error
