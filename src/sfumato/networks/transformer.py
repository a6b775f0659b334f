"""A patch transformer: every patch of p x p pixels is a token (DiT, Peebles and Xie 2023, arXiv:2212.09748)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.networks.blocks import Conditioning, TransformerBlock, modulate


class Transformer(nn.Module):
    def __init__(
        self, size: int, classes: int, *, in_channels: int, patch: int, width: int, depth: int, heads: int
    ) -> None:
        super().__init__()
        self.patch = patch
        self.side = size // patch
        self.embed = nn.Linear(in_channels * patch**2, width)
        self.position = nn.Parameter(torch.randn(1, self.side**2, width) * 0.5)
        self.conditioning = Conditioning(width, classes)
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(depth))
        self.final = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, in_channels * patch**2)
        for layer in (self.modulation, self.final, self.output):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None = None) -> Tensor:
        vector = self.conditioning(c_noise, condition)
        modulation = self.modulation(vector).view(len(x), 6, -1)
        tokens = self.embed(F.pixel_unshuffle(x, self.patch).flatten(2).transpose(1, 2)) + self.position
        for block in self.blocks:
            tokens = block(tokens, modulation)
        scale, shift = self.final(vector).unsqueeze(1).chunk(2, 2)
        tokens = self.output(modulate(tokens, scale, shift))
        return F.pixel_shuffle(tokens.transpose(1, 2).unflatten(2, (self.side, self.side)), self.patch)
