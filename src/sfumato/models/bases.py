"""Where the base of an adapted model is: at its recorded place, near the adapter, or where a person says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sfumato.errors import SfumatoError
from sfumato.models.adapted import BaseReference
from sfumato.models.nearby import find_weights, unpacked
from sfumato.models.place import digest_in, opened_model

ABOVE = 2  # directories above the adapter, from which the base is searched for


@contextmanager
def opened_base(
    reference: BaseReference, directory: Path, given: str | Path | None = None, beside: Sequence[Path] = ()
) -> Iterator[Path]:
    """The directory of an adapted model's base, as long as the block lasts.

    directory: the adapted model's; given: where a person says that the base is; beside: other directories near which it
    is searched for by its weights, last the one in which the program runs. Raises SfumatoError where it is not found,
    and where another model lies in the place that was given.
    """
    if given is not None:
        with opened_model(given) as found:
            if (digest := digest_in(found)) != reference.digest:
                raise SfumatoError(
                    f"{given}: is not the base of the adapted model (weights {digest[:10]}, and it was adapted from "
                    f"'{reference.name}', weights {reference.digest[:10]}); give that one with --base"
                )
            yield found
        return
    reason = ""
    if reference.place:
        recorded = reference.path_from(directory) if reference.is_local else reference.place
        try:
            with opened_model(recorded, reference.revision or None) as found:
                if digest_in(found) == reference.digest:
                    yield found
                    return
            reason = f"{recorded} holds another model"
        except SfumatoError:
            reason = f"there is no model at {recorded}"
    near = [place for begin in (directory, *beside) for place in (begin, *begin.resolve().parents[:ABOVE])]
    found_near = find_weights(reference.digest, [*near, Path.cwd()])
    if found_near is None:
        raise SfumatoError(
            f"{directory}: is an adapter of '{reference.name}' (weights {reference.digest[:10]}), and this base is not "
            f"there: {reason or 'its place is not recorded'}, nor is it near; say where it is with --base"
        )
    with unpacked(found_near) as found:
        yield found
