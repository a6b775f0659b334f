"""Colours as the eye orders them: equal distances look about equally large (Ottosson 2020, 'A perceptual color space
for image processing')."""

from __future__ import annotations

import torch
from torch import Tensor

# From linear sRGB to the responses of the three cones, and from their cube roots to lightness and two opponent colours.
_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_OPPONENT = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def oklab(images: Tensor) -> Tensor:
    """[N, 3, H, W] sRGB in -1..1 (clipped) -> [N, 3, H, W]: L in 0..1, a (green to red) and b (blue to yellow), each
    within about -0.33..0.33; both are 0 in a grey."""
    levels = ((images.float() + 1) / 2).clamp(0, 1)
    # IEC 61966-2-1: sRGB's levels are not proportional to light.
    light = torch.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    cones, opponent = (torch.tensor(matrix, device=images.device) for matrix in (_CONES, _OPPONENT))
    responses = torch.einsum("ck,nkhw->nchw", cones, light).clamp_min(0) ** (1 / 3)
    return torch.einsum("ck,nkhw->nchw", opponent, responses)
