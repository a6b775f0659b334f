"""What is known of a pre-trained model of others, on which a model or a work stands: its licence, and its training.

Information for whoever uses it, and no claim of law.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sfumato.provenance.licences import UNKNOWN, short_name

Use = Literal["any", "conditions", "non-commercial", "research", "unknown"]
# What a licence says on its face, for people.
USES: Final[dict[Use, str]] = {
    "any": "It lets everybody use the model for any purpose, commercial ones too.",
    "conditions": "It lets the model be used commercially under conditions, which stand in its text.",
    "non-commercial": "It lets the model be used for non-commercial purposes only; what may be done with its works "
    "stands in its text.",
    "research": "It lets the model be used for research only; what may be done with its works stands in its text.",
    "unknown": "Whether the model, and what it makes, may be used commercially is not known.",
}
TRAINING_UNKNOWN: Final = "what it was trained on is not known"

Line = Annotated[str, Field(max_length=1000)]


class BaseTerms(BaseModel):
    """name: of the model, 'owner/name' on the Hub or its file's; licence: its one name (`licences.licence_of`); title:
    the licence's own name, '' where none is known; link: where it can be read, or ''; use: what it says of use;
    trained_on: as the publisher states it, '' where it is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    licence: Line = UNKNOWN
    title: Line = ""
    link: Line = ""
    use: Use = "unknown"
    trained_on: Line = ""

    @property
    def named(self) -> str:
        """The licence for people."""
        return self.title or (short_name(self.licence) if self.licence != UNKNOWN else "not known")

    @property
    def sentences(self) -> list[str]:
        """All that is known, for people: licence, use, training."""
        on = self.trained_on
        trained = f"as its publisher states, it was trained on {on}" if on else TRAINING_UNKNOWN
        return [f"The licence of the base model {self.name} is {self.named}; {trained}.", USES[self.use]]

    @property
    def rows(self) -> dict[str, str]:
        """The same as names and facts, for a model's record."""
        link = f", {self.link}" if self.link else ""
        return {
            "Base model": self.name,
            "Licence of the base": f"{self.named}{link}",
            "What that lets one do": USES[self.use],
            "What the base learned from": self.trained_on or TRAINING_UNKNOWN,
        }

    def facts(self) -> dict[str, Any]:
        """As they stand in a work's credentials."""
        return {
            "model": self.name,
            "licence": self.licence,
            "title": self.title or UNKNOWN,
            **({"link": self.link} if self.link else {}),
            "use": self.use,
            "trained on": self.trained_on or UNKNOWN,
        }
