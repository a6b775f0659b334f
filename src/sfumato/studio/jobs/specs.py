"""What a job is asked: one schema a kind, which the page, the HTTP API and the database share."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.collection_specs import Choice as Choice
from sfumato.studio.jobs.collection_specs import Collect as Collect
from sfumato.studio.jobs.collection_specs import Edit as Edit
from sfumato.studio.jobs.collection_specs import Report as Report
from sfumato.studio.jobs.references import MOST_PICTURES as MOST_PICTURES
from sfumato.studio.jobs.references import Id as Id
from sfumato.studio.jobs.references import OfCollection as OfCollection
from sfumato.studio.jobs.references import OfWork as OfWork
from sfumato.studio.jobs.references import PictureReference as PictureReference
from sfumato.studio.jobs.references import Uploaded as Uploaded
from sfumato.works.edits import Margins
from sfumato.works.print_size import PrintSize
from sfumato.works.request import Request
from sfumato.works.values import MOST_CANDIDATES, Fraction, Label, Plain, Strength

MOST_WORKS: Final = 256  # of one job
MOST_MINUTES: Final = 7 * 24 * 60
Minutes = Annotated[float, Field(ge=0.05, le=MOST_MINUTES)]


def _can_be_asked(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        Request.of(**asked)
    except (SfumatoError, TypeError) as error:
        raise ValueError(str(error)) from error
    return asked


def _is_a_print(size: str) -> str:
    try:
        return str(PrintSize.parse(size))
    except SfumatoError as error:
        raise ValueError(str(error)) from error


# By plain names, see `Request.of`: seed, label (a class or a mixture), prompt, negative, width, height, tile, steps,
# guidance, sampler ...
Asked = Annotated[dict[str, Any], AfterValidator(_can_be_asked), Field(max_length=64)]


class Making(Plain):
    """What all that makes works is asked. model: a model's id; count: how many works; palette: colours as
    '#aa3322,#fff0c0', or a picture; upscaler: the id of a model that enlarges them; copies, retries: see
    `Policy.asked`."""

    model: Id
    asked: Asked = Field(default_factory=dict)
    count: Annotated[int, Field(ge=1, le=MOST_WORKS)] = 1
    palette: Annotated[str, Field(max_length=1000)] | PictureReference | None = None
    palette_strength: Fraction | None = None
    composition: PictureReference | None = None
    composition_strength: Fraction | None = None
    upscaler: Id | None = None
    copies: Literal["mark", "refuse"] | None = None
    retries: Annotated[int, Field(ge=0, le=100)] | None = None

    @property
    def request(self) -> Request:
        return Request.of(**self.asked)


class Generate(Making):
    """Works from noise. print_size: how large they are to be on paper, as '30x40cm@200' (`PrintSize.parse`); best_of:
    how many are made for each, of which one is kept; variations: how far from the work ``of``, 0 to 1."""

    kind: Literal["generate"] = "generate"
    print_size: Annotated[str, AfterValidator(_is_a_print), Field(max_length=60)] | None = None
    best_of: Annotated[int, Field(ge=1, le=MOST_CANDIDATES)] = 1
    variations: Fraction | None = None
    of: OfWork | None = None

    @model_validator(mode="after")
    def _variations_are_of_a_work(self) -> Self:
        if (self.variations is None) != (self.of is None):
            raise ValueError("variations and the work that they are of belong together: give both, or neither")
        if self.print_size is not None and self.of is not None:
            raise ValueError("variations have the size of the work itself: leave out print_size")
        return self


class Reimagine(Making):
    """A picture refined, by strength; invert: begin with the picture's own noise, found under the class ``source``."""

    kind: Literal["reimagine"] = "reimagine"
    picture: PictureReference
    strength: Strength = 0.6
    invert: bool = False
    source: Label | None = None


class Inpaint(Making):
    """Part of a picture made anew. anew: what the mask shows of it: white, black, or what is transparent in the mask,
    and where nothing is, white."""

    kind: Literal["inpaint"] = "inpaint"
    picture: PictureReference
    mask: Uploaded
    anew: Literal["white", "black", "transparent"] = "white"
    strength: Strength = 1.0


class Outpaint(Making):
    """The picture continued beyond its edges."""

    kind: Literal["outpaint"] = "outpaint"
    picture: PictureReference
    margins: Margins


class Upscale(Making):
    """A picture enlarged by an upscaler, which is the model."""

    kind: Literal["upscale"] = "upscale"
    picture: PictureReference


class Interpolate(Plain):
    """A video from one work to another of the same model."""

    kind: Literal["interpolate"] = "interpolate"
    first: OfWork
    second: OfWork
    frames: Annotated[int, Field(ge=2, le=200)] = 60
    seconds: Annotated[float, Field(ge=0.5, le=60)] = 4.0


class Again(Plain):
    """A work made once more from its recipe, with changes if there are any."""

    kind: Literal["again"] = "again"
    work: Annotated[int, Field(ge=1, lt=2**53)]
    asked: Asked = Field(default_factory=dict)


class Plan(Plain):
    """What a training would be, in one sentence, without training."""

    kind: Literal["plan"] = "plan"
    collection: Id
    minutes: Minutes
    size: Annotated[int, Field(ge=32, le=1024, multiple_of=8)] | None = None


class Train(Plain):
    """A training on a collection, or further minutes of one. run: the run to go on with; settings: as ``--set`` has
    them; model: whose weights to begin with; adapt: leave that one as it is, and learn an adapter."""

    kind: Literal["train"] = "train"
    name: Annotated[str, Field(min_length=1, max_length=80)] = "untitled"
    collection: Id | None = None
    run: Id | None = None
    minutes: Minutes = 30
    size: Annotated[int, Field(ge=32, le=1024, multiple_of=8)] | None = None
    preset: Annotated[str, Field(max_length=40)] = "auto"
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    upscaler: Annotated[int, Field(ge=2, le=8)] | None = None
    pixel_art: bool = False
    model: Id | None = None
    adapt: bool = False
    settings: dict[Annotated[str, Field(max_length=100)], str | int | float | bool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _on_one_thing(self) -> Self:
        if (self.collection is None) == (self.run is None):
            raise ValueError("give a collection to train on, or a run to go on with: one of them")
        return self


class Distill(Plain):
    """A copy of a run's model that makes its works in few steps."""

    kind: Literal["distill"] = "distill"
    name: Annotated[str, Field(min_length=1, max_length=80)] = "student"
    run: Id
    minutes: Minutes = 5
    steps: Annotated[int, Field(ge=1, le=64)] | None = None


class Evaluate(Plain):
    """A model's works measured against the pictures that were learned from."""

    kind: Literal["evaluate"] = "evaluate"
    model: Id
    collection: Id
    count: Annotated[int, Field(ge=16, le=10_000)] = 256


class Sign(Plain):
    """A copy of a work without its recipe, signed, to give away."""

    kind: Literal["sign"] = "sign"
    work: Annotated[int, Field(ge=1, lt=2**53)]


class Verify(Plain):
    """Who signed a picture, whether it was changed since, and what it is near to; again: make it once more, and
    compare."""

    kind: Literal["verify"] = "verify"
    picture: PictureReference
    again: bool = False


class Import(Plain):
    """Works that were made elsewhere, into the gallery: of an upload, or of a folder on this machine."""

    kind: Literal["import"] = "import"
    upload: Id | None = None
    path: Annotated[str, Field(max_length=4000)] | None = None

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if (self.upload is None) == (self.path is None):
            raise ValueError("give an upload or a path: one of them")
        return self


Spec = Annotated[
    Generate
    | Reimagine
    | Inpaint
    | Outpaint
    | Upscale
    | Interpolate
    | Again
    | Collect
    | Edit
    | Report
    | Plan
    | Train
    | Distill
    | Evaluate
    | Sign
    | Verify
    | Import,
    Field(discriminator="kind"),
]
SPEC: Final[TypeAdapter[Spec]] = TypeAdapter(Spec)
# Which process does a kind: the warm one with torch and models, one of its own for each, or the one for files.
Lane = Literal["make", "train", "files"]
LANES: Final[dict[str, Lane]] = {
    **dict.fromkeys(
        ("generate", "reimagine", "inpaint", "outpaint", "upscale", "interpolate", "again", "plan"), "make"
    ),
    **dict.fromkeys(("train", "distill", "evaluate"), "train"),
    **dict.fromkeys(("collect", "edit", "report", "sign", "verify", "import"), "files"),
}
