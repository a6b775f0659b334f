import pytest

from sfumato.collection import Origin
from sfumato.collection.origin import stated_licence


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ("cc-by-4.0", "cc-by-4.0"),
        (["mit", "cc0-1.0"], "mit, cc0-1.0"),
        ("CC0:\n Public Domain", "CC0: Public Domain"),
        ("Unknown", ""),
        (["other"], ""),
        ("", ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_what_a_card_states(stated, licence):
    assert stated_licence(stated) == licence


def test_the_sentence_says_that_the_licence_is_unknown_and_whose_statement_another_is():
    silent = Origin("hf:owner/art", licence="").licence_sentence
    assert silent == "The licence of the pictures is unknown: the card of hf:owner/art states none."
    stated = Origin("kaggle:owner/art", "3", "CC0").licence_sentence
    assert stated.startswith("The licence of the pictures is unknown: the card of kaggle:owner/art states 'CC0'")
    assert "no fact about the pictures" in stated
    assert "could not be asked for" in Origin("hf:owner/art").licence_sentence
