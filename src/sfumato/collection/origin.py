"""Where a collection's pictures were fetched from, and what their data set says of its licence."""

from __future__ import annotations

from dataclasses import asdict, dataclass

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

    def to_json(self) -> dict[str, str | None]:
        """A JSON object."""
        return asdict(self)


def stated_licence(text: object) -> str:
    """What a card gives as its licence, on one line; '' where that says nothing."""
    parts = text if isinstance(text, list) else [text]
    line = ", ".join(" ".join(part.split()) for part in parts if isinstance(part, str))
    return "" if line.lower() in _NOTHING else line[:200]
