"""The figures of `control.py`: how far pictures are apart, and what their gradients say of seams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sfumato.diffusion.steering import low_pass
from sfumato.images.tensors import as_canvas
from sfumato.models.steering import SKETCH_SIDE
from sfumato.works import Work


def images_of(works: Sequence[Work]) -> Tensor:
    return torch.stack([as_canvas(work.image) for work in works])


def apart(one: Work, other: Work) -> float:
    return float((as_canvas(one.image) - as_canvas(other.image)).square().mean().sqrt())


def mass_distance(images: Tensor, target: Tensor, size: int) -> float:
    """How far the masses of pictures are from a target's, in grey levels."""
    return float((low_pass(images, size / SKETCH_SIDE) - target).square().mean((1, 2, 3)).sqrt().mean()) * 127.5


def palette_distance(images: Tensor, palette: Tensor) -> Tensor:
    """How far pictures are from a palette: the mean over the pixels of the distance to the nearest colour.

    images: [N, 3, H, W] in -1..1; palette: [K, 3]. Returns [N], in grey levels of 256: the root mean square over red,
    green and blue, so that a grey that is 10 levels too dark is 10 levels away.
    """
    each = torch.stack([(images - colour.view(3, 1, 1)).square().mean(1) for colour in palette.to(images)])
    return each.amin(0).sqrt().mean((1, 2)) * 127.5


def gradient_energy(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N]: the mean squared difference of neighbouring pixels."""
    return images.diff(dim=2).square().mean((1, 2, 3)) + images.diff(dim=3).square().mean((1, 2, 3))


def forms(images: Tensor) -> Tensor:
    """Pictures without their colours, and without how light and how contrasted they are. [N, 3, H, W], both."""
    grey = images.mean(1, keepdim=True)
    centred = grey - grey.mean((2, 3), keepdim=True)
    return (0.4 * centred / centred.std((2, 3), keepdim=True).clamp_min(0.02)).clamp(-1, 1).expand_as(images)


def across(image: Tensor, columns: Sequence[int] | range) -> float:
    """The energy of the differences between these columns and the next, by the mean of all. image: [3, H, W]."""
    differences = image.diff(dim=2).square().mean((0, 1))
    return float(differences[list(columns)].mean() / differences.mean().clamp_min(1e-9))


def beside(images: Tensor, columns: Sequence[int], reach: int) -> float:
    """The energy across columns of all images together, by that across as many as ``reach`` on either side of them.

    images: [N, 3, H, W]. Together, for of two white fields next to each other a ratio says nothing.
    """
    differences = images.diff(dim=3).square().mean((0, 1, 2))
    around = [*range(-reach, 0), *range(1, reach + 1)]
    near = torch.stack([differences[column + step] for column in columns for step in around])
    return float(differences[list(columns)].mean() / near.mean())


def geometric_mean(values: Sequence[float]) -> float:
    """Of ratios: the geometric one."""
    return float(torch.tensor(values).clamp_min(1e-6).log().mean().exp())


def classifier(rows: Tensor, labels: Tensor, classes: int) -> Callable[[Tensor], Tensor]:
    """Logistic regression on features, [N, D], every class weighing the same: -> features' logits, [M, classes]."""
    mean, deviation = rows.mean(0), rows.std(0) + 1e-6
    weight = 1 / torch.bincount(labels).double()
    layer = torch.nn.Linear(rows.shape[1], classes, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")
    inputs = (rows - mean) / deviation

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(layer(inputs), labels, weight) + 0.01 * layer.weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return lambda features: layer((features - mean) / deviation).detach()
