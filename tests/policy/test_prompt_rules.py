"""What a policy does not want in prompts is found however it is spelled, and nothing else is."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sfumato.policy.prompt_rules import PromptRules

RULES = PromptRules(refused=("gore", "in the style of Ann Bee", "Café", "裸体", "голый", "สัตว์"))


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("a forest, GORE, fog", "gore"),
        ("a gory forest", ""),
        ("Gorée island", ""),
        ("gorë", "gore"),
        ("g\u043ere", "gore"),  # a Cyrillic o
        ("ＧＯＲＥ", "gore"),
        ("\U0001d410\U0001d428\U0001d42b\U0001d41e", ""),  # 'Qore' in bold
        ("\U0001d406\U0001d428\U0001d42b\U0001d41e", "gore"),
        ("go\u200bre and go\u00adre", "gore"),  # a space of no width, a soft hyphen
        ("ɡøre", "gore"),
        ("g-o-r-e", ""),
        ("gore_field", "gore"),
        ("in  the STYLE of\nAnn (Bee)", "in the style of Ann Bee"),
        ("in the style of Ann, then Bee", ""),
        ("cafe", "Café"),
        ("cafe\u0301s", ""),
        ("一个裸体的人", "裸体"),
        ("裸的身体", ""),
        ("ГОЛЫЙ король", "голый"),
        ("голыйся", ""),
        ("ภาพสัตว์ป่า", "สัตว์"),
        ("", ""),
    ],
)
def test_words_are_refused_however_they_are_spelled(text: str, refused: str) -> None:
    assert RULES.fault(text) == refused


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_refused_phrase_is_found_between_any_others(before: str, after: str) -> None:
    assert RULES.fault(f"{before}, gore ,{after}") != ""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert RULES.fault(unicodedata.normalize(form, f"{before} in the style of Ann Bee {after}".upper())) != ""


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_any_phrase_refuses_itself_or_is_no_phrase(text: str) -> None:
    try:
        rules = PromptRules(refused=(text,))
    except ValidationError as error:
        assert "holds no letter and no digit" in str(error)
    else:
        assert rules.fault(f"a {text} b") == text


def test_no_rules_refuse_nothing() -> None:
    assert PromptRules().fault("anything at all") == ""
