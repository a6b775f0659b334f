"""The two networks of a generative adversarial network, as DCGAN has them (Radford et al. 2016, arXiv:1511.06434)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

SMALLEST_SIDE = 4


class Generator(nn.Module):
    """A few numbers of noise -> a picture, by transposed convolutions that double the side."""

    def __init__(self, size: int, classes: int, *, in_channels: int, latent: int, width: int) -> None:
        super().__init__()
        doublings = _doublings(size)
        self.latent = latent
        widths = [width * 2**level for level in reversed(range(doublings))]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent, widths[0], size >> doublings, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        for above, below in pairwise(widths):
            layers += [nn.ConvTranspose2d(above, below, 4, 2, 1, bias=False), nn.BatchNorm2d(below), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(width, in_channels, 4, 2, 1), nn.Tanh())
        self.apply(_initialise)

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None = None) -> Tensor:
        """x: [N, in_channels, H, W], noise of std 1, whose first ``latent`` numbers are used; no condition is."""
        picture: Tensor = self.layers(x.flatten(1)[:, : self.latent, None, None])
        return picture


class Discriminator(nn.Module):
    """A picture -> one number: above zero for 'real', below for 'made'."""

    def __init__(self, size: int, *, in_channels: int, width: int) -> None:
        super().__init__()
        halvings = _doublings(size)
        layers: list[nn.Module] = [nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for level in range(1, halvings):
            above, below = width * 2 ** (level - 1), width * 2**level
            layers += [nn.Conv2d(above, below, 4, 2, 1, bias=False), nn.BatchNorm2d(below), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width * 2 ** (halvings - 1), 1, size >> halvings))
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        """images: [N, in_channels, H, W]. Returns [N]."""
        verdict: Tensor = self.layers(images).flatten()
        return verdict


def _doublings(size: int) -> int:
    """How often a side can be halved and stay whole and at least SMALLEST_SIDE."""
    count = 0
    while size % 2 == 0 and size // 2 >= SMALLEST_SIDE:
        size, count = size // 2, count + 1
    return count


def _initialise(layer: nn.Module) -> None:
    """Section 4: weights of standard deviation 0.02."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
