"""The process that reads torchvision's weights of VGG16: a pickle, so it is opened here alone and as tensors alone.

It takes a path, and writes those tensors that `VGGFeatures` has on its standard output, float32 in safetensors.
"""

from __future__ import annotations

import sys

import torch
from safetensors.torch import save

from sfumato.networks.vgg import vgg_shapes


def main() -> None:
    try:
        tensors = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
        kept = {
            name: tensors[f"features.{name}"].float().contiguous()
            for name in vgg_shapes()
            if f"features.{name}" in tensors
        }
        sys.stdout.buffer.write(save(kept))
    except Exception as error:  # a damaged file fails in any way; torch's first sentence says how
        raise SystemExit(f"{type(error).__name__}: {str(error).strip().partition('. ')[0]}") from error
