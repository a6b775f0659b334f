"""The gallery and the verification have words for whatever the server may name, in both languages."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from sfumato.provenance.verification import Status
from sfumato.studio.jobs.search import terms
from sfumato.studio.jobs.specs import LANES

PAGE = Path(__file__).parents[1] / "src" / "sfumato" / "studio" / "page"
MAKES_NONE = {"plan", "train", "distill", "evaluate", "collect", "edit", "report", "verify"}


def words(language: str, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((PAGE / "locales" / language / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("language", ["en", "th"])
def test_each_verdict_on_credentials_has_a_sentence_of_its_own(language: str) -> None:
    said = [words(language, "evidence")[f"evidence.status_{status.replace(' ', '_')}"] for status in get_args(Status)]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("language", ["en", "th"])
def test_each_way_of_making_works_has_a_word(language: str) -> None:
    assert {f"gallery.kind_{kind}" for kind in LANES.keys() - MAKES_NONE} <= words(language, "gallery").keys()


@pytest.mark.parametrize("language", ["en", "th"])
def test_what_the_help_offers_to_search_is_explained(language: str) -> None:
    source = (PAGE / "views" / "gallery" / "search.js").read_text(encoding="utf-8")
    offered = dict(re.findall(r"(\w+): \"([^\"]+)\"", source))
    assert {"class", "seed", "before", "starred"} <= offered.keys()
    assert {f"gallery.syntax_{name}" for name in offered} <= words(language, "gallery").keys()


def test_what_the_help_offers_to_search_can_be_searched() -> None:
    source = (PAGE / "views" / "gallery" / "search.js").read_text(encoding="utf-8")
    values = {"class": "waves", "model": "coast", "seed": "7", "kind": "inpaint", "before": "2026", "after": "2026"}
    for example in dict(re.findall(r"(\w+): \"([^\"]+)\"", source)).values():
        key = example.lstrip("-").partition(":")[0]
        (term,) = terms(f"{example}{values.get(key, '')}" if example.endswith(":") else example)
        assert term.key == (key if ":" in example else "")
