"""Marks that say of one picture that it is not to be learned from, and which of them count as a no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sfumato.provenance.statements import OPT_OUT, Statement, one_text

_WORD: Final = re.compile(r"(?<![\w-])no(?:image)?ai(?![\w-])", re.IGNORECASE)
# CAWG, Training and Data Mining 1.1, and C2PA before it: whoever learns from pictures does these three.
TRAINING_MINING: Final = ("cawg.training-mining", "c2pa.training-mining")
_USES: Final = ("data_mining", "ai_training", "ai_generative_training")
# What people name a column or a field; a yes to the first and a no to the second are an opt-out.
REFUSING: Final = frozenset(
    (
        "noai", "noimageai", "optout", "optedout", "aioptout", "donottrain", "notraining", "noaitraining",
        "tdmreservation",
    )
)  # fmt: skip
ALLOWING: Final = frozenset(("trainable", "aitraining", "allowtraining", "allowaitraining", "optin", "datamining"))
_YES: Final = frozenset(("1", "1.0", "true", "yes", "y", "x"))
_NO: Final = frozenset(
    ("0", "0.0", "false", "no", "n", "notallowed", "prohibited", "forbidden", "disallowed", "constrained", "reserved")
)
_ALLOWED: Final = frozenset(("DMI-ALLOWED", "DMI-UNSPECIFIED"))


def in_words(texts: Iterable[str], where: str) -> Iterator[Statement]:
    """'noai' and 'noimageai' as words of any text: keywords, rights, a description."""
    whole = "\n".join(texts).lower()
    if ("noai" in whole or "noimageai" in whole) and (found := _WORD.search(whole)) is not None:
        yield Statement(OPT_OUT, found[0], where)


def in_properties(properties: Mapping[str, Sequence[str]], where: str) -> Iterator[Statement]:
    """PLUS's plus:DataMining (IPTC Photo Metadata 2023.1), tdm:reservation, and the words, in any property."""
    for value in properties.get("plus:DataMining", ()):
        name = value.strip().rstrip("/").rpartition("/")[2]
        # What is not in the vocabulary was still put there by somebody who wanted to say something.
        if name and name not in _ALLOWED:
            yield Statement(OPT_OUT, one_text([f"plus:DataMining {name}"]), where)
    if any(value.strip() == "1" for value in properties.get("tdm:reservation", ())):
        yield Statement(OPT_OUT, "tdm:reservation 1", where)
    yield from in_words((value for values in properties.values() for value in values), where)


def in_assertion(label: str, data: Mapping[str, Any], where: str) -> Iterator[Statement]:
    """An assertion on training and mining: notAllowed is a no, and so is constrained, whose terms are not read."""
    entries = data.get("entries")
    if label.partition("__")[0] not in TRAINING_MINING or not isinstance(entries, dict):
        return
    for name, entry in entries.items():
        use = entry.get("use") if isinstance(entry, dict) else entry
        if str(name).rpartition(".")[2] in _USES and use != "allowed":
            yield Statement(OPT_OUT, one_text([f"{name} {use}"]), where)
            return


def in_field(name: str, value: str, where: str) -> Iterator[Statement]:
    """A column of a table or a field beside a picture. name: in small letters without spaces, '_' and '-'."""
    said = value.strip().casefold()
    plain = re.sub(r"[\s_-]+", "", said)
    if (name in REFUSING and (plain in _YES or _WORD.search(said))) or (name in ALLOWING and plain in _NO):
        yield Statement(OPT_OUT, one_text([f"{name} {value}"]), where)
