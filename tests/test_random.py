"""What is drawn depends on its key alone and never changes; even choices keep their order and their ends."""

import hashlib

import torch

from sfumato.random import batch_generator, keyed_generator, spread


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


def test_the_seeds_of_batches_never_change_and_are_others_than_those_of_keys() -> None:
    # SHA-256 of "sfumato/7/step/3", its first eight bytes from the big end.
    digest = hashlib.sha256(b"sfumato/7/step/3").digest()
    assert batch_generator(7, "step", 3).initial_seed() == int.from_bytes(digest[:8], "big")
    assert keyed_generator("sfumato", 7, "step", 3).initial_seed() != batch_generator(7, "step", 3).initial_seed()


def test_the_choice_is_even_and_keeps_order_and_ends() -> None:
    indices = torch.arange(100, 200)
    chosen = spread(indices, 10)
    assert chosen.tolist() == sorted(chosen.tolist())
    assert (chosen[0], chosen[-1]) == (100, 199)
    assert chosen.diff().max() - chosen.diff().min() <= 1
    assert spread(indices, 100).equal(indices)


def test_of_fewer_than_are_asked_for_some_come_twice() -> None:
    assert spread(torch.tensor([7, 9]), 4).tolist() == [7, 7, 7, 9]
