"""A denoiser: a network and a preconditioning that make the one contract, D(x, sigma, condition) -> clean picture.

Everywhere x = x0 + sigma * noise, where x0 are pictures in -1..1 or a codec's latents (Karras et al. 2022,
arXiv:2206.00364). DDPM's and flow matching's own noisy pictures are x times a number that depends on sigma only, which
is what ``c_in`` below restores.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import torch
from torch import Tensor, nn

from sfumato.diffusion.condition import Condition, PictureCondition

PreconditioningName = Literal["edm", "v", "epsilon", "flow", "direct"]


class Preconditioning(ABC):
    """D(x, sigma) = c_skip * x + c_out * F(c_in * x, c_noise): Karras et al. 2022, eq. 7."""

    @abstractmethod
    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """sigma: any shape, > 0. Returns (c_skip, c_out, c_in), each of that shape."""

    @abstractmethod
    def weight(self, sigma: Tensor) -> Tensor:
        """What the squared error of D is multiplied by in the loss; of sigma's shape."""

    def c_noise(self, sigma: Tensor) -> Tensor:
        """What the network is told of the noise level; of sigma's shape."""
        return sigma.log() / 4


@dataclass(frozen=True)
class EDM(Preconditioning):
    """Input, target and error of unit variance at every noise level (Karras et al. 2022, table 1, appendix B.6)."""

    sigma_data: float = 0.5

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        variance = sigma**2 + self.sigma_data**2
        return self.sigma_data**2 / variance, sigma * self.sigma_data / variance.sqrt(), variance.rsqrt()

    def weight(self, sigma: Tensor) -> Tensor:
        return (sigma**2 + self.sigma_data**2) / (sigma * self.sigma_data) ** 2


@dataclass(frozen=True)
class V(Preconditioning):
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
class Epsilon(Preconditioning):
    """The network predicts the noise, as in DDPM (Ho et al. 2020, arXiv:2006.11239, eq. 12 and 14): weight SNR."""

    def scalings(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.ones_like(sigma), -sigma, (1 + sigma**2).rsqrt()

    def weight(self, sigma: Tensor) -> Tensor:
        return sigma**-2


@dataclass(frozen=True)
class Flow(Preconditioning):
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
class Direct(Preconditioning):
    """D(x, sigma) = F(x / sigma): a network that answers in one pass and knows no noise levels.

    So a GAN's generator, which learned on noise of standard deviation 1, takes noise of any sigma and is sampled in one
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
    """D(x, sigma, condition) -> estimate of the clean x0.

    The network is any module F(x, c_noise, inputs) -> [N, C, H, W], for x of that shape, c_noise [N], and the
    condition's ``inputs`` [N, ...] or None.
    """

    def __init__(self, network: nn.Module, preconditioning: Preconditioning) -> None:
        super().__init__()
        self.network = network
        self.preconditioning = preconditioning

    def networks(self) -> dict[str, nn.Module]:
        """All that learn, by the prefix of the names of their weights: '' for its own."""
        return {"": self.network}

    def weights(self) -> dict[str, Tensor]:
        """Those of all its networks, by their names."""
        return {
            prefix + name: tensor
            for prefix, network in self.networks().items()
            for name, tensor in network.state_dict().items()
        }

    def load_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what ``weights`` gave. Raises RuntimeError for other names or shapes."""
        if tensors.keys() != self.weights().keys():
            raise RuntimeError("these are not the names of its weights")
        for prefix, network in self.networks().items():
            network.load_state_dict({name: tensors[prefix + name] for name in network.state_dict()})

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Condition | None = None) -> Tensor:
        """x: [N, C, H, W], x0 plus sigma times noise. sigma: a number or [N], > 0. condition: of N pictures, or None
        for nothing. Returns [N, C, H, W], float32.
        """
        sigma = torch.as_tensor(sigma, dtype=torch.float32, device=x.device).expand(len(x))
        c_skip, c_out, c_in = (s.view(-1, 1, 1, 1) for s in self.preconditioning.scalings(sigma))
        x = x.float()
        inputs = None if condition is None else condition.inputs
        prediction: Tensor = self.network(c_in * x, self.preconditioning.c_noise(sigma), inputs)
        return c_skip * x + c_out * prediction.float()


class ResidualDenoiser(Denoiser):
    """D(x, sigma, condition) where the condition is a picture that the clean one resembles.

    What is denoised is what x has beyond it, as in SRDiff (Li et al. 2022, arXiv:2104.14951, section 3.2), so that the
    preconditioning's ``sigma_data`` is the standard deviation of that. The network sees the condition as well.
    """

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Condition | None = None) -> Tensor:
        """As `Denoiser`'s. Raises ValueError where the condition is not a picture of x's shape, with no more than one
        channel beyond."""
        if not isinstance(condition, PictureCondition) or condition.picture[:, : x.shape[1]].shape != x.shape:
            raise ValueError("the condition has to be a picture of the same shape")
        reference = condition.picture[:, : x.shape[1]].float()
        return reference + super().forward(x.float() - reference, sigma, condition)


class Cascade(Denoiser):
    """A denoiser of small pictures and the upscalers that enlarge what it makes, one after the other (Ho et al. 2022,
    'Cascaded diffusion models', arXiv:2106.15282). As a denoiser it is that of the small pictures.

    Its weights are those of the small pictures' network under their own names, and each upscaler's with a prefix.
    """

    def __init__(self, base: Denoiser, upscalers: Sequence[Denoiser]) -> None:
        super().__init__(base.network, base.preconditioning)
        self.upscalers = nn.ModuleList(upscalers)
        last = upscalers[-1]
        # In a tuple, or their weights would be counted twice.
        self._parts = (base, type(last)(last.network, last.preconditioning))

    @property
    def base(self) -> Denoiser:
        """That of the small pictures alone, which shares its weights."""
        return self._parts[0]

    @property
    def enlarger(self) -> Denoiser:
        """The last of the upscalers as one of its own, which shares its weights: it is known whether a picture is
        enlarged, or a work made."""
        return self._parts[1]

    @property
    def stages(self) -> tuple[Denoiser, ...]:
        """That of the small pictures, and what enlarges them, in their order."""
        return self.base, *(cast(Denoiser, each) for each in self.upscalers)

    def networks(self) -> dict[str, nn.Module]:
        uppers = {upscaler_prefix(place): cast(Denoiser, each).network for place, each in enumerate(self.upscalers)}
        return super().networks() | uppers


_UPSCALERS: Final = "upscalers."


def upscaler_prefix(place: int) -> str:
    """Of the names of the weights of a cascade's upscaler number ``place``, from 0."""
    return f"{_UPSCALERS}{place}."


def is_of_upscaler(name: str) -> bool:
    """Whether weights of that name are those of an upscaler of a cascade."""
    return name.startswith(_UPSCALERS)


def has_upscalers(names: Iterable[str]) -> bool:
    """Whether weights of such names are those of a cascade with its upscalers."""
    return any(map(is_of_upscaler, names))


def weights_of_stage(tensors: Mapping[str, Tensor], stage: int) -> dict[str, Tensor]:
    """Those of one stage of a cascade, under the names that it has for them itself; {} where they are not among them.
    stage: 0 for the small pictures' network, then the upscalers."""
    if stage == 0:
        return {name: tensor for name, tensor in tensors.items() if not is_of_upscaler(name)}
    prefix = upscaler_prefix(stage - 1)
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
