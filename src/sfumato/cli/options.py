"""The options that commands share. What can be asked of a model is derived from the request's schema, where each
setting has its name, type, range and description: a new one there is an option of every command here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import typer

from sfumato.errors import SfumatoError
from sfumato.works.request import CanvasShape, Composition, Palette, Request, SamplerSettings
from sfumato.works.values import Plain

ModelName = Annotated[
    str, typer.Argument(help="A model's directory, a run's, a zip of either, or a Hub repository (owner/name).")
]
MadeWith = Annotated[
    str | None, typer.Option(help="Where the model is; by default it is searched for here and beside the work.")
]
Trajectory = Annotated[bool, typer.Option("--trajectory", help="Also write an animation from noise to picture.")]
KeepRecipe = Annotated[bool, typer.Option("--recipe/--no-recipe", help="Keep the settings in the file.")]
Background = Annotated[str, typer.Option(help="R,G,B: what shows through a transparent picture.")]
IncludeWorks = Annotated[
    bool, typer.Option("--include-works", help="Take works that sfumato made as art too; else they are left out.")
]
Device = Annotated[
    str, typer.Option(help="cpu, cuda (cuda:1), mps, or auto: cuda where there is one, else mps, else cpu.")
]
DeviceAgain = Annotated[
    str,
    typer.Option(help="cpu, cuda, mps, or auto: the kind that the work was made on if it is here, else as usual."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]
WHITE: Final = "255,255,255"
MOST_WORKS: Final = 100_000  # at once

SAMPLING: Final = tuple(SamplerSettings.model_fields)
CLASSES: Final = ("label", "negative")
CANVAS: Final = tuple(CanvasShape.model_fields)
RARE: Final = tuple(
    name for name, field in SamplerSettings.model_fields.items() if field.json_schema_extra == {"rare": True}
)
Field = tuple[type[Plain], str]


def values_of(part: type[Plain], name: str) -> tuple[type, float | None, float | None]:
    """What a field takes: int, float, bool or str, and the least and the most of it, where it is bounded."""
    field = part.model_fields[name]
    kind, limits = _plain(field.annotation, list(field.metadata))
    bounds = {limit: getattr(bound, limit) for bound in limits for limit in ("ge", "le", "lt") if hasattr(bound, limit)}
    return kind, bounds.get("ge"), bounds["lt"] - 1 if kind is int and "lt" in bounds else bounds.get("le")


def _plain(annotation: Any, limits: list[Any]) -> tuple[type, list[Any]]:
    """The type in an annotation of one plain type, which may be missing, and pydantic's limits of it."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        further = [limit for part in parts[1:] for limit in getattr(part, "metadata", [part])]
        return _plain(parts[0], [*limits, *further])
    if origin in (Union, UnionType):
        return _plain(next(part for part in parts if part is not NoneType), limits)
    return (str if origin is Literal else annotation), limits


def option_of(part: type[Plain], name: str, *flags: str, optional: bool = True) -> Any:
    """The annotation of an option for a field of the request, or of a part of it: type, range and description are the
    field's. optional: whether it may be None."""
    (kind, least, most), field = values_of(part, name), part.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    flags = flags or (f"--{str(extra.get('option', name)).replace('_', '-')}",)
    if kind is bool:
        return Annotated[bool, typer.Option(*flags, help=field.description)]
    option = typer.Option(*flags, help=field.description, min=least, max=most)
    return Annotated[kind | None if optional else kind, option]


PaletteText = Annotated[
    str | None,
    typer.Option("--palette", help="Colours to paint works in: a picture's, or #1d3557,#f1faee,#e63946,..."),
]
Sketch = Annotated[Path | None, typer.Option("--composition", help="A sketch whose masses are followed, of any size.")]


def asks(*names: str, **fields: Field) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each of these plain names of a request (see ``Request.of``), and ``--set`` for the
    rare ones, in place of its parameter ``request``, which it gets as what was asked for. In place of a parameter that
    is called as one of ``GROUPS`` it has the options of that group, whose values it gets by their names. fields:
    parameters of its own whose type, range and description are those of a field in the request's schema."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        derived = [name for name in names if name not in RARE]
        rare = len(derived) < len(names)
        own = inspect.signature(command, eval_str=True).parameters

        @functools.wraps(command)
        def run(**given: Any) -> None:
            values = {name: given.pop(name) for name in derived}
            asked = {name: value for name, value in values.items() if value is not None and value is not False}
            if rare:
                asked |= parse_settings(given.pop("settings"))
            for group in GROUPS.keys() & own.keys():
                given[group] = {option.name: given.pop(option.name) for option in GROUPS[group]}
            command(request=Request.of(**asked), **given)

        parameters = []
        for name, parameter in own.items():
            if name == "request":
                parameters += [*map(_derived, derived), *([_SETTINGS] if rare else [])]
            elif name in GROUPS:
                parameters += GROUPS[name]
            elif name in fields:
                optional = parameter.default is None
                annotation = option_of(*fields[name], f"--{name.replace('_', '-')}", optional=optional)
                parameters.append(parameter.replace(annotation=annotation))
            else:
                parameters.append(parameter)
        del run.__wrapped__  # typer would read the command's own parameters
        # Some commands have arguments without a default after the options that are derived.
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _derived(name: str) -> inspect.Parameter:
    part = next(part for part in (SamplerSettings, CanvasShape, Request) if name in part.model_fields)
    default = False if part.model_fields[name].default is False else None
    return _keyword(name, option_of(part, name), default)


def _keyword(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_SETTINGS = _keyword(
    "settings",
    Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A rarer setting. "
            + " ".join(f"{name}: {SamplerSettings.model_fields[name].description}" for name in RARE),
        ),
    ],
    None,
)


# Options that several commands have and hand on together.
GROUPS: Final[Mapping[str, Sequence[inspect.Parameter]]] = {
    "steering": (
        _keyword("palette", PaletteText, None),
        _keyword("palette_strength", option_of(Palette, "strength", "--palette-strength"), None),
        _keyword("composition", Sketch, None),
        _keyword("composition_strength", option_of(Composition, "strength", "--composition-strength"), None),
    ),
    "from_picture": (
        _keyword("background", Background, WHITE),
        _keyword("trajectory", Trajectory, False),
        _keyword("recipe", KeepRecipe, True),
        _keyword("device", Device, "auto"),
        _keyword("force", Force, False),
    ),
}


def parse_settings(given: Sequence[str] | None) -> dict[str, float]:
    """Texts as 'guidance_high=2.5', by name. Raises SfumatoError for what is none of `RARE`, no number, or doubled."""
    settings: dict[str, float] = {}
    for text in given or ():
        written, _, value = text.partition("=")
        name = written.strip().replace("-", "_")
        if name not in RARE:
            raise SfumatoError(
                f"--set {text}: '{written.strip()}' is none of {', '.join(RARE)}; what else there is has an option "
                "of its own, see --help"
            )
        if name in settings:
            raise SfumatoError(f"--set {name}: stands there twice; leave one out")
        try:
            settings[name] = float(value)
        except ValueError as error:
            raise SfumatoError(f"--set {text}: '{value.strip()}' is not a number; as in --set {name}=0.5") from error
    return settings
