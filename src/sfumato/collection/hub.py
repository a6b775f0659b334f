"""Data sets on the Hugging Face Hub, fetched by its own client, and written out as a folder of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sfumato.collection.events import Fetched, FetchEvent, Noted
from sfumato.collection.fetched_folder import check_place, read_origin
from sfumato.collection.hub_columns import choose_columns
from sfumato.collection.hub_pictures import CachedFiles, write_pictures
from sfumato.collection.origin import Origin, Reference, stated_licence
from sfumato.errors import SfumatoError, hub_fault


def fetch_hub(reference: Reference, folder: Path, *, force: bool) -> Iterator[FetchEvent]:
    """Load a data set into the client's cache (HF_HOME), and write its pictures into `folder` as they are.

    Nothing is written again while the data set's revision is the same. Where the Hub cannot be reached, what was
    written serves, or else what is in the cache. A data set's own programs are never run. Raises SfumatoError.
    """
    try:
        import datasets
    except ImportError as error:
        raise SfumatoError(
            f"{reference}: the Hub's client for data sets is not installed; install it with: pip install 'sfumato[hub]'"
        ) from error
    plain = str(Reference("hf", reference.name, reference.subset))
    check_place(folder, plain, force=force)
    written = read_origin(folder)
    if written is not None and written.reference != plain:
        written = None
    now = _origin_now(reference, plain)
    if now is not None and written is not None and now.version == written.version != "":
        yield Fetched(folder, now)
        return
    if now is None and written is not None and written.version.startswith(reference.version):
        yield Noted(f"{plain}: the Hub cannot be reached; what was fetched before is used")
        yield Fetched(folder, written)
        return
    wanted = now.version if now is not None else reference.version
    try:
        loaded = datasets.load_dataset(
            f"hf://datasets/{reference.name}", reference.subset or None, revision=wanted or None
        )
    except Exception as error:  # every builder has errors of its own
        raise SfumatoError(f"{reference}: {_reason(error, reference)}") from error
    commit = _loaded_commit(loaded)
    # Without a connection the client takes the newest that it has, whatever it was asked for.
    if not commit.startswith(wanted) and (commit or now is None):
        raise SfumatoError(
            f"{reference}: the Hub cannot be reached, and the cache holds revision {commit[:12] or 'unknown'}, "
            f"not {wanted[:12]}; try again with a connection."
        )
    origin = now or Origin(plain, commit, _cached_licence(reference.name, commit))
    yield from _written(loaded, folder, origin, CachedFiles.of(reference.name, commit or origin.version))


def _written(loaded: Any, folder: Path, origin: Origin, cached: CachedFiles) -> Iterator[FetchEvent]:
    first = next(iter(loaded.values()))
    rows = sum(len(part) for part in loaded.values())
    columns = choose_columns(first.features, lambda name: len(first.unique(name)), len(first))
    if columns is None:
        found = ", ".join(f"'{name}'" for name in first.features)
        raise SfumatoError(f"{origin.reference}: has no column with pictures ({found}); give a data set of pictures.")
    yield Noted(f"{origin.reference}: {columns.describe()}")
    yield from write_pictures(loaded, rows, columns, folder, origin, cached)
    yield Fetched(folder, origin)


def _origin_now(reference: Reference, plain: str) -> Origin | None:
    """The data set's current commit on the Hub, and the licence that its card states; None if it cannot be asked."""
    from huggingface_hub import HfApi, errors

    try:
        # Not all that it could say: the list of a large repository's files takes long.
        about = HfApi().dataset_info(
            reference.name, revision=reference.version or None, timeout=20, expand=["cardData", "sha"]
        )
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError) as error:
        raise SfumatoError(f"{reference}: {_reason(error, reference)}") from error
    except Exception:  # noqa: BLE001 (what it is shows when the data set is loaded; from the cache it may still be)
        return None
    return Origin(plain, about.sha or "", stated_licence(about.card_data.get("license") if about.card_data else None))


def _cached_licence(name: str, commit: str) -> str | None:
    """The licence stated by the card in the client's cache; None where there is no card."""
    from huggingface_hub import DatasetCard, errors, hf_hub_download

    try:
        path = hf_hub_download(name, "README.md", repo_type="dataset", revision=commit or None, local_files_only=True)
        return stated_licence(DatasetCard.load(path, ignore_metadata_errors=True).data.get("license"))
    except (errors.EntryNotFoundError, OSError, ValueError):
        return None


def _loaded_commit(loaded: Any) -> str:
    """The commit that was loaded: the client names the directory of its cache after it."""
    for part in loaded.values():
        for file in part.cache_files:
            name = Path(file["filename"]).parent.name
            if re.fullmatch(r"[0-9a-f]{40}", name):
                return name
    return ""


def _reason(error: Exception, reference: Reference) -> str:
    """Why the client failed and what to do, in a sentence."""
    from huggingface_hub import constants

    page = f"{constants.ENDPOINT}/datasets/{reference.name}"
    fault = hub_fault(error)
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    # The client drops the cause of some errors, and only their text is left.
    if fault == "gated" or "is a gated dataset" in said:
        return f"its owner must first grant access; ask for it on {page}, and log in with: hf auth login"
    if fault == "no such revision":
        return f"the data set has no revision '{reference.version}'; look at {page}."
    if fault == "no such repository":
        return f"the Hub has no such data set, or a private one; look at {page}, and log in with: hf auth login"
    if fault == "unreachable":
        return "the Hub cannot be reached, and the data set is not in the cache; try again with a connection."
    if "scripts are no longer supported" in said:
        return "it comes as a program, and programs of data sets are not run; look for the same data set as Parquet."
    subsets = re.search(r"available configs: \[(.*?)\]", said) or re.search(r"Available: \[(.*?)\]", said)
    if subsets:
        first = subsets[1].partition(",")[0].strip("'\" ")
        return f"it has subsets ({subsets[1]}); name one of them, as in hf:{reference.name}/{first}"
    return f"the Hub's client cannot load it ({said[:300]}); look at {page}."
