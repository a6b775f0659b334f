"""A work says what it comes from, and that it is unknown where nobody recorded it."""

import pytest
from pydantic import ValidationError

from sfumato.provenance.bases import BaseTerms
from sfumato.provenance.sources import LearnedFrom, Sources, learned_also

ART, MORE = (LearnedFrom(collection=letter * 64, licences={"CC0-1.0": 3}) for letter in "ab")
UNKNOWN = LearnedFrom()
BASE = LearnedFrom(base=BaseTerms(name="ana/painter", licence="MIT", title="MIT", use="any"))


def test_what_nobody_recorded_is_unknown() -> None:
    assert Sources().facts() == {"model": {"digest": "unknown"}, "collections": "unknown"}
    assert Sources("ab" * 32, (UNKNOWN, ART), "ef" * 32).facts() == {
        "model": {"digest": "ab" * 32},
        "collections": [
            {"digest": "unknown", "licences": "unknown"},
            {"digest": "a" * 64, "licences": {"CC0-1.0": 3}, "terms": {"free": 3}},
        ],
        "recipe": {"digest": "ef" * 32},
    }
    assert LearnedFrom(licences={}).facts()["licences"] == {}


def test_a_model_learned_also_from_what_its_ancestors_learned_from() -> None:
    assert learned_also(ART, None) == (ART,)
    assert learned_also(MORE, (ART,)) == (MORE, ART)
    assert learned_also(MORE, ()) == (MORE, UNKNOWN), "of a foreign model it is not known"
    assert learned_also(ART, (ART, UNKNOWN)) == (ART, UNKNOWN)
    assert learned_also(LearnedFrom(collection="a" * 64), (MORE, ART)) == (ART, MORE), "which knows its licences"
    with_licences = ART.model_copy(update={"licences": {"CC0-1.0": 4}})
    assert learned_also(with_licences, (MORE, ART)) == (with_licences, MORE)


@pytest.mark.parametrize("wrong", [{"collection": "art"}, {"licences": {"CC0-1.0": -1}}, {"licence": {}}], ids=str)
def test_what_is_no_collection_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LearnedFrom.model_validate(wrong)


def test_more_licences_than_credentials_may_name_are_counted_together() -> None:
    many = {f"LicenseRef-{number}": 1 for number in range(2000)} | {"CC0-1.0": 7}
    licences = LearnedFrom.of("a" * 64, many).licences
    assert licences is not None
    assert (len(licences), licences["CC0-1.0"], licences["LicenseRef-others"]) == (1000, 7, 1002)
    assert sum(licences.values()) == sum(many.values())
    assert LearnedFrom.of(None, None) == UNKNOWN
    assert LearnedFrom.of("a" * 64, {"CC0-1.0": 3}) == ART


def test_a_model_that_stands_on_a_pre_trained_one_says_so_in_each_work() -> None:
    assert learned_also(ART, (BASE,)) == (ART, BASE)
    assert learned_also(UNKNOWN, (BASE,)) == (UNKNOWN, BASE), "of which the one is not the other"
    assert learned_also(ART, (ART, BASE)) == (ART, BASE)
    base = Sources(None, (ART, BASE)).facts()["collections"][1]
    assert base["digest"] == base["licences"] == "unknown"
    assert base["base"] == {
        "model": "ana/painter", "licence": "MIT", "title": "MIT", "use": "any", "trained on": "unknown",
    }  # fmt: skip


def test_what_has_no_base_is_written_as_before_there_were_any() -> None:
    assert ART.model_dump_json() == '{"collection":"' + "a" * 64 + '","licences":{"CC0-1.0":3}}'
    assert LearnedFrom.model_validate_json(BASE.model_dump_json()) == BASE
