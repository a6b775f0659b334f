"""What a run's model learns from: its own pictures, and all that the models knew which it comes from."""

from __future__ import annotations

from collections.abc import Callable

from sfumato.collection.holdings import Holdings
from sfumato.dataset import Dataset
from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.likeness import Likeness
from sfumato.likeness.learned import learned_from
from sfumato.models import Model
from sfumato.models.place import LIKENESS
from sfumato.models.record import MOST_RECORD_BYTES
from sfumato.text import restored_path
from sfumato.training.run import HOLDINGS, Run


def run_likeness(run: Run, dataset: Dataset, seconds_left: Callable[[], float] | None = None) -> Likeness:
    """The index that the run keeps, made by its first session. Call it while at work.

    seconds_left: where a time is to be kept.
    """
    path = run.path / LIKENESS
    try:
        if path.is_file():
            return Likeness.read(path, run.record.dataset_digest)
    except SfumatoError:
        pass  # damaged, as after a power failure: it is made again
    likeness = learned_from(dataset, seconds_left).joined(_ancestors(run))
    likeness.write(run.directory.claim(LIKENESS), run.record.dataset_digest)
    return likeness


def run_holdings(run: Run) -> tuple[Holdings, ...]:
    """What the collections hold that the run's model learns from, its own first; () where that is not known.

    Raises SfumatoError where the file is damaged.
    """
    path = run.path / HOLDINGS
    try:
        return tuple(Holdings.from_json(line) for line in read_file(path, MOST_RECORD_BYTES).splitlines())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path}: is damaged ({error}); put it back as it was, or begin a new run") from error


def _ancestors(run: Run) -> list[Likeness | None]:
    """What the models know that the run begins with and learns from; None for one of which that is not known."""
    found: list[Likeness | None] = []
    if run.record.weights_from:
        found.append(_known(lambda: Model.from_pretrained(restored_path(run.record.weights_from), device="cpu")))
    if run.record.settings.objective.teacher != "none":
        found.append(_known(lambda: Model.from_pretrained(run.path / "teacher", device="cpu")))
    return found


def _known(load: Callable[[], Model]) -> Likeness | None:
    try:
        return load().likeness
    except SfumatoError:  # moved away since
        return None
