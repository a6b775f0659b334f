"""What can be asked of a model, each as a generator of its steps and as a function of Python or a method: works from
noise, and a picture refined, made anew in part, continued beyond its edges, or enlarged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import ValidationError

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.models.canvas import (
    Canvas,
    editing_canvas,
    enlarging_canvas,
    extended_canvas,
    masked_canvas,
    plain_canvas,
    reconstructing_canvas,
    refining_canvas,
)
from sfumato.models.chain import Chain, last_work
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.printing import Route, printing
from sfumato.models.progress import Progress
from sfumato.models.reproduction import check_model
from sfumato.models.reproduction import variations as variations_of
from sfumato.models.steering import composition_from, palette_from
from sfumato.policy.limits import Copies
from sfumato.policy.policy import Policy
from sfumato.works import Recipe, Work, read_work
from sfumato.works.edits import Margins
from sfumato.works.print_size import PrintSize
from sfumato.works.prompts import prompts_of
from sfumato.works.request import Composition, Palette, Request, fault

STRENGTH = 0.6


def generating(
    model: Model,
    request: Request,
    *,
    variations: float | None = None,
    of: Work | Path | str | None = None,
    prompts: Path | str | None = None,
    **steering: Any,
) -> Generation:
    """What makes works from noise; see ``Model.generate`` for the arguments, steering: as ``steering_from`` has it.

    Raises SfumatoError for what does not go together, what is out of range, a class that the model does not have, and
    a file that is not there or cannot be used.
    """
    if (variations is None) != (of is None):
        raise SfumatoError("variations and the work that they are of belong together: give both, or neither")
    if of is None or variations is None:
        canvas = plain_canvas(model.config.at(request.stage), request.canvas)
        series = prompts_of(request.prompt, None if prompts is None else local_path(prompts))
        asked = request.with_changes(steering_from(canvas, **steering))
        return Generation.of(model, asked, canvas=canvas, prompts=series)
    if prompts is not None:
        raise SfumatoError("variations are of one work and have one prompt, its own or --prompt; leave --prompts out")
    if request.canvas.model_fields_set or any(steering.get(name) is not None for name in ("palette", "composition")):
        raise SfumatoError("variations have size, palette and composition of the work itself; leave these out")
    work = of if isinstance(of, Work) else read_work(of)
    changes = Request.model_validate(request.model_dump(exclude_unset=True, exclude={"seed"}))
    return variations_of(model, work.recipe.first, variations, seed=request.seed, changes=changes)


def steering_from(
    canvas: Canvas,
    palette: Palette | Image.Image | Path | str | None = None,
    palette_strength: float | None = None,
    composition: Composition | Image.Image | Path | str | None = None,
    composition_strength: float | None = None,
) -> Request:
    """A palette and a composition as a request has them, for works on a canvas."""
    steering = {
        "palette": palette_from(palette, palette_strength),
        "composition": composition_from(composition, canvas.width, canvas.height, composition_strength),
    }
    return Request.model_validate({name: value for name, value in steering.items() if value is not None})


def reimagining(
    model: Model,
    request: Request,
    picture: Image.Image,
    *,
    strength: float = STRENGTH,
    edit: bool = False,
    source: str | None = None,
    policy: Policy | None = None,
) -> Generation:
    """What makes a picture again, cropped at its centre and scaled to the model's size.

    An autoencoder answers in one pass, and looks at nothing else. A diffusion model noises the picture and refines it
    again (SDEdit: Meng et al. 2022, arXiv:2108.01073); strength, above 0 to 1: the fraction of its steps that it takes,
    1 to begin with pure noise. edit: begin with the picture's own noise, found under the class ``source``, so that what
    another class would not change comes back. policy: by default that of this computer. Raises SfumatoError for a model
    that takes no picture (a GAN) and for values out of range.
    """
    config = model.config.at(request.stage)
    if config.begins_with == "picture":
        canvas, request = reconstructing_canvas(config, picture), Request.of(steps=1, guidance=1.0)
    elif edit:
        canvas = editing_canvas(config, picture, strength, source)
    else:
        canvas = refining_canvas(config, picture, strength)
    return Generation.of(model, request, canvas=canvas, policy=policy)


def enlarging(
    model: Model,
    picture: Image.Image | Work,
    request: Request | None = None,
    *,
    tile: bool = False,
    policy: Policy | None = None,
) -> Generation:
    """What enlarges a picture, ``model.config.factor`` times, with detail such as the model's pictures have.

    picture: of any size that is the model's or more when enlarged; the model works on it in overlapping windows. Of a
    work the larger one's recipe names the recipe as its ``origin``, so that both can be made once more from one file,
    and it takes the work's noise and its tile unless the request names a seed. Of guidance only autoguidance acts, with
    an upscaler that carries early weights. Raises SfumatoError for a model that is not an upscaler, and a picture
    that is too small or too large.
    """
    request, origin, earlier, model = request or Request(), None, None, model.enlarger
    if isinstance(picture, Work):
        origin, earlier, picture = picture.recipe, picture.finding, picture.image
        tile = tile or bool(origin.request.canvas.tile)
        if "seed" not in request.model_fields_set:
            noise = {name: getattr(origin.request, name) for name in ("seed", "number", "slerps")}
            request = request.model_copy(update=noise)
    canvas = enlarging_canvas(model.config, picture, tile=tile)
    return replace(Generation.of(model, request, canvas=canvas, origin=origin, policy=policy), earlier=earlier)


def finishing(route: Route, work: Work, request: Request | None = None, *, policy: Policy | None = None) -> Chain:
    """What becomes of a work on a route: yields what makes each enlargement, is sent that work, and returns the last
    one, made smaller as it is to be. request: of the upscaler."""
    work = work.reduced(route.reduction)
    for enlargement in route.enlargements:
        larger = yield enlarging(enlargement.upscaler, work, request, policy=policy)
        work = larger.reduced(enlargement.reduction)
    return work


def finished(route: Route, work: Work, policy: Policy | None = None) -> Work | None:
    """The same, made at once; None, with a RefusedWarning, where an enlargement is not let out."""
    return last_work(finishing(route, work, policy=policy), lambda generation: next(generation.works(), None))


def enlarging_again(model: Model, recipe: Recipe, work: Work, policy: Policy | None = None) -> Generation:
    """What makes an enlarged work once more, from the smaller one made once more, which may have been changed.

    recipe: of the enlarged one, which stays as it is; policy: by default that of this computer, but that no other work
    takes its place. Raises SfumatoError for another upscaler than the recipe's.
    """
    check_model(model, recipe)
    generation = enlarging(model, work, recipe.request, tile=recipe.request.canvas.tile, policy=policy)
    return replace(generation.asking(retries=0), attempt=recipe.attempt)


def reimagine(model: Model, picture: Image.Image, *, strength: float = STRENGTH, **asked: object) -> Work:
    """One work that takes a picture for its beginning; see ``reimagining`` and, for what else can be asked,
    ``Request.of``."""
    return reimagining(model, Request.of(**asked), picture, strength=strength).work()


def inpaint(model: Model, picture: Image.Image, mask: Image.Image, *, strength: float = 1.0, **asked: object) -> Work:
    """The picture with what the mask shows white made anew; black is kept to the pixel.

    picture: of any size from the model's on; the model works on it at its own scale, in windows. mask: of the same
    size and any mode. Its darkest third is kept and its brightest third new, since JPEG leaves neither pure; the greys
    between pass over. A mask with transparency is either paint on nothing, or the picture with a part erased, which is
    made anew. strength: 1 looks at nothing of what is to be replaced; less keeps of it what that much noise leaves.
    Raises SfumatoError for a mask of another size, one that keeps all or nothing, one in colours, a picture smaller
    than the model's, a model that takes no picture, and values out of range.
    """
    request = Request.of(**asked)
    canvas = masked_canvas(model.config.at(request.stage), picture, mask, strength)
    return Generation.of(model, request, canvas=canvas).work()


def outpaint(
    model: Model,
    picture: Image.Image,
    *,
    left: int = 0,
    top: int = 0,
    right: int = 0,
    bottom: int = 0,
    **asked: object,
) -> Work:
    """The picture, kept to the pixel, with that many pixels added beyond its edges.

    Raises SfumatoError where nothing is to be added, the whole is smaller than the model's pictures, and as `inpaint`.
    """
    try:
        margins = Margins(left=left, top=top, right=right, bottom=bottom)
    except ValidationError as error:
        raise fault(error) from error
    request = Request.of(**asked)
    canvas = extended_canvas(model.config.at(request.stage), picture, margins)
    return Generation.of(model, request, canvas=canvas).work()


def upscale(model: Model, picture: Image.Image | Work, *, tile: bool = False, **asked: object) -> Work:
    """A picture or a work made larger; see ``enlarging``."""
    return enlarging(model, picture, Request.of(**asked), tile=tile).work()


def _position(work: Work) -> int:
    return work.recipe.request.position


class GenerativeModel(Model):
    """A `Model` with methods that make works: what the package exports as ``Model``. The modules that they call only
    need the base class, so that no module imports what imports it."""

    def generate(
        self,
        count: int = 1,
        *,
        upscale: Model | Path | str | None = None,
        print_size: PrintSize | str | None = None,
        palette: Palette | Image.Image | Path | str | None = None,
        palette_strength: float | None = None,
        composition: Composition | Image.Image | Path | str | None = None,
        composition_strength: float | None = None,
        variations: float | None = None,
        of: Work | Path | str | None = None,
        prompts: Path | str | None = None,
        copies: Copies | None = None,
        retries: int | None = None,
        best_of: int = 1,
        keep_empty: bool = False,
        **asked: object,
    ) -> list[Work]:
        """Make ``count`` works, pictures with their recipes: all that the command ``sfumato generate`` can ask for.

        asked: seed, prompt, label, negative, width, height, tile, and every setting of the sampler, each as the model
        has it where it is left out: ``Request`` in sfumato.works.request and ``SamplerSettings`` in
        sfumato.works.sampler_settings say what there is, and its ranges. Work number i depends on (seed, i) and the
        settings, not on how many are made. upscale: an upscaler that enlarges them. print_size: how large they are to
        be on paper, as '30x40cm@200': they have its shape and its pixels, by the upscaler or, without one, the model's
        own. palette: colours as '#aa3322,#fff0c0', or a picture or its file; composition: a sketch or its file;
        strengths go from 0 to 1. variations: how far from the work ``of`` (or its file), 0 for the same to 1 for
        another. prompts: a text file with a prompt on each line, which works go through in turn. copies: 'refuse' for
        no near copies of what was learned from; retries: how often a work that is refused is made again, with the next
        seed. What is refused in the end is missing, with a RefusedWarning. best_of: how many works, 1 to 16, are made
        for each, of this seed and later ones, of which the model's critic keeps the one most like the pictures.
        keep_empty: do not draw works that are all but empty again, with later seeds.
        Raises SfumatoError for a class that the model does not have, values out of range, what does not go together,
        and files that are not there or cannot be used.
        """
        request, route = Request.of(**asked), None
        if isinstance(upscale, str | Path):
            upscale = Model.from_pretrained(upscale, device=str(self.device))
        if print_size is not None:
            request, route = printing(print_size, request, self, upscale)
        generation = (
            generating(
                self,
                request,
                palette=palette,
                palette_strength=palette_strength,
                composition=composition,
                composition_strength=composition_strength,
                variations=variations,
                of=of,
                prompts=prompts,
            )
            .asking(copies, retries)
            .choosing(best_of, keep_empty=keep_empty)
        )
        route = route or Route.through(upscale, (generation.canvas.width, generation.canvas.height))
        route.checked(generation.policy)
        works = sorted(generation.works(count), key=_position)
        return [made for work in works if (made := finished(route, work, generation.policy)) is not None]

    def trajectory(self, count: int = 1, **asked: object) -> Iterator[Progress]:
        """The same, yielding every step from noise to picture with a preview; the last of a batch carries its works."""
        return Generation.of(self, Request.of(**asked)).events(count, previews=True)

    def reimagine(self, picture: Image.Image, *, strength: float = 0.6, **asked: object) -> Work:
        """A work that begins with a picture; see ``sfumato.models.reimagine``."""
        return reimagine(self, picture, strength=strength, **asked)
