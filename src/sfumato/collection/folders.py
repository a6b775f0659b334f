"""What the folders that a picture lies in say of it: its class, and the side of a split that somebody made."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

_SPLITS: Final = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}

Folders = tuple[str, ...]


def split_named(name: str) -> str:
    """'train', 'validation' or 'test' for what people call them ('training_set', 'val'); '' for any other name."""
    return _SPLITS.get(name.strip().lower().replace("-", "_").removesuffix("_set"), "")


def placed(files: list[str], *, wrapped: bool) -> tuple[list[tuple[str, str]], list[str]]:
    """(class, split) of each file, '' where its folders say neither, and the names of the folders taken for a split.

    The class is the first folder; below folders of a split it is the first one there. `wrapped` says that the files
    come out of an archive: people pack a folder as often as its content, so folders around everything are no class.
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
    if wrapped:
        rest = _unwrapped(rest)
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
    # One folder alone with nothing below it is rather a class that bears such a name.
    is_split = len({split_named(folder[depth]) for folder, depth in found}) > 1
    if is_split or any(len(folder) > depth + 1 for folder, depth in found):
        return depths
    return [None] * len(folders)


def _unwrapped(folders: list[Folders]) -> list[Folders]:
    """Without the folders that everything lies in; one that is left as the only one of all of them goes too."""
    stripped = False
    while len({folder[:1] for folder in folders}) == 1 and folders[0]:
        if stripped and not any(len(folder) > 1 for folder in folders):
            break
        folders, stripped = [folder[1:] for folder in folders], True
    return folders
