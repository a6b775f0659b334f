"""The C2PA library: loaded from its own package, kept from the network, and begun anew in a process that was forked."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sfumato.images.files import HEAD_BYTES, picture_format
from sfumato.provenance.certificates import PURPOSES, SigningKey

if TYPE_CHECKING:
    from c2pa import Context, Signer

_MEDIA_TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
}
_FILE_NAMES: Final = {"win32": "c2pa_c.dll", "darwin": "libc2pa_c.dylib"}
_NAMED_BY: Final = "C2PA_LIBRARY_NAME"

_lock = threading.Lock()
_loading = threading.Lock()
_contexts: dict[bytes, Context] = {}
_signers: dict[str, Signer] = {}


def _forget() -> None:
    """What a process has of the library is of no use to its children, a lock that another thread held least of all."""
    global _lock, _loading
    _lock, _loading = threading.Lock(), threading.Lock()
    _contexts.clear()
    _signers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def media_type(data: bytes) -> str | None:
    """The media type of a picture or a video that can carry credentials, by its first bytes; None for all others."""
    found = _MEDIA_TYPES.get(picture_format(data[:HEAD_BYTES]) or "")
    return "video/mp4" if found is None and data[4:8] == b"ftyp" else found


def c2pa() -> Any:
    """The library. It takes 70 ms to load, so that only signing and reading load it."""
    with _loading:  # or a second thread would find it there, in part
        return sys.modules.get("c2pa") or _loaded()


def _loaded() -> Any:
    # It looks for its compiled part in the current directory first, where anybody may have put another.
    found = importlib.util.find_spec("c2pa")
    name = _FILE_NAMES.get(sys.platform, "libc2pa_c.so")
    inside = [Path(place) / "libs" / name for place in (found and found.submodule_search_locations) or ()]
    if _NAMED_BY in os.environ or not inside:
        return importlib.import_module("c2pa")
    os.environ[_NAMED_BY] = str(inside[0])
    try:
        return importlib.import_module("c2pa")
    finally:
        del os.environ[_NAMED_BY]


def context(trusted: bytes) -> Context:
    """Settings for signing and reading: no network, no thumbnails, and whom to trust. trusted: certificates in PEM."""
    with _lock:
        if trusted not in _contexts:
            if len(_contexts) >= 8:  # nobody trusts so many in turn, but a server may live for long
                _contexts.clear()
            _contexts[trusted] = c2pa().Context.from_dict(_settings(trusted))
        return _contexts[trusted]


def _settings(trusted: bytes) -> dict[str, Any]:
    return {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
        "trust": {
            "trust_config": "".join(f"{purpose}\n" for purpose in PURPOSES),
            **({"user_anchors": trusted.decode("ascii")} if trusted else {}),
        },
    }


def signer(key: SigningKey) -> Signer:
    """What signs with a key; one may serve all threads."""
    with _lock:
        if key.fingerprint not in _signers:
            library = c2pa()
            info = library.C2paSignerInfo(key.algorithm.encode(), key.chain_pem, key.private_key, None)
            _signers[key.fingerprint] = library.Signer.from_info(info)
        return _signers[key.fingerprint]


def reason(error: Exception) -> str:
    """What an error of the library says, without the name of its kind."""
    text = str(error).strip().partition("\n")[0]
    kind, _, said = text.partition(": ")
    return (said if said and kind.isidentifier() else text) or type(error).__name__
