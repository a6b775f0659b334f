import torch

from sfumato.dataset.pixels import gather, to_float


def test_crops_and_mirrors_are_the_pixels_that_they_should_be():
    draw = torch.Generator().manual_seed(0)
    pictures = [torch.randint(0, 256, shape, dtype=torch.uint8, generator=draw) for shape in ((8, 12, 3), (10, 8, 3))]
    pixels = torch.cat([picture.view(-1, 3) for picture in pictures])
    offset, width = torch.tensor([0, 96]), torch.tensor([12, 8])
    top, left, flip = torch.tensor([0, 2]), torch.tensor([3, 0]), torch.tensor([False, True])
    crops = gather(pixels, 8, offset, width, top, left, flip)
    assert torch.equal(crops[0], pictures[0][0:8, 3:11])
    assert torch.equal(crops[1], pictures[1][2:10, 0:8].flip(1))


def test_levels_become_minus_one_to_one():
    images = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 1, 1, 3)
    result = to_float(images)
    assert result.shape == (1, 3, 1, 1)
    assert result.is_contiguous()
    assert torch.allclose(result.flatten(), torch.tensor([-1.0, 1.0, -0.6]))
