"""Data sets on Kaggle, fetched by Kaggle's own client, which keeps them in its cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sfumato.collection.events import Fetched, FetchEvent, Noted
from sfumato.collection.origin import Origin, Reference, stated_licence
from sfumato.errors import SfumatoError


def fetch_kaggle(reference: Reference) -> Iterator[FetchEvent]:
    """Download a data set, once, into the client's cache (KAGGLEHUB_CACHE); the folder there is the source.

    Where Kaggle cannot be reached, the newest version in the cache serves. Raises SfumatoError.
    """
    try:
        import kagglehub
    except ImportError as error:
        raise SfumatoError(
            f"{reference}: Kaggle's client is not installed; install it with: pip install 'sfumato[kaggle]'"
        ) from error
    handle = str(reference).removeprefix("kaggle:")
    try:
        folder = Path(kagglehub.dataset_download(handle))
    except Exception as error:  # the client has errors of its own, of requests, and of zip and tar files
        cached = _newest_cached(reference) if _is_unreachable(error) else None
        if cached is None:
            raise SfumatoError(f"{reference}: {_reason(error, reference)}") from error
        folder = cached
        yield Noted(f"{reference}: Kaggle cannot be reached; version {folder.name} from the cache is used")
    if not folder.is_dir():
        raise SfumatoError(f"{reference}: Kaggle's client gave {folder}, which is not a folder; give another data set.")
    # In its cache the client keeps versions apart; what a notebook on Kaggle mounts does not say which one it is.
    version = folder.name if folder.parent.name == "versions" else reference.version
    yield Fetched(folder, Origin(f"kaggle:{reference.name}", version, _licence(reference)))


def _newest_cached(reference: Reference) -> Path | None:
    """The newest whole version in the client's cache, if no particular one is asked for."""
    if reference.version:
        return None
    import kagglehub
    from kagglehub.config import get_cache_folder

    versions = Path(get_cache_folder(), "datasets", *reference.name.split("/"), "versions")
    numbers = sorted((int(path.name) for path in versions.glob("*") if path.name.isdecimal()), reverse=True)
    for number in numbers:
        try:
            # The client knows which of them are whole, and asks nobody about those.
            return Path(kagglehub.dataset_download(f"{reference.name}/versions/{number}"))
        except Exception as error:
            if not _is_unreachable(error):
                raise SfumatoError(f"{reference}: {_reason(error, reference)}") from error
    return None


def _licence(reference: Reference) -> str | None:
    """What the data set's page states; '' where it states none, None where it cannot be asked."""
    try:
        from kagglehub.clients import build_kaggle_client
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = reference.name.split("/")
        with build_kaggle_client() as client:
            return stated_licence(client.datasets.dataset_api_client.get_dataset(request).license_name)
    except Exception:  # noqa: BLE001 (the pictures are here already, and without a statement the licence is unknown)
        return None


def _is_unreachable(error: Exception) -> bool:
    import requests

    return isinstance(error, (requests.ConnectionError, requests.Timeout))


def _reason(error: Exception, reference: Reference) -> str:
    """Why the client failed and what to do, in a sentence."""
    response: Any = getattr(error, "response", None)
    status = response.status_code if response is not None else 0
    page = f"https://www.kaggle.com/datasets/{reference.name}"
    if _is_unreachable(error):
        return "Kaggle cannot be reached, and the data set is not in the cache; try again with a connection."
    if status == 404:
        return f"Kaggle has no such data set or version; look at {page}."
    if status in (401, 403):
        return (
            f"Kaggle shows no such data set to you; look at {page}, accept what it asks for, and log in "
            "(the token from https://www.kaggle.com/settings belongs into ~/.kaggle/access_token)."
        )
    if status == 429:
        return "Kaggle has had too many requests from here; try again later."
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return (
        f"Kaggle's client could not fetch it ({said[:300]}); try again, or download it from {page} and give the folder."
    )
