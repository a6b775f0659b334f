"""A model's record.json: how it was made and what it learned from, as far as that is known. Its cards are made from it.

It names no file and no place on the disk of whoever trained it, as a model is to be shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sfumato.collection.holdings import Holdings
from sfumato.disk import read_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.models.configuration import ModelConfig
from sfumato.provenance.sources import Count

MOST_RECORD_BYTES: Final = 64 << 20
MOST_COLLECTIONS: Final = 1000
# The fact that names the word which calls for what was learned.
TRIGGER: Final = "Trigger"
# The fact that says what the first weights knew, where they were not random.
FIRST_WEIGHTS: Final = "First weights"

Text = Annotated[str, Field(max_length=10_000)]


class ModelRecord(BaseModel):
    """description, tag: what kind of model it is, for people and for the Hub; facts: what else is known of training and
    results, each a name and a sentence; trained, held_out: how many pictures it learned from, and was judged by, None
    where that is not known; base_model: the repository on the Hub ('owner/name') of the model that it began with, or
    ''; holdings: what the collections hold that it and its ancestors learned from, its own first, without those of
    which that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["sfumato-record-1"] = "sfumato-record-1"
    description: Text = ""
    tag: Text = ""
    facts: dict[Text, Text] = {}
    trained: Count | None = None
    held_out: Count | None = None
    base_model: Text = ""
    holdings: Annotated[tuple[Holdings, ...], Field(max_length=MOST_COLLECTIONS)] = ()


def read_record(path: Path, config: ModelConfig) -> ModelRecord:
    """The record of the model with this configuration. Raises SfumatoError where it is damaged, or another model's."""
    try:
        record = ModelRecord.model_validate_json(read_file(path, MOST_RECORD_BYTES))
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be read ({error.strerror or error}); get the model again") from error
    except ValidationError as error:
        raise SfumatoError(
            f"{path}: {faults_of(error)[0]}; it is damaged or of a newer sfumato: get the model again"
        ) from error
    if not {each.collection for each in record.holdings} <= {each.collection for each in config.learned_from}:
        raise SfumatoError(f"{path}: is another model's: it tells of other pictures; get the model again")
    return record


def combined(own: Holdings | None, parent: ModelRecord | None) -> tuple[Holdings, ...]:
    """What a model's collections hold: its own, and those of the model that it began with, each once."""
    found: dict[str, Holdings] = {}
    earlier: Sequence[Holdings] = parent.holdings if parent is not None else ()
    for each in (*filter(None, (own,)), *earlier):
        found.setdefault(each.collection, each)
    return tuple(found.values())[:MOST_COLLECTIONS]
