"""The lower layers of VGG16 (Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, column D), up to relu3_3."""

from __future__ import annotations

import torch
from torch import nn

_STAGES = ((64, 64), (128, 128), (256, 256, 256))  # channels of the convolutions between two poolings


class VGGFeatures(nn.Sequential):
    """[N, 3, H, W], as `sfumato.networks.imagenet.normalised` gives it -> [N, 256, H // 4, W // 4], 0 or more.

    H, W: 4 or more. The parameters are named as in torchvision's file, less its prefix 'features.': '0.weight',
    '0.bias', '2.weight', ..., '14.bias'.
    """

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        channels = 3
        for stage in _STAGES:
            if layers:
                layers.append(nn.MaxPool2d(2))
            for width in stage:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
        super().__init__(*layers)


def vgg_shapes() -> dict[str, torch.Size]:
    """Name -> shape of the 14 tensors of `VGGFeatures`, in their order."""
    with torch.device("meta"):  # shapes alone: no memory and no random numbers
        return {name: tensor.shape for name, tensor in VGGFeatures().state_dict().items()}
