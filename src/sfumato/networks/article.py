"""The network of 'Implementing Diffusion Models for Creative AI Art Generation', and what makes a denoiser of it.

The article calls it ConvDiffusionModel. It is a convolutional autoencoder: three stages down, three up, and the stages'
outputs added across. In its listing nothing is noised and no noise level is known.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from sfumato.images.tensors import denormalised, normalised
from sfumato.networks.transformer import Conditioning

WIDTHS = (64, 128, 256)

OutputRange = Literal["listing", "picture"]


def _down(above: int, below: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(above, below, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(below), nn.MaxPool2d(2))


def _up(below: int, above: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(below, above, 3, stride=2, padding=1, output_padding=1)


class ArticleAutoencoder(nn.Module):
    """The article's layers under the article's names, so that its state dict loads: 742,659 parameters.

    output: how the last layer's sigmoid is read. 'listing': as a normalised picture, as the listing compares and shows
    it. Normalised pictures lie in about -2.1..2.6, so only greyish ones can be reached. 'picture': as the picture
    itself, from black to white.
    """

    def __init__(self, size: int, classes: int, *, in_channels: int, output: OutputRange) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.output = output
        self.enc1, self.enc2, self.enc3 = _down(in_channels, first), _down(first, second), _down(second, third)
        self.dec1 = nn.Sequential(_up(third, second), nn.ReLU(), nn.BatchNorm2d(second))
        self.dec2 = nn.Sequential(_up(second, first), nn.ReLU(), nn.BatchNorm2d(first))
        self.dec3 = nn.Sequential(_up(first, in_channels), nn.Sigmoid())

    def listing(self, images: Tensor) -> Tensor:
        """The listing's own pass: [N, 3, H, W] normalised as for ImageNet -> [N, 3, H, W] in 0..1."""
        enc1 = self.enc1(images)
        enc2 = self.enc2(enc1)
        dec1 = self.dec1(self.enc3(enc2)) + enc2
        shown: Tensor = self.dec3(self.dec2(dec1) + enc1)
        return shown

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None = None) -> Tensor:
        """x: pictures [N, 3, H, W] in -1..1, H and W multiples of 8; noise level and condition are not used."""
        shown = self.listing(normalised(x))
        return denormalised(shown) if self.output == "listing" else 2 * shown - 1


class ArticleDenoiser(nn.Module):
    """The same layers, given the noise level and the condition, with an output that is not squeezed into 0..1.

    After every stage but the last the condition scales and shifts the channels (Dhariwal and Nichol 2021,
    arXiv:2105.05233, section 3). The output begins at zero, where the preconditioning's own guess is the whole answer.
    """

    def __init__(self, size: int, classes: int, *, in_channels: int, width: int) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.conditioning = Conditioning(width, classes)
        self.enc1, self.enc2, self.enc3 = _down(in_channels, first), _down(first, second), _down(second, third)
        self.dec1 = nn.Sequential(_up(third, second), nn.ReLU(), nn.BatchNorm2d(second))
        self.dec2 = nn.Sequential(_up(second, first), nn.ReLU(), nn.BatchNorm2d(first))
        self.output = _up(first, in_channels)
        self.condition = nn.ModuleList(nn.Linear(width, 2 * wide) for wide in (*WIDTHS, second, first))
        for parameter in (*self.condition.parameters(), *self.output.parameters()):
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None = None) -> Tensor:
        vector = self.conditioning(c_noise, condition)
        modulation = [layer(vector)[:, :, None, None].chunk(2, 1) for layer in self.condition]
        enc1 = _modulated(self.enc1(x), modulation[0])
        enc2 = _modulated(self.enc2(enc1), modulation[1])
        enc3 = _modulated(self.enc3(enc2), modulation[2])
        dec1 = _modulated(self.dec1(enc3), modulation[3]) + enc2
        dec2 = _modulated(self.dec2(dec1), modulation[4]) + enc1
        predicted: Tensor = self.output(dec2)
        return predicted


def _modulated(h: Tensor, scale_and_shift: tuple[Tensor, ...]) -> Tensor:
    scale, shift = scale_and_shift
    return h * (1 + scale) + shift
