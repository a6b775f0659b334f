"""A data set that lies elsewhere: its name ('kaggle:owner/name' or 'hf:owner/name'), its version and its licence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sfumato.errors import SfumatoError

# What cards write who state nothing.
_NOTHING = frozenset({"", "unknown", "none", "other", "not specified"})


@dataclass(frozen=True, slots=True)
class Origin:
    """A data set that was fetched by name.

    `reference` is 'kaggle:owner/name' or 'hf:owner/name', `version` Kaggle's number or the Hub's commit. `licence` is
    what the data set's card states of the data set, which says nothing certain of any picture: '' where it states
    none, None where the card could not be asked for. A version that is not known is ''.
    """

    reference: str
    version: str = ""
    licence: str | None = None

    @property
    def licence_sentence(self) -> str:
        """What may be said of the licence of pictures for which none is stated."""
        if self.licence:
            return (
                f"The licence of the pictures is unknown: the card of {self.reference} states '{self.licence}', "
                "which is its owner's statement about the data set and no fact about the pictures."
            )
        if self.licence is None:
            return f"The licence of the pictures is unknown, and the card of {self.reference} could not be asked for."
        return f"The licence of the pictures is unknown: the card of {self.reference} states none."


def stated_licence(text: object) -> str:
    """What a card gives as its licence, on one line; '' where that says nothing."""
    parts = text if isinstance(text, list) else [text]
    line = ", ".join(" ".join(part.split()) for part in parts if isinstance(part, str))
    return "" if line.lower() in _NOTHING else line[:200]


_PART: Final = r"[A-Za-z0-9_][\w.-]*"
_FORMS: Final = {
    "kaggle": (
        re.compile(rf"(?P<name>{_PART}/{_PART})(/versions/(?P<version>[1-9][0-9]{{0,8}}))?", re.ASCII),
        "kaggle:OWNER/NAME, or kaggle:OWNER/NAME/versions/NUMBER",
    ),
    "hf": (
        re.compile(rf"(?P<name>{_PART}/{_PART})(/(?P<subset>{_PART}))?(@(?P<version>{_PART}(/{_PART})*))?", re.ASCII),
        "hf:OWNER/NAME, hf:OWNER/NAME/SUBSET or hf:OWNER/NAME@REVISION",
    ),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A data set on Kaggle (`host` 'kaggle') or on the Hub ('hf').

    `name` is 'owner/name'. `subset` is one of those that a data set on the Hub may have. `version` is a number on
    Kaggle and a branch, tag or commit on the Hub. What was not said is ''.
    """

    host: str
    name: str
    subset: str = ""
    version: str = ""

    @classmethod
    def parse(cls, text: Path | str) -> Reference:
        """The inverse of `str`. Raises SfumatoError for text of another form."""
        host, colon, rest = _plain(text).partition(":")
        if not colon or host not in _FORMS:
            forms = "; ".join(form for _, form in _FORMS.values())
            raise SfumatoError(f"{text}: is not the name of a data set; give one as {forms}.")
        pattern, form = _FORMS[host]
        match = pattern.fullmatch(rest)
        if match is None:
            raise SfumatoError(f"{text}: does not say which data set is meant; give it as {form}.")
        return cls(host, **{field: value or "" for field, value in match.groupdict().items()})

    def __str__(self) -> str:
        subset = f"/{self.subset}" if self.subset else ""
        mark = "/versions/" if self.host == "kaggle" else "@"
        return f"{self.host}:{self.name}{subset}{mark + self.version if self.version else ''}"


def is_reference(text: Path | str) -> bool:
    """Whether an argument names a data set on Kaggle or the Hub, rightly or not; a path that is there is a path."""
    return _plain(text).partition(":")[0] in _FORMS and ":" in _plain(text) and not Path(text).exists()


def _plain(text: Path | str) -> str:
    return text.as_posix() if isinstance(text, Path) else text
