"""A copy of a work to give away: its pixels, who made it with what, and none of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sfumato.provenance.credentials import Input
from sfumato.provenance.mark import COMPOSITE, TRAINED_ALGORITHMIC_MEDIA
from sfumato.provenance.sources import Sources
from sfumato.provenance.verification import bytes_of, credentials_of
from sfumato.works.saving import Product, encoded
from sfumato.works.work import Work, work_in

_SETTINGS: Final = ("recipe", "inputs")  # parts of what a work's credentials say that name its settings


@dataclass(frozen=True)
class _Retold(Sources):
    """What a work's own credentials say that it comes from, once more."""

    said: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        return dict(self.said)


def copy_without_recipe(path: Path, name: str) -> bytes:
    """The bytes of a PNG with a work's pixels, its mark and its credentials, signed with the person's own key.

    What the person signed themself is said again, without the recipe's digest and the names of training pictures, which
    tell of what class it is. A work that somebody else signed is an input of the copy, with the credentials that it
    has. name: of the file that it is to be, for its credentials. It is the same work and enters no index again. Raises
    SfumatoError for a file that is missing, damaged or carries no recipe.
    """
    data = bytes_of(path)
    work = work_in(data, path)
    product = Product([work.image], source_type=_kind(work), inputs=work.inputs, mark=work.recipe.mark, works=1)
    credentials = credentials_of(data)
    if credentials.is_own and credentials.status in ("trusted", "input failed") and credentials.facts:
        product = replace(product, inputs=_inputs(work), sources=_Retold(said=_without_settings(credentials.facts)))
    return encoded(product, Path(name))


def _kind(work: Work) -> str:
    return COMPOSITE if work.recipe.keeps_a_part else TRAINED_ALGORITHMIC_MEDIA


def _inputs(work: Work) -> tuple[Input, ...]:
    """The picture that was edited, of which the recipe names the pixels."""
    edit = work.recipe.request.edit
    return () if edit is None or work.recipe.origin is not None else (Input.of_pixels(edit.picture),)


def _without_settings(facts: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in facts.items() if name not in _SETTINGS}
    comparison = said.get("comparison")
    if isinstance(comparison, Mapping) and isinstance(comparison.get("nearest"), list):
        nearest = [{name: row[name] for name in row if name != "file"} for row in comparison["nearest"]]
        said["comparison"] = {**comparison, "nearest": nearest}
    return said
