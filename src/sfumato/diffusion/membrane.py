"""A membrane over what was made, along which it meets what was kept."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion.inpainting import continued

ROUNDS = 32  # means of neighbours that smooth a membrane which is right in the large already


def met(made: Tensor, picture: Tensor, mask: Tensor) -> Tensor:
    """What a codec has decoded, moved so that it meets the picture where the mask begins.

    Decoding does not give the picture's own pixels back where it is kept, and what was made beside them is off by as
    much: pasted together they would show an edge. So what is missing there is added to the others too, as a membrane
    that is stretched over them from its values along the edge (Perez et al. 2003, 'Poisson image editing', eq. 5).

    made: [N, 3, H, W]; picture: [1 or N, 3, H, W]; mask: [1 or N, 1, H, W], 0 is known. Returns [N, 3, H, W], the
    picture's own pixels where they are known.
    """
    picture, mask = picture.to(made), mask.to(made)
    known, missing = mask == 0, picture - made
    membrane = continued(missing, mask)
    for _ in range(ROUNDS):
        beyond = F.pad(membrane, (1, 1, 1, 1), mode="replicate")
        beside = beyond[..., 1:-1, 2:] + beyond[..., 1:-1, :-2] + beyond[..., 2:, 1:-1] + beyond[..., :-2, 1:-1]
        membrane = torch.where(known, missing, beside / 4)
    return made + membrane
