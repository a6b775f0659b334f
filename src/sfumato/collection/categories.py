"""Which of what is known of a picture is its class: the name of its folder, or what a table states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.text import counted

# Folders that say when a picture was made or put there, or are numbered because there are many: '2021-05', '00012'.
_DATE: Final = re.compile(r"(1[5-9]|20)\d\d(s|[-_. ]?(0[1-9]|1[0-2])([-_. ]?[0-3]\d)?)?")
_SHARD: Final = re.compile(r"\d{5,}|(batch|part|shard|chunk|folder)[ _-]?\d+", re.IGNORECASE)
_STYLEGAN_SHARD: Final = re.compile(r"\d{5}")
# Folders of kohya's training scripts: how often an epoch repeats its pictures, and what is in them.
_REPEATS: Final = re.compile(r"[1-9]\d{0,2}_(.*\S.*)")
_FEW: Final = 20  # classes: as many as this, or half as many as there are pictures
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """For each of N pictures, '' for what is not known: the folder that would be its class, the class that a table
    states, what else sorts it (a column 'breed'), whether it has a caption. `tables` and `unlabelled` name the tables
    that give classes, and those that say that there are none."""

    folders: Sequence[str]
    stated: Sequence[str]
    kinds: Sequence[str]
    captioned: Sequence[bool]
    tables: Sequence[str]
    unlabelled: Sequence[str]


def chosen_categories(evidence: Evidence) -> tuple[list[str], list[str]]:
    """The class of each picture, '' for none, and notes for people.

    What a table states wins where it states a class for every picture, or where the folders tell nothing apart or are
    named after dates or running numbers. Otherwise the folders are the classes. A table of which every other row has a
    class of its own states no classes.
    """
    folders = list(evidence.folders)
    names = sorted(set(folders) - {""})
    tables = ", ".join(evidence.tables)
    if names and evidence.unlabelled and not any(evidence.stated) and all(map(_STYLEGAN_SHARD.fullmatch, names)):
        note = (
            f"{', '.join(evidence.unlabelled)}: states that there are no labels, so the numbered folders are no classes"
        )
        return [""] * len(folders), [note]
    told_apart = len(set(folders)) > 1
    for stated, certain in ((evidence.stated, True), (evidence.kinds, False)):
        if not any(stated):
            continue
        values = set(stated) - {""}
        if len(values) > max(_FEW, len(stated) // 2):
            amounts = f"{counted(len(values), 'class')} to {counted(len(stated), 'picture')}"
            note = f"{tables}: gives {amounts}, so these are not used as classes"
            return _from_folders(folders, evidence, [note])
        if not told_apart or all(map(_says_no_class, names)) or (certain and all(stated)):
            notes = []
            if len(names) > 1 and any(mine != theirs for mine, theirs in zip(stated, folders, strict=True)):
                notes.append(f"{tables}: the classes are those stated there, not the folders ({_listed(names)})")
            return list(stated), notes
        count = sum(map(bool, stated))
        if any(mine and mine != theirs for mine, theirs in zip(stated, folders, strict=True)):
            reason = f" for {count:,} of {counted(len(stated), 'picture')}" if count < len(stated) else ""
            note = f"{tables}: gives classes{reason}, which are not used, because the folders are the classes"
            return _from_folders(folders, evidence, [note])
    return _from_folders(folders, evidence, [])


def _from_folders(folders: list[str], evidence: Evidence, notes: list[str]) -> tuple[list[str], list[str]]:
    """The folders' names; without the repeats of kohya's scripts, where every folder has them and captions too."""
    names = sorted(set(folders) - {""})
    matches = {name: match[1].strip() for name in names if (match := _REPEATS.fullmatch(name))}
    captioned = all(has for has, folder in zip(evidence.captioned, folders, strict=True) if folder)
    if not names or len(matches) < len(names) or len(set(matches.values())) < len(names) or not captioned:
        return folders, notes
    note = f"{_listed(names)}: read as repeats and a name; repeats are not used, so every picture counts once"
    return [matches.get(folder, folder) for folder in folders], [*notes, note]


def _says_no_class(folder: str) -> bool:
    return bool(_DATE.fullmatch(folder) or _SHARD.fullmatch(folder))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
