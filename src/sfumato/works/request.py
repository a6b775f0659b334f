"""All that can be asked of a model, as one schema: a Python call, the command line's options, the heart of a recipe.

A field's name, type, range and description stand here alone, those of the sampler in `SamplerSettings`. From them the
command line makes its options, `grid` what can be varied, `--set` what it takes, and the documentation its table.
Pictures are named by their digests; whoever asks gives them beside the request.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import Field, ValidationError, model_validator

from sfumato.errors import SfumatoError, faults_of
from sfumato.text import counted, readable, shortened
from sfumato.works.edits import Edit, Invert
from sfumato.works.prompts import spoken
from sfumato.works.sampler_settings import SamplerSettings
from sfumato.works.values import (
    MOST_COLOURS,
    MOST_PIXELS,
    MOST_SLERPS,
    Colour,
    Digest,
    Extended,
    Fraction,
    Label,
    Number,
    Plain,
    Prompt,
    Seed,
    Side,
    Stage,
)


class CanvasShape(Plain):
    """How large a work is, and whether it repeats."""

    width: Side | None = Field(default=None, description="Pixels, from the model's on; by default the model's.")
    height: Side | None = Field(default=None, description="Pixels, from the model's on; by default the model's.")
    tile: bool = Field(default=False, description="Works that repeat without a seam.")

    @model_validator(mode="after")
    def _it_can_be_made(self) -> Self:
        if (self.width or 1) * (self.height or 1) > MOST_PIXELS:
            raise ValueError(f"the size is {self.width} x {self.height} pixels, and 4,096 x 4,096 are the most")
        return self


class Palette(Plain):
    """Colours to paint in. weights: how common each is, or () for all alike."""

    colours: tuple[Colour, ...] = Field(min_length=1, max_length=MOST_COLOURS)
    weights: tuple[Fraction, ...] = Field(default=(), max_length=MOST_COLOURS)
    strength: Fraction = Field(default=0.75, description="0, not at all, to 1.")

    @model_validator(mode="after")
    def _each_colour_has_a_weight(self) -> Self:
        if self.weights and len(self.weights) != len(self.colours):
            weights = counted(len(self.weights), "weight")
            raise ValueError(f"{counted(len(self.colours), 'colour')} in the palette but {weights}")
        return self


class Composition(Plain):
    """Masses to follow. levels: 8 x 8 RGB pixels as hexadecimal digits, row by row."""

    levels: str = Field(pattern="^([0-9a-f]{6}){64}$")
    strength: Fraction = Field(default=1.0, description="0, not at all, to 1.")


class Slerp(Plain):
    """The noise is turned towards that of another seed and number. fraction: of the quarter turn between them."""

    seed: Seed
    number: Number
    fraction: Fraction


class Withheld(Plain):
    """SHA-256, hexadecimal, of words that a policy keeps out of files: they prove which ones they were to whoever knows
    them. source: of an edited picture's description (``Invert``)."""

    prompt: Digest | None = None
    negative: Digest | None = None
    source: Digest | None = None


class Request(Extended):
    """What is asked for: a work is decided by it, its model and the environment, and by no other work.

    seed and number: of the noise, a work's number among those of the seed. prompt: of a model that reads text, with its
    alternatives or, in a recipe, without (sfumato.works.prompts). label: of a model with classes, as
    ``shares_of`` of sfumato.works.labels reads it; with none, works are of classes as frequent as in training.
    negative: a class, as ``index_of`` there reads it, or of a model that reads text a text. withheld: of a recipe,
    what stands in their place where they are not kept.
    """

    ADDED: ClassVar[frozenset[str]] = frozenset({"prompt", "withheld", "stage"})

    seed: Seed = Field(default=0, description="The same seed makes the same works.")
    number: Number = Field(default=0, description="The work's number among those of the seed.")
    slerps: tuple[Slerp, ...] = Field(
        default=(), max_length=MOST_SLERPS, description="What makes it a variation of a work."
    )
    prompt: Prompt | None = Field(default=None, description="What to make, in words, by a model that reads text.")
    label: Label | None = Field(
        default=None,
        description="One class only, or a mixture: painting:0.7,engraving:0.3. A name that could be read otherwise "
        "stands in quotes, as in CSV: '\"red, blue\":0.7,engraving:0.3'.",
        json_schema_extra={"option": "class"},
    )
    negative: Label | None = Field(default=None, description="What to lead away from: a class, or with --prompt words.")
    sampling: SamplerSettings = Field(default_factory=SamplerSettings)
    canvas: CanvasShape = Field(default_factory=CanvasShape)
    stage: Stage = Field(
        default="full", description="full works or, of a model with upscalers, base: the small ones that these enlarge."
    )
    edit: Edit | None = None
    palette: Palette | None = None
    composition: Composition | None = None
    withheld: Withheld | None = None

    @classmethod
    def of(cls, **asked: object) -> Self:
        """A request from plain names, those of its own fields and of the fields of its parts: ``of(label="waves",
        steps=8, width=96)``. None leaves a field as it is. Raises TypeError for a name that there is not, SfumatoError
        for a value out of range."""
        if asked.get("seed") is not None:
            asked["seed"] = whole_seed(asked["seed"])
        values: dict[str, Any] = {}
        for name, value in asked.items():
            part = PART_OF.get(name)
            if part is None and name not in cls.model_fields:
                raise TypeError(f"there is no setting {name}")
            if value is not None:
                # As it is typed, a name may be taken apart or in other bytes; what is asked for can be written.
                asked_for = readable(value) if isinstance(value, str) else value
                (values if part is None else values.setdefault(part, {}))[name] = asked_for
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise fault(error) from error

    def plain(self) -> dict[str, Any]:
        """What is set, by its plain names (see ``of``)."""
        own = {name: getattr(self, name) for name in self.model_fields_set if name not in PARTS}
        return own | {
            name: value for part in PARTS for name, value in getattr(self, part).model_dump(exclude_unset=True).items()
        }

    @property
    def position(self) -> int:
        """The number that tells the works of one series apart: of a variation that of its last slerp."""
        return self.slerps[-1].number if self.slerps else self.number

    @property
    def subject(self) -> str:
        """What the work is of: its prompt as an encoder is told it, or its class; '' where neither is said."""
        return (self.label or "") if self.prompt is None else spoken(self.prompt)

    @property
    def series_seed(self) -> int:
        """The seed whose numbers these are."""
        return self.slerps[-1].seed if self.slerps else self.seed

    def at(self, position: int | None = None, *, seed: int | None = None) -> Self:
        """The request of the work at another position of the series, or of the series of another seed."""
        place = {name: value for name, value in (("number", position), ("seed", seed)) if value is not None}
        if not self.slerps:
            return self.model_copy(update=place)
        *before, last = self.slerps
        return self.model_copy(update={"slerps": (*before, last.model_copy(update=place))})

    def with_changes(self, changes: Request) -> Self:
        """The same with all that is set in ``changes``, of its parts too."""
        parts: dict[str, Any] = {name: getattr(changes, name) for name in changes.model_fields_set}
        for name, kind in PARTS.items():
            if name in parts:
                own, other = (part.model_dump(exclude_unset=True) for part in (getattr(self, name), parts[name]))
                # Two that are not whole do not become a whole one, which says what it leaves out.
                checked = kind.model_validate(own | other)
                parts[name] = kind.model_construct(_fields_set=own.keys() | other.keys(), **dict(checked))
        if self.withheld is not None:
            left = self.withheld.model_copy(update={name: None for name in ("prompt", "negative") if name in parts})
            parts["withheld"] = None if left == Withheld() else left
        return self.model_copy(update=parts)

    def withholding_words(self) -> Self:
        """The same with SHA-256 digests in place of a prompt and the other words that it is asked with."""
        if self.prompt is None:
            return self
        changes: dict[str, Any] = {"prompt": None, "negative": None}
        said = {"prompt": self.prompt, "negative": self.negative}
        if isinstance(self.edit, Invert):
            said["source"] = self.edit.source
            changes["edit"] = self.edit.model_copy(update={"source": None})
        digests = {
            name: hashlib.sha256(words.encode()).hexdigest() for name, words in said.items() if words is not None
        }
        return self.model_copy(update={**changes, "withheld": Withheld(**digests)})


# The parts of a request whose fields can be named plainly, as no two of them share a name.
PARTS: Final[Mapping[str, type[Plain]]] = {"sampling": SamplerSettings, "canvas": CanvasShape}
PART_OF: Final[Mapping[str, str]] = {name: part for part, kind in PARTS.items() for name in kind.model_fields}


def whole_seed(seed: object) -> int:
    """As Python's own int: NumPy's would make other keys, and no JSON. Raises SfumatoError for what is none."""
    try:
        whole = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        whole = -1
    if not 0 <= whole < 2**63:
        raise SfumatoError(f"seed {seed!r}: a whole number from 0 to 2^63 - 1 is needed")
    return whole


def fault(error: ValidationError) -> SfumatoError:
    """The first thing that is wrong with what was asked, in a sentence."""
    first = faults_of(error)[0]
    named = f"{first.place[-1]} {shortened(repr(first.value))}: " if first.place and first.kind != "value_error" else ""
    return SfumatoError(f"{named}{first.said}")
