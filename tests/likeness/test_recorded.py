"""What was recorded of a comparison is said in the words of the finding, and no stranger's facts break it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.likeness.finding import Finding, Neighbour, comparison
from sfumato.likeness.recorded import said_of_comparison

NEAREST = (Neighbour("waves/3.png", "Ida Berg", "ab" * 32, 0.61, 0), Neighbour("b.png", "", "cd" * 32, 0.5, 1))
FREE = Finding(NEAREST, 0.2, 0.4, 0.0042)
COPY = Finding(NEAREST, 0.9, 0.4, 0.0042, "what 'base' learned from is not known")
NAMES = ("found", "nearest", "rate", "foreign", "works", "compared", "near copies", "file", "creator", "similarity")


@pytest.mark.parametrize("finding", [FREE, COPY, Finding((), -1.0, 1.0, 1.0)])
def test_a_finding_is_said_as_it_was(finding: Finding) -> None:
    assert said_of_comparison(finding.facts()) == finding.sentence


def test_the_nearest_works_are_named_and_credited() -> None:
    assert said_of_comparison(FREE.facts()) == (
        "no near copy found (at most 0.42 % false alarms); nearest: waves/3.png by Ida Berg (0.61) and b.png (creator "
        "unknown) (0.50)"
    )


def test_where_no_files_are_named_digests_are() -> None:
    assert said_of_comparison(FREE.facts(files=False)) == (
        "no near copy found (at most 0.42 % false alarms); nearest: picture ababababab by Ida Berg (0.61) and picture "
        "cdcdcdcdcd (creator unknown) (0.50)"
    )
    unnamed = {"found": "near copy", "nearest": [{"similarity": 0.9, "digest": "x" * 64}], "rate": 0.01}
    assert said_of_comparison(unnamed).startswith("near copy of a picture without a name (creator unknown): similarity")


def test_of_several_works_it_is_said_how_many_are_copies() -> None:
    said = said_of_comparison(comparison([FREE, COPY, None]))
    assert said == f"1 near copy among 3 works, of which 2 were compared; the nearest to a copy: {COPY.sentence}"


def test_what_was_not_compared_is_said() -> None:
    assert said_of_comparison(comparison([None])) == "not compared"
    assert said_of_comparison({"found": "not compared", "foreign": "x\ny"}) == "not compared; x\\ny"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (None, ""),
        ({}, ""),
        ({"found": "original"}, ""),
        ({"found": ["near copy"]}, ""),
        ({"found": "near copy"}, "near copy of a picture that is not named"),
        ({"found": "near copy", "nearest": [{"file": "a"}]}, "near copy of a picture that is not named"),
        (
            {"found": "near copy", "nearest": [{"file": "a\n", "similarity": 1}], "rate": float("nan"), "score": -1},
            "near copy of a\\n (creator unknown): similarity 1.00, false alarms not known",
        ),
        (
            {"found": "no near copy", "nearest": [7, {"file": "a" * 999, "similarity": True}], "rate": 10**400},
            "no near copy looked for: the index holds no pictures",
        ),
    ],
)
def test_what_is_missing_or_of_another_kind_is_left_out(facts: object, said: str) -> None:
    assert said_of_comparison(facts) == said


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=5),
    max_leaves=12,
)
near_the_format = st.fixed_dictionaries(
    {"found": st.sampled_from(["near copy", "no near copy", "not compared"])},
    optional={
        "nearest": st.lists(
            st.fixed_dictionaries(
                {}, optional={"file": st.text() | anything, "creator": st.text(), "similarity": st.floats() | anything}
            )
        )
        | anything,
        **dict.fromkeys(("rate", "score", "threshold", "foreign", "works", "compared", "near copies"), anything),
    },
)


@settings(max_examples=60, deadline=None)
@given(anything | near_the_format)
def test_no_facts_break_it_or_steer_a_terminal(facts: object) -> None:
    assert said_of_comparison(facts).isprintable()


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=400))
def test_a_name_without_end_is_shortened(name: str) -> None:
    facts = {"found": "near copy", "nearest": [{"file": name, "creator": name, "similarity": 0.5}], "foreign": name}
    assert len(said_of_comparison(facts)) < 3 * 310 * 10 + 200  # an escape takes up to ten letters
