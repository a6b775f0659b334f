"""Prompts: each work of a series gets the same one alone and among others, and a mistake is said with its place."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.works.prompts import Prompts, chosen, prompts_of, spoken

# A prompt as nested lists: a text, or alternatives each of which is a list of the same.
letters = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
sequences = st.recursive(
    st.lists(letters, max_size=3),
    lambda inner: st.lists(letters | st.lists(inner, min_size=2, max_size=3).map(tuple), max_size=4),
    max_leaves=12,
)


def written(sequence: list[object]) -> str:
    """As a person types it, with every letter escaped that means something."""
    return "".join(
        re.sub(r"([{|}\\])", r"\\\1", part) if isinstance(part, str) else "{" + "|".join(map(written, part)) + "}"  # type: ignore[call-overload]
        for part in sequence
    )


def all_of(sequence: list[object]) -> Iterator[str]:
    """Every text that it can become."""
    parts = [
        [part] if isinstance(part, str) else [text for alternative in part for text in all_of(alternative)]  # type: ignore[attr-defined]
        for part in sequence
    ]
    yield from map("".join, itertools.islice(itertools.product(*parts), 5000))


@settings(max_examples=150, deadline=None)
@given(sequences, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_what_is_chosen_is_one_of_all_that_it_can_be(sequence: list[object], seed: int, position: int) -> None:
    text = written(sequence)
    made = chosen(text, position, seed)
    possible = list(all_of(sequence))
    assert spoken(made) in possible or len(possible) == 5000
    assert chosen(made, position + 1, seed) == made  # a recipe's prompt chooses itself
    assert chosen(text, position, seed) == made


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from("{|}\\<lora:>#a \n"), max_size=20).map("".join) | st.text(max_size=20))
def test_any_text_is_a_prompt_or_a_mistake_with_its_place(text: str) -> None:
    try:
        (read,) = Prompts.of(text).texts
    except SfumatoError as error:
        found = re.match(r"prompt, letter (\d+): '(.)", str(error))
        assert found is not None
        assert text[int(found[1]) - 1] == found[2]
        assert "\n" not in str(error)
    else:
        assert read == text
        assert chosen(made := chosen(text, 3, 5), 4, 5) == made


def test_every_alternative_comes_and_evenly() -> None:
    made = [chosen("a {red|blue|} {fox|{old|young} owl}", position, 7) for position in range(600)]
    counts = {text: made.count(text) for text in made}
    assert counts.keys() == {
        f"a {colour} {kind}" for colour in ("red", "blue", "") for kind in ("fox", "old owl", "young owl")
    }
    assert min(count for text, count in counts.items() if "fox" in text) > 60
    assert made != [chosen("a {red|blue|} {fox|{old|young} owl}", position, 8) for position in range(600)]


def test_what_is_chosen_at_one_place_changes_nothing_at_another() -> None:
    for position in range(20):
        before = chosen("{1|2|3} and {4|5|6}", position, 0)
        assert chosen("{1|2|3|x} and {4|5|6}", position, 0).endswith(before[-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"scene": {"light": "dawn"}}', '{"scene": {"light": "dawn"}}'),  # what some models are asked in
        ("a | b", "a | b"),
        (r"\{a|b\}", "{a|b}"),
        (r"\\", "\\"),
        (r"\(a painter\)", r"\(a painter\)"),
        ("{|}", ""),
        ("", ""),
        (r"{\||\|}", "|"),
    ],
)
def test_what_is_no_choice_is_left_as_it_is(text: str, said: str) -> None:
    assert spoken(chosen(text, 0, 0)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a {red|blue fox", r"^prompt, letter 3: '\{' is not closed; close it, or write \\\{ for the sign itself$"),
        ("a {red|{blue} fox", "^prompt, letter 3: "),
        ("a red} fox", r"^prompt, letter 6: '\}' closes nothing; open it, or write \\\} for the sign itself$"),
        ("{" * 33 + "}" * 33, "^prompt, letter 33: .* stands in 32 others, which are the most; use fewer$"),
        ("x" * 10_001, "^prompt: 10,001 letters, and 10,000 are the most in a prompt$"),
        ("fox <lora:ink:0.8>", r"letter 5: '<lora:ink:0.8>' is how other .*; give it with --lora FILE:0.8, and leave"),
        ("<LoRA:ink>", "give it with --lora FILE, and leave"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        Prompts.of(text)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_file_has_a_prompt_on_each_line(tmp_path: Path, mark: bytes, end: bytes) -> None:
    lines = ["# foxes", "", "  a fox  ", "\\#ff0000 sky", "a {red|blue} f\u00f6x \U0001f469\u200d\U0001f3a8", " # end"]
    (tmp_path / "p.txt").write_bytes(mark + end.join(line.encode() for line in lines))
    prompts = Prompts.read(tmp_path / "p.txt")
    assert prompts.texts == ("a fox", "#ff0000 sky", "a {red|blue} f\u00f6x \U0001f469\u200d\U0001f3a8")
    assert [prompts.at(number, 1) for number in (0, 1, 3, 4)] == ["a fox", "#ff0000 sky"] * 2
    assert prompts.at(5, 1) == chosen(prompts.texts[2], 5, 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "p.txt: holds no prompt; write one on each line"),
        (b"# nothing\n", "p.txt: holds no prompt; write one on each line"),
        (b"fox\n\na {red fox\n", r"p\.txt, line 3, letter 3: '\{' is not closed"),
        (b"fox\nx\x00y\n", "p.txt, line 2: holds what is no text"),
        (b"fox\n" + b"x" * 10_001, "p.txt, line 2: 10,001 letters"),
        (b"fox\n" * 100_001, "p.txt: holds 100,001 prompts, and 100,000 are the most"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "p.txt").write_bytes(data)
    with pytest.raises(SfumatoError, match=said):
        Prompts.read(tmp_path / "p.txt")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_prompts_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "prompts.txt"
    path.write_bytes(data)
    try:
        assert all(Prompts.read(path).texts)
    except SfumatoError as error:
        assert str(error).startswith(f"{path}")


def test_one_prompt_or_a_file_of_them(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("fox\nowl\n", "utf-8")
    assert prompts_of(None, None) is None
    assert prompts_of("fox", None) == Prompts(("fox",))
    assert prompts_of(None, tmp_path / "p.txt") == Prompts(("fox", "owl"))
    with pytest.raises(SfumatoError, match="--prompt says one prompt for all works; leave out one of the two"):
        prompts_of("fox", tmp_path / "p.txt")
    with pytest.raises(SfumatoError, match=r"none\.txt: cannot be read"):
        prompts_of(None, tmp_path / "none.txt")
