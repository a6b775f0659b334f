from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection import MUSEUMS, Origin, Reference, is_reference
from sfumato.collection.origin import stated_licence
from sfumato.errors import SfumatoError


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


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("kaggle:owner/name", Reference("kaggle", "owner/name")),
        ("kaggle:owner/name/versions/12", Reference("kaggle", "owner/name", version="12")),
        ("hf:owner/My_name.v2", Reference("hf", "owner/My_name.v2")),
        ("hf:owner/name/small", Reference("hf", "owner/name", "small")),
        ("hf:owner/name@v1.0", Reference("hf", "owner/name", version="v1.0")),
        ("hf:owner/name/small@refs/pr/1", Reference("hf", "owner/name", "small", "refs/pr/1")),
    ],
)
def test_all_forms_are_read_and_written(text, reference):
    assert Reference.parse(text) == Reference.parse(Path(text)) == reference
    assert str(reference) == text
    assert is_reference(text)
    assert is_reference(Path(text))


@pytest.mark.parametrize(
    "text", ["kaggle:name", "kaggle:", "kaggle:a/b/c", "kaggle:a/b/versions/0", "kaggle:a/b/versions/x", "kaggle:../b"]
)
def test_what_kaggle_needs_is_said(text):
    assert is_reference(text)  # so that it is refused, and not looked for as a folder
    with pytest.raises(SfumatoError, match="give it as kaggle:OWNER/NAME"):
        Reference.parse(text)


@pytest.mark.parametrize("text", ["hf:name", "hf:", "hf:a/b/c/d", "hf:a/b@", "hf:a b/c", "hf:../../etc", "hf:é/b"])
def test_what_the_hub_needs_is_said(text):
    assert is_reference(text)
    with pytest.raises(SfumatoError, match="give it as hf:OWNER/NAME"):
        Reference.parse(text)


@pytest.mark.parametrize("text", ["art", "art/kaggle:x", "C:/art", "kaggle", "owner/name", "https://x.org/a", ""])
def test_everything_else_is_a_path(text):
    assert not is_reference(text)
    with pytest.raises(SfumatoError, match=r"kaggle:OWNER/NAME.*hf:OWNER/NAME"):
        Reference.parse(text)


def test_a_folder_that_is_there_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hf:owner" / "name").mkdir(parents=True)
    assert not is_reference("hf:owner/name")


@pytest.mark.parametrize("museum", MUSEUMS)
def test_a_museum_is_asked_for_words(museum):
    assert is_reference(f"{museum}:")
    assert Reference.parse(Path(f"{museum}:")).name == ""
    asked = Reference.parse(f"{museum}:  van \n gogh ")
    assert (asked, str(asked)) == (Reference(museum, "van gogh"), f"{museum}:van gogh")
    assert asked.is_of_museum
    assert not Reference.parse("hf:a/b").is_of_museum
    assert Reference(museum, "").asking("van gogh") == asked.asking("van  gogh") == asked
    with pytest.raises(SfumatoError, match="asks for 'van gogh' already; leave out --query"):
        asked.asking("monet")
    for text in ("a" * 201, "a\x1bb"):
        with pytest.raises(SfumatoError, match="use a few words"):
            Reference.parse(f"{museum}:{text}")


@given(st.text(max_size=30), st.sampled_from(["", "kaggle:", "hf:", "hf:a/", "met:", "smithsonian:"]))
def test_any_text_is_a_reference_or_a_clear_error(text, start):
    try:
        reference = Reference.parse(start + text)
    except SfumatoError:
        return
    assert Reference.parse(str(reference)) == reference
