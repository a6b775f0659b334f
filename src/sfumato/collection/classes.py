"""What folders and tables say of a picture's class, and which of them is right."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from sfumato.collection.columns import KIND
from sfumato.collection.tables import Fields
from sfumato.text import counted

_SPLITS: Final = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "dev", "validation"),
    "test": ("test", "testing"),
}

# What people call a folder of everything.
_NO_CLASSES: Final = frozenset(
    (
        "all", "all images", "all pictures", "archive", "art", "data", "dataset", "files", "image", "images", "img",
        "imgs", "jpeg", "jpg", "my art", "photo", "photos", "picture", "pictures", "png", "raw", "raw images",
    )
)  # fmt: skip

Folders = tuple[str, ...]


# What stands beside the name of a split in that of its folder: 'train_images', 'test-set'.
_BESIDE_SPLITS: Final = frozenset(
    ("set", "image", "images", "img", "imgs", "photos", "pictures", "pics", "data", "dataset", "split")
)


def split_named(name: str) -> str:
    """'train', 'validation' or 'test' for what people call them; '' for any other name.

    'training_set', 'val', 'train_images', 'testset', 'train2017'.
    """
    words = [word for word in re.split(r"[\s_-]+", name.strip().lower()) if word not in _BESIDE_SPLITS]
    if len(words) != 1:
        return ""
    word = words[0].rstrip("0123456789").removesuffix("set")
    return next((split for split, names in _SPLITS.items() if word in names), "")


def placed(files: list[str], *, around: str = "") -> tuple[list[tuple[str, str]], list[str]]:
    """(class, split) of each file, '' where its folders say neither, and the names of the folders taken for a split.

    The class is the first folder; below folders of a split it is the first one there. Folders around all others are no
    class. A folder around all pictures, with no other in it, is one, unless it has a name that says nothing ('images')
    or that of what it was packed in or lies in, `around`.
    """
    folders = [tuple(file.split("/")[:-1]) for file in files]
    divided = _divided(folders)
    classes_below = any(below for _, _, below in divided)
    rest = _unwrapped([below if split and classes_below else above for above, split, below in divided], around)
    splits = [split for _, split, _ in divided]
    places = [(folder[0] if folder else "", split_named(split)) for folder, split in zip(rest, splits, strict=True)]
    return places, sorted(set(splits) - {""})


def _divided(folders: list[Folders]) -> list[tuple[Folders, str, Folders]]:
    """For each file the folders above the one that stands for a split, that one, and those below; where none does, all
    of them, '' and ()."""
    names: dict[Folders, set[str]] = defaultdict(set)
    for folder in set(folders):
        for depth, name in enumerate(folder):
            names[folder[:depth]].add(name)
    # Among 'car' and 'plane', 'train' is a class: a folder is a split's where all that lie beside it are.
    parents = {parent for parent, inside in names.items() if all(map(split_named, inside))}
    depths = [next((depth for depth in range(len(folder)) if folder[:depth] in parents), None) for folder in folders]
    divided = [
        (folder, "", ()) if depth is None else (folder[:depth], folder[depth], folder[depth + 1 :])
        for folder, depth in zip(folders, depths, strict=True)
    ]
    found = [parts for parts in divided if parts[1]]
    # A single one with nothing below it is a split's too where it holds everything: 'train' is what data sets call it.
    is_split = len({split_named(split) for _, split, _ in found}) > 1
    is_around = len(found) == sum(map(bool, folders)) and len({(above, split) for above, split, _ in found}) == 1
    if is_split or is_around or any(below for _, _, below in found):
        return divided
    return [(folder, "", ()) for folder in folders]


def _unwrapped(folders: list[Folders], around: str) -> list[Folders]:
    """Without the folders that contain all others; pictures beside those stay in no folder."""
    while True:
        inside = Counter(folder[:2] for folder in folders if folder)
        names = {folder[0] for folder in inside}
        if len(names) != 1:
            return folders
        (name,) = names
        # Among many pictures of its own, a folder's sub-folders only sort these.
        own = inside.pop((name,), 0)
        is_around = own == 0 or (len(inside) > 1 and own < inside.total())
        if not is_around and not (not inside and _says_nothing(name, around)):
            return folders
        folders = [folder[1:] for folder in folders]


def _says_nothing(name: str, around: str) -> bool:
    plain = name.strip().casefold().replace("_", " ").replace("-", " ")
    is_number = re.fullmatch(r"\d{5,}", plain) is not None  # of the first part of many
    return name.casefold() == around.casefold() or plain in _NO_CLASSES or is_number


# Folders that say when a picture was made or put there, or are numbered because there are many: '2021-05', '00012'.
_DATE: Final = re.compile(r"(1[5-9]|20)\d\d(s|[-_. ]?(0[1-9]|1[0-2])([-_. ]?[0-3]\d)?)?")
_SHARD: Final = re.compile(r"\d{5,}|(batch|part|shard|chunk|folder)[ _-]?\d+", re.IGNORECASE)
_STYLEGAN_SHARD: Final = re.compile(r"\d{5}")
# Folders of kohya's training scripts: how often an epoch repeats its pictures, and what is in them.
_REPEATS: Final = re.compile(r"[1-9]\d{0,2}_(.*\S.*)")
_FEW: Final = 20  # classes: as many as this, or half as many as there are pictures
_MOST_NAMED: Final = 5


def chosen_categories(
    folders: list[str], known: Sequence[Fields], tables: Sequence[str], unlabelled: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The class of each of N pictures, '' for none, and notes for people.

    folders: for each the one that would be its class, '' for none. known: what tables and texts say of it, the class
    and what else sorts it among that (a column 'breed'). tables, unlabelled: the names of the tables that give classes,
    and of those that say that there are none.

    What a table states wins where it states a class for every picture, or where the folders tell nothing apart or are
    named after dates or running numbers. Otherwise the folders are the classes. A table of which every other row has a
    class of its own states no classes.
    """
    names = sorted(set(folders) - {""})
    categories, kinds = ([fields.get(about, "") for fields in known] for about in ("category", KIND))
    if names and unlabelled and not any(categories) and all(map(_STYLEGAN_SHARD.fullmatch, names)):
        note = f"{', '.join(unlabelled)}: states that there are no labels, so the numbered folders are no classes"
        return [""] * len(folders), [note]
    told_apart = len(set(folders)) > 1
    said_by = ", ".join(tables)
    for stated, certain in ((categories, True), (kinds, False)):
        if not any(stated):
            continue
        values = set(stated) - {""}
        if len(values) > max(_FEW, len(stated) // 2):
            amounts = f"{counted(len(values), 'class')} to {counted(len(stated), 'picture')}"
            note = f"{said_by}: gives {amounts}, so these are not used as classes"
            return _from_folders(folders, known, [note])
        if not told_apart or all(map(_says_no_class, names)) or (certain and all(stated)):
            notes = []
            if len(names) > 1 and any(mine != theirs for mine, theirs in zip(stated, folders, strict=True)):
                notes.append(f"{said_by}: the classes are those stated there, not the folders ({_listed(names)})")
            return stated, notes
        count = sum(map(bool, stated))
        if any(mine and mine != theirs for mine, theirs in zip(stated, folders, strict=True)):
            reason = f" for {count:,} of {counted(len(stated), 'picture')}" if count < len(stated) else ""
            note = f"{said_by}: gives classes{reason}, which are not used, because the folders are the classes"
            return _from_folders(folders, known, [note])
    return _from_folders(folders, known, [])


def _from_folders(folders: list[str], known: Sequence[Fields], notes: list[str]) -> tuple[list[str], list[str]]:
    """The folders' names, without kohya's repeat counts where every folder has one, and captions."""
    names = sorted(set(folders) - {""})
    matches = {name: match[1].strip() for name in names if (match := _REPEATS.fullmatch(name))}
    captioned = all(fields.get("caption") for fields, folder in zip(known, folders, strict=True) if folder)
    if not names or len(matches) < len(names) or len(set(matches.values())) < len(names) or not captioned:
        return folders, notes
    note = f"{_listed(names)}: read as repeats and a name; repeats are not used, so every picture counts once"
    return [matches.get(folder, folder) for folder in folders], [*notes, note]


def _says_no_class(folder: str) -> bool:
    return bool(_DATE.fullmatch(folder) or _SHARD.fullmatch(folder))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
