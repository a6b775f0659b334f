import time

import pytest
import torch

from sfumato.dataset import Batches
from sfumato.errors import SfumatoError


def positions(dataset, images) -> list[int]:
    """Which picture each image is, mirrored or not."""
    known = dataset.images(torch.arange(len(dataset)))
    both = torch.stack((known, known.flip(3)))
    return [int((both - image).abs().sum((2, 3, 4)).amin(0).argmin()) for image in images]


def test_shapes(make):
    dataset = make(crop="random")
    images, chosen = Batches(dataset, dataset.train, 7, seed=0).batch(0)
    assert images.shape == (7, 3, 32, 32)
    assert images.dtype == torch.float32
    assert chosen.dtype == torch.int64
    assert images.min() >= -1
    assert images.max() <= 1


def test_a_batch_says_which_pictures_it_shows(make):
    dataset = make()
    images, chosen = Batches(dataset, dataset.train, 21, seed=0).batch(0)
    assert positions(dataset, images) == chosen.tolist()


@pytest.mark.parametrize("balance", ["none", "class", "creator"])
def test_a_batch_depends_on_seed_and_step_alone(make, balance):
    dataset = make(crop="random")
    one = Batches(dataset, dataset.train, 5, seed=3, balance=balance)
    sequence = [one.batch(step) for step in range(20)]
    other = Batches(dataset, dataset.train, 5, seed=3, balance=balance)
    for step in (19, 0, 7, 12):
        assert all(torch.equal(a, b) for a, b in zip(other.batch(step), sequence[step], strict=True))
    changed = Batches(dataset, dataset.train, 5, seed=4, balance=balance)
    assert not torch.equal(changed.batch(0)[0], sequence[0][0])


def test_the_global_generator_is_left_alone(make):
    dataset = make()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    Batches(dataset, dataset.train, 5, seed=0).batch(0)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_picture_comes_once_an_epoch_and_in_another_order_each(make):
    dataset = make()
    count = len(dataset.train)  # 21: epochs do not end where batches do
    batches = Batches(dataset, dataset.train, 5, seed=0)
    drawn = [position for step in range(count) for position in positions(dataset, batches.batch(step)[0])]
    epochs = [drawn[start : start + count] for start in range(0, 5 * count, count)]
    assert all(sorted(epoch) == sorted(dataset.train.tolist()) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert batches.epochs(count) == 5


def test_a_batch_larger_than_the_set_goes_through_several_epochs(make):
    dataset = make()
    images, _ = Batches(dataset, dataset.held_out, 30, seed=0).batch(1)
    drawn = positions(dataset, images)
    assert all(drawn.count(index) == 10 for index in dataset.held_out.tolist())


def test_classes_and_creators_are_equally_likely_when_balanced(make):
    dataset = make()
    for balance, shares in (("class", dataset.labels), ("creator", dataset.creators)):
        batches = Batches(dataset, dataset.train, 3000, seed=0, balance=balance)
        drawn = torch.tensor(positions_of_draws(batches))
        counts = torch.bincount(shares[drawn])
        assert (counts - 1000).abs().max() < 130, balance
        assert set(drawn.tolist()) == set(dataset.train.tolist())


def positions_of_draws(batches: Batches) -> list[int]:
    generator = torch.Generator().manual_seed(1)
    assert batches._choices is not None
    return batches._choices.draw(batches.batch_size, generator).tolist()


def test_half_of_the_pictures_are_mirrored_unless_not_wanted(make):
    dataset = make()
    index = dataset.train[:1]
    straight = dataset.images(index)[0]
    images, _ = Batches(dataset, index, 400, seed=0).batch(0)
    same = (images == straight).flatten(1).all(1)
    mirrored = (images == straight.flip(2)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert 150 < int(same.sum()) < 250
    images, _ = Batches(dataset, index, 50, seed=0, flip=False).batch(0)
    assert (images == straight).all()


def test_random_crops_reach_both_ends(make):
    dataset = make(crop="random")
    index = torch.tensor([1])  # 51 wide: 20 places
    images, _ = Batches(dataset, index, 300, seed=0, flip=False).batch(0)
    start = int(dataset.offsets[1])
    whole = dataset.pixels[start : start + 32 * 51].view(32, 51, 3).permute(2, 0, 1).float() / 127.5 - 1
    places = [
        int((whole.unfold(2, 32, 1)[:, :, place] - image).abs().sum() < 1e-3) for image in images for place in (0, 19)
    ]
    assert sum(places[0::2]) > 3
    assert sum(places[1::2]) > 3


def test_mistakes(make, tmp_path):
    dataset = make()
    with pytest.raises(SfumatoError, match="no pictures"):
        Batches(dataset, torch.tensor([], dtype=torch.int64), 4, seed=0)
    with pytest.raises(SfumatoError, match="batch size"):
        Batches(dataset, dataset.train, 0, seed=0)
    with pytest.raises(SfumatoError, match="no balance"):
        Batches(dataset, dataset.train, 4, seed=0, balance="size")
    dataset.classes, dataset.creator_names = [], [""]
    with pytest.raises(SfumatoError, match="sub-folders"):
        Batches(dataset, dataset.train, 4, seed=0, balance="class")
    with pytest.raises(SfumatoError, match=r"metadata\.csv"):
        Batches(dataset, dataset.train, 4, seed=0, balance="creator")


def test_gathering_is_quick(make):
    dataset = make(size=40, crop="random")
    batches = Batches(dataset, dataset.train, 64, seed=0)
    batches.batch(0)
    started = time.process_time()
    for step in range(20):
        batches.batch(step)
    assert (time.process_time() - started) / 20 < 0.02  # about 1 ms where nothing else runs
