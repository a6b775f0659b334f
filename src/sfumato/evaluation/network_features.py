"""What features of networks share: weights as they are, pictures at the side at which the network sees them."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NetworkFeatures:
    """A network on its device, not trained any more. A subclass names it, and says what is taken from it.

    side: of the pictures as the network sees them, in pixels; digest: SHA-256 of its weights.
    """

    called: ClassVar[str]

    def __init__(self, network: nn.Module, *, side: int, digest: str = "") -> None:
        self.network = network.float().eval().requires_grad_(False)
        self.side = side
        self.digest = digest

    @property
    def name(self) -> str:
        return f"{self.called} at {self.side} px"

    def to(self, device: torch.device) -> Self:
        self.network.to(device)
        return self

    def levels(self, images: Tensor, side: int | None = None, mode: str = "bicubic") -> Tensor:
        """Pictures scaled to ``side``, else to the network's own: [N, 3, H, W] in -1..1 -> [N, 3, side, side], float32
        in 0..255, on the network's device."""
        levels = (images.to(next(self.network.parameters()).device, torch.float32) + 1) * 127.5
        side = side or self.side
        return F.interpolate(levels, (side, side), mode=mode, antialias=True).clamp(0, 255)
