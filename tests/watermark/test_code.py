import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.watermark.code import CODED_BITS, decode, encode, identity_of, word

IDENTITIES = st.integers(0, 2**32 - 1)


@given(IDENTITIES)
@settings(max_examples=30, deadline=None)
def test_what_is_encoded_is_decoded(identity: int) -> None:
    assert identity_of(decode(encode(word(identity))[None])[0]) == identity


@given(IDENTITIES, st.sets(st.integers(0, CODED_BITS - 1), max_size=8))
@settings(max_examples=60, deadline=None)
def test_eight_wrong_coded_bits_are_put_right_wherever_they_stand(identity: int, wrong: set[int]) -> None:
    """Half the code's free distance of 18."""
    received = encode(word(identity))
    received[list(wrong)] *= -1
    assert identity_of(decode(received[None])[0]) == identity


def test_soft_bits_are_decoded_where_hard_ones_would_fail() -> None:
    draws = np.random.default_rng(0)
    identities = draws.integers(0, 2**32, 50)
    sent = np.stack([encode(word(int(identity))) for identity in identities])
    received = (sent + draws.normal(0, 0.85, sent.shape)).astype(np.float32)
    assert (np.sign(received) != sent).sum(axis=1).mean() > 12
    decoded = [identity_of(bits) for bits in decode(received)]
    assert sum(one == other for one, other in zip(decoded, identities, strict=True)) >= 48


@given(IDENTITIES, st.integers(0, 39))
@settings(max_examples=50, deadline=None)
def test_a_word_with_one_bit_changed_is_nobodys(identity: int, place: int) -> None:
    bits = word(identity)
    bits[place] ^= 1
    assert identity_of(bits) is None


def test_chance_decodes_to_an_identity_once_in_256() -> None:
    soft = np.random.default_rng(1).normal(size=(768, CODED_BITS)).astype(np.float32)
    valid = sum(identity_of(bits) is not None for bits in decode(soft))
    assert 1 <= valid <= 9  # 3 +- 1.7


@pytest.mark.parametrize("identity", [-1, 2**32])
def test_an_identity_of_more_than_32_bits_is_refused(identity: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        word(identity)
