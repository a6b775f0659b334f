"""A denoiser: a network and a preconditioning that make the one contract, D(x, sigma, condition) -> clean picture.

Everywhere x = x0 + sigma * noise, with pictures in -1..1 (Karras et al. 2022, arXiv:2206.00364). DDPM's and flow
matching's own noisy pictures are x times a number that depends on sigma only, which is what ``input`` below restores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

PreconditioningName = Literal["edm", "v", "epsilon", "flow", "direct"]


class Preconditioning(Protocol):
    """D(x, sigma) = skip * x + output * F(input * x, log(sigma) / 4): Karras et al. 2022, eq. 7."""

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """sigma: any shape, > 0. Returns (skip, output, input), each of that shape."""
        ...

    def weight(self, sigma: Tensor) -> Tensor:
        """What the squared error of D is multiplied by in the loss; of sigma's shape."""
        ...


@dataclass(frozen=True)
class EDM:
    """Input, target and error of unit variance at every noise level (Karras et al. 2022, table 1, appendix B.6)."""

    sigma_data: float = 0.5

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        variance = sigma**2 + self.sigma_data**2
        return self.sigma_data**2 / variance, sigma * self.sigma_data / variance.sqrt(), variance.rsqrt()

    def weight(self, sigma: Tensor) -> Tensor:
        return (sigma**2 + self.sigma_data**2) / (sigma * self.sigma_data) ** 2


@dataclass(frozen=True)
class V:
    """The network predicts v = alpha * noise - sigma' * x0 on the circle alpha^2 + sigma'^2 = 1.

    Salimans and Ho 2022 (arXiv:2202.00512), appendix D; here alpha = 1 / sqrt(1 + sigma^2), sigma' = alpha * sigma.
    The weight is that of a plain squared error in v: SNR + 1.
    """

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        variance = 1 + sigma**2
        return 1 / variance, -sigma * variance.rsqrt(), variance.rsqrt()

    def weight(self, sigma: Tensor) -> Tensor:
        return 1 + sigma**-2


@dataclass(frozen=True)
class Epsilon:
    """The network predicts the noise, as in DDPM (Ho et al. 2020, arXiv:2006.11239, eq. 12 and 14): weight SNR."""

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.ones_like(sigma), -sigma, (1 + sigma**2).rsqrt()

    def weight(self, sigma: Tensor) -> Tensor:
        return sigma**-2


@dataclass(frozen=True)
class Flow:
    """The network sees x_t = (1 - t) x0 + t noise, t = sigma / (1 + sigma), and predicts x0.

    The loss is that of the velocity: x-prediction with v-loss (Li and He 2025, 'Back to basics', arXiv:2511.13720).
    Their division by t is bounded at ``t_floor`` so that the cleanest pictures do not own the loss.
    """

    t_floor: float = 0.05

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.zeros_like(sigma), torch.ones_like(sigma), 1 / (1 + sigma)

    def weight(self, sigma: Tensor) -> Tensor:
        return (sigma / (1 + sigma)).clamp_min(self.t_floor) ** -2


@dataclass(frozen=True)
class Direct:
    """D(x, sigma) = F(x / sigma): a network that answers in one pass and knows no noise levels.

    What was learned on noise of deviation 1 (a GAN's generator) so takes noise of any sigma, and is sampled in one
    step; at sigma 1 the network sees x as it is (an autoencoder).
    """

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.zeros_like(sigma), torch.ones_like(sigma), 1 / sigma

    def weight(self, sigma: Tensor) -> Tensor:
        return torch.ones_like(sigma)


def preconditioning(name: PreconditioningName, sigma_data: float = 0.5) -> Preconditioning:
    """The preconditioning of that name; ``sigma_data``, the pictures' standard deviation, is used by 'edm' alone."""
    if name == "edm":
        return EDM(sigma_data)
    kinds: dict[str, type[Preconditioning]] = {"v": V, "epsilon": Epsilon, "flow": Flow, "direct": Direct}
    return kinds[name]()


class Denoiser(nn.Module):
    """D(x, sigma, condition) -> estimate of the clean picture.

    The network is any module F(x, c_noise, condition): [N, 3, H, W], [N], [N] or None -> [N, 3, H, W].
    """

    def __init__(self, network: nn.Module, preconditioning: Preconditioning) -> None:
        super().__init__()
        self.network = network
        self.preconditioning = preconditioning

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Tensor | None = None) -> Tensor:
        """x: [N, 3, H, W], a picture in -1..1 plus sigma times noise. sigma: a number or [N], > 0.

        condition: class indices [N], -1 for none, or None for none at all. Returns [N, 3, H, W], float32.
        """
        sigma = torch.as_tensor(sigma, dtype=torch.float32, device=x.device).expand(len(x))
        skip, output, input_ = (s.view(-1, 1, 1, 1) for s in self.preconditioning.scalings(sigma))
        x = x.float()
        prediction: Tensor = self.network(input_ * x, sigma.log() / 4, condition)
        return skip * x + output * prediction.float()


class ResidualDenoiser(Denoiser):
    """D(x, sigma, condition) where the condition is a picture that the clean one resembles, [N, 3, H, W] in -1..1.

    What is denoised is what x has beyond it, as in SRDiff (Li et al. 2022, arXiv:2104.14951, section 3.2), so that the
    preconditioning's ``sigma_data`` is the standard deviation of that. The network sees the condition as well.
    """

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Tensor | None = None) -> Tensor:
        """As `Denoiser`'s. Raises ValueError where the condition is no picture of x's shape."""
        if condition is None or condition.shape != x.shape:
            raise ValueError("the condition is to be a picture of the same shape")
        return condition.float() + super().forward(x.float() - condition.float(), sigma, condition)
