"""The options that commands share. What can be asked of a model is derived from the request's schema, where each
setting has its name, type, range and description: a new one there is an option of every command here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

import typer

from sfumato.cli.pretrained import PretrainedOptions
from sfumato.errors import SfumatoError
from sfumato.policy.limits import MOST_RETRIES
from sfumato.works.request import CanvasShape, Composition, Palette, Request
from sfumato.works.sampler_settings import SamplerSettings
from sfumato.works.values import Plain

if TYPE_CHECKING:
    from sfumato.models.canvas import Canvas

ModelName = Annotated[
    str,
    typer.Argument(
        help="A model's directory, a run's, a zip of either, or a Hub repository (owner/name); of a pre-trained model "
        "its folder, or its one .safetensors file."
    ),
]
MadeWith = Annotated[
    str | None, typer.Option(help="Where the model is; by default it is searched for here and beside the work.")
]
Trajectory = Annotated[bool, typer.Option("--trajectory", help="Also write an animation from noise to picture.")]
WithMark = Annotated[
    bool, typer.Option("--mark/--no-mark", help="Put a mark into the pixels of works from 192 px a side on.")
]
KeepRecipe = Annotated[bool, typer.Option("--recipe/--no-recipe", help="Keep the settings in the file.")]
Background = Annotated[str, typer.Option(help="R,G,B: what shows through a transparent picture.")]
IncludeWorks = Annotated[
    bool, typer.Option("--include-works", help="Take works that sfumato made as art too; else they are left out.")
]
Query = Annotated[str, typer.Option("--query", metavar="WORDS", help="What a museum is asked for, as in sunflowers.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, max=10_000, help="The most works that are taken from a museum; 200 if not said."),
]
Device = Annotated[
    str, typer.Option(help="cpu, cuda (cuda:1), mps, or auto: cuda where there is one, else mps, else cpu.")
]
DeviceAgain = Annotated[
    str,
    typer.Option(help="cpu, cuda, mps, or auto: the kind that the work was made on if it is here, else as usual."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]
Copies = Annotated[
    str | None,
    typer.Option(
        help="A near copy of a picture that was learned from: mark it, so that its file says so, or refuse it. By "
        "default as the policy has it, which without a file is mark."
    ),
]
Retries = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MOST_RETRIES,
        help="How often a work that is refused is made again, with the next seed.",
    ),
]
WHITE: Final = "255,255,255"
MOST_WORKS: Final = 100_000  # at once

SAMPLING: Final = tuple(SamplerSettings.model_fields)
CONTENT: Final = ("prompt", "label", "negative")
CANVAS: Final = tuple(CanvasShape.model_fields)
RARE: Final = tuple(
    name for name, field in SamplerSettings.model_fields.items() if field.json_schema_extra == {"rare": True}
)
Field = tuple[type[Plain], str]


def _as_in(part: type[Plain], name: str) -> Any:
    """An option that may be left out, with the type, range and description of a field in the request's schema."""
    return field(default=None, metadata={"field": (part, name)})


@dataclass(frozen=True)
class SteeringOptions:
    """What works are steered by."""

    palette: Annotated[
        str | None,
        typer.Option("--palette", help="Colours to paint works in: a picture's, or #1d3557,#f1faee,#e63946,..."),
    ] = None
    palette_strength: float | None = _as_in(Palette, "strength")
    composition: Annotated[
        Path | None, typer.Option("--composition", help="A sketch whose masses are followed, of any size.")
    ] = None
    composition_strength: float | None = _as_in(Composition, "strength")

    def added_to(self, request: Request, canvas: Canvas) -> Request:
        """Raises SfumatoError for what cannot be steered by."""
        from sfumato.models.verbs import steering_from

        steering = steering_from(
            canvas,
            palette=self.palette,
            palette_strength=self.palette_strength,
            composition=self.composition,
            composition_strength=self.composition_strength,
        )
        return request.with_changes(steering)


@dataclass(frozen=True)
class RefusalOptions:
    """What becomes of works that had better not leave, besides what the policy of the computer says."""

    copies: Copies = None
    retries: Retries = None


@dataclass(frozen=True)
class PictureOptions(PretrainedOptions):
    """How a picture is read, by what a work is made from it, and how that is written."""

    background: Background = WHITE
    trajectory: Trajectory = False
    copies: Copies = None
    retries: Retries = None
    recipe: KeepRecipe = True
    mark: WithMark = True
    device: Device = "auto"
    force: Force = False


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


def asks(*names: str, **taken: Field) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each of these plain names of a request (see ``Request.of``), and ``--set`` for the
    rare ones, in place of its parameter ``request``, which it gets as what was asked for. A parameter that is a
    dataclass has an option for each of its fields. A command without a parameter ``request`` asks no model. taken:
    parameters whose type, range and description are those of a field in the request's schema."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        derived = [name for name in names if name not in RARE]
        rare = len(derived) < len(names)
        own = inspect.signature(command, eval_str=True).parameters
        kinds = {name: parameter.annotation for name, parameter in own.items()}
        groups = {name: kind for name, kind in kinds.items() if isinstance(kind, type) and is_dataclass(kind)}

        @functools.wraps(command)
        def run(**given: Any) -> None:
            values = {name: given.pop(name) for name in derived}
            asked = {name: value for name, value in values.items() if value is not None and value is not False}
            if "request" in own:
                settings = given.pop("settings") if rare else None
                given["request"] = Request.of(**asked, **parse_settings(settings))
            for name, group in groups.items():
                given[name] = group(**{option.name: given.pop(option.name) for option in fields(group)})
            command(**given)

        parameters = []
        for name, parameter in own.items():
            if name == "request":
                parameters += [*map(_derived, derived), *([_SETTINGS] if rare else [])]
            elif name in groups:
                parameters += _options_of(groups[name])
            elif name in taken:
                parameters.append(_as_field(parameter, taken[name]))
            else:
                parameters.append(parameter)
        del run.__wrapped__  # typer would read the command's own parameters
        # Some commands have arguments without a default after the options that are derived.
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _options_of(group: type[Any]) -> Iterator[inspect.Parameter]:
    taken = {each.name: each.metadata["field"] for each in fields(group) if each.metadata}
    for name, parameter in inspect.signature(group, eval_str=True).parameters.items():
        yield _as_field(parameter, taken[name]) if name in taken else parameter


def _as_field(parameter: inspect.Parameter, taken: Field) -> inspect.Parameter:
    flag = f"--{parameter.name.replace('_', '-')}"
    return parameter.replace(annotation=option_of(*taken, flag, optional=parameter.default is None))


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
            raise SfumatoError(f"--set {name}: is given twice; leave one out")
        try:
            settings[name] = float(value)
        except ValueError as error:
            raise SfumatoError(f"--set {text}: '{value.strip()}' is not a number; as in --set {name}=0.5") from error
    return settings
