"""What jobs on collections can be asked, and what makes no sense."""

from typing import Any

import pytest
from pydantic import ValidationError

from sfumato.studio.jobs.specs import LANES, SPEC

ONE, OTHER = "1" * 64, "2" * 64
PAIR = {"sha256": ONE, "over": OTHER}


@pytest.mark.parametrize(
    "asked",
    [
        {"fields": {"class": "sea", "licence": ""}, "pictures": [ONE]},
        {"remove": True, "pictures": [ONE, OTHER]},
        {"forget": True, "only": ["class"], "pictures": [ONE]},
        {"keep": [PAIR, {**PAIR, "both": True}]},
    ],
)
def test_an_edit_is_one_thing_of_some_pictures(asked: dict[str, Any]) -> None:
    spec = SPEC.validate_python({"kind": "edit", "collection": "art-1", **asked})
    assert SPEC.validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"pictures": [ONE]}, "give pictures and one of fields"),
        ({"fields": {"title": "Waves"}}, "give pictures and one of fields"),
        ({"keep": [PAIR], "pictures": [ONE]}, "give pictures and one of fields"),
        ({"remove": True, "restore": True, "pictures": [ONE]}, "give pictures and one of fields"),
        ({"fields": {"mood": "sad"}, "pictures": [ONE]}, "should be 'creator'"),
        ({"remove": True, "pictures": ["../x"]}, "should match pattern"),
        ({"keep": [{"sha256": ONE}]}, "over"),
        ({"remove": True, "pictures": [ONE], "collection": "../art"}, "should match pattern"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SPEC.validate_python({"kind": "edit", "collection": "art-1", **asked})


def test_every_kind_has_a_lane() -> None:
    assert LANES["report"] == LANES["edit"] == LANES["collect"] == "files"
