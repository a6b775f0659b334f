"""Files of a whole folder that keep its pictures from being learned from: tdmrep.json, ai.txt and robots.txt.

They are written for a web site, whose root is the folder that they lie in. `tdmrep.json` (TDM Reservation Protocol, W3C
Community Group report) and `ai.txt` (Spawning) speak of mining and training alone, so that each of their rules counts.
`robots.txt` (RFC 9309) speaks to programs that fetch pages; it counts where it would not have let a program at the file
that gathers pictures to train on: one that it names, or any. So do its newer lines on training itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sfumato.text import decoded

TDMREP: Final = "tdmrep.json"
NAMES: Final = (TDMREP, "ai.txt", "robots.txt")
WELL_KNOWN: Final = ".well-known"

# Programs that gather what models are trained on, by the names that they obey.
_GATHERING: Final = frozenset(
    (
        "gptbot", "google-extended", "ccbot", "anthropic-ai", "claudebot", "claude-web", "applebot-extended",
        "bytespider", "meta-externalagent", "facebookbot", "cohere-ai", "cohere-training-data-crawler", "diffbot",
        "img2dataset", "laion-huggingface-processor", "ai2bot", "ai2bot-dolma", "omgili", "omgilibot", "imagesiftbot",
        "webzio-extended", "pangubot", "timpibot", "velenpublicwebcrawler", "amazonbot",
    )
)  # fmt: skip
_TRAINING: Final = re.compile(r"(?:ai-train|train-ai)\s*=\s*(?:no?|n)\b", re.IGNORECASE)
_MOST_RULES: Final = 10_000
_MOST_LETTERS: Final = 1000  # of a pattern


class _Rule:
    """Whether files whose path a pattern fits are reserved, and the line that says so."""

    def __init__(self, pattern: str, is_reserved: bool, said: str) -> None:
        self.pattern, self.is_reserved, self.said = pattern, is_reserved, said
        # RFC 9309, 2.2.3: the beginning of a path, in which '*' is anything and a last '$' the end.
        self._first, *parts = pattern.removesuffix("$").split("*")
        self._is_whole = pattern.endswith("$")
        self._last = parts.pop() if parts and self._is_whole else None
        self._parts = parts

    def fits(self, path: str) -> bool:
        """Whether the pattern fits a path, which begins with '/'."""
        if not path.startswith(self._first):
            return False
        place = len(self._first)
        for part in self._parts:
            found = path.find(part, place)
            if found < 0:
                return False
            place = found + len(part)
        if self._last is None:
            return not self._is_whole or place == len(path)
        return path.endswith(self._last) and len(path) - len(self._last) >= place


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one such file says. `groups` are rules that hold side by side; in each the longest that fits decides."""

    groups: tuple[tuple[_Rule, ...], ...]

    def of(self, file: str) -> str:
        """What keeps a file from being learned from, in words; '' for nothing. file: relative to the root."""
        path = f"/{file}"
        for group in self.groups:
            fitting = [rule for rule in group if rule.fits(path)]
            if fitting:
                # Of two that are as long, RFC 9309 lets the file go; who reserves means it.
                deciding = max(fitting, key=lambda rule: (len(rule.pattern), rule.is_reserved))
                if deciding.is_reserved:
                    return deciding.said
        return ""


def parse_reservation(data: bytes, name: str) -> Reservation | None:
    """What a file of one of the `NAMES` says; None where it is not as it should be."""
    text = decoded(data)
    if name.lower() == TDMREP:
        return _parse_tdmrep(text)
    groups = _parse_robots(text, only_gathering=name.lower() == "robots.txt")
    return Reservation(tuple(tuple(group[:_MOST_RULES]) for group in groups))


def _parse_tdmrep(text: str) -> Reservation | None:
    """A list of objects with a location and a reservation of 0 or 1."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, dict) and "tdm-reservation" in entry for entry in entries):
        return None
    rules = (
        _Rule(_pattern(str(entry.get("location", "/"))), str(entry["tdm-reservation"]) == "1", "tdm-reservation 1")
        for entry in entries[:_MOST_RULES]
    )
    return Reservation((tuple(rules),))


def _parse_robots(text: str, *, only_gathering: bool) -> Iterator[list[_Rule]]:
    """The rules for each group of programs that counts."""
    agents: list[str] = []
    rules: list[_Rule] = []
    for line in (*text.splitlines(), "user-agent:"):
        key, colon, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        if not colon:
            continue
        key = key.lower()
        if key == "user-agent":
            if rules:
                yield from _counting(agents, rules, only_gathering=only_gathering)
                agents, rules = [], []
            agents.append(value.lower())
        elif key in ("disallow", "allow"):
            # An empty pattern fits nothing, which lets everything go.
            if value:
                rules.append(_Rule(_pattern(value), key == "disallow", f"Disallow: {value[:100]}"))
        elif key == "disallowaitraining" and value:
            rules.append(_Rule(_pattern(value), True, f"DisallowAITraining: {value[:100]}"))
        elif key in ("content-signal", "content-usage") and _TRAINING.search(value):
            path = value.split()[0] if value.startswith("/") else "/"
            rules.append(_Rule(_pattern(path), True, f"{key}: {value[:100]}"))


def _counting(agents: list[str], rules: list[_Rule], *, only_gathering: bool) -> Iterator[list[_Rule]]:
    named = [agent for agent in agents if agent]
    on_training = [rule for rule in rules if not rule.said.startswith("Disallow: ")]
    counting = [agent for agent in named if not only_gathering or agent in _GATHERING or agent == "*"]
    if counting or not named:
        who = f" for {counting[0]}" if counting and counting[0] != "*" else ""
        yield [_Rule(rule.pattern, rule.is_reserved, f"{rule.said}{who}") for rule in rules]
    elif on_training:
        yield on_training


def _pattern(location: str) -> str:
    """A location or a pattern as it begins a path, without what stands for other letters."""
    path = urlsplit(location).path or "/" if "://" in location else location
    path = unquote(path)[:_MOST_LETTERS]
    return path if path.startswith(("/", "*")) else f"/{path}"
