"""Verdicts, marks and saved works in sentences; strangers' facts of any shape break none of them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.provenance.bases import TRAINING_UNKNOWN, USES, BaseTerms
from sfumato.provenance.sources import LearnedFrom
from sfumato.provenance.verification import Credentials, InputVerdict, Signer
from sfumato.text import printable
from sfumato.works import Request
from sfumato.works.recipe import Environment, Mark, ModelReference, Recipe
from sfumato.works.recovery import Recovered
from sfumato.works.saved import SavedWork
from sfumato.works.verdict_words import details, recipe_in_words, said_of_mark, said_of_recovery, sentence

DAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
SIGNED = Credentials("trusted", Signer("Ada", "Authority", "1", DAY, DAY), is_own=True, program="sfumato 0.1.0")
RECIPE = Recipe(
    model=ModelReference(name="run", digest="ab" * 32),
    request=Request.of(seed=7, label="glass", sampler="heun", steps=18, width=224, height=224),
    environment=Environment(sfumato_version="0.1.0", torch_version="2.13.0"),
)
MARK = Mark(identity="5f0a70aa", key_version=1)
SAVED = SavedWork(3, DAY, Path("/works/a.png"), "cd" * 32, MARK, "ab" * 32, "ef" * 32, RECIPE.to_json(), 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "signed with your key ('Ada'), and unchanged since"),
        ({"is_own": False}, "signed by 'Ada', whom you trust, and unchanged since"),
        ({"status": "expired"}, "whose certificate ran out on 2026-03-04"),
        ({"status": "changed", "is_own": False}, "changed since it was signed in the name of 'Ada'"),
        ({"status": "none", "signer": None}, "carries no credentials"),
    ],
)
def test_a_verdict_is_a_sentence(changes: dict[str, object], said: str) -> None:
    assert said in sentence(replace(SIGNED, **changes))


def test_what_the_comparison_found_stands_among_the_details() -> None:
    nearest = [{"file": "waves/3.png", "creator": "Ida Berg", "digest": "ab" * 32, "similarity": 0.61}]
    compared = {"found": "no near copy", "rate": 0.0042, "score": 0.2, "threshold": 0.4, "nearest": nearest}
    lines = details(replace(SIGNED, facts={"model": {"digest": "ab" * 32}, "comparison": compared}))
    assert lines == [
        "created with sfumato 0.1.0",
        f"model: weights {'ab' * 32}",
        "likeness to the training pictures: no near copy found (at most 0.42 % false alarms); nearest: waves/3.png by "
        "Ida Berg (0.61)",
    ]
    assert not any("likeness" in line for line in details(SIGNED)), "older works say nothing of it"


def test_what_the_licences_ask_for_is_said_of_all_collections_together() -> None:
    collections = [
        {"digest": "ab" * 32, "licences": {"CC-BY-SA-4.0": 3, "unknown": 2}},
        {"digest": "cd" * 32, "licences": {"CC-BY-SA-4.0": 1, "own": True, "CC0-1.0": -3, "MIT": "many", "x": 10**30}},
        {"digest": "ef" * 32, "licences": "unknown"},
        "nonsense",
    ]
    lines = details(replace(SIGNED, facts={"collections": collections}))
    said = "licences of 7 pictures: 1 own, 4 ask for attribution, 4 for share-alike, 2 unknown"
    assert lines.count(said) == 1
    for nothing in ("unknown", [], [{"licences": {}}]):
        lines = details(replace(SIGNED, facts={"collections": nothing}))
        assert not any(line.startswith("licences of") for line in lines)


def test_thousands_of_collections_and_inputs_are_not_listed_all() -> None:
    facts = {"collections": [{"digest": str(number)} for number in range(1000)]}
    inputs = tuple(InputVerdict(f"{number}.png", True, ()) for number in range(1000))
    lines = details(replace(SIGNED, facts=facts, inputs=inputs))
    assert len(lines) == 43
    assert lines.count("and 980 more") == 2


def test_a_mark_alone_is_no_proof_and_says_so() -> None:
    said = said_of_mark("5f0a70aa", Credentials("none"))
    assert said.startswith("made with sfumato, id 5f0a70aa, its credentials were removed")
    assert "anybody can put one into any picture, so that alone it proves nothing" in said
    assert said_of_mark("5f0a70aa", replace(SIGNED, mark="5f0a70aa")) == "mark in its pixels: 5f0a70aa, as was signed"
    assert said_of_mark(None, replace(SIGNED, mark="5f0a70aa")).startswith("no mark is found in its pixels")
    assert said_of_mark(None, SIGNED) == ""


def test_of_a_saved_work_that_lies_there_all_is_said() -> None:
    first, *others = said_of_recovery([Recovered(SAVED, SIGNED, RECIPE)])
    saved = f"saved on this computer on {DAY.astimezone():%Y-%m-%d at %H:%M} with this mark: /works/a.png"
    assert first == f"{saved}, unchanged since; look whether it shows the same picture"
    assert others == [
        "  credentials of that file: signed with your key ('Ada'), and unchanged since",
        "  created with sfumato 0.1.0",
        f"  recipe: {recipe_in_words(RECIPE)}",
    ]
    assert recipe_in_words(RECIPE) == "class glass, seed 7, number 0, by 'run' (weights ababababab)"


def test_a_prompt_is_said_or_that_it_is_not_told() -> None:
    asked = RECIPE.request.model_copy(update={"label": None, "prompt": r"a \{fox\}"})
    told = recipe_in_words(RECIPE.model_copy(update={"request": asked}))
    assert told == "prompt 'a {fox}', seed 7, number 0, by 'run' (weights ababababab)"
    withheld = recipe_in_words(RECIPE.model_copy(update={"request": asked.withholding_words()}))
    assert withheld.startswith("a prompt that is not told (SHA-256 ")


def test_of_one_that_was_moved_what_the_index_knows_is_said() -> None:
    other = replace(SAVED, path=Path("/works/b.png"))
    lines = said_of_recovery([Recovered(SAVED, None, None), Recovered(other, None, None)])
    assert lines[0].endswith("/works/a.png, where it no longer lies as it was saved")
    assert lines[1:] == [
        f"  model: weights {'ab' * 32}",
        "  recipe: none was saved with it",
        "saved with this mark as well: /works/b.png",
    ]
    assert said_of_recovery([]) == ["no work with this mark was saved on this computer"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
facts = st.fixed_dictionaries({}, optional=dict.fromkeys(("model", "collections", "comparison", "inputs"), anything))
collections = st.fixed_dictionaries(
    {"collections": st.lists(st.fixed_dictionaries({}, optional={"digest": anything, "licences": anything}))}
)


@settings(max_examples=60, deadline=None)
@given(facts | collections)
def test_no_facts_of_a_stranger_break_it_or_steer_a_terminal(facts: dict[str, object]) -> None:
    lines = details(replace(SIGNED, facts=facts))
    assert lines[0] == "created with sfumato 0.1.0"
    assert all(printable(line).isprintable() for line in lines)
    assert all(len(line) < 1500 for line in lines)


def test_a_pre_trained_model_of_others_is_named_with_its_licence() -> None:
    base = BaseTerms(name="ana/painter", licence="MIT", title="MIT", use="any")
    collections = [LearnedFrom(base=base).facts()]
    lines = details(replace(SIGNED, facts={"collections": collections}))
    said = f"the pre-trained model ana/painter learned from ({TRAINING_UNKNOWN}); its licence: MIT. {USES['any']}"
    assert any(line.endswith(said) for line in lines)
    strange = [{"base": {"model": ["x"] * 1000, "use": {}, "trained on": 7}}]
    (line,) = (line for line in details(replace(SIGNED, facts={"collections": strange})) if "pre-trained" in line)
    assert "trained on 7" in line
    assert line.endswith(USES["unknown"])
    assert len(line) < 1000
