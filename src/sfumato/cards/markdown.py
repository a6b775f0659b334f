"""Markdown of what others wrote: a name from a folder or a data sheet stays plain text, whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from sfumato.text import counted, printable

NOT_KNOWN: Final = "not known"
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|&#!~])")
# GitHub and the Hub make links of these by themselves.
_LINKS: Final = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=www)\.|@", re.IGNORECASE)


def plain(text: str) -> str:
    """As plain text in one cell of a table, on one line."""
    line = printable(" ".join(text.split()))
    return _LINKS.sub(r"\\\g<0>", _SPECIAL.sub(r"\\\1", line))


def address(text: str) -> str:
    """An address as a link to itself; anything else as plain text."""
    if not text.startswith(("http://", "https://")) or re.search(r"\s", text):
        return plain(text)
    return f"<{quote(text, safe=':/?#[]@!$&()*+,;=%~._-')}>"


def table(rows: Mapping[str, str], head: str = "| | |") -> str:
    """Rows of a name and what is known of it, both in Markdown already."""
    lines = [head, "|---" * (head.count("|") - 1) + "|", *(f"| {name} | {said} |" for name, said in rows.items())]
    return "\n".join(lines)


def listed(counts: Mapping[str, int], most: int = 20, beyond: int = 0) -> str:
    """Names with their numbers of pictures, the first of them: 'Ana (3), Bo (2) and 7 more'.

    beyond: how many names there are that are not among the counts.
    """
    shown = [f"{plain(name)} ({count:,})" for name, count in list(counts.items())[:most]]
    more = len(counts) - len(shown) + beyond
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def sized(count: int) -> str:
    """A number of bytes for people, as '12.3 MB'."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return counted(count, "byte")


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
