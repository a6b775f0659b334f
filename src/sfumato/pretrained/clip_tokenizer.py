"""CLIP's tokenizer (Radford et al. 2021, arXiv:2103.00020, section 2.4) from the vocabulary that travels with the
program: checkpoints in one file have none."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any, Final

TOKENS: Final = 77  # of a prompt, with those that begin and end it
VOCABULARY: Final = 49_408
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
MERGES: Final = Path(__file__).parent / "clip" / "bpe_simple_vocab_16e6.txt.gz"
LICENCE: Final = MERGES.with_name("bpe_simple_vocab_16e6.LICENSE")
_USED: Final = VOCABULARY - 2 * 256 - 2  # of the file's, which has more; the rest are bytes and the two specials


def clip_tokenizer(padding: str = END) -> Any:
    """transformers' CLIPTokenizer, with the tokens of CLIP: 49,408 of them.

    padding: the token behind prompts that are shorter than 77, END for CLIP's own text encoder and '!' for OpenCLIP's,
    which were trained on those.
    """
    from transformers import CLIPTokenizer

    vocabulary, pairs = _vocabulary()
    merges: Any = list(pairs)
    tokenizer = CLIPTokenizer(vocab=dict(vocabulary), merges=merges, model_max_length=TOKENS)
    # Named when it is made, '!' would be cut out of words and no longer be the '!' at a word's end, which CLIP learned.
    tokenizer.pad_token_id = vocabulary[padding]
    return tokenizer


@cache
def _vocabulary() -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """Each token's number, and which two make a new one, most frequent first.

    Bytes come first, in the order of the letters that stand for them, then the same at a word's end.
    """
    from tokenizers.pre_tokenizers import ByteLevel

    with gzip.open(MERGES, "rt", encoding="utf-8") as file:
        next(file)  # its version
        pairs = [next(file).split() for _ in range(_USED)]
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, pairs), BEGIN, END]
    return {token: number for number, token in enumerate(tokens)}, tuple((first, second) for first, second in pairs)
