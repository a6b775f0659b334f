import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.dataset.splitting import held_out


def test_a_share_of_every_class_is_held_out():
    labels = [0] * 373 + [1] * 89 + [2] * 10 + [3] * 2
    groups = [f"g{index}" for index in range(len(labels))]
    flags = held_out(groups, labels, 0.1, seed=0)
    counts = [int(flags[np.array(labels) == label].sum()) for label in range(4)]
    assert counts == [37, 9, 1, 1]


def test_the_split_depends_on_the_seed_and_on_nothing_else():
    groups, labels = [f"g{index}" for index in range(100)], [0] * 100
    flags = held_out(groups, labels, 0.1, seed=1)
    assert (flags == held_out(groups, labels, 0.1, seed=1)).all()
    assert (flags != held_out(groups, labels, 0.1, seed=2)).any()
    reverse = held_out(groups[::-1], labels, 0.1, seed=1)[::-1]
    assert (flags == reverse).all()


def test_most_pictures_keep_their_side_when_others_come():
    groups = [f"g{index}" for index in range(110)]
    before = held_out(groups[:100], [0] * 100, 0.1, seed=1)
    after = held_out(groups, [0] * 110, 0.1, seed=1)[:100]
    assert int((before != after).sum()) <= 3


def test_a_class_of_one_group_is_trained_on():
    assert not held_out(["a", "a", "a"], [0, 0, 0], 0.5, seed=0).any()
    assert not held_out([], [], 0.1, seed=0).any()


def test_nothing_is_held_out_of_no_share():
    assert not held_out(["a", "b"], [0, 0], 0.0, seed=0).any()


def test_large_groups_do_not_blow_up_the_share():
    groups = ["wall"] * 50 + [f"g{index}" for index in range(50)]
    for seed in range(20):
        flags = held_out(groups, [0] * 100, 0.1, seed)
        assert int(flags.sum()) == 10
        assert not flags[:50].any()


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), min_size=1, max_size=60),
    st.sampled_from([0.05, 0.1, 0.3, 0.5]),
    st.integers(0, 5),
)
def test_no_group_is_on_both_sides_and_no_class_is_lost(pictures, share, seed):
    groups, labels = [f"g{group}" for group, _ in pictures], [label for _, label in pictures]
    flags = held_out(groups, labels, share, seed)
    sides = {}
    for group, flag in zip(groups, flags.tolist(), strict=True):
        assert sides.setdefault(group, flag) == flag
    assert not flags.all()
    if len(set(groups)) > 1 and len(set(labels)) == 1:
        assert flags.any()


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_group_across_classes_stays_together(share):
    flags = held_out(["x", "x", "y", "z", "x"], [0, 1, 1, 1, 0], share, seed=3)
    assert flags[0] == flags[1] == flags[4]
