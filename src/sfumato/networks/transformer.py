"""A patch transformer: every patch of p x p pixels is a token (DiT, Peebles and Xie 2023, arXiv:2212.09748), and the
parts that other networks have in common with it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conditioning(nn.Module):
    """Noise level and class -> one vector per picture.

    Fourier features of c_noise (Tancik et al. 2020, arXiv:2006.10739) through two layers, plus a learned vector per
    class. The first of ``classes + 1`` is 'no class', and is learned as well (Ho and Salimans 2022, arXiv:2207.12598).
    """

    frequencies: Tensor

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        # c_noise = log(sigma) / 4 lies in about -1.6..1.1: from one period over that range to some twenty.
        self.register_buffer("frequencies", torch.logspace(0, math.log10(24), 32) * math.pi / 2, persistent=False)
        self.hidden = nn.Linear(64, width)
        self.output = nn.Linear(width, width)
        self.classes = nn.Embedding(classes + 1, width)
        nn.init.normal_(self.classes.weight, std=0.5)

    def forward(self, c_noise: Tensor, condition: Tensor | None) -> Tensor:
        """c_noise: [N]; condition: 0 for no class or 1 + the class's index, [N], or None. Returns [N, width]."""
        angles = c_noise[:, None] * self.frequencies
        vector = self.output(F.silu(self.hidden(torch.cat((angles.cos(), angles.sin()), 1))))
        if condition is None:
            condition = torch.zeros_like(c_noise, dtype=torch.long)
        return F.silu(vector + self.classes(condition))


class TransformerBlock(nn.Module):
    """Self-attention and a two-layer network on tokens, each scaled, shifted and gated by the condition.

    Peebles and Xie 2023 (DiT, arXiv:2212.09748), with the modulation computed once for all blocks and a learned table
    a block (Chen et al. 2023, PixArt-alpha, arXiv:2310.00426): at a small width a matrix a block would hold
    a third of all weights.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width, bias=False)
        self.table = nn.Parameter(torch.zeros(6, width))
        nn.init.zeros_(self.merge.weight)
        nn.init.zeros_(self.contract.weight)

    def forward(self, tokens: Tensor, modulation: Tensor) -> Tensor:
        """tokens: [N, T, width]; modulation: [N, 6, width]."""
        scale1, shift1, gate1, scale2, shift2, gate2 = (modulation + self.table).unsqueeze(2).to(tokens.dtype).unbind(1)
        h = modulate(tokens, scale1, shift1)
        tokens = tokens + self.attend(h) * (1 + gate1)
        h = modulate(tokens, scale2, shift2)
        change: Tensor = self.contract(F.gelu(self.expand(h)))
        return tokens + change * (1 + gate2)

    def attend(self, h: Tensor) -> Tensor:
        N, T, width = h.shape
        q, k, v = self.qkv(h).view(N, T, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        mixed: Tensor = self.merge(attention(q, k, v).transpose(1, 2).reshape(N, T, width))
        return mixed


MOST_TOKENS = 256  # above, the matrix of all pairs no longer fits a cache


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scaled dot-product attention, [N, heads, T, d] each; on a CPU in the form that is measured to be the fastest.

    torch's kernel for CPUs is slower in bfloat16 than in float32; for few tokens two matrix products beat both.
    """
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v)
    if q.dtype == torch.bfloat16 and q.shape[2] <= MOST_TOKENS:
        mixed: Tensor = ((q * q.shape[3] ** -0.5) @ k.mT).softmax(3) @ v
        return mixed
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float())


def modulate(h: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Layer norm over the last axis, then the condition's scale and shift."""
    return torch.addcmul(shift, F.layer_norm(h, h.shape[-1:]), 1 + scale)


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
