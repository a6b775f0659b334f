"""Where the base of an adapted model is: at its recorded place, near the adapter, or where a person says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.models.adapted import BaseReference
from sfumato.models.configuration import ModelConfig
from sfumato.models.nearby import find_weights, unpacked
from sfumato.models.place import ADAPTER, WEIGHTS, digest_in, opened_model
from sfumato.text import stored_path
from sfumato.weights import digest

REMEDY: Final = "say where it is with --base"
ABOVE: Final = 2  # directories above the adapter, from which the base is searched for too


@dataclass(frozen=True)
class FoundBase:
    """directory: where its files lie for now; path: where it lies on this disk, a directory or a zip, None of one from
    the Hub."""

    directory: Path
    path: Path | None


def reference_to(name: str | Path, config: ModelConfig, weights_digest: str) -> BaseReference:
    """How an adapter names the model of ours that is opened by that name. config, weights_digest: the model's. Raises
    SfumatoError where it is not there."""
    path = _on_disk(name)
    with opened_model(name) as directory:
        files = [directory / file for file in (WEIGHTS, ADAPTER) if (directory / file).is_file()]
        return BaseReference(
            name=config.name,
            digest=weights_digest,
            files={file.name: digest(file) for file in files},
            place=str(name) if path is None else stored_path(path.resolve()),
            revision=directory.name if path is None else "",  # of the Hub's snapshot
        )


@contextmanager
def opened_base(
    reference: BaseReference,
    directory: Path,
    given: str | Path | None = None,
    beside: Sequence[Path] = (),
    remedy: str = REMEDY,
) -> Iterator[FoundBase]:
    """An adapted model's base, as long as the block lasts.

    directory: the adapted model's; given: where a person says that the base is, and then it is looked for nowhere else;
    beside: further directories below which it is searched for by its weights, besides the adapter's own surroundings
    and the directory in which the program runs; remedy: what a person can do where it is not found, or where another
    model lies in the place that was given, of which the SfumatoError speaks that is raised then.
    """
    with ExitStack() as stack:
        if given is None:
            yield _found(reference, directory, beside, remedy, stack)
            return
        found = stack.enter_context(opened_model(given))
        if (its := digest_in(found)) != reference.digest:
            raise SfumatoError(
                f"{given}: is not the base that was adapted: its weights are {its[:10]}, and those of "
                f"'{reference.name}' are {reference.digest[:10]}; {remedy}"
            )
        yield FoundBase(found, _on_disk(given))


def _found(
    reference: BaseReference, directory: Path, beside: Sequence[Path], remedy: str, stack: ExitStack
) -> FoundBase:
    reason = "its place is not recorded"
    if reference.place:
        recorded = reference.path_from(directory) if reference.is_local else reference.place
        try:
            with ExitStack() as opened:
                found = opened.enter_context(opened_model(recorded, reference.revision or None))
                if digest_in(found) == reference.digest:
                    stack.push(opened.pop_all())
                    return FoundBase(found, _on_disk(recorded))
            reason = f"another model lies at its place ({reference.place})"
        except SfumatoError:
            reason = f"there is no model at its place ({reference.place})"
    near = find_weights(reference.digest, [directory, *directory.resolve().parents[:ABOVE], *beside, Path.cwd()])
    if near is None:
        raise SfumatoError(
            f"{directory}: was adapted from '{reference.name}' (weights {reference.digest[:10]}), and is no model "
            f"without it: {reason}, and none with these weights lies near; {remedy}"
        )
    return FoundBase(stack.enter_context(unpacked(near)), near if isinstance(near, Path) else near.path)


def _on_disk(name: str | Path) -> Path | None:
    path = local_path(name)
    return path if path.exists() else None
