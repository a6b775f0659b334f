"""What the folders that a picture lies in say of it: its class, and the side of a split that somebody made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Final

_SPLITS: Final = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
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
    return _SPLITS.get(words[0].rstrip("0123456789").removesuffix("set"), "")


def placed(files: list[str], *, around: str = "") -> tuple[list[tuple[str, str]], list[str]]:
    """(class, split) of each file, '' where its folders say neither, and the names of the folders taken for a split.

    The class is the first folder; below folders of a split it is the first one there. Folders around all others are no
    class. A folder around all pictures, with no other in it, is one, unless it has a name that says nothing ('images')
    or that of what it was packed in or lies in, `around`.
    """
    folders = [tuple(file.split("/")[:-1]) for file in files]
    depths = _split_depths(folders)
    splits = [folder[depth] if depth is not None else "" for folder, depth in zip(folders, depths, strict=True)]
    classes_below = any(
        depth is not None and len(folder) > depth + 1 for folder, depth in zip(folders, depths, strict=True)
    )
    rest = []
    for folder, depth in zip(folders, depths, strict=True):
        if depth is None:
            rest.append(folder)
        else:
            rest.append(folder[depth + 1 :] if classes_below else folder[:depth])
    rest = _unwrapped(rest, around)
    places = [(folder[0] if folder else "", split_named(split)) for folder, split in zip(rest, splits, strict=True)]
    return places, sorted({split for split in splits if split})


def _split_depths(folders: list[Folders]) -> list[int | None]:
    """Which of the folders around each file is that of a split; None where none is."""
    names: dict[Folders, set[str]] = defaultdict(set)
    for folder in set(folders):
        for depth, name in enumerate(folder):
            names[folder[:depth]].add(name)
    # Among 'car' and 'plane', 'train' is a class: a folder is a split's where all that lie beside it are.
    parents = {parent for parent, inside in names.items() if all(map(split_named, inside))}
    depths = [next((depth for depth in range(len(folder)) if folder[:depth] in parents), None) for folder in folders]
    found = [(folder, depth) for folder, depth in zip(folders, depths, strict=True) if depth is not None]
    # A single one with nothing below it is a split's too where it holds everything: 'train' is what data sets call it.
    is_split = len({split_named(folder[depth]) for folder, depth in found}) > 1
    is_around = len(found) == sum(map(bool, folders)) and len({folder[: depth + 1] for folder, depth in found}) == 1
    if is_split or is_around or any(len(folder) > depth + 1 for folder, depth in found):
        return depths
    return [None] * len(folders)


def _unwrapped(folders: list[Folders], around: str) -> list[Folders]:
    """Without the folders that all others lie in; pictures beside these are in none, as they were."""
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
