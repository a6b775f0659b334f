"""Where a person's own signing key lies: made when it is first needed, read by its owner alone, never sent anywhere."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from sfumato.disk import disk_fault, flush_directory, flush_file, open_descriptor, personal_directory
from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import SigningKey, make_signing_key, parse_signing_key

VARIABLE: Final = "SFUMATO_KEYS"
NAME: Final = "signing.pem"
_EARLIER: Final = "earlier-*.pem"
_MOST_BYTES: Final = 1 << 20

# By the path of a key's file: what its file was like, and the key.
_read: dict[Path, tuple[tuple[int, ...], SigningKey]] = {}


def keys_directory() -> Path:
    """Where keys lie: in SFUMATO_KEYS, or in sfumato/keys of XDG_DATA_HOME, which is ~/.local/share if not set.

    Raises SfumatoError where there is no home, and for what is no path.
    """
    return personal_directory(VARIABLE, "XDG_DATA_HOME", ".local/share", "sfumato/keys", "a signing key")


def own_key() -> SigningKey:
    """The key by which works are signed here; made if there is none yet.

    Two processes that make it at once use the same one in the end. Raises SfumatoError where it cannot be kept or read,
    where others may read it, for what is no key, and for one that is not usable today (`usable`).
    """
    path = keys_directory() / NAME
    try:
        return usable(read_key(path), path)
    except FileNotFoundError:
        pass
    _keep(path, make_signing_key().to_pem())
    return usable(read_key(path), path)


def usable(key: SigningKey, origin: object, now: datetime | None = None) -> SigningKey:
    """A key with which works can be signed at a time (now). Raises SfumatoError for one with which they cannot."""
    certificate, fault = key.certificate, key.fault(now)
    if fault == "expired":
        raise SfumatoError(
            f"{origin}: the certificate of {key.name!r} ran out on {certificate.not_valid_after_utc:%Y-%m-%d}, so "
            "nothing more can be signed with it; import another ('sfumato key import'), or rename the file to "
            "earlier-1.pem, and a new key is made"
        )
    if fault == "not yet valid":
        raise SfumatoError(
            f"{origin}: the certificate of {key.name!r} begins on {certificate.not_valid_before_utc:%Y-%m-%d}, which "
            "is to come; is the clock of this computer right?"
        )
    if fault is not None:
        raise SfumatoError(
            f"{origin}: the certificate of {key.name!r} is not for signing; it needs the key usage 'digital signature' "
            "and one of the purposes e-mail protection, document signing and C2PA claim signing"
        )
    if not key.authorities:  # its works would be a stranger's to everybody, its owner included
        raise SfumatoError(
            f"{origin}: holds the certificate of {key.name!r} alone; put that of its issuer, {key.issuer!r}, after it"
        )
    return key


def read_key(path: Path) -> SigningKey:
    """A key from its file.

    Raises FileNotFoundError, and SfumatoError for what cannot be read, what others may read, and what is no key.
    """
    try:
        descriptor = open_descriptor(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SfumatoError(
            f"{path}: the signing key cannot be read ({error.strerror}); name another place in {VARIABLE}"
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        _check_rights(path, state)
        like = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        known = _read.get(path)
        if known is None or known[0] != like:
            known = like, parse_signing_key(file.read(_MOST_BYTES), path)
            _read[path] = known
    return known[1]


def _check_rights(path: Path, state: os.stat_result) -> None:
    """Raises SfumatoError where somebody else could sign in the owner's name."""
    if os.name == "nt":  # rights are kept otherwise there, and a person's own directories are their own
        return
    if state.st_uid != os.geteuid() and os.geteuid() != 0:
        raise SfumatoError(f"{path}: the signing key belongs to another user; name a place of your own in {VARIABLE}")
    if state.st_mode & 0o077:
        raise SfumatoError(
            f"{path}: others may read or change the signing key (mode {state.st_mode & 0o777:o}); "
            f"make it your own with 'chmod 600 {path}'"
        )


def own_keys() -> Iterator[SigningKey]:
    """The key of this place, where there is one, and those it had earlier. None is made.

    Raises SfumatoError for one that cannot be read, that others may read, and for what is no key.
    """
    directory = keys_directory()
    for path in (directory / NAME, *sorted(directory.glob(_EARLIER))):
        with contextlib.suppress(FileNotFoundError):
            yield read_key(path)


def importable_key(text: bytes, origin: object) -> SigningKey:
    """A key of one's own, as another program made it.

    text: a private key and its certificates in PEM; origin: where it is from, for errors. Raises SfumatoError for what
    is no key, is not usable today, or comes without who vouches for it.
    """
    return usable(parse_signing_key(text, origin), origin)


def import_key(key: SigningKey) -> Path:
    """Sign with a key from now on; the one before it stays, and still counts as one's own.

    Returns where it lies now. Raises SfumatoError where it cannot be kept.
    """
    path = keys_directory() / NAME
    try:
        before = read_key(path)
    except FileNotFoundError:
        _keep(path, key.to_pem())
        return path
    if before.fingerprint != key.fingerprint:
        _keep(path.with_name(_EARLIER.replace("*", before.fingerprint[:16])), before.to_pem())
        _keep(path, key.to_pem(), replace=True)
    return path


def _keep(path: Path, text: bytes, *, replace: bool = False) -> None:
    """Write a file that its owner alone may read, whole, in a directory of the same kind; one that is there already
    stays, unless it is to be replaced."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_directory(path.parent)
        temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
                flush_file(file)
            _name(temporary, path, replace=replace)
        finally:
            temporary.unlink(missing_ok=True)
        flush_directory(path.parent)
    except OSError as error:
        raise SfumatoError(
            f"{path}: the key by which works are signed cannot be kept there ({disk_fault(error)}); "
            f"name another place in {VARIABLE}"
        ) from error


def _check_directory(directory: Path) -> None:
    state = directory.stat()
    if os.name != "nt" and state.st_mode & 0o022:
        raise SfumatoError(
            f"{directory}: others may change what lies there (mode {state.st_mode & 0o777:o}), and a signing key "
            f"is to; make it your own with 'chmod 700 {directory}', or name another place in {VARIABLE}"
        )


def _name(temporary: Path, path: Path, *, replace: bool) -> None:
    if replace:
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)  # unlike a rename, a link never takes the place of another process's key
    except FileExistsError:
        if path.exists():
            return
        raise OSError(errno.ENOENT, "a link there leads nowhere") from None
    except OSError as error:  # no hard links here, as on many USB sticks
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            raise
        if not path.exists():
            temporary.replace(path)
