"""The recipe of a work: all that is needed to make the same picture again."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator
from pydantic_core import from_json

from sfumato.errors import SfumatoError, faults_of
from sfumato.works.edits import Inpaint, Invert, Outpaint, Refine
from sfumato.works.request import Request
from sfumato.works.values import Digest, Number, Plain

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

Word = Annotated[str, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=10_000)]


class ModelReference(Plain):
    """A model. name: for people; digest: SHA-256 of the weights, hexadecimal; of an adapted one it covers adapter and
    base; base: what it was adapted from, None of a whole one, whose recipes do not speak of it."""

    name: Name
    digest: Digest
    base: ModelReference | None = None

    @model_serializer(mode="wrap")
    def _without_what_it_does_not_have(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in written(self).items() if value is not None}


class Environment(Plain):
    """In what a work was made: on other devices and with other versions pixels may differ. device: cpu, cuda or mps."""

    device: Word = "cpu"
    sfumato_version: Word
    torch_version: Word


class Mark(Plain):
    """The mark in a work's pixels (see `sfumato.watermark`). identity: its 32 bits, hexadecimal."""

    identity: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    key_version: Annotated[int, Field(ge=1, le=1_000_000)]


class Recipe(Plain):
    """All that decides a picture's pixels: a model, what was asked of it, and in what it was made.

    origin: of a work that an upscaler enlarged, the recipe by which it was made before; mark: that of the file, None
    for pictures that bear none, such as small ones; policy: SHA-256 of the limits that it kept to (sfumato.policy);
    attempt: how many works of the seeds before were refused in its place. Raises pydantic's ValidationError for values
    that are out of range and for unknown fields.
    """

    format: Literal[2] = FORMAT
    model: ModelReference
    request: Request
    environment: Environment
    origin: Recipe | None = None
    mark: Mark | None = None
    policy: Digest | None = None
    attempt: Number = 0

    @model_validator(mode="after")
    def _it_can_be_made(self) -> Self:
        if self.request.canvas.width is None or self.request.canvas.height is None:
            raise ValueError("its request does not say how large the work is")
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

        The class's name stands where they have the prompt. A work that was enlarged has the settings of the one before,
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
            "Version": f"sfumato {self.environment.sfumato_version}",
        }
        return f"{_one_line(request.label or '') or 'untitled'}\n" + ", ".join(
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
