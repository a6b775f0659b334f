"""VGG16 up to relu3_3 (Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, column D), and how far pictures are apart
for it (Johnson et al. 2016, arXiv:1603.08155, eq. 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.weights import misfit, opened_tensors

_PREFIX = "features."  # of the published file's names, where the classifier has others
_REMEDY = "use --perceptual fetch, or give another file"
_STAGES = ((64, 64), (128, 128), (256, 256, 256))  # channels of the convolutions between two poolings


class VGGFeatures(nn.Sequential):
    """[N, 3, H, W], as `sfumato.images.tensors.normalised` gives it -> [N, 256, H // 4, W // 4], 0 or more.

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


def read_vgg_file(path: Path) -> dict[str, Tensor]:
    """The 14 tensors of a safetensors file, float32; of one with the whole model they are taken out.

    Raises SfumatoError where it is missing or damaged, or where its tensors have other names or shapes.
    """
    wanted = vgg_shapes()
    with opened_tensors(path, _REMEDY) as file:
        prefix = _PREFIX if _is_whole(file) else ""
        # Shapes first: it may be another model's file, of any size.
        ours = [name for name in file.keys() if not prefix or name.removeprefix(prefix) in wanted]  # noqa: SIM118
        given = {name.removeprefix(prefix): file.get_slice(name).get_shape() for name in ours}
        if fault := misfit(wanted, given):
            raise SfumatoError(f"{path}: is not the file of VGG16's first seven convolutions: it {fault}; {_REMEDY}")
        # Copies: an open file's tensors change with the file.
        return {name: file.get_tensor(prefix + name).to(torch.float32, copy=True) for name in wanted}


def holds_whole_vgg(path: Path) -> bool:
    """Whether a safetensors file holds the whole model under the names of timm and torchvision ('features.0.weight').

    Raises SfumatoError where it cannot be read.
    """
    with opened_tensors(path, _REMEDY) as file:
        return _is_whole(file)


def _is_whole(file: Any) -> bool:
    return f"{_PREFIX}0.weight" in file.keys()  # noqa: SIM118


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
        """images, targets: [N, 3, H, W], as `sfumato.images.tensors.normalised` gives them; H, W: 4 or more.

        Returns [N], a loss a picture; gradients flow to the images alone. Under autocast the features are of its type,
        their difference is float32.
        """
        with torch.no_grad():
            wanted = self.features(targets)
        return F.mse_loss(self.features(images), wanted, reduction="none").mean((1, 2, 3))
