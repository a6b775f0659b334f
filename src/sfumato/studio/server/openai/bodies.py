"""What OpenAI's Images API is asked, and what it answers.

https://platform.openai.com/docs/api-reference/images
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sfumato.studio.models import StudioModel
from sfumato.studio.server.answers import HttpError
from sfumato.works.values import MOST_LETTERS

MOST_PICTURES: Final = 10  # of one request, as there
Format = Literal["png", "jpeg", "webp"]
Quality = Literal["auto", "low", "medium", "high", "standard", "hd"]
# How many times the model's own steps.
_EFFORT: Final = {"low": 0.5, "high": 2.0, "hd": 2.0}
_FEWEST_STEPS: Final = 4
_FIELDS_OF_NONE: Final = ("user", "safety_identifier")  # that say who asks, and ask for nothing


class Wanted(BaseModel):
    """What all routes of pictures take. None and what is left out are the same. Fields that are not known are let
    through, and named in an answer's header when they did nothing."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    model: Annotated[str | None, Field(max_length=200)] = None
    n: Annotated[int | None, Field(ge=1, le=MOST_PICTURES)] = None
    size: Annotated[str | None, Field(max_length=20)] = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Format | None = None
    output_compression: Annotated[int | None, Field(ge=0, le=100)] = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    quality: Quality | None = None
    stream: bool | None = None
    partial_images: Annotated[int | None, Field(ge=0, le=3)] = None
    user: Annotated[str | None, Field(max_length=1000)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None

    @property
    def count(self) -> int:
        return self.n or 1

    @property
    def form(self) -> Format:
        return self.output_format or "png"

    @property
    def compression(self) -> int:
        """The quality of a JPEG or WebP."""
        return 100 if self.output_compression is None else self.output_compression

    def steps(self, model: StudioModel) -> dict[str, int]:
        """What its quality asks of a model, by its plain names; {} for the model's own."""
        effort, own = _EFFORT.get(self.quality or "auto"), model.settings.get("steps")
        if effort is None or not model.samples_freely or not isinstance(own, int):
            return {}
        return {"steps": max(_FEWEST_STEPS, round(own * effort))}

    def ignored(self, model: StudioModel) -> set[str]:
        """The fields that do nothing."""
        names = {name for name, value in (self.model_extra or {}).items() if value is not None}
        if self.quality in _EFFORT and not self.steps(model):
            names.add("quality")
        if self.form == "png" and self.output_compression not in (None, 100):
            names.add("output_compression")
        if self.partial_images and not self.stream:
            names.add("partial_images")
        if self.response_format == "url" and self.stream:
            names.add("response_format")
        return names - {*_FIELDS_OF_NONE}

    def check(self) -> None:
        """Raises HttpError 400 for what no model here can do."""
        if self.background == "transparent":
            said = "background: works have no transparency; ask for 'opaque', or leave it out"
            raise HttpError(400, said, code="invalid_value", param="background")


class ImageRequest(Wanted):
    """The body of /v1/images/generations."""

    prompt: Annotated[str, Field(max_length=MOST_LETTERS)]


class EditRequest(ImageRequest):
    """The fields of /v1/images/edits beside its pictures. input_fidelity: how much of the picture stays."""

    input_fidelity: Literal["high", "low"] | None = None


class VariationRequest(Wanted):
    """The fields of /v1/images/variations beside its picture."""


class Picture(BaseModel):
    """b64_json or url, as was asked for; revised_prompt: the classes as they were understood; work, seed, number: of
    the gallery, and of its noise."""

    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None
    work: int
    seed: int | None
    number: int | None


class Tokens(BaseModel):
    image_tokens: int = 0
    text_tokens: int = 0


class Usage(BaseModel):
    """Clients expect it; nothing here is counted in tokens."""

    input_tokens: int = 0
    input_tokens_details: Tokens = Tokens()
    output_tokens: int = 0
    total_tokens: int = 0


class Pictures(BaseModel):
    """created: seconds since 1970; size: of the pictures as they are sent."""

    created: int
    data: list[Picture]
    background: Literal["opaque"] = "opaque"
    output_format: Format
    quality: Literal["low", "medium", "high"]
    size: str
    usage: Usage = Usage()


def said_quality(quality: Quality | None) -> Literal["low", "medium", "high"]:
    if quality == "low":
        return "low"
    return "high" if quality in ("high", "hd") else "medium"


class ModelObject(BaseModel):
    """A model as OpenAI lists it, and what is ours: see `sfumato.studio.server.models`."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["sfumato"] = "sfumato"
    name: str
    kind: str
    classes: list[str]
    size: int


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelObject]


def without_none(value: BaseModel) -> dict[str, Any]:
    """As clients expect it: fields that were not asked for are not there."""
    return value.model_dump(mode="json", exclude_none=True)
