"""Directories that the program made itself, such as runs, are set aside when they lie among a person's art."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sfumato.collection.pictures import Rejected
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.unusable import UnusableError
from sfumato.marker import MARKER
from sfumato.provenance.products import SIGNS, Product, product_of

if TYPE_CHECKING:
    from sfumato.collection.entries import Entry
    from sfumato.collection.sources import Source

Reader = Callable[[str, int], bytes]

HERE: Final = "."  # the source itself, in the list of what is left out
_DESCRIPTION_LIMIT: Final = 4 * 1024**2  # bytes


def without_products(
    entries: Iterable[Entry | Rejected], source: Path, opened: Source, *, include_works: bool
) -> list[Entry | Rejected]:
    """The entries without those that belong to directories of the program's; each such directory becomes one line.

    What somebody else has put into such a directory stays. source: the folder or zip, and `opened` to read it.
    include_works: folders of works are as others are. Raises SfumatoError where the source is such a directory, or
    holds one, and nothing else.
    """
    entries = list(entries)
    signs = [entry.file for entry in entries if entry.file.rpartition("/")[2] in SIGNS]
    if not signs:
        return entries

    def read(file: str, limit: int) -> bytes:
        try:
            return opened.read_text(file, limit)
        except UnusableError as error:
            raise OSError(error.reason) from error

    products = _products(signs, {entry.file for entry in entries}, read, include_works=include_works)
    left, own, others = _sorted_out(entries, products)
    if products and not left and len(own) < 2:
        raise SfumatoError(_refusal(source, min(products), products, read))
    return left + [
        Rejected(folder or HERE, unusable.OWN, _reason(products[folder], count, whole=not others[folder]))
        for folder, count in own.items()
    ]


def _sorted_out(
    entries: Iterable[Entry | Rejected], products: Mapping[str, Product]
) -> tuple[list[Entry | Rejected], Counter[str], Counter[str]]:
    """The entries that are not the program's own, and how many files of each outermost product are and are not."""
    own: Counter[str] = Counter()
    others: Counter[str] = Counter()
    left: list[Entry | Rejected] = []
    for entry in entries:
        around = [folder for folder in _folders_of(entry.file) if folder in products]
        is_own = any(products[folder].owns(entry.file[len(_prefix(folder)) :]) for folder in around)
        if around and not _is_marker(entry.file):
            (own if is_own else others)[around[0]] += 1
        if not is_own and not _is_marker(entry.file):
            left.append(entry)
    return left, own, others


def nothing_but_own(source: Path, rejected: Iterable[Rejected]) -> str | None:
    """The sentence for a source that holds nothing usable but the program's own products; None where it holds none."""
    own = [entry for entry in rejected if entry.kind == unusable.OWN]
    if not own:
        return None
    more = f" and {len(own) - 1:,} more" if len(own) > 1 else ""
    return (
        f"{source} holds no picture that can be used but what sfumato made itself ({own[0].file}{more}); "
        "give a folder of art, or say --include-works to use works as art."
    )


def _products(signs: Iterable[str], files: set[str], read: Reader, *, include_works: bool) -> dict[str, Product]:
    """The directories of the program's that hold no art, by their names; '' is the source."""
    products: dict[str, Product] = {}
    for folder in sorted({file.rpartition("/")[0] for file in signs}):
        prefix = _prefix(folder)
        product = product_of(
            lambda name, prefix=prefix: prefix + name in files,  # type: ignore[misc]
            lambda name, limit, prefix=prefix: read(prefix + name, limit),  # type: ignore[misc]
        )
        in_collection = any(products[outer].kind == "collection" for outer in _folders_of(folder) if outer in products)
        if product is None or (product.kind == "works" and include_works):
            continue
        # Pictures that were fetched for a collection are its own; as a source they are art.
        if not product.holds_art or (product.kind == "pictures" and in_collection):
            products[folder] = product
    return products


def _folders_of(file: str) -> list[str]:
    """The folders that a file lies in, the outermost ('', the source) first."""
    parts = file.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts))]


def _prefix(folder: str) -> str:
    return f"{folder}/" if folder else ""


def _is_marker(file: str) -> bool:
    return file.rpartition("/")[2] == MARKER


def _reason(product: Product, count: int, *, whole: bool) -> str:
    files = "file is" if count == 1 else "files are"
    return f"{product.noun}, its {'' if whole else 'own '}{count:,} {files} not art"


def _refusal(source: Path, folder: str, products: Mapping[str, Product], read: Reader) -> str:
    product = products[folder]
    said = f"{source / folder} is {product.noun}, not a folder of art"
    if product.kind == "works":
        return f"{said}; give a folder of art, or say --include-works to use works as art."
    art = _learned_from(folder, product, read)
    if art is not None and Path(art) != source:
        return f"{said}; its pictures are in {art}; give that folder."
    return f"{said}; give the folder of pictures that it was made from."


def _learned_from(folder: str, product: Product, read: Reader) -> str | None:
    """The folder of art that the directory was made from, as its collection names it."""
    place = "collection.json" if product.kind == "collection" else "collection/collection.json"
    try:
        art = json.loads(read(_prefix(folder) + place, _DESCRIPTION_LIMIT))["source"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return art if isinstance(art, str) else None
