import numpy as np
import pytest
import torch

from sfumato.dataset import Dataset
from sfumato.dataset.dataset import gather
from sfumato.errors import SfumatoError


def test_images_are_the_pictures_in_minus_one_to_one(make):
    dataset = make(crop="random")
    images = dataset.images([3, 1])
    assert images.shape == (2, 3, 32, 32)
    assert images.dtype == torch.float32
    levels = ((images[1].permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy()
    assert (levels == np.asarray(dataset.picture(1))).all()
    assert images.min() >= -1
    assert images.max() <= 1


def test_what_is_written_to_the_pixels_does_not_reach_the_disk(make):
    dataset = make()
    dataset.pixels.zero_()
    assert Dataset.open(dataset.path).pixels.any()
    Dataset.open(dataset.path).verify()


def test_changed_pixels_are_found_out(make):
    path = make().path
    with (path / "pixels.bin").open("r+b") as file:
        byte = file.read(1)
        file.seek(0)
        file.write(bytes([byte[0] ^ 1]))
    dataset = Dataset.open(path)
    with pytest.raises(SfumatoError, match="were changed"):
        dataset.verify()


def test_changed_labels_are_found_out(make):
    path = make().path
    with np.load(path / "index.npz") as arrays:
        index = {name: arrays[name] for name in arrays.files}
    index["labels"][0] = 2
    np.savez(path / "index.npz", **index)
    with pytest.raises(SfumatoError, match=r"index\.npz was changed"):
        Dataset.open(path)


def test_crops_and_mirrors_are_the_pixels_that_they_should_be():
    draw = torch.Generator().manual_seed(0)
    pictures = [torch.randint(0, 256, shape, dtype=torch.uint8, generator=draw) for shape in ((8, 12, 3), (10, 8, 3))]
    pixels = torch.cat([picture.view(-1, 3) for picture in pictures])
    offset, width = torch.tensor([0, 96]), torch.tensor([12, 8])
    top, left, flip = torch.tensor([0, 2]), torch.tensor([3, 0]), torch.tensor([False, True])
    crops = gather(pixels, 8, offset, width, top, left, flip)
    assert torch.equal(crops[0], pictures[0][0:8, 3:11])
    assert torch.equal(crops[1], pictures[1][2:10, 0:8].flip(1))
