"""Filters that a policy requires: plug-ins that score works, without which nothing is made.

A plug-in is an entry point of the group 'sfumato.filters': a callable that takes the options of the policy as keywords
and returns a `Filter`. Whatever it does wrong ends in a SfumatoError, never in a work that was not looked at.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sfumato.errors import SfumatoError, faults_of
from sfumato.text import counted, printable, shortened

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from PIL import Image

GROUP: Final = "sfumato.filters"
_KEPT: Final = 8  # filters in memory
_PROBE_SIDE: Final = 64  # pixels of the picture that a filter is tried on
_LAST: Final = "nothing is made without it"

Option = str | bool | int | float | tuple[float, ...]


class FilterSettings(BaseModel):
    """What a policy says of one filter: [[filters]] in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    most: Annotated[float, Field(ge=0, le=1, description="a work that scores more is refused")] = 0.5
    options: dict[str, Option] = Field({}, description="what the plug-in is given")


class Filter(Protocol):
    def scores(self, pictures: Sequence[Image.Image]) -> Sequence[float]:
        """RGB pictures of any sizes -> a score each in 0..1; the higher it is, the less is the picture wanted.

        That of a picture should not depend on the others.
        """
        ...


def load_filter(settings: FilterSettings) -> Filter:
    """The filter, loaded once in a process for equal settings and tried on one picture.

    What it gives are one finite number in 0..1 for each picture, else its ``scores`` raises SfumatoError. Raises
    SfumatoError where there is no such plug-in or more than one, where it cannot be imported, does not take the
    options, or cannot score a picture.
    """
    # A session of another library does not live through a fork.
    return _loaded(settings.name, settings.model_dump_json(), os.getpid())


def refusals(filters: Sequence[FilterSettings], pictures: Sequence[Image.Image]) -> list[str | None]:
    """For each picture None, or why it is refused, as a clause: 'the filter open_nsfw gives it 0.93, and the policy
    allows 0.20'; the reasons of several filters stand one after the other. Raises SfumatoError as `load_filter` does.
    """
    reasons: list[list[str]] = [[] for _ in pictures]
    for settings in filters:
        for place, score in enumerate(load_filter(settings).scores(pictures)):
            if score > settings.most:
                given, allowed = _told_apart(score, settings.most)
                reasons[place].append(
                    f"the filter {printable(settings.name)} gives it {given}, and the policy allows {allowed}"
                )
    return ["; ".join(said) or None for said in reasons]


class _Checked:
    """A plug-in's filter whose scores are scores. It is given copies: what it does to them, no work shows."""

    def __init__(self, name: str, loaded: Filter) -> None:
        self.name, self.loaded = name, loaded

    def scores(self, pictures: Sequence[Image.Image]) -> list[float]:
        if not pictures:
            return []
        try:
            # Its numbers may be of any library's kinds, and come from a generator.
            given = list(self.loaded.scores([picture.convert("RGB") for picture in pictures]))
            scores = [_as_score(score) for score in given]
        except SfumatoError as error:
            raise SfumatoError(f"the filter '{printable(self.name)}': {error}; {_LAST}") from error
        except Exception as error:
            raise _fault(self.name, f"failed on a picture ({_reason(error)})", "correct the plug-in") from error
        if len(scores) != len(pictures):
            said = f"gave {counted(len(scores), 'score')} for {counted(len(pictures), 'picture')}"
            raise _fault(self.name, said, "correct the plug-in")
        return scores


@lru_cache(maxsize=_KEPT)
def _loaded(name: str, settings: str, process: int) -> Filter:
    """What fails is not kept, so that it can be put right. process: it belongs to the key alone."""
    from PIL import Image

    options = FilterSettings.model_validate_json(settings).options
    found = _made(name, _factory(name), options)
    if not callable(getattr(found, "scores", None)):
        raise _fault(name, f"is {type(found).__name__}, which has no method 'scores'", "correct the plug-in")
    checked = _Checked(name, found)
    checked.scores([Image.new("RGB", (_PROBE_SIDE, _PROBE_SIDE), (128, 128, 128))])
    return checked


def _factory(name: str) -> Callable[..., Any]:
    entry = _entry(name)
    try:
        factory = entry.load()
    except Exception as error:
        remedy = "install what it needs, or install it again"
        raise _fault(name, f"cannot be imported from {entry.value} ({_reason(error)})", remedy) from error
    if not callable(factory):
        raise _fault(
            name, f"is {type(factory).__name__} at {entry.value}, which cannot be called", "correct the plug-in"
        )
    made: Callable[..., Any] = factory
    return made


def _entry(name: str) -> EntryPoint:
    from importlib.metadata import entry_points

    there = entry_points(group=GROUP)
    # A package that claims another's name must not take its place.
    found = {entry.value: entry for entry in there if entry.name == name}
    if not found:
        names = ", ".join(sorted({printable(entry.name) for entry in there})) or "none"
        raise _fault(
            name, f"is not installed (there are: {names})", "install the package that brings it, or correct its name"
        )
    if len(found) > 1:
        raise _fault(name, f"is there more than once ({', '.join(sorted(found))})", "uninstall all but one")
    return next(iter(found.values()))


def _made(name: str, factory: Callable[..., Any], options: dict[str, Option]) -> Any:
    try:
        _check_options(factory, options)
    except TypeError as error:
        raise _fault(name, f"does not take the options of the policy ({error})", "correct them") from error
    try:
        return factory(**options)
    except ValidationError as error:
        raise _fault(name, f"does not take the options of the policy: {faults_of(error)[0]}", "correct them") from error
    except SfumatoError as error:
        raise SfumatoError(f"the filter '{printable(name)}' cannot be loaded: {error}; {_LAST}") from error
    except Exception as error:
        raise _fault(name, f"cannot be loaded ({_reason(error)})", "correct its options or the plug-in") from error


def _check_options(factory: Callable[..., Any], options: dict[str, Option]) -> None:
    """Raises TypeError where the factory takes no such keywords, or needs others."""
    try:
        signature = inspect.signature(factory)
    except ValueError:  # of a callable written in C; it says so itself when it is called
        return
    signature.bind(**options)


def _as_score(given: Any) -> float:
    if isinstance(given, str | bytes):
        raise ValueError(f"gave the score {given!r}, which is text")
    score = float(given)
    if not math.isfinite(score) or not 0 <= score <= 1:
        raise ValueError(f"gave the score {score:g}, and scores are numbers from 0 to 1")
    return score


def _told_apart(score: float, most: float) -> tuple[str, str]:
    """Both with as many digits as it takes to see that they differ, two at least."""
    digits = next((count for count in range(2, 17) if f"{score:.{count}f}" != f"{most:.{count}f}"), 17)
    return f"{score:.{digits}f}", f"{most:.{digits}f}"


def _reason(error: Exception) -> str:
    """What an exception says, its kind where it is not one of ours, on one line."""
    said = printable(" ".join(shortened(str(error)).split()))
    if said and isinstance(error, SfumatoError | ImportError | ValueError):
        return said
    return ": ".join(filter(None, (type(error).__name__, said)))


def _fault(name: str, said: str, remedy: str) -> SfumatoError:
    return SfumatoError(f"the filter '{printable(name)}' {said}; {remedy}: {_LAST}")
