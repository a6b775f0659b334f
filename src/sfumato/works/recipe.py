"""The recipe of a work: all that is needed to make the same picture again."""

import json
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from sfumato.errors import SfumatoError, faults_of
from sfumato.text import counted

FORMAT: Final = 1

# What A1111's web UI calls our samplers; the programs that read its text know these names.
_A1111_SAMPLERS: Final = {
    "euler": "Euler",
    "heun": "Heun",
    "euler_ancestral": "Euler a",
    "consistency": "LCM",
    "consistency_denoised": "LCM",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
}

# Whoever gives a work away writes its recipe. What one may ask for is bounded far beyond all that makes sense, so that
# nothing is begun that a machine cannot end.
MOST_BYTES: Final = 1 << 20
MOST_PIXELS: Final = 4096 * 4096
MOST_STEPS: Final = 10_000
MOST_GUIDANCE: Final = 100.0
HIGHEST_SIGMA: Final = 10_000.0
MOST_COLOURS: Final = 64
MOST_TURNS: Final = 256
MOST_ENLARGEMENTS: Final = 8

Word = Annotated[str, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=10_000)]
Label = Annotated[str, Field(max_length=100_000)]
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
Guidance = Annotated[float, Field(ge=0, le=MOST_GUIDANCE)]
Sigma = Annotated[float, Field(ge=0, le=HIGHEST_SIGMA)]
Pixels = Annotated[int, Field(ge=0, le=MOST_PIXELS)]
Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=MOST_PIXELS)]
Seed = Annotated[int, Field(ge=0, lt=2**64)]
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Recipe(BaseModel):
    """All that decides a picture's pixels, and by which programs it was made.

    A picture depends on `seed` and `index` (its number among those made with that seed), and on no other picture made
    at the same time. Sigmas go to 10,000, guidance to 100, steps to 10,000, pixels to 4,096 x 4,096. Raises pydantic's
    ValidationError for values that are out of range and for unknown fields.
    """

    # The names that begin with model_ are ours here, and none of pydantic's.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    format: Literal[1] = FORMAT
    model: Name = Field(description="the model's name, for people")
    model_digest: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the weights, hexadecimal")
    seed: Seed
    index: Number = Field(default=0, description="the picture's number among those of the seed")
    turns: tuple[tuple[Seed, Number, Share], ...] = Field(
        default=(),
        max_length=MOST_TURNS,
        description="of a relative: seed, number and share (of a quarter turn) that its noise was turned by",
    )
    label: Label | None = Field(
        default=None,
        description="the class, or a mixture as 'a:0.7,b:0.3', quoted as in CSV; None for a picture of no class",
    )
    away: Label | None = Field(default=None, description="the class that guidance led away from; None for no class")
    sampler: Word
    steps: Steps
    schedule: Word = Field(description="how the noise levels are spaced")
    sigma_min: Sigma = Field(default=0.01, description="the last noise level before none")
    sigma_max: Sigma = Field(default=80.0, description="the first noise level")
    guidance: Guidance = Field(default=1.0, description="1 is none, above strengthens the condition")
    guidance_kind: Word = Field(default="none", description="what guides: none, classifier_free, autoguidance")
    guidance_low: Sigma | None = Field(default=None, description="guided above this noise level only (a sigma)")
    guidance_high: Sigma | None = Field(default=None, description="guided up to this noise level only (a sigma)")
    guidance_chroma: Share | None = Field(default=None, description="share of the guidance that went to colour")
    noise_high: Sigma = Field(
        default=HIGHEST_SIGMA, description="fresh noise was added up to this noise level (a sigma)"
    )
    sharpness: float = Field(default=0.0, ge=0, lt=1, description="share of the noise that the network is not told of")
    palette: tuple[Colour, ...] = Field(
        default=(), max_length=MOST_COLOURS, description="colours that it was painted in, as #rrggbb"
    )
    palette_shares: tuple[Share, ...] = Field(
        default=(), max_length=MOST_COLOURS, description="how common each was among them, or none"
    )
    palette_strength: Share | None = Field(default=None, description="from 0, not at all, to 1")
    composition: str | None = Field(
        default=None,
        pattern="^([0-9a-f]{6}){64}$",
        description="the masses that it was to follow: 8 x 8 pixels as rrggbb, row by row",
    )
    composition_strength: Share | None = Field(default=None, description="from 0, not at all, to 1")
    input_digest: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the picture that it began with, as it was seen",
    )
    strength: float | None = Field(
        default=None, gt=0, le=1, description="the share of the steps that were taken, from that picture on"
    )
    inverted: bool = Field(default=False, description="whether it began with that picture's own noise")
    source: Label | None = Field(default=None, description="the class under which that noise was found; None for none")
    mask_digest: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="SHA-256 of the mask of what was made anew in that picture"
    )
    margins: tuple[Pixels, Pixels, Pixels, Pixels] | None = Field(
        default=None, description="what was added beyond that picture's edges: left, top, right, bottom, in pixels"
    )
    tile: bool = Field(default=False, description="whether it repeats without a seam")
    origin: "Recipe | None" = Field(
        default=None, description="of a work that an upscaler enlarged: the recipe by which it was made before"
    )
    size: tuple[Side, Side] = Field(description="width and height in pixels")
    dtype: Word = Field(default="float32", description="the precision in which the network computed")
    device: Word = Field(default="cpu", description="the kind of device: cpu, cuda, mps")
    sfumato_version: Word
    torch_version: Word

    @model_validator(mode="after")
    def _interval_is_in_order(self) -> Self:
        if self.guidance_low is not None and self.guidance_high is not None and self.guidance_low > self.guidance_high:
            raise ValueError(f"guidance_low {self.guidance_low} is above guidance_high {self.guidance_high}")
        return self

    @model_validator(mode="after")
    def _it_can_be_made(self) -> Self:
        width, height = self.size
        if width * height > MOST_PIXELS:
            raise ValueError(f"the size is {width} x {height} pixels, and 4,096 x 4,096 are the most")
        if self.palette_shares and len(self.palette_shares) != len(self.palette):
            shares = counted(len(self.palette_shares), "share")
            raise ValueError(f"{counted(len(self.palette), 'colour')} in the palette but {shares}")
        if len(self.enlargements) > MOST_ENLARGEMENTS:
            raise ValueError(f"it was enlarged {len(self.enlargements)} times, and {MOST_ENLARGEMENTS} are the most")
        return self

    def to_json(self) -> str:
        """One line of JSON in plain ASCII, so that no program on the way can spoil it."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Recipe":
        """Read what `to_json` wrote. Raises SfumatoError that says what is wrong with it."""
        if len(text) > MOST_BYTES:
            raise SfumatoError(f"the recipe cannot be read, it is {len(text):,} letters long and no work's own")
        try:
            # pydantic's reader, unlike Python's, ends at a depth that the rest of the way can follow.
            data = from_json(text)
        except ValueError as error:
            raise SfumatoError(f"the recipe cannot be read, it is not JSON ({error})") from error
        if not isinstance(data, dict):
            raise SfumatoError(
                f"the recipe cannot be read, it is a {type(data).__name__} and not an object with fields"
            )
        version = data.get("format", FORMAT)
        if isinstance(version, int) and version > FORMAT:
            raise SfumatoError(f"the recipe has format {version} and this sfumato reads {FORMAT}; install a newer one")
        try:
            return cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            raise SfumatoError(f"the recipe cannot be read: {_faults(error)}") from error

    @property
    def first(self) -> "Recipe":
        """The recipe by which the work was made before an upscaler enlarged it, once or several times."""
        return self if self.origin is None else self.origin.first

    @property
    def enlargements(self) -> "tuple[Recipe, ...]":
        """What upscalers did to it since, in order."""
        return () if self.origin is None else (*self.origin.enlargements, self)

    def parameters_text(self) -> str:
        """The text that A1111's web UI writes and that galleries and other programs read from `parameters`.

        The class's name stands where they have the prompt. A work that was enlarged has the settings of the one before,
        and of the upscaler what they say of theirs.
        """
        if self.origin is not None:
            factor = self.size[0] / self.first.size[0]
            upscaler = f"Hires upscale: {factor:g}, Hires upscaler: {_quoted(self.model)}, Hires steps: {self.steps}"
            return f"{self.first.parameters_text()}, {upscaler}"
        settings = {
            "Steps": str(self.steps),
            "Sampler": _A1111_SAMPLERS.get(self.sampler.lower().replace("-", "_"), self.sampler),
            "CFG scale": f"{self.guidance:g}",
            "Seed": str(self.seed),
            **({"Denoising strength": f"{self.strength:g}"} if self.strength else {}),
            # As they do with a picture's place in its batch: said where it is not the first.
            **({"Index": str(self.index)} if self.index else {}),
            "Size": f"{self.size[0]}x{self.size[1]}",
            "Model": self.model,
            "Model hash": self.model_digest[:10],
            "Version": f"sfumato {self.sfumato_version}",
        }
        return f"{_one_line(self.label or '') or 'untitled'}\n" + ", ".join(
            f"{key}: {_quoted(value)}" for key, value in settings.items()
        )


def _one_line(text: str) -> str:
    """Readers take the last line for the settings: a name must not bring lines, or control characters, of its own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _quoted(value: str) -> str:
    """A value that holds one of the format's own marks stands in quotes, as A1111 does it."""
    if not any(mark in value for mark in ',:"\n\r'):
        return _one_line(value)
    # JSON escapes ASCII's control characters, and leaves the line ends that Unicode has besides.
    plain = "".join(letter if letter.isascii() or letter.isprintable() else " " for letter in value)
    return json.dumps(plain, ensure_ascii=False)


def _faults(error: ValidationError) -> str:
    said = [str(fault) for fault in faults_of(error)]
    return "; ".join(said[:3]) + (f"; and {len(said) - 3} more" if len(said) > 3 else "")
