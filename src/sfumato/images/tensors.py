"""Pictures as tensors, and back: [N, 3, H, W], float, -1..1."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from sfumato.images.scaling import scaled

# Of the colours of ImageNet's pictures, in 0..1.
MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)


def from_levels(levels: Tensor) -> Tensor:
    """0..255 of any shape and type -> -1..1, of the same floating type, and float32 for whole numbers."""
    return levels / 127.5 - 1


def to_levels(images: Tensor) -> Tensor:
    """-1..1 of any shape and floating type -> the nearest whole numbers in 0..255, of the same type; what is beyond is
    clipped."""
    return ((images + 1) * 127.5).round().clamp(0, 255)


def to_float(pixels: Tensor) -> Tensor:
    """[B, H, W, 3] uint8 -> [B, 3, H, W] float32 in -1..1, contiguous."""
    return from_levels(pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format))


def to_pictures(images: Tensor) -> list[Image.Image]:
    """[N, 3, H, W] in -1..1 (clipped) -> N RGB pictures."""
    levels = to_levels(images.float()).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(level) for level in levels]


def as_tensor(picture: Image.Image, size: int) -> Tensor:
    """A picture, cropped at its centre and scaled: -> [3, size, size] in -1..1."""
    square = scaled(picture.convert("RGB"), size, "centre", width=picture.width, height=picture.height)
    return as_canvas(square)


def fitted(picture: Image.Image, width: int, height: int) -> Tensor:
    """The same in another shape: -> [3, height, width] in -1..1."""
    if width == height:
        return as_tensor(picture, width)
    return as_canvas(ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS))


def as_canvas(picture: Image.Image) -> Tensor:
    """A picture in its own size: -> [3, height, width] in -1..1; `to_pictures` gives the same pixels back."""
    return from_levels(torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).float())


def picture_digest(picture: Tensor) -> str:
    """SHA-256 of a picture as the model sees it. picture: [3, H, W] in -1..1, or [1, H, W]."""
    levels = to_levels(picture).byte().permute(1, 2, 0).contiguous()
    return hashlib.sha256(levels.numpy().tobytes()).hexdigest()


def normalised(images: Tensor) -> Tensor:
    """Pictures as networks trained on ImageNet take them, each colour less its mean there, over its std.

    [N, 3, H, W] in -1..1 -> [N, 3, H, W] in about -2.1..2.6.
    """
    mean, std = _constants(images)
    return (images - (2 * mean - 1)) / (2 * std)


def denormalised(images: Tensor) -> Tensor:
    """The inverse of `normalised`: [N, 3, H, W] -> [N, 3, H, W], in -1..1 where they were."""
    mean, std = _constants(images)
    return images * (2 * std) + (2 * mean - 1)


def _constants(images: Tensor) -> tuple[Tensor, Tensor]:
    mean, std = torch.tensor((MEAN, STD), device=images.device).view(2, 3, 1, 1)
    return mean, std
