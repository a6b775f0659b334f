"""The recipe of a work: all that is needed to make the same picture again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import from_json

from sfumato import __version__
from sfumato.errors import SfumatoError, faults_of
from sfumato.works.edits import Inpaint, Invert, Outpaint, Refine
from sfumato.works.print_size import LEAST_DPI, MOST_DPI
from sfumato.works.request import Request
from sfumato.works.values import MOST_FILES, MOST_LORAS, Digest, Extended, LoraWeight, Number, Plain, Side

FORMAT: Final = 2
MOST_BYTES: Final = 1 << 20
MOST_ENLARGEMENTS: Final = 8

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

# The words of that text that mean something with a colon behind them.
_NEGATIVE: Final = "Negative prompt"
_SETTING_NAMES: Final = (
    *("Steps", "Sampler", "CFG scale", "Seed", "Denoising strength", "Index", "Size", "Model", "Model hash"),
    *("Lora hashes", "Version", "Hires upscale", "Hires upscaler", "Hires steps"),
)
_FORMATS_OWN: Final = re.compile(rf"({'|'.join((_NEGATIVE, *_SETTING_NAMES))}):", re.IGNORECASE)

Word = Annotated[str, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=10_000)]


class LoraReference(Plain):
    """A LoRA file (Hu et al. 2021, arXiv:2106.09685). name: the file's, without its ending; digest: SHA-256 of the
    file; weight: by which its change of the weights is multiplied, 1 for as it was trained."""

    name: Name
    digest: Digest
    weight: LoraWeight = 1.0


class ModelReference(Extended):
    """A model. name: for people; digest: SHA-256 of the weights, hexadecimal.

    Of a pre-trained model besides: revision, the Hub's commit, '' where it has none; files: relative path -> SHA-256;
    loras: what its weights were changed by, in the order in which they were given. Of an adapted one the digest covers
    adapter and base; base: what it was adapted from.
    """

    ADDED: ClassVar[frozenset[str]] = frozenset({"revision", "files", "loras", "base"})

    name: Name
    digest: Digest
    revision: Annotated[str, Field(max_length=100)] = ""
    files: dict[Annotated[str, Field(min_length=1, max_length=1000)], Digest] = Field(
        default_factory=dict, max_length=MOST_FILES
    )
    loras: Annotated[tuple[LoraReference, ...], Field(max_length=MOST_LORAS)] = ()
    base: ModelReference | None = None


class Environment(Extended):
    """In what a work was made: on other devices and with other versions pixels may differ. device: cpu, cuda or mps;
    fitted: how a large model was made to fit into the memory, where that changes pixels ('weights in int8')."""

    ADDED: ClassVar[frozenset[str]] = frozenset({"fitted"})

    device: Word = "cpu"
    sfumato_version: Word
    torch_version: Word
    fitted: Annotated[str, Field(max_length=200)] = ""

    @classmethod
    def here(cls, device: str, fitted: str = "") -> Self:
        """That of this program on a kind of device."""
        import torch

        return cls(device=device, sfumato_version=__version__, torch_version=torch.__version__, fitted=fitted)


class Mark(Plain):
    """The mark in a work's pixels (see `sfumato.watermark`). identity: its 32 bits, hexadecimal."""

    identity: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    key_version: Annotated[int, Field(ge=1, le=1_000_000)]


class Reduction(Plain):
    """What a picture was made smaller to after it was made: of as large a part around its centre as has that shape.

    width, height: pixels; dpi: of them on paper, for a print, None where it is enlarged again afterwards; of_marked:
    whether it bore its mark by then, as a work does that was read from its file.
    """

    width: Side
    height: Side
    dpi: Annotated[int, Field(ge=LEAST_DPI, le=MOST_DPI)] | None = None
    of_marked: bool = False


class Recipe(Extended):
    """All that decides a picture's pixels: a model, what was asked of it, and in what it was made.

    origin: of a work that an upscaler enlarged, the recipe by which it was made before; mark: that of the file, None
    for pictures that bear none, such as small ones; policy: SHA-256 of the limits that it kept to (sfumato.policy);
    attempt: how far its seed is beyond the one that was asked for, as others were refused or not chosen in its place;
    reduction: None of a picture that is as large as its canvas. Raises pydantic's ValidationError for values that are
    out of range and for unknown fields.
    """

    ADDED: ClassVar[frozenset[str]] = frozenset({"reduction"})

    format: Literal[2] = FORMAT
    model: ModelReference
    request: Request
    environment: Environment
    origin: Recipe | None = None
    mark: Mark | None = None
    policy: Digest | None = None
    attempt: Number = 0
    reduction: Reduction | None = None

    @model_validator(mode="after")
    def _it_can_be_made(self) -> Self:
        if self.request.canvas.width is None or self.request.canvas.height is None:
            raise ValueError("its request does not say how large the work is")
        width, height = self.made_size
        if self.reduction is not None and (self.reduction.width > width or self.reduction.height > height):
            smaller = f"{self.reduction.width} x {self.reduction.height}"
            raise ValueError(f"a work of {width} x {height} pixels cannot be made smaller to {smaller}")
        if len(self.enlargements) > MOST_ENLARGEMENTS:
            raise ValueError(f"it was enlarged {len(self.enlargements)} times, and {MOST_ENLARGEMENTS} are the most")
        return self

    def to_json(self) -> str:
        """One line of JSON in plain ASCII, so that no program on the way can spoil it."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
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
            said = [re.sub(r"(origin\.)+", "origin.", str(fault)) for fault in faults_of(error)]
            more = f"; and {len(said) - 3} more" if len(said) > 3 else ""
            raise SfumatoError(f"the recipe cannot be read: {'; '.join(said[:3])}{more}") from error

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.made_size if self.reduction is None else (self.reduction.width, self.reduction.height)

    @property
    def made_size(self) -> tuple[int, int]:
        """The same before it was made smaller."""
        canvas = self.request.canvas
        assert canvas.width is not None and canvas.height is not None, "it was checked above"
        return canvas.width, canvas.height

    @property
    def first(self) -> Recipe:
        """The recipe by which the work was made before an upscaler enlarged it, once or several times."""
        return self if self.origin is None else self.origin.first

    @property
    def enlargements(self) -> tuple[Recipe, ...]:
        """What upscalers did to it since, in order."""
        return () if self.origin is None else (*self.origin.enlargements, self)

    @property
    def keeps_a_part(self) -> bool:
        """Whether part of the picture is that of another, which was given."""
        return isinstance(self.first.request.edit, Inpaint | Outpaint)

    def parameters_text(self) -> str:
        """The text that A1111's web UI writes and that galleries and other programs read from `parameters`.

        Of a model without text the class's name stands where they have the prompt. A LoRA stands there too, as they
        write it, and with the digest among the settings. A work that was enlarged has the settings of the one before,
        and of the upscaler what they say of theirs.
        """
        request, sampling = self.request, self.request.sampling
        if self.origin is not None:
            factor = self.size[0] / self.first.size[0]
            upscaler = f"Hires upscale: {factor:g}, Hires upscaler: {_quoted(self.model.name)}"
            return f"{self.first.parameters_text()}, {upscaler}, Hires steps: {sampling.steps}"
        edit = request.edit
        strength = edit.strength if isinstance(edit, Refine | Invert | Inpaint) else None
        settings = {
            "Steps": str(sampling.steps),
            "Sampler": _A1111_SAMPLERS[sampling.sampler],
            "CFG scale": f"{sampling.guidance:g}",
            "Seed": str(request.seed),
            **({} if strength is None else {"Denoising strength": f"{strength:g}"}),
            # As they do with a picture's place in its batch: said where it is not the first.
            **({"Index": str(request.number)} if request.number else {}),
            "Size": f"{self.size[0]}x{self.size[1]}",
            "Model": self.model.name,
            "Model hash": self.model.digest[:10],
            **self._lora_hashes(),
            "Version": f"sfumato {self.environment.sfumato_version}",
        }
        said = ", ".join(f"{key}: {_quoted(value)}" for key, value in settings.items())
        return "\n".join((*self._asked_in_words(), said))

    def _asked_in_words(self) -> Iterator[str]:
        """The lines before the settings: the prompt, and what is led away from."""
        request = self.request
        if request.prompt is None:
            yield _one_line(request.subject) or "untitled"
            return
        loras = [f"<lora:{_lora_name(lora.name)}:{lora.weight:g}>" for lora in self.model.loras]
        yield " ".join(filter(None, (_only_words(request.subject), *loras)))
        if negative := _only_words(request.negative or ""):
            yield f"{_NEGATIVE}: {negative}"

    def _lora_hashes(self) -> dict[str, str]:
        """As many digits of each digest as they give, by which a LoRA is found whatever its file is called."""
        said = ", ".join(f"{_lora_name(lora.name)}: {lora.digest[:12]}" for lora in self.model.loras)
        return {"Lora hashes": said} if said else {}


def _only_words(text: str) -> str:
    """What a person wrote, with a space in all that could be taken for the format's own words: some readers look for
    'Steps:', 'Negative prompt:' and '<lora:' anywhere in the text."""
    return re.sub(r"<(\w+):", r"<\1 :", _FORMATS_OWN.sub(r"\1 :", _one_line(text)))


def _lora_name(name: str) -> str:
    """A LoRA's name without the marks that end one there."""
    return re.sub(r'[<>:,"\\]', "_", _one_line(name)) or "untitled"


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
