"""The same key gives the same numbers, now and in later versions, so that a picture can be made again."""

import torch

from sfumato.diffusion.randomness import keyed_generator


def draw(*key: int | str) -> list[float]:
    return torch.randn(8, generator=keyed_generator(*key)).tolist()


def test_a_stream_is_a_function_of_its_key_alone() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = draw("noise", 7, 3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert draw("noise", 7, 3) == first


def test_different_keys_have_different_streams() -> None:
    keys = [("noise", 7, 3), ("noise", 7, 4), ("noise", 8, 3), ("start", 7, 3), (7, 3), (73,), ("noise", 73), (-7, 3)]
    assert len({tuple(draw(*key)) for key in keys}) == len(keys)


def test_the_seeds_of_keys_never_change() -> None:
    # SHA-256 of "noise/7/3", its first eight bytes from the little end, halved.
    assert keyed_generator("noise", 7, 3).initial_seed() == 2329600856014576403
