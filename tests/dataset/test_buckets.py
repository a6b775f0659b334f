from collections import Counter

import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.dataset.buckets import LONGEST, BucketBatches, Buckets, Shape, shape_for, shapes

AREA, MULTIPLE = 512 * 512, 64
sides = st.integers(1, 5000)


def test_shapes_are_of_about_the_area_and_never_more():
    found = shapes(AREA, MULTIPLE)
    assert {Shape(512, 512), Shape(576, 448), Shape(448, 576)} <= set(found)
    for shape in found:
        assert shape.width % MULTIPLE == shape.height % MULTIPLE == 0
        assert 0.7 * AREA <= shape.width * shape.height <= AREA


def test_a_large_picture_is_reduced_and_hardly_cut_and_a_small_one_keeps_its_own_size():
    assert shape_for(3000, 3000, AREA, MULTIPLE) == (Shape(512, 512), False)
    assert shape_for(4000, 3100, AREA, MULTIPLE) == (Shape(576, 448), False)
    assert shape_for(500, 500, AREA, MULTIPLE) == (Shape(448, 448), False)
    assert shape_for(3000, 100, AREA, MULTIPLE) == (Shape(256, 64), False)
    assert shape_for(40, 400, AREA, MULTIPLE) == (Shape(64, 256), True)


@given(sides, sides, st.sampled_from([(64, 16), (512, 64), (1024, 16)]))
def test_a_shape_fits_the_network_and_nothing_is_enlarged_without_saying_so(width, height, native):
    side, multiple = native
    shape, enlarged = shape_for(width, height, side * side, multiple)
    assert shape.width % multiple == shape.height % multiple == 0
    assert 0 < shape.width * shape.height <= side * side
    assert max(shape) <= LONGEST * min(shape)
    assert enlarged == (shape.width > width or shape.height > height)
    assert not enlarged or min(width, height) < multiple


def test_what_is_smaller_or_enlarged_is_counted_and_said():
    buckets = Buckets.of([(512, 512), (2000, 1000), (200, 200), (30, 70)], area=AREA, multiple=MULTIPLE)
    assert buckets.sentence == (
        "4 pictures in 4 shapes of about 512 x 512 pixels, 1 in smaller ones, as they have no more pixels, "
        "1 enlarged, as they are smaller than the smallest shape"
    )


def batches(counts: list[int], batch: int = 4, seed: int = 0) -> tuple[BucketBatches, list[Shape]]:
    found = [Shape(64 * (place + 1), 64) for place, count in enumerate(counts) for _ in range(count)]
    return BucketBatches(found, torch.arange(len(found)), batch, seed=seed), found


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(1, 9), st.integers(0, 50))
def test_a_batch_is_full_of_one_shape_and_a_function_of_seed_and_step(counts, batch, step):
    drawn, found = batches(counts, batch)
    chosen = drawn.batch(step)
    assert len(chosen) == batch
    assert len({found[index] for index in chosen.tolist()}) == 1
    again, _ = batches(counts, batch)
    again.batch(step + 3)
    assert torch.equal(again.batch(step), chosen)


def test_another_seed_draws_another_order():
    first, second = batches([20, 20])[0], batches([20, 20], seed=1)[0]
    assert any(not torch.equal(first.batch(step), second.batch(step)) for step in range(10))


def test_pictures_of_every_shape_are_shown_equally_often():
    drawn, found = batches([1, 7, 30, 2], batch=4)
    shown = Counter(index for step in range(4000) for index in drawn.batch(step).tolist())
    expected = drawn.epochs(4000)
    for shape in set(found):
        members = [index for index, own in enumerate(found) if own == shape]
        mean = sum(shown[index] for index in members) / len(members)
        assert abs(mean / expected - 1) < 0.15
