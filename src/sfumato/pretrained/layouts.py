"""How a network is given latents, and what it is told of where they stand.

D's own latents are [N, C, h, w] for every family. Where a network looks at patches of 2 x 2 of the VAE's cells, a patch
is one of D's cells, with the channels of all four: whatever is a whole number of cells is one that the network takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Inputs = Mapping[str, Any]
"""What a network is called with besides the latents and the time, by name; 'a.b' is the value b in the dictionary a."""


@dataclass(frozen=True)
class Layout:
    """arrange: latents [N, C, h, w] -> what the network takes; restore: what it gives and (h, w) -> [N, C, h, w];
    patch: cells of the VAE along the side of one of D's."""

    arrange: Callable[[Tensor], Any]
    restore: Callable[[Any, int, int], Tensor]
    patch: int = 2


def _to_tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


def _from_tokens(tokens: Tensor, height: int, width: int) -> Tensor:
    return tokens.transpose(1, 2).reshape(len(tokens), tokens.shape[2], height, width)


def _to_frames(x: Tensor) -> list[Tensor]:
    """A video of one frame for each picture, [C, 1, 2 h, 2 w]."""
    return list(F.pixel_shuffle(x, 2).unsqueeze(2))


def _from_frames(frames: list[Tensor], height: int, width: int) -> Tensor:
    return F.pixel_unshuffle(torch.stack([*frames]).squeeze(2), 2)


GRID = Layout(lambda x: x, lambda y, height, width: y, patch=1)
PATCHES = Layout(lambda x: F.pixel_shuffle(x, 2), lambda y, height, width: F.pixel_unshuffle(y, 2))
TOKENS = Layout(_to_tokens, _from_tokens)
FRAMES = Layout(_to_frames, _from_frames)


Placing = Callable[[Inputs, int, int, int, torch.device], dict[str, Any]]
"""(inputs, N, h, w, device) -> those inputs that depend on the size of the latents."""


def nowhere(inputs: Inputs, count: int, height: int, width: int, device: torch.device) -> dict[str, Any]:
    """The network finds out by itself."""
    return {}


def with_size(inputs: Inputs, count: int, height: int, width: int, device: torch.device) -> dict[str, Any]:
    """A whole picture of that size in pixels (SDXL: Podell et al. 2023, arXiv:2307.01952, section 2.2)."""
    size = height * 8, width * 8
    ids = torch.tensor([[*size, 0, 0, *size]], device=device, dtype=inputs["added_cond_kwargs.text_embeds"].dtype)
    return {"added_cond_kwargs.time_ids": ids.expand(count, -1)}


def with_rows_and_columns(inputs: Inputs, count: int, height: int, width: int, device: torch.device) -> dict[str, Any]:
    """(0, row, column) of each token, the same for all pictures: what FLUX.1's rotary embeddings turn by."""
    return {"img_ids": _grid(height, width, device, (None, 0, 1)).float()}


def with_mask(inputs: Inputs, count: int, height: int, width: int, device: torch.device) -> dict[str, Any]:
    """The same, and that every token of the picture is seen beside the words."""
    words = inputs["attention_mask"][:, : inputs["encoder_hidden_states"].shape[1]]
    mask = torch.cat((words, words.new_ones(len(words), height * width)), 1)
    return with_rows_and_columns(inputs, count, height, width, device) | {"attention_mask": mask}


def with_four_axes(inputs: Inputs, count: int, height: int, width: int, device: torch.device) -> dict[str, Any]:
    """(time, row, column, layer) of each token of each picture, with time and layer 0 (FLUX.2)."""
    return {"img_ids": _grid(height, width, device, (None, 0, 1, None)).expand(count, -1, -1)}


def _grid(height: int, width: int, device: torch.device, axes: tuple[int | None, ...]) -> Tensor:
    """[height * width, len(axes)] int64: of each cell its row where an axis is 0, its column where it is 1, or 0."""
    rows = torch.arange(height, device=device).repeat_interleave(width)
    columns = torch.arange(width, device=device).repeat(height)
    nothing = torch.zeros_like(rows)
    return torch.stack([nothing if axis is None else (rows, columns)[axis] for axis in axes], 1)
