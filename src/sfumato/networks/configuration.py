"""What a network is made of, as data: the same in a model's config.json, a run's and a TOML file.

From it follows what a network would hold, before any memory is taken for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import nn
from torch.overrides import TorchFunctionMode

from sfumato.networks.adversarial import Generator
from sfumato.networks.article import ArticleAutoencoder, ArticleDenoiser, OutputRange
from sfumato.networks.transformer import Transformer
from sfumato.networks.unet import UNet

# Far beyond what this program trains, and little enough that what a file asks for can be looked at first.
Width = Annotated[int, Field(ge=1, le=4096)]
Few = Annotated[int, Field(ge=1, le=64)]
MOST_LEVELS = 6
MOST_CELLS = 256 * 256
MOST_PARAMETERS = 500_000_000


class _Network(BaseModel):
    """builds: the network that is made of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    builds: ClassVar[type[nn.Module]]

    @property
    def size_multiple(self) -> int:
        """Cells: a side must be a multiple of it."""
        return 8


class _Tokens(_Network):
    """width: numbers a token, to 4,096; depth: transformer blocks, to 64; heads: of attention, a divisor of the width,
    to 64."""

    width: Width = 192
    depth: Few = 4
    heads: Few = 3

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self


class TransformerConfig(_Tokens):
    """patch: pixels a token's side, to 64."""

    builds: ClassVar[type[nn.Module]] = Transformer
    kind: Literal["transformer"] = "transformer"
    patch: Few = 4
    depth: Few = 6

    @property
    def size_multiple(self) -> int:
        return self.patch


class UNetConfig(_Tokens):
    """patch: pixels the finest level's cell, to 64; channels: a level's, finest first, to 4,096 on each of 6 levels;
    blocks: a level's on either side, to 64; the transformer works below them, at half the last level's side."""

    builds: ClassVar[type[nn.Module]] = UNet
    kind: Literal["unet"] = "unet"
    patch: Few = 1
    channels: tuple[Width, ...] = Field(default=(32, 64), min_length=1, max_length=MOST_LEVELS)
    blocks: Few = 1

    @property
    def size_multiple(self) -> int:
        return int(self.patch * 2 ** len(self.channels))


class ArticleConfig(_Network):
    """The article's autoencoder. output: how its sigmoid is read, see ArticleAutoencoder."""

    builds: ClassVar[type[nn.Module]] = ArticleAutoencoder
    kind: Literal["article"] = "article"
    output: OutputRange = "listing"


class ArticleDenoiserConfig(_Network):
    """The article's layers as a denoiser. width: numbers of the embedding of noise level and class, to 4,096."""

    builds: ClassVar[type[nn.Module]] = ArticleDenoiser
    kind: Literal["article_denoiser"] = "article_denoiser"
    width: Width = 128


class GeneratorConfig(_Network):
    """A GAN's generator. latent: numbers of noise, to 192; width: channels of its finest level and of the
    discriminator's, to 4,096."""

    builds: ClassVar[type[nn.Module]] = Generator
    kind: Literal["generator"] = "generator"
    latent: Annotated[int, Field(ge=1, le=192)] = 100
    width: Width = 64


AnyNetworkConfig = TransformerConfig | UNetConfig | ArticleConfig | ArticleDenoiserConfig | GeneratorConfig
NetworkConfig = Annotated[AnyNetworkConfig, Field(discriminator="kind")]


def build_network(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: int = 0
) -> nn.Module:
    """A network F(x, c_noise, condition), x: [N, in_channels, size, size], freshly initialised from torch's own random
    state.

    classes: how many the condition can name; reference: channels of the picture, of x's size, that is the condition in
    their place, which only a U-Net can see; 0 for none. in_channels: those of the codec. Raises ValueError where
    another network is to see a reference, where
    ``size`` is not a multiple of the network's ``size_multiple``, and where attention would be between more than
    ``MOST_CELLS`` cells.
    """
    if size % config.size_multiple:
        raise ValueError(
            f"a {config.kind} with cells of {config.size_multiple} pixels cannot make pictures of {size} pixels"
        )
    cells = (size // config.size_multiple) ** 2
    if isinstance(config, _Tokens) and cells > MOST_CELLS:
        raise ValueError(
            f"a {config.kind} with cells of {config.size_multiple} pixels sees {cells:,} of them in "
            f"pictures of {size} pixels, and {MOST_CELLS:,} are the most; choose larger cells"
        )
    arguments = config.model_dump(exclude={"kind"}) | {"in_channels": in_channels}
    if not reference:
        return config.builds(size, classes, **arguments)
    if config.kind != "unet":
        raise ValueError(f"a network of kind {config.kind} cannot see a picture beside the noisy one; take a unet")
    return UNet(size, 0, reference=reference, **arguments)


class _ShapesAlone(TorchFunctionMode):
    """Nothing is computed while a network is built on the device 'meta', whose tensors have no numbers.

    Some functions have forms for it that load torch's compiler, which takes seconds.
    """

    _NUMBERS_ALONE = (torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.mul)

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if func in self._NUMBERS_ALONE or getattr(func, "__module__", None) == torch.nn.init.__name__:
            return args[0] if args else named["tensor"]
        if func is torch.randn:
            return torch.empty(*args, **named)
        if func is torch.logspace:
            return func(*args, **{**named, "device": "cpu"})
        return func(*args, **named)


def network_shapes(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: int = 0
) -> dict[str, torch.Size]:
    """The names and shapes in the state dict of `build_network`'s network. Raises ValueError as that does."""
    with _ShapesAlone(), torch.device("meta"):
        network = build_network(config, size, classes, in_channels=in_channels, reference=reference)
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def parameter_count(config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: int = 0) -> int:
    """How many numbers the network has. Raises ValueError as `build_network` does."""
    return sum(
        shape.numel()
        for shape in network_shapes(config, size, classes, in_channels=in_channels, reference=reference).values()
    )


def check_parameters(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: int = 0
) -> None:
    """Raises ValueError for a network of more than `MOST_PARAMETERS`, and as `build_network` does."""
    count = parameter_count(config, size, classes, in_channels=in_channels, reference=reference)
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"a {config.kind} of these sizes has {count / 1e6:,.0f} million parameters, and "
            f"{MOST_PARAMETERS / 1e6:,.0f} million are the most; choose a smaller one"
        )
