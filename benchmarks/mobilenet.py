"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) as a source of features: what it sees before it names a thing.

The benchmarks measure with it, because it is small and its weights were at hand; `sfumato evaluate` offers others.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.features.features import NetworkFeatures
from sfumato.features.loading import filled, read_described
from sfumato.weights import digest

LAST = 1280  # channels of the last convolution, and features of a picture
# Table 2 of the paper: expansion t, channels c, repeats n, stride s of the first of them.
BOTTLENECKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
INPUT_SIDE = 128  # pixels, where nothing else is said; its training had 224


class SamePadded(nn.Conv2d):
    """A convolution padded as TensorFlow's 'SAME', in which the weights were trained: an odd pixel goes after."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        down, across = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[2:])
        return super().forward(F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2)))


def _activated(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(SamePadded(inputs, outputs, kernel, stride, groups=groups), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Expanded, filtered channel by channel, projected without an activation (figure 4 d)."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand = [_activated(inputs, hidden)] if expansion > 1 else []
        depthwise = _activated(hidden, hidden, 3, stride, groups=hidden)
        self.conv = nn.Sequential(*expand, depthwise, SamePadded(hidden, outputs, 1))
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.is_residual else y


class MobileNetV2(nn.Module):
    """[N, 3, H, W] in about -1..1 -> [N, 1280], the mean of the last feature map; batch norm is folded into weights.

    The parameters are named as in torchvision's model, less its batch norms and its classifier: 'features.0.0.weight',
    'features.1.conv.0.0.weight', ..., 'features.18.0.bias'.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_activated(3, 32, 3, 2)]
        channels = 32
        for expansion, outputs, repeats, first_stride in BOTTLENECKS:
            for repeat in range(repeats):
                layers.append(InvertedResidual(channels, outputs, 1 if repeat else first_stride, expansion))
                channels = outputs
        self.features = nn.Sequential(*layers, _activated(channels, LAST))

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.features(x)
        return maps.mean((2, 3))


class MobileNetFeatures(NetworkFeatures):
    """The features of pictures at ``side`` pixels, each row scaled to a mean square of 1."""

    called = "MobileNetV2"

    def __init__(self, network: nn.Module, *, side: int = INPUT_SIDE, digest: str = "") -> None:
        super().__init__(network, side=side, digest=digest)

    def __call__(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1 -> [N, 1280], float32."""
        rows: Tensor = F.normalize(self.network((self.levels(images) - 128) / 128), dim=1)
        return rows * math.sqrt(LAST)


def read_mobilenet(path: Path) -> MobileNetFeatures:
    """The network in a safetensors file, batch norms folded into its weights.

    It sees pictures at 128 pixels, or as a description says: see `sfumato.features.loading.read_features`. Raises
    SfumatoError where the file cannot be read, or where the tensors are not that network's.
    """
    tensors, description = read_described(path)
    network = filled(path, "MobileNetV2 with folded batch norms", MobileNetV2, tensors)
    return MobileNetFeatures(network, side=description.side or INPUT_SIDE, digest=digest(path))
