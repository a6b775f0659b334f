"""What steering does to works: how near they come to what was asked, and whether they still show what they would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from control_bench import Bench, Cost
from control_figures import gradient_energy, images_of, mass_distance, palette_distance
from PIL import Image
from torch import Tensor

from sfumato.diffusion.steering import low_pass
from sfumato.models import Generation
from sfumato.models.steering import (
    Steering,
    colours_of,
    composition_from,
    named_palette,
    palette_of_picture,
    target_of,
)
from sfumato.random import spread
from sfumato.works import Work
from sfumato.works.request import Composition, Palette
from sfumato.works.values import SKETCH_SIDE

EACH = 2  # works by each picture that steers, every one from a noise of its own
NAMED = ("#aa3322,#fff0c0", "#1d3557,#f1faee,#e63946", "#264653,#e9c46a,#e76f51", "#2b2d42,#8d99ae,#edf2f4")


@dataclass(frozen=True)
class Asked:
    """One thing to steer by. shown: what it looks like; far: images -> how far from it they are, in grey levels."""

    shown: Image.Image
    steering: Steering
    far: Callable[[Tensor], float]


def palette(bench: Bench) -> None:
    pictures = _references(bench)
    for strength in (0.25, Palette.model_fields["strength"].default):
        asked = [_of_palette(palette_of_picture(picture, strength), picture) for picture in pictures]
        _measure(bench, f"--palette of pictures, --palette-strength {strength:g}", "palette", asked)
    named = [named_palette(text) for text in NAMED]
    size = bench.model.config.size
    asked = [_of_palette(colours, _swatches(colours, size)) for colours in named]
    _measure(bench, "--palette of two or three named colours", "palette", asked, bench.works // len(named))


def composition(bench: Bench) -> None:
    size = bench.model.config.size
    for strength in (0.7, Composition.model_fields["strength"].default):
        asked = []
        for picture in _references(bench):
            sketch = composition_from(picture, size, size, strength)
            assert sketch is not None, "it is given one"
            target = low_pass(target_of(sketch, size, size), size / SKETCH_SIDE)
            far = lambda images, target=target: mass_distance(images, target, size)  # noqa: E731
            asked.append(Asked(picture, Steering(composition=sketch), far))
        _measure(bench, f"--composition, --composition-strength {strength:g}", "sketch", asked)


def _measure(bench: Bench, control: str, what: str, asked: Sequence[Asked], each: int = EACH) -> None:
    """Steered works beside those of the same noise and class that nothing steers."""
    shown: list[Image.Image] = []
    works: list[Work] = []
    cost, before, after = Cost(), 0.0, 0.0
    for number, one in enumerate(asked):
        generation = Generation.of(
            bench.model, seed=1, palette=one.steering.palette, composition=one.steering.composition
        )
        some, spent = bench.made(generation, each, each * number)
        cost = Cost(cost.evaluations + spent.evaluations, cost.seconds + spent.seconds)
        before += one.far(images_of(bench.plain)) / len(asked)
        after += one.far(images_of(some)) / len(asked)
        shown += [one.shown, *(work.image for work in some[:EACH])]
        works += some
    plain = bench.plain[: len(works)]
    detail = gradient_energy(images_of(works)).mean() / gradient_energy(images_of(plain)).mean()
    (seen, forms), (seen_after, forms_after) = _right(bench, plain), _right(bench, works)
    figure = (
        f"{before:.1f} -> {after:.1f} levels from the {what}; in their class {seen:.0%} -> {seen_after:.0%}, by forms "
        f"alone {forms:.0%} -> {forms_after:.0%}; gradient energy {detail:.2f} times; KID {bench.kid(plain):.0f} -> "
        f"{bench.kid(works):.0f}"
    )
    bench.row(control, figure, cost, len(works))
    name = control.removeprefix("--").replace("--", "").replace(",", "").replace(" ", "-")
    bench.show(name, shown[: 24 * (1 + EACH)], 4 * (1 + EACH))


def _right(bench: Bench, works: Sequence[Work]) -> tuple[float, float]:
    """The share of works that a linear classifier of the real pictures puts into their own class: as they are, and by
    their forms alone."""
    names = bench.model.config.classes
    own = torch.tensor([names.index(work.recipe.request.label or "") for work in works])
    answers = bench.classify(bench.seen(works)), bench.classify_forms(images_of(works))
    as_they_are, by_forms = (float((answer.argmax(1) == own).double().mean()) for answer in answers)
    return as_they_are, by_forms


def _references(bench: Bench) -> list[Image.Image]:
    """Pictures of the collection itself to steer by, so that KID can tell whether works still look like it."""
    held_out = bench.dataset.held_out
    places = spread(held_out, min(bench.works // EACH, len(held_out))).tolist()
    return [bench.dataset.picture(place) for place in places]


def _of_palette(colours: Palette, shown: Image.Image) -> Asked:
    return Asked(
        shown, Steering(palette=colours), lambda images: float(palette_distance(images, colours_of(colours)).mean())
    )


def _swatches(colours: Palette, size: int) -> Image.Image:
    """The colours side by side."""
    picture = Image.new("RGB", (size, size))
    width = -(-size // len(colours.colours))
    for place, colour in enumerate(colours.colours):
        picture.paste(colour, (place * width, 0, min(size, (place + 1) * width), size))
    return picture
