"""A model's config.json: everything about it but the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfumato.diffusion import PIXELS, AnyCodec, PreconditioningName
from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.models.critic import Critic
from sfumato.networks import AnyNetworkConfig, check_parameters, parameter_count
from sfumato.provenance.sources import LearnedFrom
from sfumato.text import counted
from sfumato.works.sampler_settings import SamplerSettings
from sfumato.works.values import LOWEST_SIGMA, Extended, Stage

StudentSampler = Literal["consistency", "consistency_denoised"]
# What a work begins with: noise; a picture that is answered in one pass; or a small picture, to be enlarged.
BeginsWith = Literal["noise", "picture", "reference"]
# What D(x, sigma) answers with: the mean of all clean pictures that x could be, or one of them.
Answer = Literal["mean", "sample"]
LARGEST_SIZE = 1024  # pixels a side
MOST_UPSCALERS = 3
MOST_CLASSES = 100_000
MOST_CONFIG_BYTES = 16 << 20
MOST_HEADER_BYTES = 16 << 20  # of the weights
ClassName = Annotated[str, Field(max_length=10_000)]
ClassShare = Annotated[float, Field(ge=0, le=1e9)]


# By what a work begins with, and whether one evaluation, which knows no noise levels, makes all of it: the kind of
# model, and the networks that it can have.
_KINDS: Mapping[tuple[BeginsWith, bool], tuple[str, Sequence[str]]] = {
    ("noise", False): ("a diffusion model", ("unet", "transformer", "article_denoiser", "pretrained")),
    ("noise", True): ("a GAN", ("generator",)),
    ("picture", True): ("an autoencoder", ("article",)),
    ("reference", False): ("an upscaler", ("unet",)),
}


def check_parts(
    begins_with: BeginsWith,
    answer: Answer,
    network: AnyNetworkConfig | PretrainedNetwork,
    preconditioning: PreconditioningName,
    factor: int,
) -> None:
    """Raises ValueError where the parts of a model do not go together."""
    kind, networks = _KINDS.get((begins_with, preconditioning == "direct"), ("", ()))
    if not kind:
        needed = "direct" if begins_with == "picture" else "edm, v, epsilon or flow"
        raise ValueError(f"the preconditioning is {preconditioning}; what begins with a {begins_with} needs {needed}")
    if network.kind not in networks:
        fitting = " or ".join(networks)
        raise ValueError(f"{kind} needs a network of kind {fitting}, and this one is of kind {network.kind}")
    if preconditioning == "direct" and answer != "sample":
        raise ValueError(f"{kind} answers with a sample, not with the {answer}")
    if (factor > 1) != (begins_with == "reference"):
        raise ValueError(f"the factor is {factor}; it is 2 or more for an upscaler, and 1 for all other models")


class PretrainedNetwork(BaseModel):
    """A network that is loaded with the pipeline that it belongs to, and never built from settings.

    family: of `sfumato.pretrained`; parameters: how many numbers it has; multiple: pixels, of which a side of its
    pictures has to be a multiple; largest: the longest side in pixels that it can be shown at once, None for any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["pretrained"] = "pretrained"
    family: str
    parameters: int = Field(ge=0)
    multiple: int = Field(ge=1)
    largest: int | None = Field(None, ge=1)


class NetworkArguments(TypedDict):
    config: AnyNetworkConfig
    size: int
    classes: int
    in_channels: int
    reference: int


class ModelConfig(Extended):
    """size: the side of a picture in pixels, as the network sees it, to 1,024; classes: to 100,000; class_shares: how
    often each was seen, in proportion; factor: how many times an upscaler enlarges, to 16; codec: what pictures are
    denoised as; sigma_data: of what is denoised, 1e-6 to 1000.

    objective: what it was trained by, a name for people. What can be asked of a model follows from ``begins_with``,
    ``answer`` and ``preconditioning`` alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    ADDED: ClassVar[frozenset[str]] = frozenset({"critic", "empty_below", "reference_noise", "upscalers"})

    format: Literal["sfumato-model-1"] = "sfumato-model-1"
    name: str = Field("untitled", min_length=1, max_length=10_000)
    size: int = Field(ge=1, le=LARGEST_SIZE)
    factor: int = Field(1, ge=1, le=16)
    classes: tuple[ClassName, ...] = Field(default=(), max_length=MOST_CLASSES)
    class_shares: tuple[ClassShare, ...] = Field(default=(), max_length=MOST_CLASSES)
    network: Annotated[AnyNetworkConfig | PretrainedNetwork, Field(discriminator="kind")]
    codec: AnyCodec = PIXELS
    objective: str = Field("denoising", max_length=100)
    begins_with: BeginsWith = "noise"
    answer: Answer = "mean"
    preconditioning: PreconditioningName = "edm"
    sigma_data: float = Field(0.5, ge=LOWEST_SIGMA, le=1000)
    reference_noise: float = Field(
        default=0,
        ge=0,
        le=1,
        description="of an upscaler: the most noise that its reference had in training",
    )
    upscalers: tuple[ModelConfig, ...] = Field(
        default=(),
        max_length=MOST_UPSCALERS,
        description="what enlarges its works, one after the other",
    )
    has_early: bool = Field(default=False, description="early weights are kept too, for autoguidance")
    generation: SamplerSettings = SamplerSettings()
    critic: Critic | None = Field(default=None, description="what tells its works from the pictures, to keep the best")
    empty_below: float | None = Field(
        default=None, description="the logarithm of the energy of gradients that 2 % of its pictures fall short of"
    )
    descends_from: tuple[str, ...] = Field(
        default=(), max_length=1000, description="digests of the models whose weights it began with, newest first"
    )
    learned_from: tuple[LearnedFrom, ...] = Field(
        default=(), max_length=1000, description="the collections that it and the models it descends from learned from"
    )
    sfumato_version: str = ""

    @model_validator(mode="after")
    def _the_parts_go_together(self) -> Self:
        check_parts(self.begins_with, self.answer, self.network, self.preconditioning, self.factor)
        if self.size % self.codec.factor:
            raise ValueError(f"size {self.size} is not a multiple of the codec's factor, {self.codec.factor}")
        if not self.takes_prompts:
            check_parameters(**self.network_arguments())
        return self

    @model_validator(mode="after")
    def _each_class_has_a_name_and_a_share(self) -> Self:
        if len(self.class_shares) != len(self.classes):
            raise ValueError(f"{counted(len(self.classes), 'class')} but {len(self.class_shares)} class_shares")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two classes have one name")
        if self.classes and sum(self.class_shares) <= 0:
            raise ValueError("class_shares are all 0")
        return self

    @model_validator(mode="after")
    def _what_enlarges_is_an_upscaler(self) -> Self:
        if self.upscalers and (self.begins_with != "noise" or self.takes_prompts):
            raise ValueError("upscalers enlarge the works of a model of its own that begins with noise")
        for upscaler in self.upscalers:
            if not upscaler.enlarges or upscaler.upscalers:
                raise ValueError(f"upscalers: '{upscaler.name}' is none")
        if self.side > LARGEST_SIZE:
            raise ValueError(f"works would have {self.side} pixels a side, and {LARGEST_SIZE:,} are the most")
        return self

    @property
    def base(self) -> Self:
        """The same without upscalers: of the small pictures alone."""
        return self.model_copy(update={"upscalers": ()})

    def at(self, stage: Stage) -> Self:
        """What makes works of a stage. Raises SfumatoError for the small ones of a model that enlarges none."""
        if stage == "full":
            return self
        if not self.upscalers:
            raise SfumatoError(
                f"stage base: the model '{self.name}' has no upscalers, and its works are never smaller; leave it out"
            )
        return self.base

    @property
    def usual(self) -> SamplerSettings:
        """How its works are sampled where nothing else is asked for: with the reference noise of its first upscaler."""
        if not self.upscalers:
            return self.generation
        return self.generation.model_copy(update={"reference_noise": self.upscalers[0].generation.reference_noise})

    @property
    def enlarger(self) -> ModelConfig:
        """Of what enlarges any picture: the last of its upscalers, or where it has none itself."""
        return self.upscalers[-1] if self.upscalers else self

    @property
    def enlargement(self) -> int:
        """How many times its upscalers enlarge what its own network makes, 1 without any."""
        return math.prod(upscaler.factor for upscaler in self.upscalers)

    @property
    def side(self) -> int:
        """Pixels: of the works that it makes of itself. ``size`` is what its own network sees at once."""
        return self.size * self.enlargement

    @property
    def enlarges(self) -> bool:
        """Whether its network sees a small picture, enlarged, beside the noisy one."""
        return self.begins_with == "reference"

    @property
    def is_direct(self) -> bool:
        """Whether it knows no noise levels: one evaluation is a picture."""
        return self.preconditioning == "direct"

    @property
    def is_distilled(self) -> bool:
        """Whether it samples in its own settings alone: it does not answer with a mean, which other settings need."""
        return self.answer == "sample" and not self.is_direct

    @property
    def samples_freely(self) -> bool:
        """Whether it makes works of noise with any sampler in any settings: D is the mean that they are made for."""
        return self.answer == "mean" and self.begins_with == "noise"

    @property
    def takes_prompts(self) -> bool:
        """Whether it is told in words what to make, as pre-trained models are, and no classes."""
        return isinstance(self.network, PretrainedNetwork)

    def sees(self, height: int, width: int) -> bool:
        """Whether its network takes a picture of that size, in pixels, at once: one of its own size, and a pre-trained
        one any shape of up to half as many pixels again, beyond which it repeats what it knows."""
        if not isinstance(self.network, PretrainedNetwork):
            return (height, width) == (self.side, self.side)
        largest = self.network.largest or max(height, width)
        whole = height % self.network.multiple == 0 and width % self.network.multiple == 0
        return whole and max(height, width) <= largest and 2 * height * width <= 3 * self.size**2

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The width and height at which it takes up a picture of that size: of its own, and a pre-trained one in the
        picture's shape, with about as many pixels as its own and sides that are multiples of what its network needs."""
        if not isinstance(self.network, PretrainedNetwork):
            return self.side, self.side
        multiple, scale = self.network.multiple, self.size / (width * height) ** 0.5
        most = self.size**2 * 3 // 2
        sides = [max(multiple, round(side * scale / multiple) * multiple) for side in (width, height)]
        if sides[0] * sides[1] > most:  # a strip, one side of which could not become smaller
            longer = sides.index(max(sides))
            sides[longer] = max(multiple, most // min(sides) // multiple * multiple)
        largest = self.network.largest or max(sides)
        return min(sides[0], largest), min(sides[1], largest)

    def network_arguments(self) -> NetworkArguments:
        """What `build_network` takes, to build the network, count its parameters or list their shapes. Not of a
        pre-trained one, which is loaded as it is."""
        assert not isinstance(self.network, PretrainedNetwork), "it is not built from settings"
        return {
            "config": self.network,
            "size": self.size // self.codec.factor,
            "classes": len(self.classes),
            "in_channels": self.codec.channels,
            "reference": (self.codec.channels + (self.reference_noise > 0)) * self.enlarges,
        }


def read_config(path: Path) -> ModelConfig:
    """A model's config.json. Raises SfumatoError where it is missing, damaged, or another program's."""
    return config_of(read_named_file(path, MOST_CONFIG_BYTES), path)


def config_of(data: bytes, origin: Path | str) -> ModelConfig:
    """The same from its bytes. origin: what they come from, for the error."""
    try:
        config = ModelConfig.model_validate_json(data)
    except ValidationError as error:
        fault = faults_of(error)[0]
        raise SfumatoError(
            f"{origin}: {fault.name or 'the file'}: {fault.said}; "
            "it is not a sfumato model's, or that of a newer sfumato, or was changed"
        ) from error
    if config.takes_prompts:  # such a model is opened where its pipeline lies, and has no configuration of ours
        raise SfumatoError(f"{origin}: network: is a pre-trained one's; give the pipeline's own directory")
    return config


def most_weights_bytes(config: ModelConfig) -> int:
    """How large a file of its weights can be at most: the early ones too, in numbers of eight bytes, and a header."""
    if isinstance(config.network, PretrainedNetwork):  # of which an adapter is a part
        return 16 * config.network.parameters + MOST_HEADER_BYTES
    parts = (config, *config.upscalers)
    return sum(16 * parameter_count(**part.network_arguments()) for part in parts) + MOST_HEADER_BYTES
