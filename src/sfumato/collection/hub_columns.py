"""Which columns of a data set's table hold the pictures, their classes, and what else is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from sfumato.collection.columns import RIGHTS
from sfumato.collection.tables import COLUMNS, TEXTS, column_key
from sfumato.provenance.statements import LICENCE

_PICTURES: Final = ("image", "img", "picture", "photo")
_CLASSES: Final = ("label", "labels", "class", "category", "style", "genre")
_MOST_CLASSES: Final = 1000
_MOST_LETTERS: Final = 10_000  # of one text


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns that are used; `texts` maps a field of a picture to the columns that may give it.

    `rights` are columns that say yes or no of the licence and of learning from a picture, as tables have them. `names`
    maps a column of numbers that stand for names to these names. `unused` are the others.
    """

    picture: str
    category: str = ""
    texts: dict[str, list[str]] = field(default_factory=dict)
    rights: list[str] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)

    @property
    def used(self) -> list[str]:
        """All columns that are read, each once."""
        columns = [self.picture, self.category, *chain.from_iterable(self.texts.values()), *self.rights]
        return [column for column in dict.fromkeys(columns) if column]

    def describe(self) -> str:
        """Which columns are used for what, for people."""
        parts = [f"pictures from the column '{self.picture}'"]
        parts.append(f"classes from '{self.category}'" if self.category else "no classes")
        parts += [f"{name} from {_quoted(columns)}" for name, columns in self.texts.items()]
        if self.rights:
            parts.append(f"rights from {_quoted(self.rights)}")
        if self.unused:
            parts.append(f"not used: {_quoted(self.unused)}")
        return ", ".join(parts)

    def category_of(self, row: dict[str, Any]) -> str:
        """A row's class; '' where it has none."""
        return self._text(row, self.category) if self.category else ""

    def texts_of(self, row: dict[str, Any]) -> dict[str, str]:
        """The fields of a row's picture that are known, each on one line."""
        known = {
            name: next(filter(None, (self._text(row, column) for column in columns)), "")
            for name, columns in self.texts.items()
        }
        return {name: text for name, text in known.items() if text}

    def rights_of(self, row: dict[str, Any]) -> list[str]:
        """What the columns of `rights` say of a row's picture, in their order."""
        return [self._text(row, column) for column in self.rights]

    def _text(self, row: dict[str, Any], column: str) -> str:
        value = row[column]
        if isinstance(value, list):
            value = value[0] if value else None
        if value is None:
            return ""
        if column in self.names:
            names = self.names[column]
            return names[value] if 0 <= value < len(names) else ""  # -1 stands for no label
        return " ".join(str(value).replace("\x00", "").split())[:_MOST_LETTERS]


def choose_columns(features: dict[str, Any], distinct: Callable[[str], int], rows: int) -> Columns | None:
    """Columns by their names and kinds; None where none holds pictures.

    features: the table's, of the Hub's client. distinct: the number of different values in a column of all `rows`.
    """
    pictures = [name for name, kind in features.items() if _is_picture(kind)]
    if not pictures:
        return None
    picture = _first_named(pictures, _PICTURES) or pictures[0]
    written = [name for name, kind in features.items() if _is_text(kind)]
    names = {name: list(_within(features[name]).names) for name in written if hasattr(_within(features[name]), "names")}
    # Where every other picture has a value of its own, these are names or numbers of pictures, and no classes.
    most = min(_MOST_CLASSES, max(2, rows // 2))
    single = [name for name in written if not _is_list(features[name])]
    classes = [name for name in single if name.lower() in _CLASSES and (name in names or distinct(name) <= most)]
    known = {title for titles in COLUMNS.values() for title in titles}
    others = [name for name in single if name in names and column_key(name) not in known]
    category = _first_named(classes, _CLASSES) or (others[0] if len(others) == 1 else "")
    texts = {}
    for about in TEXTS:
        titled = ((title, name) for title in COLUMNS[about] for name in written if name != category)
        columns = [name for title, name in titled if column_key(name) == title]
        if columns:
            texts[about] = columns
    further = texts[LICENCE][1:] if LICENCE in texts else []  # each may say something else
    texts |= {LICENCE: texts[LICENCE][:1]} if further else {}
    used = {picture, category, *chain.from_iterable(texts.values())}
    plain = [name for name, kind in features.items() if name in written or str(getattr(kind, "dtype", "")) == "bool"]
    rights = [name for name in plain if (column_key(name) in RIGHTS or name in further) and name not in used]
    unused = [name for name in features if name not in {*used, *rights}]
    return Columns(picture, category, texts, rights, names, unused)


def _is_picture(kind: Any) -> bool:
    from datasets import Image

    # Tables that were written without the client's own kinds hold the same two fields.
    return isinstance(kind, Image) or (isinstance(kind, dict) and set(kind) == {"bytes", "path"})


def _is_list(kind: Any) -> bool:
    return hasattr(kind, "feature")


def _within(kind: Any) -> Any:
    return kind.feature if _is_list(kind) else kind


def _is_text(kind: Any) -> bool:
    name = str(getattr(_within(kind), "dtype", ""))
    return name in ("string", "large_string") or name.startswith(("int", "uint"))


def _first_named(names: list[str], wanted: tuple[str, ...]) -> str:
    return next((name for title in wanted for name in names if name.lower() == title), "")


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
