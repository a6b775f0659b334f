"""What jobs on collections are asked."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sfumato.studio.jobs.references import MOST_PICTURES, Id
from sfumato.works.values import Digest, Plain

Text = Annotated[str, Field(max_length=1000)]


class Collect(Plain):
    """A collection made of an upload, of a folder or zip on this machine, of a name (kaggle:, hf:, met: ...), or of the
    pictures that the program draws; or a collection made once more, of what lies in its folder now. name: what people
    call it; licence, creator: what is stated of all its pictures."""

    kind: Literal["collect"] = "collect"
    name: Annotated[str, Field(min_length=1, max_length=80)]
    upload: Id | None = None
    path: Annotated[str, Field(max_length=4000)] | None = None
    drawn: bool = False
    collection: Id | None = None
    query: Text = ""
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    licence: Text = ""
    creator: Text = ""
    include_works: bool = False

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        named = [each is not None for each in (self.upload, self.path, self.collection)]
        if sum(named) + self.drawn != 1:
            raise ValueError("give an upload, a path, a collection, or drawn pictures: one of them")
        return self


class Choice(Plain):
    """Which picture of a pair is kept: ``sha256``, of the file ``file``, in place of ``over``, or beside it. Where both
    digests are equal, the files have one content, and only the name is chosen."""

    sha256: Digest
    over: Digest
    file: Annotated[str, Field(max_length=4000)] = ""
    over_file: Annotated[str, Field(max_length=4000)] = ""
    both: bool = False


Fact = Literal["creator", "title", "year", "source", "licence", "class"]


class Edit(Plain):
    """What a person states of pictures of a collection, which they take out or in again, and which of several that are
    the same, or nearly, they keep. fields: '' for what is not known; forget: take back what was edited of them, of all
    facts or of those in ``only``."""

    kind: Literal["edit"] = "edit"
    collection: Id
    pictures: Annotated[tuple[Digest, ...], Field(max_length=MOST_PICTURES)] = ()
    keep: Annotated[tuple[Choice, ...], Field(max_length=MOST_PICTURES)] = ()
    fields: dict[Fact, Text] = Field(default_factory=dict)
    remove: bool = False
    restore: bool = False
    forget: bool = False
    only: tuple[Fact, ...] = ()

    @model_validator(mode="after")
    def _one_thing_of_some_pictures(self) -> Self:
        asked = [bool(self.fields), self.remove, self.restore, self.forget, bool(self.keep)]
        if sum(asked) != 1 or bool(self.pictures) == bool(self.keep):
            raise ValueError(
                "give pictures and one of fields, remove, restore and forget; or keep, which names its pictures itself"
            )
        return self


class Report(Plain):
    """A page on who and what is in a collection, and what is not known."""

    kind: Literal["report"] = "report"
    collection: Id
