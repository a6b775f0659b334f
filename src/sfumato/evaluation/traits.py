"""Traits of pictures: plain numbers of tone, colour and composition, each of which has a name that people use.

They are measured in OKLab, in which black and white are 1 apart and equal distances look about equally large. They see
no things and know no styles: a portrait and a bowl of fruit may have the same numbers.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.features.appearance import oklab

TraitName = Literal[
    "lightness", "contrast", "darks", "lights",
    "chroma", "greys", "reds", "oranges", "yellows", "greens", "blues", "purples",
    "symmetry", "weight_across", "weight_down", "spread", "edges", "empty", "uprights", "levels",
]  # fmt: skip
TONES: Final[tuple[TraitName, ...]] = ("lightness", "contrast", "darks", "lights")
COLOURS: Final[tuple[TraitName, ...]] = (
    "chroma", "greys", "reds", "oranges", "yellows", "greens", "blues", "purples",
)  # fmt: skip
COMPOSITIONS: Final[tuple[TraitName, ...]] = (
    "symmetry", "weight_across", "weight_down", "spread", "edges", "empty", "uprights", "levels",
)  # fmt: skip
TRAITS: Final[tuple[TraitName, ...]] = (*TONES, *COLOURS, *COMPOSITIONS)

DARK, LIGHT = 0.35, 0.85  # of lightness
GREY = 0.04  # of chroma, below which a colour passes for a grey
# Where each hue ends, in degrees of OKLab's circle: sRGB's red lies at 29, yellow at 110, green at 142, blue at 264.
HUE_ENDS: Final[dict[TraitName, float]] = {
    "reds": 42, "oranges": 85, "yellows": 118, "greens": 180, "blues": 290, "purples": 345,
}  # fmt: skip
EDGE = 0.04  # lightness from one pixel to the next, at SIDE pixels
SIDE, CELLS = 32, 8  # pixels at which edges are looked for, so that pictures of all sizes compare; and cells of them
AT_A_TIME = 256


@torch.inference_mode()
def traits(images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1, N 1 or more, H and W 32 or more -> [N, len(TRAITS)], float64, in their order.

    lightness: the mean, 0..1; contrast: its standard deviation; darks, lights: the share of pixels below 0.35 and above
    0.85 of it. chroma: the mean distance from grey; greys: the share of pixels below 0.04 of it; reds to purples: the
    share of pixels that are no greys, by their hue. symmetry: the correlation of lightness with its mirror image,
    -1..1. weight_across, weight_down: where the middle of what stands out from the ground is, 0 (left, top) to 1, and
    spread: how far from that middle it lies, in sides; the ground is the median lightness of the border. edges: the
    share of pixels on an edge; empty: the share of 8 x 8 cells without any; uprights, levels: the shares of edge energy
    within 22.5 degrees of a vertical and of a horizontal line.
    """
    parts = []
    for part in torch.split(images, AT_A_TIME):
        lightness = oklab(part)[:, :1].double()
        small = F.interpolate(lightness, (SIDE, SIDE), mode="bilinear", antialias=True)[:, 0]
        parts.append(torch.cat([tones_and_colours(part), _balance(small), _edges(small)], 1))
    return torch.cat(parts)


@torch.inference_mode()
def tones_and_colours(images: Tensor) -> Tensor:
    """The first of them, of pictures of any size: [N, 3, H, W] in -1..1, N 1 or more -> [N, len(TONES) + len(COLOURS)],
    float64."""
    parts = []
    for part in torch.split(images, AT_A_TIME):
        lab = oklab(part).double()
        parts.append(torch.cat([_tones(lab[:, 0]), _colours(lab[:, 1:])], 1))
    return torch.cat(parts)


def _tones(lightness: Tensor) -> Tensor:
    """[N, H, W] -> [N, 4]."""
    flat = lightness.flatten(1)
    return torch.stack(
        [flat.mean(1), flat.std(1, correction=0), _share(flat < DARK), _share(flat > LIGHT)],
        1,
    )


def _colours(colour: Tensor) -> Tensor:
    """[N, 2, H, W] -> [N, 8]."""
    red, yellow = colour.flatten(2).unbind(1)
    chroma = torch.hypot(red, yellow)
    coloured = chroma >= GREY
    hues = torch.rad2deg(torch.atan2(yellow, red)).remainder(360)
    sector = torch.bucketize(hues, torch.tensor(list(HUE_ENDS.values()), dtype=hues.dtype), right=True)
    sector = sector.remainder(len(HUE_ENDS))  # beyond the purples the reds begin
    shares = [_share(coloured & (sector == number)) for number in range(len(HUE_ENDS))]
    return torch.stack([chroma.mean(1), _share(~coloured), *shares], 1)


def _balance(lightness: Tensor) -> Tensor:
    """[N, SIDE, SIDE] -> [N, 4]: symmetry, weight across and down, spread."""
    flat = lightness - lightness.mean((1, 2), keepdim=True)
    energy = flat.square().sum((1, 2))
    symmetry = (flat * flat.flip(2)).sum((1, 2)) / energy.clamp_min(1e-9)
    symmetry = torch.where(energy > 1e-6, symmetry, 1.0)  # a picture of one tone is its own mirror image
    border = torch.cat([lightness[:, 0], lightness[:, -1], lightness[:, 1:-1, 0], lightness[:, 1:-1, -1]], 1)
    # A little everywhere, so that a picture of one tone has its middle in the middle.
    weight = (lightness - border.median(1).values[:, None, None]).abs() + 1e-4
    weight = weight / weight.sum((1, 2), keepdim=True)
    places = (torch.arange(SIDE, dtype=weight.dtype) + 0.5) / SIDE
    columns, rows = weight.sum(1), weight.sum(2)
    across, down = columns @ places, rows @ places
    apart = columns @ places.square() - across.square() + rows @ places.square() - down.square()
    return torch.stack([symmetry, across, down, apart.clamp_min(0).sqrt()], 1)


def _edges(lightness: Tensor) -> Tensor:
    """[N, SIDE, SIDE] -> [N, 4]: edges, empty cells, uprights, levels."""
    padded = F.pad(lightness[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    energy = across.square() + down.square()
    on_edge = energy > EDGE**2
    cells = F.max_pool2d(on_edge.double()[:, None], SIDE // CELLS)
    # A gradient across a picture is that of an upright edge.
    upright = torch.atan2(down.abs(), across.abs()) < math.pi / 8
    level = torch.atan2(across.abs(), down.abs()) < math.pi / 8
    total = energy.sum((1, 2)) + 1e-9
    shares = [(energy * which).sum((1, 2)) / total for which in (upright, level)]
    return torch.stack([_share(on_edge.flatten(1)), 1 - cells.mean((1, 2, 3)), *shares], 1)


def _share(which: Tensor) -> Tensor:
    """[N, P], bool -> [N]."""
    return which.double().mean(1)
