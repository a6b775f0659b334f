"""Prompts become the tokens that CLIP was trained with."""

import pytest

from sfumato.pretrained.clip_tokenizer import END, LICENCE, MERGES, VOCABULARY, clip_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return clip_tokenizer()


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        # As CLIP's own code and open_clip's give them.
        ("a photo of an astronaut", [320, 1125, 539, 550, 18376]),
        ("A  Photo of\nan astronaut", [320, 1125, 539, 550, 18376]),
        ("a cat and a dog", [320, 2368, 537, 320, 1929]),
        ("wow! nice!!! !", [2781, 256, 1805, 995, 256]),
        ("", []),
    ],
)
def test_prompts_become_clips_tokens(tokenizer, prompt, tokens):
    assert tokenizer(prompt).input_ids == [49406, *tokens, 49407]


def test_the_vocabulary_is_clips(tokenizer):
    words = tokenizer.get_vocab()
    assert len(words) == len(tokenizer) == VOCABULARY
    assert (words["!"], words["!</w>"], words["in"], words["a</w>"]) == (0, 256, 512, 320)
    assert (words["<|startoftext|>"], words["<|endoftext|>"]) == (49406, 49407)
    assert max(words.values()) == VOCABULARY - 1


def test_prompts_are_cut_and_filled_to_77_tokens(tokenizer):
    short = tokenizer("a cat", padding="max_length", truncation=True).input_ids
    assert short == [49406, 320, 2368, 49407, *[49407] * 73]
    long = tokenizer("cat " * 100, truncation=True).input_ids
    assert long == [49406, *[2368] * 75, 49407]


def test_openclips_fills_with_another_token_and_still_reads_it_in_words(tokenizer):
    other = clip_tokenizer("!")
    assert other("a cat!", padding="max_length").input_ids == [49406, 320, 2368, 256, 49407, *[0] * 72]
    assert other("oh!no! !").input_ids == tokenizer("oh!no! !").input_ids
    assert tokenizer.pad_token == END


def test_its_licence_travels_with_it():
    assert sorted(MERGES.parent.iterdir()) == sorted((LICENCE, MERGES))
    assert "Permission is hereby granted" in LICENCE.read_text("utf-8")
