"""What a grid compares: settings and the values that a person gives them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sfumato.cli.options import SAMPLING, values_of
from sfumato.errors import SfumatoError
from sfumato.text import readable
from sfumato.works.sampler_settings import SamplerSettings

Value = int | float | str

# What can be varied, and how its values are read: a class as it is typed, the rest as the schema has it.
KINDS: Final[Mapping[str, Callable[[str], Value]]] = {
    "seed": int,
    "prompt": readable,
    "class": readable,
    "negative": readable,
    **{name: values_of(SamplerSettings, name)[0] for name in SAMPLING},
}
MOST_CELLS: Final = 400


@dataclass(frozen=True)
class Axis:
    """A setting and the values that it takes, along the columns or the rows."""

    name: str
    values: tuple[Value, ...]

    @property
    def titles(self) -> list[str]:
        return [f"{name_in_words(self.name)} {value_in_words(value)}" for value in self.values]


def read_axes(vary: Sequence[str], fixed: Mapping[str, Any], classes: Sequence[str] = ()) -> list[Axis]:
    """The columns, or the rows and the columns. vary: texts as `read_axis` takes them; fixed: what has one value in all
    cells; classes: the model's. Raises SfumatoError for what cannot be read, or not be varied together."""
    if len(vary) > 2:
        raise SfumatoError(f"--vary: {len(vary)} settings, and a sheet has rows and columns; vary one or two")
    axes = [read_axis(text, classes) for text in vary]
    if len({axis.name for axis in axes}) < len(axes):
        raise SfumatoError(f"--vary {axes[0].name}: is given twice; give all its values at once")
    for axis in axes:
        if axis.name in fixed:
            option = axis.name.replace("_", "-")
            raise SfumatoError(f"--vary {axis.name}: --{option} says one value for all; leave out one of the two")
    cells = math.prod(len(axis.values) for axis in axes)
    if cells > MOST_CELLS:
        raise SfumatoError(f"--vary: {cells:,} cells, and over {MOST_CELLS} show nothing any longer; give fewer values")
    return axes


def read_axis(text: str, classes: Sequence[str] = ()) -> Axis:
    """'guidance=1,2,4', or with semicolons for values that hold commas, as mixtures do. What stands in quotes, or in
    the name of a class, is not a mark. Raises SfumatoError that says what is wrong."""
    from sfumato.works.labels import separated

    named, _, listed = text.partition("=")
    name = named.strip().replace("-", "_")
    if name not in KINDS:
        raise SfumatoError(f"--vary {text}: '{named}' cannot be varied; choose one of {', '.join(KINDS)}")
    values: list[Value] = []
    parts = list(separated(listed, ";", classes))
    for part in parts if len(parts) > 1 else separated(listed, ",", classes):
        try:
            value = KINDS[name](part.strip())
        except ValueError as error:
            kind = "a whole number" if KINDS[name] is int else "a number"
            raise SfumatoError(f"--vary {text}: '{part.strip()}' is not {kind}; give values as {name}=1,2") from error
        if value == "":
            raise SfumatoError(f"--vary {text}: a value is missing; give values as {name}=A,B")
        if value in values:
            raise SfumatoError(f"--vary {text}: {value_in_words(value)} is given twice; leave one out")
        values.append(value)
    return Axis(name, tuple(values))


def name_in_words(name: str) -> str:
    return name.replace("_", " ")


def value_in_words(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
