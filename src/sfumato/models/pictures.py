"""Pictures as a model sees them, and back."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sfumato.collection.scaling import scaled


def to_pictures(images: Tensor) -> list[Image.Image]:
    """[N, 3, H, W] in -1..1 (clipped) -> N RGB pictures."""
    levels = ((images.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(level) for level in levels]


def as_tensor(picture: Image.Image, size: int) -> Tensor:
    """A picture, cropped at its centre and scaled: -> [3, size, size] in -1..1."""
    square = scaled(picture.convert("RGB"), size, "centre", width=picture.width, height=picture.height)
    return as_canvas(square)


def as_canvas(picture: Image.Image) -> Tensor:
    """A picture in its own size: -> [3, height, width] in -1..1; `to_pictures` gives the same pixels back."""
    return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).float() / 127.5 - 1


def picture_digest(picture: Tensor) -> str:
    """SHA-256 of a picture as the model sees it. picture: [3, H, W] in -1..1, or [1, H, W]."""
    levels = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous()
    return hashlib.sha256(levels.numpy().tobytes()).hexdigest()
