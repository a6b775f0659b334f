"""From works to prints: on what canvas they are made, how often they are enlarged, and to what they are reduced."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Self, TypedDict

from sfumato.errors import SfumatoError
from sfumato.images.scaling import NEARLY
from sfumato.models.canvas import enlarged_size
from sfumato.models.configuration import ModelConfig, PretrainedNetwork
from sfumato.models.judging import check_can_be_judged
from sfumato.models.model import Model
from sfumato.policy.policy import Policy
from sfumato.text import counted
from sfumato.works.print_size import INCH, PrintSize
from sfumato.works.recipe import MOST_ENLARGEMENTS, Recipe, Reduction
from sfumato.works.request import Request
from sfumato.works.values import MOST_PIXELS

Size = tuple[int, int]


class Ending(TypedDict):
    """upscaler: digest of the weights of what works leave by, '' for none; reduction: what they are made smaller to."""

    upscaler: str
    reduction: Reduction | None


@dataclass(frozen=True, eq=False)
class Enlargement:
    """upscaler: what enlarges; begins: width and height of what it is shown, in pixels; reduction: what is made of the
    large picture afterwards, None for nothing."""

    upscaler: Model
    begins: Size
    reduction: Reduction | None = None

    @property
    def size(self) -> Size:
        """Width and height of what it makes."""
        factor = self.upscaler.config.factor
        return factor * self.begins[0], factor * self.begins[1]


@dataclass(frozen=True, eq=False)
class Route:
    """What becomes of works after they are made. canvas: width and height of them; reduction: what is made of them
    before anything else; enlargements: one after the other."""

    canvas: Size
    reduction: Reduction | None = None
    enlargements: tuple[Enlargement, ...] = ()

    @classmethod
    def through(cls, upscaler: Model | None, canvas: Size) -> Route:
        """Through an upscaler, once; with None works stay as they are. Raises SfumatoError for a model that is none,
        and for a canvas that it cannot enlarge."""
        if upscaler is None:
            return cls(canvas)
        upscaler = upscaler.enlarger
        enlarged_size(upscaler.config, *canvas)  # or it says why not
        return cls(canvas, None, (Enlargement(upscaler, canvas),))

    @property
    def upscaler(self) -> Model | None:
        """What works leave by, None where nothing enlarges them."""
        return self.enlargements[-1].upscaler if self.enlargements else None

    @property
    def last_reduction(self) -> Reduction | None:
        """What finished works were made smaller to: of a print its pixels and their density."""
        return self.enlargements[-1].reduction if self.enlargements else self.reduction

    @property
    def ending(self) -> Ending:
        """By what works of one series are told from others (`sfumato.works.series`)."""
        digest = "" if self.upscaler is None else self.upscaler.weights_digest
        return {"upscaler": digest, "reduction": self.last_reduction}

    def checked(self, policy: Policy) -> Self:
        """The same. Raises SfumatoError where one of its sizes cannot be made or is not allowed, or what comes of it
        could not be judged."""
        for enlargement in self.enlargements:
            enlarged_size(enlargement.upscaler.config, *enlargement.begins)
            policy.check_size(*enlargement.size)
        if self.upscaler is not None:
            check_can_be_judged(self.upscaler, policy)
        return self

    @property
    def said(self) -> str:
        """In words: 'works of 256 x 256, enlarged 4 times, made smaller to 591 x 591, enlarged 4 times, cut to fit'."""
        size, parts = self.canvas, [f"works of {_said(self.canvas)}"]
        if self.enlargements and self.reduction is not None:
            parts.append(f"made smaller to {_said((self.reduction.width, self.reduction.height))}")
        for enlargement in self.enlargements:
            factor, size = enlargement.upscaler.config.factor, enlargement.size
            parts.append(f"enlarged {counted(factor, 'time')}")
            if enlargement is not self.enlargements[-1] and enlargement.reduction is not None:
                within = enlargement.reduction
                parts.append(f"made smaller to {_said((within.width, within.height))}")
        if (last := self.last_reduction) is not None and size != (last.width, last.height):
            is_cut = min(size[0] / last.width, size[1] / last.height) < NEARLY
            parts.append("cut to fit" if is_cut else "made smaller to fit")
        return ", ".join(parts)


def route_to(size: PrintSize, model: Model, upscaler: Model | None = None, work: Recipe | None = None) -> Route:
    """The way to a print: works of its shape, the shorter side that of the model's own, enlarged as often as it takes
    and made smaller to the pixel.

    work: the recipe of one that is there already, of any shape, and loses its edges where that is another. upscaler: by
    default the last of the model's own. It is shown no more than the last enlargement needs: what would be
    made only to be made smaller is never made. Raises SfumatoError for a print that would have more than 4,096 x 4,096
    pixels, and one that needs an upscaler where there is none.
    """
    enlarger = (upscaler or model).enlarger
    if (upscaler is not None or work is not None) and not enlarger.config.enlarges:
        enlarged_size(enlarger.config, *size.pixels)  # it says why not
    factor = enlarger.config.factor
    pixels = size.pixels
    canvas = canvas_for(pixels, model.config) if work is None else work.size
    if not size.fits(factor):
        raise SfumatoError(
            f"{size.said} are {_said(pixels)} pixels, and {_said((4096, 4096))} are the most; "
            f"the largest of this shape is {size.largest(factor).said}, and with fewer dpi larger ones are possible"
        )
    if canvas[0] * canvas[1] > MOST_PIXELS:
        raise SfumatoError(
            f"{size.said}: works of this shape would have {_said(canvas)} pixels, more than 4,096 x 4,096; "
            "choose a shape that is not as narrow"
        )
    reductions, begun, now = list[Reduction | None](), list[Size](), canvas
    while now[0] < pixels[0] or now[1] < pixels[1]:
        if not enlarger.config.enlarges:
            raise _too_small(size, model)
        if len(begun) == MOST_ENLARGEMENTS:
            raise SfumatoError(
                f"{size.said} are {_said(pixels)} pixels, more than works of {_said(canvas)} have after "
                f"{counted(MOST_ENLARGEMENTS, 'enlargement')}, which are the most; take an upscaler of a larger factor"
            )
        needed = _needed(pixels, enlarger.config)
        is_less = needed != now and needed[0] <= now[0] and needed[1] <= now[1]
        is_less = is_less and (bool(begun) or work is None or work.reduction is None)  # which is made once of a work
        reductions.append(Reduction(width=needed[0], height=needed[1]) if is_less else None)
        begun.append(needed if is_less else now)
        now = begun[-1][0] * factor, begun[-1][1] * factor
    if not begun and work is not None and work.reduction is not None:
        raise SfumatoError(
            f"{size.said} are {_said(pixels)} pixels, and the work was made smaller for a print already; "
            "print the one that it was made from"
        )
    reductions.append(Reduction(width=pixels[0], height=pixels[1], dpi=size.dpi))
    after = zip(begun, reductions[1:], strict=True)
    return Route(canvas, reductions[0], tuple(Enlargement(enlarger, size, reduction) for size, reduction in after))


def canvas_for(pixels: Size, config: ModelConfig) -> Size:
    """Width and height of works in the shape of so many pixels: the shorter side is the model's own, the longer one in
    proportion, rounded up to whole cells of what the model makes."""
    multiple = config.network.multiple if isinstance(config.network, PretrainedNetwork) else config.enlargement
    multiple *= 1 if config.takes_prompts else config.codec.factor
    return _covering(pixels, config.side, multiple)


def printing(
    size: PrintSize | str, request: Request, model: Model, upscaler: Model | None = None
) -> tuple[Request, Route]:
    """The request of works for a print, which may be given as `PrintSize.parse` reads it, and the route that they take.

    Raises SfumatoError as `route_to` does, and where the request says more of the canvas than the print leaves open.
    """
    size = PrintSize.parse(size) if isinstance(size, str) else size
    if asked := sorted(request.canvas.model_fields_set & {"width", "height"}, reverse=True):
        raise SfumatoError(f"print {size}: says how wide and high works are; leave out {' and '.join(asked)}")
    if request.canvas.tile:
        raise SfumatoError(
            f"print {size}: is cut to size, which would give a tile a seam; make and enlarge the tile as it is"
        )
    if request.stage == "base":
        raise SfumatoError(f"print {size}: is made of works of the whole size; leave the stage out")
    route = route_to(size, model, upscaler)
    width, height = route.canvas
    return request.with_changes(Request.of(width=width, height=height)), route


def _needed(pixels: Size, config: ModelConfig) -> Size:
    """The smallest picture that an upscaler can make so many pixels of."""
    least, (width, height) = -(-config.size // config.factor), (-(-side // config.factor) for side in pixels)
    return (width, height) if min(width, height) >= least else _covering(pixels, least, 1)


def _covering(pixels: Size, shorter: int, multiple: int) -> Size:
    """Sides in the proportion of so many pixels, of which one is ``shorter`` and the other rounded up to a multiple."""
    width, height = pixels
    ratio = Fraction(max(pixels), min(pixels))
    longer = -(-shorter * ratio // multiple) * multiple
    return (int(longer), shorter) if width >= height else (shorter, int(longer))


def _too_small(size: PrintSize, model: Model) -> SfumatoError:
    side, pixels = model.config.side, size.pixels
    on_paper = side / size.dpi * INCH
    said = f"{on_paper:.0f}" if on_paper >= 1 else f"{on_paper:.1f}"
    return SfumatoError(
        f"{size.said} are {_said(pixels)} pixels, and the model '{model.config.name}' makes works of "
        f"{_said((side, side))}, which on paper are {said} x {said} mm; train an upscaler with "
        "'sfumato train ART --upscaler 4' and name it with --upscale"
    )


def _said(size: Size) -> str:
    return f"{size[0]:,} x {size[1]:,}"
