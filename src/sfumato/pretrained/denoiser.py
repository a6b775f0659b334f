"""A pre-trained network as F(x, c_noise, inputs), and the preconditionings that make D(x, sigma, condition) of it.

What it is told of the time, and the sign of what it answers, are learned from a recording of its pipeline, and of
networks that learned on discrete noise levels from their scheduler's table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from sfumato.diffusion.denoiser import Epsilon, Preconditioning, V
from sfumato.errors import SfumatoError
from sfumato.pretrained.families import Family
from sfumato.pretrained.layouts import Inputs
from sfumato.pretrained.recording import TIMES, Recording, flattened, nested, sample_name, time_name

PURE_NOISE = 2.0**24
"""The sigma that stands for t = 1 of a flow, where it is infinite: in float32 x / (1 + sigma) is the noise itself."""


class ReplayedNetwork(nn.Module):
    """A network of diffusers, called as its pipeline calls it.

    ``constants`` are the inputs that are the same for all pictures, ``nothing`` those of an empty prompt, [1, ...].
    """

    def __init__(self, network: Any, family: Family, constants: Inputs, nothing: Inputs) -> None:
        super().__init__()
        self.network = network
        self.family = family
        self.constants = dict(constants)
        self.nothing = dict(nothing)
        self._sample, self._time = sample_name(network), time_name(network)

    def forward(self, x: Tensor, c_noise: Tensor, inputs: Inputs | None = None) -> Tensor:
        """x: [N, C, h, w]; c_noise: [N], the time as the network is told it; inputs: of N pictures, or None for an
        empty prompt. Returns [N, C, h, w]."""
        count, _, height, width = x.shape
        given = {name: _spread(value, count) for name, value in self.nothing.items()} if inputs is None else inputs
        known = {name: _on(value, x.device) for name, value in (self.constants | dict(given)).items()}
        known |= self.family.placing(known, count, height, width, x.device)
        layout, dtype = self.family.layout, cast(torch.dtype, self.network.dtype)
        sample = layout.arrange(x.to(dtype))
        answer = self.network(**{self._sample: sample, self._time: c_noise}, **nested(known))[0]
        return layout.restore(answer, height, width)


def _spread(value: Any, count: int) -> Any:
    """An input of one picture, for ``count`` of them."""
    return value * count if isinstance(value, tuple) else value.expand(count, *value.shape[1:])


def _on(value: Any, device: torch.device) -> Any:
    """In the place and the form in which a network takes it."""
    if isinstance(value, tuple):
        return [one.to(device) for one in value]
    return value.to(device) if isinstance(value, Tensor) else value


def split(recording: Recording, network: nn.Module, family: Family) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the first call of a recording of one picture was given: the inputs that are the same for all pictures, and
    those of the picture, tensors [1, ...] or tuples of 1 tensor.

    A tensor whose first dimension is not 1 belongs to no single picture. What depends on the canvas is in neither.
    """
    inputs = flattened(recording.calls[0])
    for name in (sample_name(network), time_name(network), *family.placed):
        inputs.pop(name)
    own: dict[str, Any] = {}
    for name, value in [*inputs.items()]:
        if isinstance(value, list) and value and isinstance(value[0], Tensor):
            own[name] = tuple(value)
        elif isinstance(value, Tensor) and value.ndim and len(value) == 1:
            own[name] = value
    return {name: value for name, value in inputs.items() if name not in own}, own


@dataclass(frozen=True, eq=False)
class DiscreteEpsilon(Epsilon):
    """As `Epsilon`, of a network that is told the number of one of its training's noise levels.

    levels: those, rising, [T] float64. Between two of them the number is a fraction, by their logarithms.
    """

    levels: Tensor

    def c_noise(self, sigma: Tensor) -> Tensor:
        return time_of(sigma, self.levels)


@dataclass(frozen=True, eq=False)
class DiscreteV(V):
    """As `V`, with the time of `DiscreteEpsilon`."""

    levels: Tensor

    def c_noise(self, sigma: Tensor) -> Tensor:
        return time_of(sigma, self.levels)


@dataclass(frozen=True)
class Velocity(Preconditioning):
    """The network sees x_t = (1 - t) x0 + t noise, t = sigma / (1 + sigma), and predicts v = noise - x0, or its
    negative where ``sign`` is -1: x0 = x_t - t v (rectified flow: Liu et al. 2023, arXiv:2209.03003, eq. 1).

    The time that it is told is ``offset + slope * t``. The weight is that of a plain squared error in v.
    """

    slope: float = 1.0
    offset: float = 0.0
    sign: float = 1.0

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scale = 1 / (1 + sigma)
        return scale, -self.sign * (sigma * scale), scale

    def weight(self, sigma: Tensor) -> Tensor:
        return ((1 + sigma) / sigma) ** 2

    def c_noise(self, sigma: Tensor) -> Tensor:
        # A network that counts time in thousands, and from the other end, would show float32's rounding of 1 - t.
        exact = _exact(sigma)
        time = torch.where(exact < PURE_NOISE, exact / (1 + exact), 1.0)
        return (self.offset + self.slope * time).to(sigma.dtype)

    @classmethod
    def learned(cls, recording: Recording, network: nn.Module) -> Velocity:
        """From two steps of a pipeline whose network has answered with ones."""
        first, second = (call[time_name(network)].float().mean().item() for call in recording.calls[:2])
        slope = (first - second) / (TIMES[0] - TIMES[1]) * 1000
        offset = first - slope * TIMES[0] / 1000
        # The times of every family are whole numbers of thousands or ones, but for rounding in half precision.
        return cls(float(round(slope)), float(round(offset)), recording.given[0].float().mean().item())


def _exact(tensor: Tensor) -> Tensor:
    """In float64, where the device has that."""
    return tensor.float() if tensor.device.type == "mps" else tensor.double()


def time_of(sigma: Tensor, levels: Tensor) -> Tensor:
    """The number of a noise level among ``levels``, [T] rising, 0 to T - 1 with fractions; of sigma's shape."""
    log = _exact(sigma).log()
    logs = levels.log().to(log)
    below = (torch.searchsorted(logs, log.contiguous(), right=True) - 1).clamp(0, len(logs) - 2)
    fraction = (log - logs[below]) / (logs[below + 1] - logs[below])
    return (below + fraction.clamp(0, 1)).to(sigma.dtype)


def preconditioning_of(
    family: Family, network: nn.Module, config: Mapping[str, Any], recording: Recording, levels: Tensor | None
) -> Preconditioning:
    """config: of the scheduler; levels: its noise levels, None for flows. Raises SfumatoError for a network that
    predicts something else than noise, v or a velocity."""
    if levels is None:
        return Velocity.learned(recording, network)
    kinds = {"epsilon": DiscreteEpsilon, "v_prediction": DiscreteV}
    predicted = config.get("prediction_type", "epsilon")
    if predicted not in kinds:
        raise SfumatoError(
            f"{family.title}: the scheduler says that the network predicts '{predicted}'; put epsilon or v_prediction "
            f"into scheduler_config.json, as the model was trained"
        )
    return kinds[predicted](levels)
