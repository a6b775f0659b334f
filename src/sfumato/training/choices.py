"""What a person chooses of a run's settings, in layers: a preset, a TOML file, --set, options."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from sfumato.disk import read_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.networks import AnyNetworkConfig
from sfumato.training.configuration import AdapterSettings, CadenceConfig, TrainingConfig
from sfumato.training.objectives import OBJECTIVES
from sfumato.training.optimisers import OptimiserConfig
from sfumato.training.schedule import ScheduleConfig

LENGTHS = ("steps", "epochs", "minutes")  # each says how long to train
MOST_TOML_BYTES = 1 << 20
_NETWORKS: Mapping[str, type[BaseModel]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(AnyNetworkConfig)
}
_GROUPS: Mapping[str, type[BaseModel]] = {
    "optimiser": OptimiserConfig,
    "schedule": ScheduleConfig,
    "cadence": CadenceConfig,
    "adapter": AdapterSettings,
}


def read_choices(path: Path) -> dict[str, Any]:
    """The settings that a TOML file chooses; the others stay open. Raises SfumatoError for an unknown setting."""
    try:
        choices = tomllib.loads(read_file(path, MOST_TOML_BYTES).decode("utf-8"))
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file") from error
    except (ValueError, OSError, RecursionError) as error:  # too long a number is not a TOMLDecodeError
        said = getattr(error, "strerror", None) or error
        raise SfumatoError(f"{path}: cannot be read as TOML ({said})") from error
    return _checked(choices, str(path))


def parse_choices(settings: Sequence[str]) -> dict[str, Any]:
    """Settings as NAME=VALUE, the value as TOML writes it; what is no TOML is taken as text ('optimiser=adamw').

    NAME: 'batch'; 'objective.class_dropout', of a group; or 'class_dropout' alone, where one group only has it. Raises
    SfumatoError for an unknown setting.
    """
    choices: dict[str, Any] = {}
    for setting in settings:
        name, given, value = setting.partition("=")
        if not given or not name.strip():
            raise SfumatoError(f"--set {setting}: give a name and a value, as in --set learning_rate=0.001")
        try:
            parsed = tomllib.loads(f"value = {value}")
        except (ValueError, RecursionError):
            parsed = {}
        choices[name.strip()] = parsed["value"] if len(parsed) == 1 else value.strip()
    return _checked(choices, "--set")


def layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """All choices in one, each where it belongs: 'learning_rate' in 'optimiser', 'objective.factor' in 'objective'.

    Later layers win; a length (steps, epochs or minutes) takes the place of any other before, an objective of another
    kind that of the one before with all its settings, and so does any network that says its kind. In one layer order
    says nothing.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        if any(layer.get(name) for name in LENGTHS):
            merged = {name: value for name, value in merged.items() if name not in LENGTHS}
        # A kind that is named last would else be a network of its own, without what was said of it before.
        for name, value in sorted(layer.items(), key=lambda item: "." in item[0] and not item[0].endswith(".kind")):
            group, settings = _placed(name, value)
            merged[group] = _joined(group, merged.get(group), settings)
    return merged


def _placed(name: str, value: Any) -> tuple[str, Any]:
    """The name of a setting, or of the group that it belongs to, and its value, or the group's settings."""
    group, dot, inner = name.partition(".")
    if dot:
        return group, {inner: value}
    groups = _groups()
    if name in TrainingConfig.model_fields:
        return name, {"kind": value} if name in groups and isinstance(value, str) else value
    owners = [group for group, names in groups.items() if name in names]
    return (owners[0], {name: value}) if len(owners) == 1 else (name, value)


def _joined(group: str, before: Any, value: Any) -> Any:
    if isinstance(value, BaseModel) and group != "network":
        value = value.model_dump(exclude_unset=True) | {"kind": getattr(value, "kind", None)}
        value = {name: one for name, one in value.items() if one is not None}
    if not isinstance(value, Mapping) or before is None:
        return value
    if isinstance(before, BaseModel):
        before = before.model_dump()
    if not isinstance(before, Mapping):
        return value
    kinds = before.get("kind"), value.get("kind")
    another = group == "objective" and None not in kinds and kinds[0] != kinds[1]
    return value if another or (group == "network" and kinds[1] is not None) else {**before, **value}


def _groups() -> dict[str, set[str]]:
    """The names of the settings in each group, those of every kind of objective among them."""
    own = {group: set(kind.model_fields) for group, kind in _GROUPS.items()}
    own["objective"] = {name for kind in OBJECTIVES.values() for name in kind.model_fields}
    return {group: names - {"kind"} for group, names in own.items()}


def resolve(*layers: Mapping[str, Any], origin: str = "settings") -> TrainingConfig:
    """The settings that choices make, `layered`. Raises SfumatoError that names the first which is unknown or out of
    range."""
    merged = layered(*layers)
    try:
        return TrainingConfig.model_validate(merged)
    except ValidationError as error:
        raise _said(error, origin, merged) from error


def _checked(choices: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """One layer, each setting where it belongs. Which objective its settings are of may be said by another layer."""
    placed = layered(choices)
    chosen = placed.get("objective")
    if not isinstance(chosen, Mapping) or "kind" in chosen:
        resolve(placed, origin=origin)
        return placed
    resolve({name: value for name, value in placed.items() if name != "objective"}, origin=origin)
    kind = next((kind for kind, own in OBJECTIVES.items() if chosen.keys() <= own.model_fields.keys()), "denoising")
    try:
        OBJECTIVES[kind].model_validate(chosen)
    except ValidationError as error:
        raise _said(error, origin, {"objective": {"kind": kind}}, ("objective",)) from error
    return placed


def _said(error: ValidationError, origin: str, merged: Mapping[str, Any], group: tuple[str, ...] = ()) -> SfumatoError:
    """The first fault in words. group: where the validated settings stand."""
    fault = faults_of(error)[0]
    where = (*group, *fault.place)
    place = ".".join(str(part) for part in where if part not in _NETWORKS)
    if fault.kind == "extra_forbidden":
        return SfumatoError(f"{origin}: there is no setting '{place}'{_others(where, merged)}")
    if not place or (where == ("objective",) and fault.kind == "value_error"):  # of several settings together
        return SfumatoError(f"{origin}: {fault.said}")
    return SfumatoError(f"{origin}: {place} = {fault.value!r}: {fault.said}")


def _others(where: Sequence[Any], merged: Mapping[str, Any]) -> str:
    """What may be said in place of a setting that there is not: the names that are like its own, else all.

    where: pydantic's location of it, in which a network's kind stands before the names of its settings.
    """
    name, of = str(where[-1]), ""
    network = next((_NETWORKS[part] for part in where if part in _NETWORKS), None)
    if network is not None:
        names = set(network.model_fields)
    elif where[0] == "objective":
        chosen = merged["objective"]
        kind = chosen.get("kind", "denoising") if isinstance(chosen, Mapping) else chosen.kind
        names, of = set(OBJECTIVES[kind].model_fields), f" of {kind}"
    elif len(where) > 1:
        names = set(_GROUPS[where[0]].model_fields)
    else:
        names = set(TrainingConfig.model_fields)
    known = names if len(where) > 1 else names.union(*_groups().values())
    if like := get_close_matches(name, sorted(known)):
        return f"{of}; did you mean {' or '.join(repr(one) for one in like)}?"
    return f"{of}; there are {', '.join(sorted(names))}"
