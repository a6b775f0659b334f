"""What a network is made of, as data: the same in a model's config.json, a run's and a TOML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import nn

from sfumato.networks.adversarial import Generator
from sfumato.networks.article import ArticleAutoencoder, ArticleDenoiser, OutputRange
from sfumato.networks.transformer import Transformer
from sfumato.networks.unet import UNet

# Far beyond what this program trains, and little enough that what a file asks for can be looked at first.
Width = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=1, le=64)]
Heads = Annotated[int, Field(ge=1, le=64)]
Patch = Annotated[int, Field(ge=1, le=64)]
MOST_LEVELS = 6
MOST_CELLS = 256 * 256


class _Tokens(BaseModel):
    """width: numbers a token, to 4,096; depth: transformer blocks, to 64; heads: of attention, a divisor of the width,
    to 64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: Width = 192
    depth: Depth = 4
    heads: Heads = 3

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self


class TransformerConfig(_Tokens):
    """patch: pixels a token's side, to 64."""

    kind: Literal["transformer"] = "transformer"
    patch: Patch = 4
    depth: Depth = 6

    @property
    def size_multiple(self) -> int:
        """Cells: a side must be a multiple of it."""
        return self.patch


class UNetConfig(_Tokens):
    """patch: pixels the finest level's cell, to 64; channels: a level's, finest first, to 4,096 on each of 6 levels;
    blocks: a level's on either side, to 64; the transformer works below them, at half the last level's side."""

    kind: Literal["unet"] = "unet"
    patch: Patch = 1
    channels: tuple[Width, ...] = Field(default=(32, 64), min_length=1, max_length=MOST_LEVELS)
    blocks: Depth = 1

    @property
    def size_multiple(self) -> int:
        """Cells: a side must be a multiple of it."""
        return int(self.patch * 2 ** len(self.channels))


class ArticleConfig(BaseModel):
    """The article's autoencoder. output: how its sigmoid is read, see ArticleAutoencoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["article"] = "article"
    output: OutputRange = "listing"
    size_multiple: ClassVar[int] = 8


class ArticleDenoiserConfig(BaseModel):
    """The article's layers as a denoiser. width: numbers of the embedding of noise level and class, to 4,096."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["article_denoiser"] = "article_denoiser"
    width: Width = 128
    size_multiple: ClassVar[int] = 8


class GeneratorConfig(BaseModel):
    """A GAN's generator. latent: numbers of noise, to 192; width: channels of its finest level and of the
    discriminator's, to 4,096."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["generator"] = "generator"
    latent: Annotated[int, Field(ge=1, le=192)] = 100
    width: Width = 64
    size_multiple: ClassVar[int] = 8


AnyNetworkConfig = TransformerConfig | UNetConfig | ArticleConfig | ArticleDenoiserConfig | GeneratorConfig
NetworkConfig = Annotated[AnyNetworkConfig, Field(discriminator="kind")]

_NETWORKS: Mapping[str, Callable[..., nn.Module]] = {
    "transformer": Transformer,
    "unet": UNet,
    "article": ArticleAutoencoder,
    "article_denoiser": ArticleDenoiser,
    "generator": Generator,
}


def build_network(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: bool = False
) -> nn.Module:
    """A network F(x, c_noise, condition), x: [N, in_channels, size, size], freshly initialised from torch's own random
    state.

    classes: how many the condition can name; reference: the condition is another such x in their place, which only a
    U-Net can see. in_channels: those of the codec. Raises ValueError where another network is
    to see a reference, where ``size`` is no multiple of the network's ``size_multiple``, and where attention would be
    between more than ``MOST_CELLS`` cells.
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
        return _NETWORKS[config.kind](size, classes, **arguments)
    if config.kind != "unet":
        raise ValueError(f"a network of kind {config.kind} cannot see a picture beside the noisy one; take a unet")
    return UNet(size, 0, reference=True, **arguments)
