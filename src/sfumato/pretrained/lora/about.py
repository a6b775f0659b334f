"""What a LoRA file says of itself: title, author, licence and the words that it was trained with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from sfumato.text import printable, shortened

MOST_WORDS: Final = 10
_MOST_LETTERS: Final = 1000  # of what is kept of one thing that a file says


class LoraAbout(NamedTuple):
    """All are texts of the file's author, printable, and '' where nothing is said.

    licence: an SPDX id, a name or a link; date: ISO 8601; trigger: words without which the LoRA does little; base: the
    model that it was trained on; words: those that most of its captions had, most frequent first.
    """

    title: str = ""
    author: str = ""
    licence: str = ""
    description: str = ""
    date: str = ""
    trigger: str = ""
    base: str = ""
    words: tuple[str, ...] = ()


def about(metadata: Mapping[str, str]) -> LoraAbout:
    """What the metadata of a LoRA file say, by the keys of ModelSpec 1.0.0 and of kohya's trainer."""

    def said(*keys: str) -> str:
        found = next(filter(None, (metadata.get(key, "").strip() for key in keys)), "")
        return printable(shortened(found, _MOST_LETTERS))

    return LoraAbout(
        title=said("modelspec.title", "ss_output_name"),
        author=said("modelspec.author"),
        licence=said("modelspec.license"),
        description=said("modelspec.description"),
        date=said("modelspec.date"),
        trigger=said("modelspec.trigger_phrase", "modelspec.usage_hint"),
        base=said("ss_sd_model_name"),
        words=_words(metadata.get("ss_tag_frequency", "")),
    )


def _words(text: str) -> tuple[str, ...]:
    """The most frequent of kohya's counts of tags, {folder: {tag: count}}; () for what is no such thing."""
    try:
        folders = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    counts: Counter[str] = Counter()
    for tags in folders.values() if isinstance(folders, dict) else ():
        for tag, count in tags.items() if isinstance(tags, dict) else ():
            if type(count) is int and tag.strip():
                counts[printable(shortened(tag.strip(), 100))] += count
    return tuple(tag for tag, _ in counts.most_common(MOST_WORDS))
