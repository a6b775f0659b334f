"""Figures of invented halves: how far they are from real ones, and how light and colour differ across a seam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sfumato.features.appearance import oklab

Side = Literal["left", "right"]
ROUNDS = 400


def half(images: Tensor, side: Side) -> Tensor:
    """One half of square pictures beside its own mirror image: [N, 3, H, W] -> [N, 3, H, W]."""
    middle = images.shape[-1] // 2
    part = images[..., :middle] if side == "left" else images[..., -middle:]
    return torch.cat((part, part.flip(-1)), -1)


@dataclass(frozen=True)
class KernelRatio:
    """KID of two sets from the same real pictures, with the deviations of each and of their ratio."""

    invented: float
    invented_error: float
    generated: float
    generated_error: float
    ratio: float
    ratio_error: float

    def __str__(self) -> str:
        return (
            f"{self.invented:.0f} ± {self.invented_error:.0f} / {self.generated:.0f} ± {self.generated_error:.0f} = "
            f"{self.ratio:.2f} ± {self.ratio_error:.2f}"
        )


def kernel_ratio(invented: Tensor, generated: Tensor, real: Tensor, each: int = 1) -> KernelRatio:
    """features: [N, D], [M, D], [K, D]. The errors are those between random halves of all three, as `kernel_distance`
    has them, drawn together; ``each``: so many rows, N / each apart, are of one picture and are drawn as one."""
    generator = torch.Generator().manual_seed(0)
    real, sets = real.double(), (invented.double(), generated.double())
    within_real = _kernel(real, real).fill_diagonal_(0)
    ones, drawn = torch.ones(len(real), 1).double(), _halves(len(real), 1, generator)
    whole, parts = [], []
    for rows, repeats in zip(sets, (each, 1), strict=True):
        kernels = _kernel(rows, rows).fill_diagonal_(0), _kernel(rows, real), within_real
        whole.append(_squared(*kernels, torch.ones(len(rows), 1).double(), ones))
        parts.append(_squared(*kernels, _halves(len(rows), repeats, generator), drawn))
    a, b = (float(value) * 1000 for value in whole)
    error_a, error_b = (float(values.std()) * 1000 for values in parts)
    return KernelRatio(a, error_a, b, error_b, a / b, float((parts[0] / parts[1]).std()))


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _halves(count: int, repeats: int, generator: torch.Generator) -> Tensor:
    order = torch.rand(count // repeats, ROUNDS, generator=generator).argsort(0).argsort(0)
    return (order < count // repeats // 2).double().repeat(repeats, 1)


def _squared(within: Tensor, across: Tensor, within_real: Tensor, chosen: Tensor, real: Tensor) -> Tensor:
    """The unbiased squared MMD (Binkowski et al. 2018, arXiv:1801.01401, eq. 4) of R choices, [N, R] and [K, R]."""
    n, k = chosen.sum(0), real.sum(0)
    return (
        (chosen * (within @ chosen)).sum(0) / (n * (n - 1))
        + (real * (within_real @ real)).sum(0) / (k * (k - 1))
        - 2 * (chosen * (across @ real)).sum(0) / (n * k)
    )


def across_seam(images: Tensor) -> dict[str, Tensor]:
    """Square pictures with a seam at their middle -> by name [N]: differences in Oklab, times 100.

    'at the seam': between fields of an eighth of the picture on either side, 'of halves': between whole halves; of
    light, L, and of colour, the distance in a and b.
    """
    middle, side = images.shape[-1] // 2, images.shape[-1] // 8
    colours = 100 * oklab(images)
    strips = (colours[..., middle - side : middle], colours[..., middle : middle + side])
    fields = [strip.mean(-1).unflatten(-1, (-1, side)).mean(-1) for strip in strips]
    halves = [part.mean((2, 3)).unsqueeze(-1) for part in (colours[..., :middle], colours[..., middle:])]
    found = {}
    for name, (one, other) in {"at the seam": fields, "of halves": halves}.items():
        difference = one - other
        found[f"light {name}"] = difference[:, 0].abs().mean(1)
        found[f"colour {name}"] = difference[:, 1:].norm(dim=1).mean(1)
    return found


def paired(ours: Tensor, real: Tensor) -> tuple[float, float]:
    """The mean of the differences and its standard error, both over pictures: [R * N] and [N]."""
    differences = (ours.view(-1, len(real)) - real).mean(0)
    return float(differences.mean()), float(differences.std() / len(differences) ** 0.5)
