"""The schema of a policy file: what may be asked for, and what may come out."""

from __future__ import annotations

import tomllib
import unicodedata
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sfumato.disk import read_file
from sfumato.errors import Fault, SfumatoError, faults_of
from sfumato.policy.filters import FilterSettings
from sfumato.policy.prompt_rules import PromptRules
from sfumato.text import readable, shortened

if TYPE_CHECKING:
    from sfumato.collection.picture_policy import PicturePolicy

Copies = Literal["mark", "refuse"]
COPIES: Final = get_args(Copies)
MOST_RETRIES: Final = 100
_MOST_BYTES: Final = 1 << 20

Name = Annotated[str, Field(min_length=1, max_length=10_000)]
Names = Annotated[tuple[Name, ...], Field(max_length=10_000)]


class Part(BaseModel):
    """A table of the file: immutable, and without keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Words(Part):
    """Of what is asked for in words, such as classes, and of the names of the model's classes.

    allowed: no others, None for all; refused: none of these, each one word or several, whatever its capitals. Both are
    compared word by word: 'art' does not refuse 'party'.
    """

    allowed: Names | None = None
    refused: Names = ()

    def fault(self, text: str) -> str:
        """The word or words for which a text is refused; '' where it is not."""
        said = _words(text)
        # Numbers are no words: a class may be called 'blue 7'.
        if self.allowed is not None and (
            other := next((word for word in said if word not in self._known and not word.isdigit()), None)
        ):
            return other
        line = f" {' '.join(said)} "
        return next((name for name, phrase in self._phrases if phrase in line), "")

    @cached_property
    def _known(self) -> set[str]:
        return {word for name in self.allowed or () for word in _words(name)}

    @cached_property
    def _phrases(self) -> list[tuple[str, str]]:
        """What is refused, as it was written and as it stands in a line of words."""
        return [(name, f" {' '.join(_words(name))} ") for name in self.refused]

    @field_validator("refused", "allowed")
    @classmethod
    def _there_are_words(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            if not _words(name):
                raise ValueError(f"{name!r} holds no letter and no digit")
        return names


def _words(text: str) -> list[str]:
    """In small letters, in one normal form; an underscore is a space, as in the names of folders."""
    # A mark belongs to the letter before it: many scripts write vowels so.
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in readable(text).casefold())
    return [word for word in "".join(kept).split() if any(map(str.isalnum, word))]


class Pictures(Part):
    """Of the pictures that models are trained on here.

    allow: their licences, None for any; allow_unknown: those whose licence nobody states, by default where all may be;
    allow_generated: those that a model made.
    """

    allow: Names | None = None
    allow_unknown: Annotated[bool, Field(strict=True)] | None = None
    allow_generated: Annotated[bool, Field(strict=True)] = True

    @model_validator(mode="after")
    def _there_are_licences(self) -> Self:
        try:
            _ = None if self.allow is None else self.policy
        except SfumatoError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self

    @property
    def policy(self) -> PicturePolicy:
        """The same for a collection."""
        from sfumato.collection.picture_policy import PicturePolicy

        return PicturePolicy.of(self.allow, unknown=self.allow_unknown, generated=self.allow_generated)


class Limits(Part):
    """What stands in a policy file, each limit as it is without one.

    copies: whether a near copy of a picture that was learned from is saved with a note, or refused; copy_threshold: the
    score over which a work is called one, None for the index's own, which is calibrated; retries: how often a work that
    is refused is made again, with the next seed; classes: works of these alone, None for all; words: of all that is
    asked for; prompts: what may not be asked for in them, and whether they are kept; works_per_hour: that are saved on
    this computer; longest_side: of a work, in pixels; filters: that a work must pass, all of them; pictures: that may
    be learned from.
    """

    copies: Copies = "mark"
    copy_threshold: Annotated[float, Field(ge=-1, le=1)] | None = None
    retries: Annotated[int, Field(strict=True, ge=0, le=MOST_RETRIES)] = 0
    classes: Names | None = None
    words: Words = Words()
    prompts: PromptRules = PromptRules()
    works_per_hour: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None
    longest_side: Annotated[int, Field(strict=True, ge=1, le=1 << 24)] | None = None
    filters: Annotated[tuple[FilterSettings, ...], Field(max_length=100)] = ()
    pictures: Pictures = Pictures()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises SfumatoError for a file that cannot be read, and for anything in it that is no limit: what was meant
        to bound must not be passed over."""
        try:
            said = tomllib.loads(read_file(path, _MOST_BYTES).decode("utf-8-sig"))  # Windows begins texts with a mark
        except FileNotFoundError:
            raise SfumatoError(f"{path}: there is no such policy file; nothing is made without it") from None
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or shortened(str(error))
            raise SfumatoError(f"{path}: cannot be read as TOML ({why}); nothing is made without the policy") from error
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            faults = "; ".join(_said(fault) for fault in faults_of(error)[:3])
            raise SfumatoError(f"{path}: is no policy: {faults}; nothing is made without it") from error


def _said(fault: Fault) -> str:
    if fault.kind == "tuple_type":
        as_in = f"[[{fault.name}]]" if isinstance(fault.value, dict) else f"[{shortened(repr(fault.value))}]"
        return f"{fault.name}: should be a list, as in {as_in}"
    if fault.kind != "extra_forbidden":
        return str(fault)
    known = [name for part in (Limits, Words, PromptRules, FilterSettings, Pictures) for name in part.model_fields]
    close = get_close_matches(str(fault.place[-1]), known, 1)
    return f"there is no limit '{shortened(fault.name)}'" + (f", do you mean '{close[0]}'?" if close else "")
