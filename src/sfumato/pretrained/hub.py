"""Models on the Hugging Face Hub: which files a repository has, and those alone that a pipeline is loaded from, fetched
by the Hub's own client into its cache.

The client takes a token from the environment (HF_TOKEN) or from where it keeps that of a login; sfumato sees neither.
With HF_HUB_OFFLINE, and where the Hub cannot be reached, what is in the cache serves.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import SfumatoError, hub_fault, hub_reason
from sfumato.pretrained.model_index import INDEX

_SECONDS = 20.0  # that the Hub has to say what a repository holds
_HUB_ID = re.compile(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*", re.ASCII)


def is_hub_id(name: str) -> bool:
    """Whether a name has the form of a repository's on the Hub, 'owner/name'."""
    return _HUB_ID.fullmatch(name) is not None


@dataclass(frozen=True)
class Repository:
    """name: 'owner/name'; revision: the commit, a branch or a tag as it was asked for, None for the newest; files: the
    names of all its files, with '/'; folder: in the cache, where the Hub was not asked."""

    name: str
    revision: str | None
    files: tuple[str, ...]
    folder: Path | None = None


def repository(name: str, revision: str | None = None) -> Repository:
    """What the Hub has under a name, or the cache where the Hub cannot be reached.

    name: 'owner/name'. Raises SfumatoError where it has no such repository or revision, and where neither answers.
    """
    from huggingface_hub import HfApi

    try:
        about = HfApi().model_info(name, revision=revision, timeout=_SECONDS)
    except Exception as error:  # which ones the client raises differs between its versions
        if hub_fault(error) == "unreachable":
            return _in_cache(name, revision)
        raise _refused(name, revision, error) from error
    return Repository(name, revision, tuple(file.rfilename for file in about.siblings or ()))


def fetched(found: Repository, files: Iterable[str]) -> Path:
    """The folder in the client's cache that holds these files of a repository. Its name is their commit.

    What is there already is not fetched again. Raises SfumatoError where its owner has to grant access first, and where
    it cannot be fetched.
    """
    from huggingface_hub import snapshot_download

    if found.folder is not None:
        return found.folder
    wanted = [glob.escape(name) for name in files]
    try:
        return Path(snapshot_download(found.name, revision=found.revision, allow_patterns=wanted))
    except Exception as error:  # which ones the client raises differs between its versions
        raise _refused(found.name, found.revision, error) from error


def partly_cached(name: str) -> SfumatoError:
    """The error to raise where the Hub cannot be reached, and its client's cache lacks something."""
    return SfumatoError(
        f"{name}: the Hub cannot be reached, and only a part of the model is in its client's cache; try again with a "
        "connection and without HF_HUB_OFFLINE"
    )


def _in_cache(name: str, revision: str | None) -> Repository:
    from huggingface_hub import snapshot_download

    try:
        # Asked for all its files, the client misses those that were never wanted.
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=[INDEX], local_files_only=True))
    except Exception as error:
        raise SfumatoError(
            f"{name}: no such folder here, the Hub cannot be reached, and the model is not in its client's cache; "
            "try again with a connection and without HF_HUB_OFFLINE"
        ) from error
    names = tuple(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return Repository(name, revision, names, folder)


def _refused(name: str, revision: str | None, error: Exception) -> SfumatoError:
    from huggingface_hub import constants

    page = f"{constants.ENDPOINT}/{name}"
    match hub_fault(error):
        case "gated":
            said = f"its owner must first grant access; ask for it on {page}, and log in with: hf auth login"
        case "no such revision":
            said = f"it has no revision '{revision}'; look at {page}"
        case "no such repository":
            said = (
                "no such folder here, and the Hub has no such model, or a private one; check the name, or log in "
                "with: hf auth login"
            )
        case "unreachable":
            said = "the Hub cannot be reached any more; try again with a connection"
        case _:
            said = f"it cannot be had from the Hub: {hub_reason(error)}; look at {page}"
    return SfumatoError(f"{name}: {said}")
