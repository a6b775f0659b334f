"""How far pictures are apart for a network that has learnt to see (Johnson et al. 2016, arXiv:1603.08155, eq. 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.networks.vgg import VGGFeatures
from sfumato.training.vgg_file import read_vgg_file


class PerceptualLoss(nn.Module):
    """The mean squared difference of the features at VGG16's relu3_3. It takes the features over, and freezes them."""

    def __init__(self, features: VGGFeatures) -> None:
        super().__init__()
        # On one thread of a CPU a tenth faster than with channels first; what comes in may be either.
        self.features = features.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.requires_grad_(False)
        self.train()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The loss with the features of a safetensors file, as `vgg_file` finds or makes it.

        Raises SfumatoError where it is missing or damaged, or where its tensors have other names or shapes. Leaves
        torch's random numbers where they were.
        """
        tensors = read_vgg_file(path)
        with torch.device("meta"):
            features = VGGFeatures()
        features.load_state_dict(tensors, assign=True)
        return cls(features)

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode, whatever the module around it is set to."""
        return super().train(False)

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """images, targets: [N, 3, H, W], as `sfumato.networks.imagenet.normalised` gives them; H, W: 4 or more.

        Returns [N], a loss a picture; gradients flow to the images alone. Under autocast the features are of its type,
        their difference is float32.
        """
        with torch.no_grad():
            wanted = self.features(targets)
        return F.mse_loss(self.features(images), wanted, reduction="none").mean((1, 2, 3))
