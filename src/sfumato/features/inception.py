"""Inception v3 (Szegedy et al. 2015, arXiv:1512.00567) as a source of features: 2048 numbers that it classifies by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.features.features import NetworkFeatures
from sfumato.images.tensors import from_levels

INPUT_SIDE, SMALLEST_SIDE = 299, 75  # pixels; below the second, nothing is left of a picture in the last block
EPSILON = 1e-3  # of the batch norms
AT_A_TIME = 16  # pictures: the first maps of one are 11 MB


class Step(NamedTuple):
    """One step on a path through a block: a convolution with that many outputs, or one of POOLS, which has none.

    kernel: rows and columns. At a stride of 1 the size stays; at 2 nothing is padded.
    """

    name: str
    outputs: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


Path = tuple[Step, ...]
MEAN, MAX = Step("mean"), Step("max")
POOLS: dict[Step, Callable[[], nn.Module]] = {
    MEAN: lambda: nn.AvgPool2d(3, 1, padding=1),
    MAX: lambda: nn.MaxPool2d(3, 2),
}


def factorised(name: str, outputs: Sequence[int], kernels: Sequence[tuple[int, int]]) -> Path:
    """A 1 x 1 convolution and those of the kernels: name_1, name_2, ..."""
    steps = zip(outputs, [(1, 1), *kernels], strict=True)
    return tuple(Step(f"{name}_{place}", *step) for place, step in enumerate(steps, 1))


def fine(pooled: int) -> tuple[Path, ...]:
    """Figure 5 of the paper, on maps of 35 x 35."""
    return (
        (Step("branch1x1", 64),),
        factorised("branch5x5", (48, 64), [(5, 5)]),
        factorised("branch3x3dbl", (64, 96, 96), [(3, 3), (3, 3)]),
        (MEAN, Step("branch_pool", pooled)),
    )


def middle(inner: int) -> tuple[Path, ...]:
    """Figure 6, n = 7, on maps of 17 x 17."""
    along, down = (1, 7), (7, 1)
    return (
        (Step("branch1x1", 192),),
        factorised("branch7x7", (inner, inner, 192), [along, down]),
        factorised("branch7x7dbl", (inner, inner, inner, inner, 192), [down, along, down, along]),
        (MEAN, Step("branch_pool", 192)),
    )


def coarse() -> tuple[Path, ...]:
    """Figure 7, on maps of 8 x 8: two of the paths part at their end."""
    start = (Step("branch3x3_1", 384),)
    double = Step("branch3x3dbl_1", 448), Step("branch3x3dbl_2", 384, (3, 3))
    return (
        (Step("branch1x1", 320),),
        (*start, Step("branch3x3_2a", 384, (1, 3))),
        (*start, Step("branch3x3_2b", 384, (3, 1))),
        (*double, Step("branch3x3dbl_3a", 384, (1, 3))),
        (*double, Step("branch3x3dbl_3b", 384, (3, 1))),
        (MEAN, Step("branch_pool", 192)),
    )


TO_MIDDLE: tuple[Path, ...] = (  # figure 10
    (Step("branch3x3", 384, (3, 3), 2),),
    (Step("branch3x3dbl_1", 64), Step("branch3x3dbl_2", 96, (3, 3)), Step("branch3x3dbl_3", 96, (3, 3), 2)),
    (MAX,),
)
TO_COARSE: tuple[Path, ...] = (
    (Step("branch3x3_1", 192), Step("branch3x3_2", 320, (3, 3), 2)),
    (*factorised("branch7x7x3", (192, 192, 192), [(1, 7), (7, 1)]), Step("branch7x7x3_4", 192, (3, 3), 2)),
    (MAX,),
)
BLOCKS: dict[str, tuple[Path, ...]] = {
    "Mixed_5b": fine(32),
    "Mixed_5c": fine(64),
    "Mixed_5d": fine(64),
    "Mixed_6a": TO_MIDDLE,
    "Mixed_6b": middle(128),
    "Mixed_6c": middle(160),
    "Mixed_6d": middle(160),
    "Mixed_6e": middle(192),
    "Mixed_7a": TO_COARSE,
    "Mixed_7b": coarse(),
    "Mixed_7c": coarse(),
}


class FixedNorm(nn.Module):
    """A batch norm with the statistics that it was trained to."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=EPSILON)


class Convolution(nn.Module):
    """Without a bias, normed and rectified."""

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int = 1, padding: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = FixedNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Block(nn.Module):
    """Paths side by side, their ends joined in order; where two begin alike, that is done once."""

    def __init__(self, inputs: int, paths: Sequence[Path]) -> None:
        super().__init__()
        self.paths = paths
        self.outputs = 0
        for path in paths:
            channels = inputs
            for step in path:
                if not hasattr(self, step.name):
                    self.add_module(step.name, _built(step, channels))
                channels = step.outputs or channels
            self.outputs += channels

    def forward(self, x: Tensor) -> Tensor:
        done: dict[Path, Tensor] = {(): x}
        for path in self.paths:
            for length, step in enumerate(path, 1):
                if path[:length] not in done:
                    done[path[:length]] = self.get_submodule(step.name)(done[path[: length - 1]])
        return torch.cat([done[path] for path in self.paths], 1)


def _built(step: Step, inputs: int) -> nn.Module:
    if step in POOLS:
        return POOLS[step]()
    rows, columns = step.kernel
    padding = (rows // 2, columns // 2) if step.stride == 1 else (0, 0)
    return Convolution(inputs, step.outputs, step.kernel, step.stride, padding)


class InceptionV3(nn.Module):
    """[N, 3, H, W] in -1..1, 75 pixels or more -> [N, 2048], the mean of the last block's maps.

    Table 1 of the paper as it was published with weights: without the auxiliary classifier, with batch norms, and mean
    pooling that counts the padding. The tensors are named as in torchvision's and timm's model, less its classifier:
    'Conv2d_1a_3x3.conv.weight', 'Conv2d_1a_3x3.bn.running_mean', 'Mixed_5b.branch1x1.conv.weight', ...
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), 2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3))
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3), padding=(1, 1))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3))
        channels = 192
        for name, paths in BLOCKS.items():
            block = Block(channels, paths)
            self.add_module(name, block)
            channels = block.outputs

    def forward(self, x: Tensor) -> Tensor:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, 2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, 2)
        for name in BLOCKS:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))


class InceptionFeatures(NetworkFeatures):
    """The features of pictures at ``side`` pixels, as they are."""

    called = "Inception v3"

    def __init__(self, network: nn.Module, *, side: int = INPUT_SIDE, digest: str = "") -> None:
        super().__init__(network, side=side, digest=digest)

    def __call__(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1 -> [N, 2048], float32."""
        parts = torch.split(from_levels(self.levels(images)), AT_A_TIME)
        return torch.cat([self.network(part) for part in parts])
