"""What a card is about: a model, or a collection, and what is known of the pictures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from sfumato.collection import Collection
from sfumato.collection.holdings import Holdings
from sfumato.collection.storing import PICTURES
from sfumato.models.configuration import ModelConfig
from sfumato.models.record import ModelRecord
from sfumato.provenance.bases import BaseTerms
from sfumato.provenance.sources import LearnedFrom, licences_of
from sfumato.provenance.terms import Terms
from sfumato.text import readable


@dataclass(frozen=True)
class Known:
    """A collection, as far as it is known. digest: None for one that nobody recorded; licences: how many pictures have
    which, None where that is not known; holdings: all else, None where it is not; base: of a pre-trained model, whose
    pictures nobody recorded one by one, its terms."""

    digest: str | None = None
    licences: Mapping[str, int] | None = None
    holdings: Holdings | None = None
    base: BaseTerms | None = None


@dataclass(frozen=True)
class Subject:
    """name: for people; config: of a model, None for a collection; weights: their digest, '' where they were not
    looked at; collections: the own one first, then those of the models that it descends from; gone: how many of the
    pictures that a model learned from have left its collection since, by the reason; table: of a collection that is
    there, the file with a line for each picture: its digest and size in bytes."""

    name: str
    config: ModelConfig | None = None
    record: ModelRecord = field(default_factory=ModelRecord)
    weights: str = ""
    collections: tuple[Known, ...] = ()
    gone: Mapping[str, int] = field(default_factory=dict)
    table: tuple[str, int] | None = None

    @classmethod
    def of_model(
        cls,
        config: ModelConfig,
        record: ModelRecord | None,
        *,
        weights: str = "",
        gone: Mapping[str, int] | None = None,
    ) -> Self:
        """record: None for a model that was made before there were any."""
        record = record or ModelRecord()
        held = {each.collection: each for each in record.holdings}
        known = (_known(each, held) for each in config.learned_from)
        return cls(config.name, config, record, weights, tuple(known), dict(gone or {}))

    @classmethod
    def of_collection(cls, collection: Collection) -> Self:
        holdings = Holdings.of(collection)
        folder = readable(collection.source.name.removesuffix(".zip"))
        name = holdings.origin.reference if holdings.origin is not None else folder
        file = collection.path / PICTURES
        table = (collection.description["files"][PICTURES], file.stat().st_size)
        return cls(name, collections=(Known(holdings.collection, holdings.licences, holdings),), table=table)

    @property
    def is_model(self) -> bool:
        return self.config is not None

    @property
    def own(self) -> Holdings | None:
        """What its own collection holds; None where that is not known."""
        return self.collections[0].holdings if self.collections else None

    @property
    def licences(self) -> dict[str, int]:
        """How many pictures of all its collections have which licence, as far as that is known."""
        return licences_of(self.collections)

    @property
    def terms(self) -> Terms:
        """What follows from the licences of all its collections."""
        return Terms.of(self.licences)

    @property
    def unrecorded(self) -> int:
        """Of how many of its collections the licences are not known, without what pre-trained models learned from."""
        unknown = sum(each.licences is None and each.base is None for each in self.collections)
        return unknown or int(not self.collections)

    @property
    def bases(self) -> list[BaseTerms]:
        """The terms of the pre-trained models that it stands on."""
        return [each.base for each in self.collections if each.base is not None]

    @property
    def base_sentences(self) -> list[str]:
        """What is known of them, for people."""
        return [sentence for base in self.bases for sentence in base.sentences]


def _known(each: LearnedFrom, held: Mapping[str, Holdings]) -> Known:
    return Known(each.collection, each.licences, held.get(each.collection or ""), each.base)
