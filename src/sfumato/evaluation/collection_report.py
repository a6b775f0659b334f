"""All that a report on a collection says: what is in it, and beside it what works have more or less of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from PIL import Image

import sfumato
from sfumato.evaluation.palette import Swatch
from sfumato.evaluation.representation import Representation
from sfumato.evaluation.resampling import DRAWS, LEVEL
from sfumato.evaluation.shift import Shift

FORMAT: Final = "sfumato-representation-1"


@dataclass(frozen=True, eq=False)
class WorksBeside:
    """Works of one model, or of a folder. count: of them; shifts: see `shift.shifts`; agreement: of those that were
    asked for by class the fraction that is seen as it, None where none was; notes: sentences on what limits the
    comparison; pictures: some of the works."""

    name: str
    count: int
    shifts: Sequence[Shift]
    agreement: float | None
    palette: Sequence[Swatch]
    pictures: Sequence[Image.Image]
    notes: Sequence[str]
    facts: Mapping[str, str]
    digests: Mapping[str, str]

    @property
    def told(self) -> list[Shift]:
        """By which the works are to be told from the collection."""
        return [shift for shift in self.shifts if shift.is_told]

    def class_shift(self, name: str) -> Shift | None:
        return next((shift for shift in self.shifts if shift.kind == "class" and shift.name == name), None)


@dataclass(frozen=True)
class Compared:
    """size: at which pictures were compared, in pixels; pictures: of the collection; classes: that are told apart;
    found: of the pictures of each class the fraction that the classifier finds; confusion: how often pictures of each
    class are seen as each, rows that sum to 1; palette: of the collection's pictures at that size."""

    size: int
    pictures: int
    classes: Sequence[str]
    found: Sequence[float]
    confusion: Sequence[Sequence[float]]
    palette: Sequence[Swatch]


@dataclass(frozen=True, eq=False)
class CollectionReport:
    """name: the collection's, for people; compared: None where no works stand beside it; examples: pictures of each
    class, of the largest creator under `largest`, and of families of near duplicates, each with its picture's file."""

    name: str
    digest: str
    seed: int
    representation: Representation
    compared: Compared | None
    works: Sequence[WorksBeside]
    examples: Mapping[str, Sequence[tuple[Image.Image, str]]]
    largest: Sequence[tuple[Image.Image, str]]
    families: Sequence[Sequence[tuple[Image.Image, str]]]
    notes: Sequence[str]

    def record(self) -> dict[str, Any]:
        """All but the pictures, as JSON has it; docs/representation.md says what each field is."""
        centuries = {str(century): count for century, count in self.representation.periods.centuries.items()}
        collection = asdict(self.representation)
        collection["periods"]["centuries"] = centuries
        return {
            "format": FORMAT,
            "sfumato_version": sfumato.__version__,
            "name": self.name,
            "digest": self.digest,
            "seed": self.seed,
            "notes": list(self.notes),
            "collection": collection,
            "compared": None if self.compared is None else asdict(self.compared),
            "level": LEVEL,
            "draws": DRAWS,
            "works": [_record(works) for works in self.works],
        }


def _record(works: WorksBeside) -> dict[str, Any]:
    return {
        "name": works.name,
        "count": works.count,
        "agreement": works.agreement,
        "notes": list(works.notes),
        "facts": dict(works.facts),
        "digests": dict(works.digests),
        "palette": [asdict(swatch) for swatch in works.palette],
        "measures": [asdict(shift) | {"is_told": shift.is_told} for shift in works.shifts],
    }
