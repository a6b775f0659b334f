"""What a work comes from: the model, and the collections that this learned from with the licences of their pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from sfumato.provenance.bases import BaseTerms
from sfumato.provenance.terms import Terms

UNKNOWN: Final = "unknown"
MOST_LICENCES: Final = 1000
OTHERS: Final = "LicenseRef-others"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Licence = Annotated[str, Field(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class LearnedFrom(BaseModel):
    """A collection that a model learned from. collection: its digest; licences: how many of its pictures have which;
    None for what nobody recorded. base: of a pre-trained model, whose pictures are not known one by one, its terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collection: Sha256 | None = None
    licences: Annotated[dict[Licence, Count], Field(max_length=MOST_LICENCES)] | None = None
    base: BaseTerms | None = None

    @model_serializer(mode="wrap")
    def _without_none_of_a_base(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A model that has no base is written as it was before there were any."""
        said: dict[str, Any] = handler(self)
        if self.base is None:
            said.pop("base", None)
        return said

    @classmethod
    def of(cls, collection: str | None, licences: Mapping[str, int] | None) -> Self:
        """The same with as many licences as a work's credentials may name; the rarest beyond them count as one."""
        if licences is not None and len(licences) > MOST_LICENCES:
            ranked = sorted(licences.items(), key=lambda item: (-item[1], item[0]))
            rest = sum(count for _, count in ranked[MOST_LICENCES - 1 :])
            licences = dict(ranked[: MOST_LICENCES - 1]) | {OTHERS: rest}
        return cls(collection=collection, licences=None if licences is None else dict(licences))

    def facts(self) -> dict[str, Any]:
        if self.licences is None:
            base = {"base": self.base.facts()} if self.base is not None else {}
            return {"digest": self.collection or UNKNOWN, "licences": UNKNOWN, **base}
        terms = Terms.of(self.licences).counts
        return {"digest": self.collection or UNKNOWN, "licences": self.licences, "terms": terms}


class Licensed(Protocol):
    """Pictures of which it is known, or not, how many have which licence."""

    @property
    def licences(self) -> Mapping[str, int] | None: ...


def licences_of(collections: Iterable[Licensed]) -> dict[str, int]:
    """How many pictures of all collections have which licence, without those of which that is not known."""
    total: Counter[str] = Counter()
    for each in collections:
        total.update(each.licences or {})
    return dict(total)


def learned_also(own: LearnedFrom, ancestors: Sequence[LearnedFrom] | None) -> tuple[LearnedFrom, ...]:
    """All that a model learned from: its own collection first, then those of the model that it began with, each once.

    ancestors: () of a model that does not say, None where it began with no other.
    """
    earlier = () if ancestors is None else ancestors or (LearnedFrom(),)
    same = [each for each in earlier if (each.collection, each.base) == (own.collection, own.base)]
    if own.licences is None:
        own = next(iter(same), own)
    return own, *(each for each in earlier if each not in same)


@dataclass(frozen=True)
class Sources:
    """model: SHA-256 of its weights; collections: that it learned from, () where it does not say; recipe: SHA-256 of
    the work's recipe, None where it is not told; comparison: with what was learned from, what was found."""

    model: str | None = None
    collections: tuple[LearnedFrom, ...] = ()
    recipe: str | None = None
    comparison: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """As they stand in a work's credentials."""
        said: Mapping[str, Any] = {} if self.recipe is None else {"recipe": {"digest": self.recipe}}
        collections = [each.facts() for each in self.collections]
        compared = {"comparison": dict(self.comparison)} if self.comparison else {}
        return {"model": {"digest": self.model or UNKNOWN}, "collections": collections or UNKNOWN, **compared, **said}
