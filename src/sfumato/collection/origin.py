"""What lies elsewhere: its name ('kaggle:owner/name', 'hf:owner/name', 'met:sunflowers'), version and licence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.text import printable, readable, shortened

MUSEUMS: Final = ("met", "artic", "cleveland", "smithsonian")
# What cards write who state nothing.
_NOTHING = frozenset({"", "unknown", "none", "other", "not specified"})


@dataclass(frozen=True, slots=True)
class Origin:
    """A data set that was fetched by name, or what a museum has of something.

    `reference` is 'kaggle:owner/name', 'hf:owner/name' or a museum and what it was asked for ('met:sunflowers'),
    `version` Kaggle's number, the Hub's commit, or the day on which a museum was asked last ('2026-11-29'). `licence`
    is what the data set's card states of the data set, which says nothing certain of any picture: '' where it states
    none, None where the card could not be asked for. A version that is not known is ''.
    """

    reference: str
    version: str = ""
    licence: str | None = None

    @property
    def is_of_museum(self) -> bool:
        """Whether it is what a museum gave, work by work, and not a data set."""
        return self.reference.partition(":")[0] in MUSEUMS

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
_MOST_LETTERS: Final = 200  # of what a museum is asked for


@dataclass(frozen=True, slots=True)
class Reference:
    """A data set on Kaggle (`host` 'kaggle') or on the Hub ('hf'), or what one of `MUSEUMS` has of something.

    `name` is 'owner/name', or what the museum is asked for, '' where that is still to be said. `subset` is one of those
    that a data set on the Hub may have. `version` is a number on Kaggle and a branch, tag or commit on the Hub. What
    was not said is ''.
    """

    host: str
    name: str
    subset: str = ""
    version: str = ""

    @classmethod
    def parse(cls, text: Path | str) -> Reference:
        """The inverse of `str`. Raises SfumatoError for text of another form."""
        host, colon, rest = _plain(text).partition(":")
        if colon and host in MUSEUMS:
            return cls(host, _asked(rest, host))
        if not colon or host not in _FORMS:
            forms = "; ".join(form for _, form in _FORMS.values())
            museums = ", ".join(f"{museum}:" for museum in MUSEUMS)
            raise SfumatoError(f"{text}: is not the name of a data set; give one as {forms}; or a museum ({museums}).")
        pattern, form = _FORMS[host]
        match = pattern.fullmatch(rest)
        if match is None:
            raise SfumatoError(f"{text}: does not say which data set is meant; give it as {form}.")
        return cls(host, **{field: value or "" for field, value in match.groupdict().items()})

    def __str__(self) -> str:
        subset = f"/{self.subset}" if self.subset else ""
        mark = "/versions/" if self.host == "kaggle" else "@"
        return f"{self.host}:{self.name}{subset}{mark + self.version if self.version else ''}"

    @property
    def is_of_museum(self) -> bool:
        return self.host in MUSEUMS

    def asking(self, query: str) -> Reference:
        """The same museum, asked for this. Raises SfumatoError where it is asked for something else already."""
        asked = _asked(query, self.host)
        if self.name and asked != self.name:
            raise SfumatoError(f"{self}: asks for '{self.name}' already; leave out --query, or say only {self.host}:")
        return Reference(self.host, asked)


def is_reference(text: Path | str) -> bool:
    """Whether an argument names a data set on Kaggle or the Hub, or a museum, rightly or not; a path that is there is a
    path."""
    host, colon, _ = _plain(text).partition(":")
    return bool(colon) and (host in _FORMS or host in MUSEUMS) and not Path(text).exists()


def _asked(text: str, museum: str) -> str:
    """What a museum is asked for, on one line. Raises SfumatoError where it is too long to be words."""
    asked = " ".join(readable(text).split())
    if len(asked) > _MOST_LETTERS or not asked.isprintable():
        shown = printable(shortened(asked, 60))
        raise SfumatoError(f"{museum}:{shown}: is not what a museum can be asked for; use a few words.")
    return asked


def _plain(text: Path | str) -> str:
    return text.as_posix() if isinstance(text, Path) else text
