"""The policy in force: its limits, where they come from, and the sentences that say what they refuse."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, Self

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.policy.filters import load_filter
from sfumato.policy.limits import COPIES, MOST_RETRIES, Limits, Words
from sfumato.policy.prompt_rules import PromptRules
from sfumato.text import at_home, counted, printable, readable, shortened

VARIABLE: Final = "SFUMATO_POLICY"
NAME: Final = "policy.toml"
_SHOWN: Final = 20  # names in a sentence


@dataclass(frozen=True)
class Policy:
    """limits: as they are; origin: the file, None where there is none; judges: whether works are compared and filtered
    at all, as all are that a person asks for. A training's own snapshots and the works that are only measured are not.
    """

    limits: Limits = field(default_factory=Limits)
    origin: Path | None = None
    judges: bool = True

    @classmethod
    def current(cls) -> Self:
        """That of this computer. Raises SfumatoError where its file cannot be read or holds what is no limit."""
        path = policy_file()
        return cls() if path is None else cls(Limits.read(path), path)

    @classmethod
    def none(cls) -> Self:
        """For works that nobody is given: they are neither limited nor compared."""
        return cls(judges=False)

    def asked(self, copies: str | None = None, retries: int | None = None) -> Self:
        """With what a person asks for besides, None for nothing; near copies that the owner has refused stay refused.

        Raises SfumatoError for what is not one of ``COPIES``, and for retries out of range.
        """
        if copies is not None and copies not in COPIES:
            raise SfumatoError(f"copies '{copies}': choose {' or '.join(COPIES)}")
        if retries is not None and not (isinstance(retries, int) and 0 <= retries <= MOST_RETRIES):
            raise SfumatoError(f"retries {retries!r}: a whole number from 0 to {MOST_RETRIES} is needed")
        changes = {
            **({} if copies is None or self.limits.copies == "refuse" else {"copies": copies}),
            **({} if retries is None else {"retries": retries}),
        }
        return replace(self, limits=self.limits.model_copy(update=changes)) if changes else self

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the limits on works, hexadecimal: equal for equal ones, wherever they come from."""
        limits = self.limits.model_dump(mode="json", exclude={"pictures"})
        if self.limits.prompts == PromptRules():  # as before there were such rules
            del limits["prompts"]
        said = json.dumps(limits, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def said(self) -> str:
        """What it is called in a sentence."""
        return "the policy" if self.origin is None else f"the policy ({self.origin})"

    @property
    def keeps_prompts(self) -> bool:
        """Whether files hold prompts as text."""
        return self.limits.prompts.record == "text"

    def load_filters(self) -> None:
        """Loads those that a work must pass, so that nothing is begun without them. Raises SfumatoError where one
        cannot be."""
        for settings in self.limits.filters:
            load_filter(settings)

    def check_size(self, width: int, height: int) -> None:
        """Raises SfumatoError for works of a size that is not allowed, in pixels."""
        most = self.limits.longest_side
        if most is not None and max(width, height) > most:
            raise SfumatoError(
                f"{self.said} allows {counted(most, 'pixel')} a side at most, and this would be {width} x {height}"
            )

    def allows_class(self, name: str) -> bool:
        """Whether works of a class of this name may be made."""
        return bool(_allowed(self.limits.classes, self.limits.words, (name,)))

    def check_words(self, text: str) -> None:
        """Raises SfumatoError for a class or other words that are not allowed."""
        if word := self.limits.words.fault(text):
            raise SfumatoError(f"'{text}': {self.said} does not allow '{word}'; ask for something else")

    def check_prompt(self, text: str, *, said: str = "prompt") -> None:
        """Raises SfumatoError for a prompt that is not allowed, with the rule. text: as an encoder is told it; said:
        what it is called in the sentence."""
        limits, asked = self.limits, f"{said} '{shortened(printable(text), 60)}'"
        most = limits.prompts.most_letters
        if most is not None and len(text) > most:
            raise SfumatoError(
                f"{asked}: has {counted(len(text), 'letter')}, and {self.said} allows {most:,} in a prompt; shorten it"
            )
        for rule, word in (("prompts", limits.prompts.fault(text)), ("words", limits.words.fault(text))):
            if word:
                raise SfumatoError(
                    f"{asked}: {self.said} does not allow '{shortened(printable(word), 60)}' in it, by its rule "
                    f"[{rule}]; ask for something else"
                )

    def allowed_classes(self, names: Sequence[str]) -> list[int]:
        """Which of a model's classes may be made: indices. Raises SfumatoError where none may."""
        bounded = self.limits.classes is not None
        if not names and bounded:
            raise SfumatoError(
                f"{self.said} allows certain classes alone ({_listed(self.limits.classes or ())}), and the "
                "model knows no classes; use one that was trained with them"
            )
        found = _allowed(self.limits.classes, self.limits.words, tuple(names))
        if names and not found:
            raise SfumatoError(f"{self.said} allows none of the model's classes ({_listed(names)})")
        return list(found)

    def check_classes(self, names: Sequence[str]) -> None:
        """Raises SfumatoError where works of one of these classes may not be made."""
        for name in names:
            self.check_words(name)
            if not self.allows_class(name):
                raise SfumatoError(f"class '{name}': {self.said} allows {_listed(self.limits.classes or ())} alone")


def policy_file() -> Path | None:
    """The policy's file: that named in SFUMATO_POLICY, whether it is there or not; else the first that is there of
    sfumato/policy.toml in XDG_CONFIG_HOME (by default ~/.config) and XDG_CONFIG_DIRS (/etc/xdg); None for none.

    Raises SfumatoError where a name that is no path is given.
    """
    if named := os.environ.get(VARIABLE):
        try:
            return local_path(named)
        except SfumatoError as error:
            raise SfumatoError(f"{VARIABLE}: {error}; nothing is made without the policy") from error
    home, others = os.environ.get("XDG_CONFIG_HOME", ""), os.environ.get("XDG_CONFIG_DIRS", "")
    places = [*_whole([home], at_home(Path("~/.config"))), *_whole(others.split(":"), Path("/etc/xdg"))]
    return next((path for place in places if _may_be_there(path := place / "sfumato" / NAME)), None)


def _whole(named: Sequence[str], usual: Path) -> list[Path]:
    """The directories that a variable names: the XDG base directory specification has relative paths ignored, and what
    is left empty is as it usually is."""
    return [path for path in map(Path, named) if path.is_absolute()] or [usual]


def _may_be_there(path: Path) -> bool:
    """Whether something is there, or cannot be seen: a policy that cannot be read is not passed over."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


@lru_cache(maxsize=64)
def _allowed(classes: Sequence[str] | None, words: Words, names: tuple[str, ...]) -> tuple[int, ...]:
    """Which of these may be made. Kept, as it is asked for each work, and a model may have many classes."""
    if classes is None and words == Words():
        return tuple(range(len(names)))
    listed = None if classes is None else set(map(readable, classes))
    return tuple(
        index
        for index, name in enumerate(names)
        if (listed is None or readable(name) in listed) and not words.fault(name)
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {counted(more, 'other')}" if more > 0 else "") or "none"
