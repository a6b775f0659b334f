"""What a base model says of itself: its card, and the licence that this states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from sfumato.collection.origin import stated_licence
from sfumato.disk import read_file
from sfumato.text import shortened

CARD: Final = "README.md"
_MOST_BYTES: Final = 1 << 20
# https://github.com/Stability-AI/ModelSpec
_SPECIFIED: Final = ("title", "author", "description", "license", "usage_hint", "trigger_phrase", "merged_from", "date")
_MOST_LETTERS: Final = 2000


class BaseCard(NamedTuple):
    """text: of the README, '' where there is none; licence: as its front matter states it, on one line, '' where that
    says nothing."""

    text: str = ""
    licence: str = ""


def read_base_card(directory: Path) -> BaseCard:
    """The card of the model in a folder; one that cannot be read says nothing."""
    try:
        text = read_file(directory / CARD, _MOST_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return BaseCard()
    return BaseCard(text, _licence(front_matter(text)))


def card_of_metadata(metadata: Mapping[str, str]) -> str:
    """What a file's metadata say of the model in it, a line each, as Stability's ModelSpec has them; '' for nothing."""
    said = {name: " ".join(metadata.get(f"modelspec.{name}", "").split()) for name in _SPECIFIED}
    return "".join(f"{name}: {shortened(value, _MOST_LETTERS)}\n" for name, value in said.items() if value)


def _licence(said: Mapping[str, Any]) -> str:
    """As the Hub wants it written: where `license` is 'other', `license_name` names it, and `license_link` says where
    it can be read."""
    return next(filter(None, (stated_licence(said.get(f"license{more}")) for more in ("", "_name", "_link"))), "")


def front_matter(text: str) -> Mapping[str, Any]:
    """What a card says between its first lines of '---'; {} where nothing can be read."""
    from huggingface_hub import ModelCard

    if not text.lstrip("\ufeff\n\r ").startswith("---"):  # of which the client would log a warning
        return {}
    try:
        said: dict[str, Any] = ModelCard(text, ignore_metadata_errors=True).data.to_dict()  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 (of the client and its YAML; a card that cannot be read says nothing)
        return {}
    return said
