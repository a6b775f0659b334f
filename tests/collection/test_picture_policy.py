"""Which pictures a policy lets be learned from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.facts import Fact, Facts
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.provenance.licences import PUBLIC_DOMAIN_MARK, UNKNOWN, licence_of, short_name

LICENCES = ("own", "CC0-1.0", PUBLIC_DOMAIN_MARK, "CC-BY-4.0", "LicenseRef-Fair-Use", UNKNOWN)


def facts(licence: str, generated: str = "") -> Facts:
    return Facts({} if licence == UNKNOWN else {"licence": Fact(licence, "metadata.csv")}, generated=generated)


def allowed(policy: PicturePolicy) -> list[str]:
    return [short_name(licence) for licence in LICENCES if policy.refusal(facts(licence)) == ("", "")]


def test_without_one_all_may_be_learned_from() -> None:
    assert allowed(PicturePolicy()) == list(map(short_name, LICENCES))
    assert PicturePolicy().sentences == []
    assert PicturePolicy.of(["any"]) == PicturePolicy.of() == PicturePolicy()


def test_licences_are_allowed_by_any_of_their_names() -> None:
    policy = PicturePolicy.of(["own", "cc0", "public domain"])
    assert allowed(policy) == ["own", "CC0-1.0", "PDM-1.0"]
    assert policy.refusal(facts("CC-BY-4.0")) == (
        unusable.NOT_ALLOWED,
        "its licence, CC-BY-4.0 (metadata.csv), is not among those allowed",
    )
    assert policy.refusal(facts(UNKNOWN)) == (unusable.NOT_ALLOWED, "its licence is not known")


@pytest.mark.parametrize("said", [{"unknown": True}, {"allow": ["CC0", "unknown"]}])
def test_what_is_not_known_is_taken_where_that_is_said(said) -> None:
    assert allowed(PicturePolicy.of(**{"allow": ["CC0"], **said})) == ["CC0-1.0", UNKNOWN]


def test_all_licences_that_are_known_may_be_asked_for() -> None:
    assert allowed(PicturePolicy.of(unknown=False)) == [short_name(each) for each in LICENCES if each != UNKNOWN]


def test_words_are_allowed_in_any_case() -> None:
    assert allowed(PicturePolicy.of(["LicenseRef-fair-use"])) == ["LicenseRef-Fair-Use"]


def test_an_edition_is_another_licence() -> None:
    policy = PicturePolicy.of(["CC-BY-SA-3.0"])
    assert policy.refusal(facts("CC-BY-SA-3.0-DE"))[0] == unusable.NOT_ALLOWED
    assert policy.refusal(facts("LicenseRef-CC-BY-SA"))[0] == unusable.NOT_ALLOWED


def test_what_a_model_made_is_left_out_whatever_its_licence() -> None:
    policy = PicturePolicy.of(["CC0"], generated=False)
    assert policy.refusal(facts("CC0-1.0", "prompt (PNG text)")) == (
        unusable.GENERATED,
        "made by a model: prompt (PNG text)",
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "CC-BY",
            "'CC-BY' says no version; name one, as in CC-BY-4.0, or, for pictures that state none, LicenseRef-CC-BY.",
        ),
        ("CC-BY-4", "says no version; name one, as in CC-BY-4.0"),
        ("CCO-1.0", "'CCO-1.0' is no licence that is known; do you mean CC0-1.0?"),
        ("CC-BY-9.0", "'CC-BY-9.0' is no licence that is known"),
        ("LicenseRef-", "is no licence that is known"),
        ("Fair Use", "for words that pictures state, give LicenseRef-Fair-Use"),
        ("n/a", "'n/a' does not say which licence is meant"),
        ("\x1b[31m", "is no licence that is known"),
    ],
)
def test_a_slip_in_a_licence_is_said(name: str, said: str) -> None:
    with pytest.raises(SfumatoError) as error:
        PicturePolicy.of(["own", name])
    assert said in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("names", [[], [""], [" ", ""]])
def test_no_licence_is_no_list(names: list[str]) -> None:
    with pytest.raises(SfumatoError, match="No licence is allowed; name some"):
        PicturePolicy.of(names)


POLICIES = st.builds(
    PicturePolicy,
    st.none() | st.lists(st.sampled_from(LICENCES[:-1]), unique=True).map(tuple),
    st.booleans(),
    st.booleans(),
)


@given(POLICIES, POLICIES)
def test_within_another_only_what_both_allow_is(one: PicturePolicy, other: PicturePolicy) -> None:
    both = one.within(other)
    for licence in LICENCES:
        for generated in ("", "a model"):
            found = facts(licence, generated)
            refused = bool(one.refusal(found)[0] or other.refusal(found)[0])
            assert bool(both.refusal(found)[0]) == refused
    assert PicturePolicy.from_json(both.to_json()) == both


@given(st.text(max_size=40))
def test_any_text_is_a_licence_or_one_sentence(text: str) -> None:
    try:
        policy = PicturePolicy.of([text])
    except SfumatoError as error:
        assert "\n" not in str(error)
        return
    assert policy == PicturePolicy() or policy.allow == (() if policy.unknown else (licence_of(text.strip()),))
