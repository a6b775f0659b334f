"""Pictures are taken out of the flat array of pixels: crop and mirroring are only a matter of which pixels to take."""

from __future__ import annotations

import torch
from torch import Tensor


def gather(pixels: Tensor, size: int, offset: Tensor, width: Tensor, top: Tensor, left: Tensor, flip: Tensor) -> Tensor:
    """Crops of B pictures.

    pixels: [P, 3] uint8
    offset, width, top, left: [B] int64: where each picture begins, its row length, the upper left corner of the crop
    flip: [B] bool: mirrored, left to right
    -> [B, size, size, 3] uint8, on the pixels' device; all arguments are on that device
    """
    along = torch.arange(size, device=pixels.device)
    columns = left[:, None] + torch.where(flip[:, None], size - 1 - along, along)
    rows = offset[:, None] + (top[:, None] + along) * width[:, None]
    index = rows[:, :, None] + columns[:, None, :]
    return pixels.index_select(0, index.flatten()).view(len(offset), size, size, 3)


def to_float(images: Tensor) -> Tensor:
    """[B, H, W, 3] uint8 -> [B, 3, H, W] float32 in -1..1, contiguous."""
    planes = images.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    return planes.div_(127.5).sub_(1)
