"""A U-Net: convolutions at the fine levels, a transformer at the coarsest (Hoogeboom et al. 2023, arXiv:2301.11093)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.networks.transformer import Conditioning, TransformerBlock, modulate


class ConvolutionBlock(nn.Module):
    """Two 3 x 3 convolutions added to their input, which the condition scales and shifts first.

    Dhariwal and Nichol 2021 (arXiv:2105.05233), section 3, with layer norm: group norm takes a third of a CPU's time.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.condition = nn.Linear(width, 2 * channels)
        for weight in (self.condition.weight, self.condition.bias, self.second.weight):
            nn.init.zeros_(weight)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.condition(vector)[:, None, None].chunk(2, 3)
        h = modulate(x.permute(0, 2, 3, 1), scale, shift).permute(0, 3, 1, 2)
        change: Tensor = self.second(F.silu(self.first(h)))
        return x + change


class Bottleneck(nn.Module):
    """The coarsest level: every cell is a token of a transformer."""

    def __init__(self, side: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.randn(1, side**2, width) * 0.5)
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(depth))
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        tokens = x.permute(0, 2, 3, 1).flatten(1, 2) + self.position.to(x.dtype)
        modulation = self.modulation(vector).view(len(x), 6, -1)
        for block in self.blocks:
            tokens = block(tokens, modulation)
        return tokens.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)


class Level(nn.Module):
    """Blocks, then a coarser level between a step down and a step up (added to what came in), then blocks."""

    def __init__(self, channels: int, below: int, blocks: int, width: int, inner: nn.Module) -> None:
        super().__init__()
        self.before = nn.ModuleList(ConvolutionBlock(channels, width) for _ in range(blocks))
        self.down = nn.Conv2d(channels, below, 2, stride=2)
        self.inner = inner
        self.up = nn.Conv2d(below, 4 * channels, 1)
        self.after = nn.ModuleList(ConvolutionBlock(channels, width) for _ in range(blocks))

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        for block in self.before:
            x = block(x, vector)
        x = x + F.pixel_shuffle(self.up(self.inner(self.down(x), vector)), 2).contiguous(
            memory_format=torch.channels_last
        )
        for block in self.after:
            x = block(x, vector)
        return x


class UNet(nn.Module):
    """channels: from the finest level (cells of ``patch`` x ``patch``) down; every further level halves the side.

    in_channels: of what comes in and of what goes out, [N, in_channels, H, W]. reference: channels of the
    condition, a tensor of the same height and width that is seen beside the noisy one; then there are no classes. 0 for
    none.
    """

    def __init__(
        self,
        size: int,
        classes: int,
        *,
        in_channels: int,
        patch: int,
        channels: Sequence[int],
        blocks: int,
        width: int,
        depth: int,
        heads: int,
        reference: int = 0,
    ) -> None:
        super().__init__()
        self.patch, self.reference = patch, reference
        self.conditioning = Conditioning(width, classes)
        levels = [*channels, width]
        inner: nn.Module = Bottleneck(size // patch // 2 ** len(channels), width, depth, heads)
        for index in reversed(range(len(channels))):
            inner = Level(levels[index], levels[index + 1], blocks, width, inner)
        self.levels = inner
        seen = (in_channels + reference) * patch**2
        self.embed = nn.Conv2d(seen, channels[0], 3, padding=1)
        self.final = nn.Linear(width, 2 * channels[0])
        # The output sees the input as well: at low noise what is asked for is nearly the input's own fine grain.
        self.output = nn.Conv2d(channels[0] + seen, in_channels * patch**2, 3, padding=1)
        for parameter in (*self.final.parameters(), *self.output.parameters()):
            nn.init.zeros_(parameter)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None = None) -> Tensor:
        if self.reference:
            assert condition is not None, "the reference is missing"
            x, condition = torch.cat((x, condition.to(x.dtype)), 1), None
        vector = self.conditioning(c_noise, condition)
        x = F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last)
        h = self.levels(self.embed(x), vector)
        scale, shift = self.final(vector)[:, None, None].chunk(2, 3)
        h = modulate(h.permute(0, 2, 3, 1), scale, shift).permute(0, 3, 1, 2)
        return F.pixel_shuffle(self.output(torch.cat((h, x), 1)), self.patch)
