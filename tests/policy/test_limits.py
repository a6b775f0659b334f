"""A policy file: what stands in it is checked to the letter, as what was meant to bound must not be passed over."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.collection import PicturePolicy
from sfumato.errors import SfumatoError
from sfumato.policy.limits import Limits, Words

WHOLE = """\
copies = "refuse"
copy_threshold = 0.7
retries = 3
classes = ["waves", "blue, red"]
works_per_hour = 200
longest_side = 1024

[words]
refused = ["portrait of"]

[prompts]
refused = ["gore"]
most_letters = 500
record = "digest"

[pictures]
allow = ["own", "CC0"]
allow_generated = false

[[filters]]
name = "open_nsfw"
most = 0.2
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "policy.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_limit_can_be_written_down(tmp_path: Path) -> None:
    limits = Limits.read(written(tmp_path, WHOLE))
    assert limits.model_fields_set == set(Limits.model_fields)
    assert (limits.copies, limits.retries, limits.classes) == ("refuse", 3, ("waves", "blue, red"))
    assert limits.filters[0].most == 0.2
    assert (limits.prompts.refused, limits.prompts.most_letters, limits.prompts.record) == (("gore",), 500, "digest")


def test_a_file_from_windows_is_one_too(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_bytes(b'\xef\xbb\xbfcopies = "refuse"\r\n')
    assert Limits.read(tmp_path / "policy.toml") == Limits(copies="refuse")


def test_which_pictures_may_be_learned_from_is_a_limit_too(tmp_path: Path) -> None:
    policy = Limits.read(written(tmp_path, WHOLE)).pictures.policy
    assert policy == PicturePolicy.of(["own", "CC0-1.0"], generated=False)
    known = Limits.read(written(tmp_path, "[pictures]\nallow_unknown = false")).pictures.policy
    assert known == PicturePolicy.of(unknown=False)
    assert Limits().pictures.policy == PicturePolicy()


def test_an_empty_file_limits_nothing(tmp_path: Path) -> None:
    assert Limits.read(written(tmp_path, "")) == Limits()


def test_a_file_may_begin_with_the_mark_that_some_editors_write(tmp_path: Path) -> None:
    assert Limits.read(written(tmp_path, b"\xef\xbb\xbfretries = 1\r\n")).retries == 1


WRONG = {
    "a spelling mistake": ("work_per_hour = 3", "there is no limit 'work_per_hour', do you mean 'works_per_hour'?"),
    "one within": ("[words]\nrefuse = ['x']", "there is no limit 'words.refuse', do you mean 'refused'?"),
    "nothing like it": ("colour = 'blue'", "there is no limit 'colour'; nothing"),
    "another value": ("copies = 'hide'", "copies: input should be 'mark' or 'refuse'"),
    "a text for a number": ("works_per_hour = 'many'", "works_per_hour: "),
    "a truth for a number": ("retries = true", "retries: input should be a valid integer"),
    "a number in quotes": ("retries = '3'", "retries: input should be a valid integer"),
    "a number out of range": ("retries = 101", "retries: input should be less than or equal to 100"),
    "one name for a list": ("classes = 'waves'", "classes: should be a list, as in ['waves']"),
    "one filter for a list": ("[filters]\nname = 'x'", "filters: should be a list, as in [[filters]]"),
    "no number": ("copy_threshold = nan", "copy_threshold: "),
    "a word of no letters": ("[words]\nrefused = ['--']", "'--' holds no letter"),
    "a phrase of no letters": ("[prompts]\nrefused = ['--']", "'--' holds no letter"),
    "another way to record": ("[prompts]\nrecord = 'none'", "prompts.record: input should be 'text' or 'digest'"),
    "letters as a text": ("[prompts]\nmost_letters = '9'", "prompts.most_letters: input should be a valid integer"),
    "a misspelled one": ("[prompts]\nmost_leters = 9", "'prompts.most_leters', do you mean 'most_letters'?"),
    "a licence that is none": ("[pictures]\nallow = ['CC0', 'CC-BY-4']", "'CC-BY-4' says no version; name one"),
    "no licence": ("[pictures]\nallow = []", "pictures: "),
    "a spelling mistake there": ("[pictures]\nalow = ['CC0']", "'pictures.alow', do you mean 'allow'?"),
    "yes for true": ("[pictures]\nallow_unknown = 'yes'", "pictures.allow_unknown: "),
    "no TOML": ("copies: refuse", "cannot be read as TOML"),
    "bytes": (bytes(range(128, 256)), "cannot be read as TOML"),
    "nested": ("x = " + "[" * 5000, "cannot be read as TOML"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_limit_is_said_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    text, said = WRONG[name]
    with pytest.raises(SfumatoError) as error:
        Limits.read(path := written(tmp_path, text))
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)
    assert "nothing is made without" in str(error.value)


def test_a_file_that_is_not_there_or_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="there is no such policy file; nothing is made without it"):
        Limits.read(tmp_path / "policy.toml")
    with pytest.raises(SfumatoError, match="cannot be read as TOML"):
        Limits.read(tmp_path)


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_limits_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = written(tmp_path_factory.getbasetemp(), data)
    try:
        assert isinstance(Limits.read(path), Limits)
    except SfumatoError as error:
        assert str(error).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("party", ""), ("ART", "art"), ("modern_art", "art"), ("Portrait  of a man", "portrait of"),
        ("portraits of", ""), ("cafe\u0301", "café"), ("", ""),
    ],
)  # fmt: skip
def test_words_are_refused_as_words(text: str, refused: str) -> None:
    assert Words(refused=("art", "portrait of", "café")).fault(text) == refused


def test_marks_belong_to_the_letters_before_them() -> None:
    words = Words(refused=("हिन्दी",))
    assert words.fault("हन्दा") == ""
    assert words.fault("हिन्दी_2") == "हिन्दी"


def test_where_words_are_allowed_there_are_no_others_but_numbers() -> None:
    words = Words(allowed=("Blue", "night sea"), refused=("sea",))
    assert words.fault("blue night 7") == ""
    assert words.fault("blue nude") == "nude"
    assert words.fault("night sea") == "sea"
