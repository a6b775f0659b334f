"""Pictures as rows of numbers, between which distances are measured: what gives them is a plug-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError

AT_A_TIME = 64


class Features(Protocol):
    """name: for people, with its version; digest: SHA-256 of its weights, '' where it has none."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    def __call__(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1 -> [N, D], which depends on each picture alone."""
        ...


@torch.inference_mode()
def extracted(features: Features, images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1 -> [N, D], float64, on the CPU. Raises SfumatoError where they are not finite."""
    rows = torch.cat([features(part).cpu().double() for part in torch.split(images, AT_A_TIME)])
    if not rows.isfinite().all():
        raise SfumatoError(f"{features.name}: its features are not finite; use another network")
    return rows


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of a dataset. places: [N], in the dataset; images: [N, 3, H, W] in -1..1; rows: [N, D], features."""

    places: Tensor
    images: Tensor
    rows: Tensor


def looked_at(places: Tensor, dataset: Dataset, features: Features) -> Pictures:
    """The dataset's pictures at these places, with their features: [N], N 0 or more; of none rows is [0, 0]."""
    images = dataset.images(places)
    if not len(places):
        return Pictures(places, images, torch.zeros(0, 0, dtype=torch.float64))
    return Pictures(places, images, extracted(features, images))


class NetworkFeatures:
    """A frozen network on its device. A subclass names it, and says what is taken from it.

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
