import torch

from sfumato.dataset import spread


def test_the_choice_is_even_and_keeps_order_and_ends() -> None:
    indices = torch.arange(100, 200)
    chosen = spread(indices, 10)
    assert chosen.tolist() == sorted(chosen.tolist())
    assert (chosen[0], chosen[-1]) == (100, 199)
    assert chosen.diff().max() - chosen.diff().min() <= 1
    assert spread(indices, 100).equal(indices)


def test_of_fewer_than_are_asked_for_some_come_twice() -> None:
    assert spread(torch.tensor([7, 9]), 4).tolist() == [7, 7, 7, 9]
