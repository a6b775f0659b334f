"""The share of a class is what the nearest training pictures say, beside what was asked for."""

import torch

from sfumato.evaluation.class_shares import class_shares, nearest_labels


def test_a_picture_is_of_the_class_of_its_nearest() -> None:
    training, labels = torch.tensor([[0.0], [10.0], [20.0]]), torch.tensor([2, 0, 1])
    assert nearest_labels(torch.tensor([[9.0], [-5.0], [16.0]]), training, labels).tolist() == [0, 2, 1]


def test_shares_of_each_class() -> None:
    one, two, three = class_shares(
        ["one", "two", "three"],
        training=torch.tensor([0, 0, 1, 2]),
        asked=torch.tensor([0, 0, 1, 1]),
        seen=torch.tensor([0, 1, 1, 1]),
        held_out=torch.tensor([0, 0, 1]),
        held_out_seen=torch.tensor([0, 1, 1]),
    )
    assert (one.training, one.asked, one.seen, one.right) == (0.5, 0.5, 0.25, 0.5)
    assert (two.training, two.asked, two.seen, two.right) == (0.25, 0.5, 0.75, 1.0)
    assert (three.asked, three.seen, three.right, three.held_out_right) == (0.0, 0.0, None, None)
    assert one.held_out_right == 0.5 and one.held_out_seen == 1 / 3


def test_works_of_which_nothing_was_asked_have_no_share_of_it() -> None:
    unknown, known = torch.tensor([-1, -1]), torch.tensor([0, 1])
    shares = class_shares(
        ["one", "two"], training=known, asked=unknown, seen=known, held_out=known, held_out_seen=known
    )
    assert [(share.asked, share.right, share.seen) for share in shares] == [(None, None, 0.5)] * 2
    partly = class_shares(
        ["one", "two"],
        training=known,
        asked=torch.tensor([-1, 1]),
        seen=known,
        held_out=known,
        held_out_seen=known,
    )
    assert [share.asked for share in partly] == [0.0, 1.0]
