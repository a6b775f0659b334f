"""Steering: the denoiser's estimate is changed towards what is asked while sampling, with no gradient through the
network.

Each of ``composed`` and ``coloured`` takes a denoiser D(x, sigma) and gives one back, so that they can be put around
each other and around guidance, and under any sampler. One evaluation stays one evaluation.
"""

from __future__ import annotations

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion.codec import PIXELS, Codec
from sfumato.diffusion.samplers import Denoise
from sfumato.errors import SfumatoError
from sfumato.images.tensors import from_levels, to_levels
from sfumato.text import counted

SHADING = 0.4
EDGE = 0.1  # how far apart in red, green and blue two colours pass into each other
SETTLED = 0.05  # noise at which forms stand, in pictures of 32 pixels


def composed(
    denoise: Denoise,
    target: Tensor,
    *,
    factor: float,
    above: float,
    strength: float = 1.0,
    codec: Codec = PIXELS,
) -> Denoise:
    """Follow a sketch: D + strength * (low(target) - low(D)) while sigma > above, where low keeps the coarse forms.

    Choi et al. 2021 (arXiv:2108.02938, eq. 8), who put it into the noisy picture; in the estimate it needs no noise for
    the target. target: [N or 1, 3, H, W] in -1..1, of the pictures' size. factor: of ``low_pass``. above: in units of
    sigma; below it the denoiser makes one picture of the whole, undisturbed. strength: 0 (nothing is changed) to 1 (the
    estimate's coarse forms are the target's). codec: what the estimate is decoded with, and the change encoded.
    Raises SfumatoError if factor is less than 1 or strength outside 0..1.
    """
    _check_strength("sketch", strength)
    sketch = low_pass(target, factor)

    def steered(x: Tensor, sigma: float) -> Tensor:
        denoised = denoise(x, sigma)
        if sigma <= above:
            return denoised
        return codec.edit(denoised, lambda images: images + strength * (sketch - low_pass(images, factor)))

    return steered


def low_pass(images: Tensor, factor: float) -> Tensor:
    """The nearest picture, by squared error, to be had by bicubic enlargement of one ``factor`` times smaller.

    images: [N, C, H, W]. factor: 1 (everything passes) or more; from the picture's side on, its mean alone.
    A projection: what has passed, passes again unchanged. Returns [N, C, H, W].
    Raises SfumatoError if factor is less than 1.
    """
    if not 1 <= factor < math.inf:
        raise SfumatoError(f"low pass: a factor of {factor:g} makes no picture smaller; give 1 or more")
    rows, columns = (_projection(side, max(1, round(side / factor))).to(images) for side in images.shape[2:])
    return rows @ images @ columns


def coloured(
    denoise: Denoise,
    palette: Tensor,
    *,
    shares: Tensor | None = None,
    strength: float = 0.75,
    shading: float = SHADING,
    codec: Codec = PIXELS,
) -> Denoise:
    """Make pictures in a palette's colours: D + strength * settled * (recoloured(D) - D).

    palette, shares and shading: of ``recoloured``. strength: 0 (nothing is changed) to 1. codec: what the estimate is
    decoded with, and the change encoded. settled is 1 / (1 + (sigma /
    SETTLED)^2): what is in a picture, and where, is decided at high noise, where a palette would decide it instead, and
    two flat fields would do for two colours. So it comes in as the forms stand, and stays to the end: what the denoiser
    adds to a picture of these colours is details.
    Raises SfumatoError if a value is out of its range.
    """
    _check_strength("palette", strength)
    _check_palette(palette, shares, shading)

    def steered(x: Tensor, sigma: float) -> Tensor:
        def change(images: Tensor) -> Tensor:
            # Pictures of twice the size are as hard to make out at twice the sigma (Hoogeboom et al. 2023,
            # arXiv:2301.11093, section 3.1).
            sigma_at_32_pixels = sigma * 32 / min(images.shape[2:])
            settled = 1 / (1 + (sigma_at_32_pixels / SETTLED) ** 2)
            return images.lerp(recoloured(images, palette, shares, shading), strength * settled)

        return codec.edit(denoise(x, sigma), change)

    return steered


def recoloured(images: Tensor, palette: Tensor, shares: Tensor | None = None, shading: float = SHADING) -> Tensor:
    """Pictures with the same things in them, in a palette's colours and their shades.

    A pixel belongs to the colours that it is near once each picture's lightness runs from that of the palette's darkest
    colour to that of its lightest: to colour c with the weight share(c) exp(-distance^2 / (2 EDGE^2)), where saturation
    counts half, for light and dark are what a thing is known by. The pixels of a colour then move together, so that
    their mean becomes that colour, and what sets them apart, their shades, stays (palette-based recolouring,
    Chang et al. 2015, doi:10.1145/2766978).

    images: [N, 3, H, W] in -1..1. palette: [K, 3] in -1..1. shares: [K], how common each colour is, or None for all
    alike. shading: the largest standard deviation of all shades in lightness, above 0, along an axis of length 1 in
    red, green and blue; in hue and saturation it is a quarter of that, as light and shadow fall on a thing of one
    colour, and no more than the palette's own colours deviate from each other in it. Where shades deviate more, all of
    the picture's are scaled down. Returns [N, 3, H, W].
    """
    palette = palette.to(images)
    scores = -_squared_distances(*map(_muted, (_as_light_as(palette, images), palette))) / (2 * EDGE**2)
    if shares is not None:
        scores = scores + (shares / shares.sum()).to(images).clamp_min(1e-12).log()
    weights = scores.softmax(2)
    pixels = images.flatten(2).mT
    means = weights.mT @ pixels / weights.sum(1).clamp_min(1e-6)[:, :, None]
    shades = (pixels - weights @ means).mT.reshape(images.shape)
    light = shades.mean(1, keepdim=True)
    hue = shades - light
    colours = (weights @ palette).mT.reshape(images.shape)
    hues = palette - palette.mean(1, keepdim=True)
    apart = ((hues - hues.mean(0)).square().sum(1).mean() / 2).sqrt().item()
    tinted = _at_most(min(shading / 4, apart), hue, axes=2)
    return colours + _at_most(shading, light.expand_as(hue), axes=1) + tinted


def palette_of(picture: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The palette of a picture, by k-means (Lloyd 1982) on its colours in 8 bits; the same each time.

    picture: [3, H, W] in -1..1 (clipped). count: of colours, 1 or more; a picture with fewer has fewer. Returns the
    palette [K, 3] in -1..1 and each colour's share of the picture [K], the largest first. The first colours to begin
    with are the commonest one and then, again and again, the one whose pixels are worst served so far (the largest sum
    of squared distances to the nearest beginning).
    Raises SfumatoError if count is less than 1.
    """
    if count < 1:
        raise SfumatoError(f"palette of {count} colours: give 1 or more")
    colours, pixels = _colours(picture)
    palette = colours[pixels.argmax()][None]
    while len(palette) < count:
        unserved = pixels * _to_each(colours, palette).amin(1)
        palette = torch.cat((palette, colours[unserved.argmax()][None]))
    for _ in range(100):
        nearest = F.one_hot(_to_each(colours, palette).argmin(1), len(palette)).to(colours)
        area = pixels @ nearest
        # A colour that nothing is nearest to (there may be too few for all) stays where it is, and is left out below.
        moved = torch.where(area[:, None] > 0, (nearest * pixels[:, None]).T @ colours / area[:, None], palette)
        if torch.equal(moved, palette):
            break
        palette = moved
    order = area.argsort(descending=True, stable=True)
    order = order[area[order] > 0]
    return palette[order].float(), (area[order] / pixels.sum()).float()


def _as_light_as(palette: Tensor, images: Tensor) -> Tensor:
    """Pictures whose lightness runs from that of the darkest colour of a palette to that of the lightest.

    A hundredth of the pixels may be darker, and one lighter: a speck is not what a picture's range is. Where that range
    is less than half of all there is, a half around it is taken for it: white paper is light, though nothing is darker.
    """
    grey, tones = images.mean(1, keepdim=True), palette.mean(1)
    ordered = grey.flatten(1).sort(1).values  # a quantile of torch's takes no more than 16 million
    low, high = (ordered[:, round(edge * (ordered.shape[1] - 1))].view(-1, 1, 1, 1) for edge in (0.01, 0.99))
    wider = ((1 - (high - low)) / (2 - (high - low)).clamp_min(1e-6)).clamp(0, 1)
    low, high = low.lerp(-torch.ones_like(low), wider), high.lerp(torch.ones_like(high), wider)
    place = ((grey - low) / (high - low)).clamp(0, 1)
    return images - grey + torch.lerp(tones.min(), tones.max(), place)


def _at_most(std: float, images: Tensor, axes: int) -> Tensor:
    """Pictures, scaled down where their standard deviation along each of so many axes of length 1 is above ``std``."""
    found = (images.square().sum(1, keepdim=True).mean((2, 3), keepdim=True) / axes).sqrt()
    return images * (std / found.clamp_min(1e-6)).clamp(max=1)


@cache
def _projection(side: int, smaller: int) -> Tensor:
    """[side, side], float64, symmetric: onto what bicubic enlargement makes of ``smaller`` numbers in a row."""
    if smaller == side:
        return torch.eye(side, dtype=torch.float64)
    unit = torch.eye(smaller, dtype=torch.float64)[None, None]
    enlarged = F.interpolate(unit, size=(smaller, side), mode="bicubic")[0, 0].T
    basis: Tensor = torch.linalg.qr(enlarged).Q
    return basis @ basis.T


def _muted(colours: Tensor) -> Tensor:
    """[N, 3, ...] with half of their saturation."""
    return colours.lerp(colours.mean(1, keepdim=True), 0.5)


def _squared_distances(images: Tensor, palette: Tensor) -> Tensor:
    """[N, 3, H, W], [K, 3] -> [N, H x W, K]."""
    return _to_each(images.flatten(2).transpose(1, 2), palette)


def _to_each(colours: Tensor, palette: Tensor) -> Tensor:
    """Squared distances: [..., 3], [K, 3] -> [..., K]. By differences, so that to itself it is exactly 0."""
    return torch.stack([(colours - colour).square().sum(-1) for colour in palette], -1)


def _colours(picture: Tensor) -> tuple[Tensor, Tensor]:
    """[3, H, W] in -1..1 -> its different colours [C, 3] in 8 bits, and how many pixels have each [C]; float64."""
    red, green, blue = to_levels(picture.double()).long().flatten(1)
    codes, pixels = (red * 65536 + green * 256 + blue).unique(return_counts=True)
    levels = torch.stack((codes // 65536, codes // 256 % 256, codes % 256), 1)
    return from_levels(levels.double()), pixels.double()


def _check_strength(name: str, strength: float) -> None:
    if not 0 <= strength <= 1:
        raise SfumatoError(f"{name}: a strength of {strength:g} cannot be followed; give 0 (not at all) to 1 (fully)")


def _check_palette(palette: Tensor, shares: Tensor | None, shading: float) -> None:
    if palette.ndim != 2 or palette.shape[1] != 3 or not len(palette):
        shape = " x ".join(map(str, palette.shape))
        raise SfumatoError(f"palette: colours are rows of red, green and blue, not {shape}; give [K, 3]")
    if not (palette.isfinite().all() and palette.abs().max() <= 1):
        raise SfumatoError("palette: a colour is outside -1..1; give red, green and blue from -1 (none) to 1 (full)")
    if shares is not None and (shares.shape != palette.shape[:1] or not (shares >= 0).all() or not shares.sum() > 0):
        raise SfumatoError(
            f"palette: the shares do not fit its {counted(len(palette), 'colour')}; give a number, 0 or more, for each"
        )
    if not 0 < shading < math.inf:
        raise SfumatoError(f"palette: a shading of {shading:g} leaves no light and shadow; give a number above 0")
