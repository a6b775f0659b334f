"""The cards of a model, a run or a collection, wherever it lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sfumato.cards.croissant import croissant
from sfumato.cards.hub import hub_card
from sfumato.cards.subject import Subject
from sfumato.cards.training_summary import training_summary
from sfumato.collection import Collection, is_collection
from sfumato.dataset import Dataset
from sfumato.disk import local_path, read_named_file
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.adapted import described_in
from sfumato.models.configuration import MOST_CONFIG_BYTES
from sfumato.models.place import CONFIG, RECORD, digest_in, opened_model
from sfumato.models.record import read_record
from sfumato.pretrained.opening import is_pipeline
from sfumato.text import restored_path
from sfumato.training import Run
from sfumato.training.run import is_run

FORMS: Final[Mapping[str, Callable[[Subject], str]]] = {
    "hub": hub_card,
    "croissant": croissant,
    "eu": training_summary,
}
_NO_REASON: Final = "not there any more"


def card(name: str | Path, form: str = "hub") -> str:
    """What is known of a model or a collection, in one of the forms that others have for it.

    name: of a model as `sfumato.models.Model.from_pretrained` takes it, a run's directory, or a collection's; form:
    'hub' for Markdown with the Hub's metadata, 'croissant' for JSON-LD, 'eu' for Markdown in the shape of the template
    of the AI Act. Raises SfumatoError where there is neither, and for another form.
    """
    if form not in FORMS:
        raise SfumatoError(f"a card's format is {', '.join(FORMS)}, not {form!r}; give one of these with --format")
    return FORMS[form](subject_of(name))


def subject_of(name: str | Path) -> Subject:
    """What a card of it is made from. Raises SfumatoError as `card` does."""
    path = local_path(name)
    if is_collection(path):
        return Subject.of_collection(Collection.open(path))
    if is_pipeline(name):
        model = Model.from_pretrained(name)
        return Subject.of_model(model.config, model.record, weights=model.weights_digest)
    with opened_model(name) as directory:
        config = described_in(read_named_file(directory / CONFIG, MOST_CONFIG_BYTES), directory / CONFIG)
        record = read_record(directory / RECORD, config) if (directory / RECORD).is_file() else None
        return Subject.of_model(config, record, weights=digest_in(directory), gone=_gone(directory))


def _gone(directory: Path) -> dict[str, int]:
    """`left_since` of a model in its run; none where there is no run."""
    place = directory.parent if directory.name == "model" else directory
    if not is_run(place):
        return {}
    try:
        return left_since(Run.open(place))
    except SfumatoError:
        return {}


def left_since(run: Run) -> dict[str, int]:
    """How many pictures that a run learns from have left their collection since, by the reason, the most first; none
    where the pictures or the collection are not there."""
    try:
        path = restored_path(run.record.collection)
        if not run.record.collection or not is_collection(path):
            return {}
        collection, learned = Collection.open(path), Dataset.open(run.dataset).files
    except SfumatoError:
        return {}
    there = {picture.file for picture in collection.pictures}
    reasons = {rejected.file: rejected.kind for rejected in collection.left_out}
    return dict(Counter(reasons.get(file, _NO_REASON) for file in learned if file not in there).most_common())
