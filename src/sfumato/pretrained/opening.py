"""From the name that a person types to a pipeline of diffusers, with what is known of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sfumato.collection.origin import stated_licence
from sfumato.disk import local_path, read_named_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.base_card import CARD, card_of_metadata, read_base_card
from sfumato.pretrained.checkpoint import ENDING, Layout, check_no_pickle, kind_of, layout_of
from sfumato.pretrained.digests import digest_of_all, digests_of
from sfumato.pretrained.extra import require
from sfumato.pretrained.hub import Repository, fetched, is_hub_id, partly_cached, repository
from sfumato.pretrained.loading import Parts
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import INDEX, MOST_INDEX_BYTES, PICKLES, files_of, index_of
from sfumato.pretrained.prediction import prediction_of
from sfumato.pretrained.single_file import SingleFile, configuration_of
from sfumato.pretrained.turns import Reload
from sfumato.text import shortened, stored_path
from sfumato.weights import opened_tensors

CONFIG: Final = "config.json"  # of sfumato's own models, which have no model_index.json
Planned = Callable[[Path, str, bool], MemoryPlan]
"""(a folder with the configurations of a pipeline's parts, what messages call it, whether its parts can be read once
more) -> how it is read."""


@dataclass(frozen=True, eq=False)
class OpenedPipeline:
    """pipeline: of diffusers, on the CPU, its weights frozen; place: what it was opened by, a path or 'owner/name';
    revision: the commit on the Hub, '' for what lies here; path: the folder or file that it was loaded from; files:
    SHA-256 of each file that it was loaded from, by its path in the folder; licence: as its card or its file states it,
    '' where that says nothing; card: the text of its README, or what a file's metadata say, or ''; notes: what was
    found or assumed, a clause each that names no place on the disk; plan: how it was read; reload: reads a part once
    more, None where that cannot be done."""

    pipeline: Any
    place: str
    revision: str
    path: Path
    files: dict[str, str]
    licence: str = ""
    card: str = ""
    notes: tuple[str, ...] = ()
    plan: MemoryPlan = field(default_factory=MemoryPlan.of_all)
    reload: Reload | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the whole: of its one file, or of the list of its files with their digests."""
        return digest_of_all(self.files)


def is_pipeline(name: str | Path, revision: str | None = None) -> bool:
    """Whether a name stands for a pipeline of diffusers or a checkpoint in one file, and not for one of sfumato's own
    models. The Hub is asked where the name is that of a repository, 'owner/name', and no path."""
    path = local_path(name)
    if path.is_dir():
        return (path / INDEX).is_file()
    if path.suffix.lower() in (ENDING, *PICKLES):
        return True
    if path.exists() or not is_hub_id(str(name)):
        return False
    try:
        files = repository(str(name), revision).files
    except SfumatoError:  # said where it is opened as whatever else it may be
        return False
    return INDEX in files or (CONFIG not in files and bool(_checkpoints(files)))


def open_pipeline(
    name: str | Path,
    revision: str | None = None,
    *,
    planned: Planned | None = None,
    configuration: Path | None = None,
) -> OpenedPipeline:
    """Load a pipeline from a folder that diffusers wrote, from the Hub, or from a checkpoint in one safetensors file.

    name: a path, or 'owner/name' on the Hub; revision: there, a commit, branch or tag; planned: how it is read, by
    default all of it in float32; where its parts go then is not seen to here (`placing.place`). configuration: for a
    single file, the folder with the configurations of its parts, by default those of its kind as it was published.
    Raises SfumatoError where there is no such model, where it is of no known kind, a pickle or not whole, and where
    diffusers is not installed.
    """
    path, said = local_path(name), shortened(str(name))
    if path.suffix.lower() in PICKLES and not path.is_dir():
        check_no_pickle(path)
    require(said)
    planned = planned or (lambda folder, name, can_wait: MemoryPlan.of_all())
    if path.is_dir():
        return _from_folder(path, said, planned)
    if path.suffix.lower() == ENDING and path.exists():
        return _from_file(path, planned, configuration)
    if path.exists() or not is_hub_id(str(name)):
        raise SfumatoError(
            f"{said}: no such folder or {ENDING} file; give a diffusers model, or one on the Hub (owner/name)"
        )
    return _from_hub(str(name), revision, planned)


def _from_hub(name: str, revision: str | None, planned: Planned) -> OpenedPipeline:
    found = repository(name, revision)
    if INDEX not in found.files:
        raise _no_pipeline(found)
    folder = fetched(found, [INDEX])
    index = index_of(read_named_file(folder / INDEX, MOST_INDEX_BYTES), name)
    try:
        chosen, _ = files_of(index, found.files, name)
    except SfumatoError as error:
        raise (error if found.folder is None else partly_cached(name)) from error
    folder = fetched(found, [*chosen, CARD])
    return _from_folder(folder, name, planned, folder.name)  # the client calls it by the commit


def _no_pipeline(found: Repository) -> SfumatoError:
    checkpoints = _checkpoints(found.files)
    if not checkpoints:
        return SfumatoError(f"{found.name}: holds no {INDEX}, so it is no diffusers model; give another")
    several = f" or another of its {len(checkpoints)}" if len(checkpoints) > 1 else ""
    return SfumatoError(
        f"{found.name}: is no diffusers model, but holds checkpoints; fetch one with 'hf download {found.name} "
        f"{checkpoints[0]}'{several}, and give its path"
    )


def _checkpoints(files: Iterable[str]) -> list[str]:
    return sorted(name for name in files if name.lower().endswith(ENDING) and "/" not in name)


def _from_folder(folder: Path, place: str, planned: Planned, revision: str = "") -> OpenedPipeline:
    if not (folder / INDEX).is_file():
        raise SfumatoError(f"{place}: holds no {INDEX}, so it is no diffusers model; give the folder of one")
    index = index_of(read_named_file(folder / INDEX, MOST_INDEX_BYTES), place)
    chosen, variant = files_of(index, _names_in(folder, place), place)
    for name in chosen:
        if name.endswith(ENDING):
            check_no_pickle(folder / name)
    plan = planned(folder, place, True)
    parts = Parts(folder, index, variant, plan, place)
    pipeline = parts.pipeline()
    files = digests_of({name: folder / name for name in chosen})
    card = read_base_card(folder)
    return OpenedPipeline(
        pipeline,
        stored_path(Path(place)),
        revision,
        folder,
        files,
        card.licence,
        card.text,
        plan=plan,
        reload=parts.again,
    )


def _from_file(path: Path, planned: Planned, configuration: Path | None) -> OpenedPipeline:
    layout = layout_of(path)
    kind = kind_of(layout, path)
    prediction = prediction_of(layout, kind, lambda name: _spread(path, name, layout))
    configuration = configuration or configuration_of(kind)
    plan = planned(configuration, path.stem, True)
    file = SingleFile(path, layout, kind, prediction, plan, configuration)
    pipeline = file.pipeline()
    return OpenedPipeline(
        pipeline,
        stored_path(path),
        "",
        path,
        digests_of({path.name: path}),
        stated_licence(layout.metadata.get("modelspec.license")),
        card_of_metadata(layout.metadata),
        (prediction.said,),
        plan,
        file.again,
    )


def _spread(path: Path, name: str, layout: Layout) -> float | None:
    """The standard deviation of a tensor in a file, None where it is not there."""
    if name not in layout.shapes:
        return None
    with opened_tensors(path) as file:
        return float(file.get_tensor(name).float().std(correction=0))


def _names_in(folder: Path, place: str) -> list[str]:
    """Of the files in a folder and in those within it, with '/'. Raises SfumatoError where they cannot be listed."""
    try:
        return [
            path.relative_to(folder).as_posix()
            for pattern in ("*", "*/*")
            for path in folder.glob(pattern)
            if path.is_file()
        ]
    except OSError as error:
        raise SfumatoError(f"{place}: cannot be read ({error.strerror or error})") from error
