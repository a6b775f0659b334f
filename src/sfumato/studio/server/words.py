"""The words of another program's prompt as a model takes them: as text, or as its classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from sfumato.errors import SfumatoError
from sfumato.studio.models import StudioModel
from sfumato.studio.server.answers import HttpError
from sfumato.text import printable, shortened
from sfumato.works.labels import index_of, listed, separated, shares_of, written_name

# What stands between classes where people write freely: 'waves and stone', 'waves + stone'.
_BETWEEN: Final = re.compile(r"[+&;|\n]|\band\b", re.IGNORECASE)
_AROUND: Final = " ()[]{}.!\"'\t\n"
_SHARE: Final = re.compile(r"(.*?)\s*:\s*(\d{1,6}(?:\.\d{0,6})?)", re.DOTALL)
_MOST_PARTS: Final = 100


def asked_in_words(model: StudioModel, prompt: str) -> dict[str, Any]:
    """What a prompt asks of a model, by its plain names.

    To a model that reads text it is a prompt; to one with classes their names, a mixture of them or, where it is empty,
    whichever. Raises HttpError 400 for what the model cannot do with it.
    """
    words = prompt.strip()
    if model.kind == "text":
        return {"prompt": prompt}
    if not words:
        return {}
    if model.classes:
        return {"label": label_of(model, words)}
    if words.casefold() in (model.name.casefold(), model.id):
        return {}
    raise _refused(
        f"prompt '{_shown(words)}': the model '{model.name}' reads no text and has no classes; "
        f"leave the prompt empty, or give the model's name"
    )


def led_away_from(model: StudioModel, negative: str) -> dict[str, Any] | None:
    """The same of a negative prompt; None for one that the model can do nothing with."""
    words = negative.strip()
    if not words:
        return {}
    if model.kind == "text":
        return {"negative": negative}
    try:
        index = index_of(words, model.classes, model.name)
    except SfumatoError:
        index = _by_letters(model).get(_letters(words), -1)
    return {"negative": written_name(model.classes[index])} if index >= 0 else None


def label_of(model: StudioModel, words: str) -> str:
    """A class or a mixture as a request has it. words: as `shares_of` reads them, or names in any capitals with commas,
    plus signs or 'and' between them. Raises HttpError 400."""
    try:
        shares = shares_of(words, model.classes, model.name)
    except SfumatoError:
        shares = _freely(model, words)
    if len(shares) == 1:
        return written_name(model.classes[next(iter(shares))])
    return ",".join(f"{written_name(model.classes[index])}:{share:.6g}" for index, share in shares.items())


def _freely(model: StudioModel, words: str) -> dict[int, float]:
    known = _by_letters(model)
    # A class may have an 'and' in its own name.
    found, strange = _counted(words, model, known)
    if strange:
        found, strange = _counted(_BETWEEN.sub(",", words), model, known)
    if strange or not found:
        no_classes = ", ".join(f"'{_shown(name)}'" for name in strange[:3]) or f"'{_shown(words)}'"
        raise _refused(
            f"prompt: {no_classes}: the model '{model.name}' reads no text, it knows classes; ask for one of them, or "
            f"for a mixture such as {written_name(model.classes[0])}:0.7,{written_name(model.classes[-1])}:0.3. "
            f"Its classes: {listed(model.classes)}"
        )
    total = sum(found.values())
    return {index: share / total for index, share in found.items()}


def _counted(words: str, model: StudioModel, known: Mapping[str, int]) -> tuple[dict[int, float], list[str]]:
    """The classes that are named, with their shares, and what names none."""
    found: dict[int, float] = {}
    strange: list[str] = []
    for part in islice(separated(words, ",", model.classes), _MOST_PARTS):
        name, share = _share_of(part)
        index = known.get(_letters(name))
        if index is not None and share > 0:
            found[index] = found.get(index, 0.0) + share
        elif index is None and _letters(name):
            strange.append(name.strip(_AROUND))
    return found, strange


def _share_of(part: str) -> tuple[str, float]:
    weighted = _SHARE.fullmatch(part.strip(_AROUND))
    return (weighted[1], float(weighted[2])) if weighted else (part, 1.0)


def _by_letters(model: StudioModel) -> dict[str, int]:
    """The classes by their names without capitals, those alone that no two of them share."""
    counts = Counter(map(_letters, model.classes))
    return {_letters(name): index for index, name in enumerate(model.classes) if counts[_letters(name)] == 1}


def _letters(name: str) -> str:
    return " ".join(re.split(r"[\s_]+", name.strip(_AROUND))).casefold()


def _shown(words: str) -> str:
    return shortened(printable(words), 60)


def _refused(message: str) -> HttpError:
    return HttpError(400, message, code="invalid_prompt", param="prompt")
