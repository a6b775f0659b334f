"""A folder of works that one request after another fills: files continue, and no picture is made a second time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from sfumato.directory import OwnDirectory
from sfumato.disk import read_file, write_whole_text
from sfumato.errors import SfumatoError
from sfumato.works.recipe import MOST_BYTES, Recipe, Reduction
from sfumato.works.values import Number, Plain, Seed
from sfumato.works.work import read_work

UNFINISHED: Final = ".unfinished.json"  # lies in the folder as long as a series is not finished
_NUMBERED: Final = re.compile(r"(\d{4,})\.png", re.ASCII)


class Series(Plain):
    """A number of works of one request, one after the other.

    seed: theirs; first: the number, among the works of the seed, of the first of them; named: the number in the name of
    its file.
    """

    count: Number
    seed: Seed = 0
    first: Number = 0
    named: Number = 0

    @property
    def numbers(self) -> range:
        """Of the works, among those of the seed."""
        return range(self.first, self.first + self.count)

    @property
    def names(self) -> list[str]:
        """Of the files, in order."""
        return [f"{number:04d}.png" for number in range(self.named, self.named + self.count)]

    def name(self, number: int) -> str:
        """The file of a work, by its number among those of the seed."""
        return f"{self.named + number - self.first:04d}.png"


class _Unfinished(Plain):
    """series: with recipes as ``recipe``, its first one's. seed: the one that was asked for, if one was."""

    series: Series
    seed: Seed | None
    recipe: Recipe
    upscaler: str
    reduction: Reduction | None = None
    best_of: Number = 1
    redraws: Number = 0


def begin(
    directory: OwnDirectory,
    series: Series,
    recipe: Recipe,
    *,
    seed: int | None,
    upscaler: str = "",
    reduction: Reduction | None = None,
    best_of: int = 1,
    redraws: int = 0,
) -> None:
    """Note, before the first file of a series is written, what is to be made. Call it while at work there.

    recipe: of the first work; seed: the one that was asked for, if one was; upscaler: the digest of its weights, of the
    one that works leave by; reduction: what they are made smaller to at last; best_of: how many are made for each;
    redraws: how often those that are all but empty are drawn again.
    """
    begun = _Unfinished(
        series=series,
        seed=seed,
        recipe=recipe,
        upscaler=upscaler,
        reduction=reduction,
        best_of=best_of,
        redraws=redraws,
    )
    write_whole_text(directory.claim(UNFINISHED), begun.model_dump_json() + "\n", force=True)


def finish(directory: OwnDirectory) -> None:
    """All of it is made. Call it while at work there."""
    directory.remove([UNFINISHED])


def unfinished(
    directory: OwnDirectory,
    count: int,
    recipe_of: Callable[[int, int], Recipe],
    *,
    seed: int | None,
    upscaler: str = "",
    reduction: Reduction | None = None,
    best_of: int = 1,
    redraws: int = 0,
) -> Series | None:
    """The series that the same request has begun here and not finished, as where it was killed.

    recipe_of: (seed, number) -> the recipe of that work as it is asked for now. The rest as `begin` has it.
    """
    try:
        begun = _Unfinished.model_validate_json(read_file(directory.path / UNFINISHED, 2 * MOST_BYTES), strict=True)
    except (OSError, ValidationError):
        return None
    series = begun.series
    asked = count, seed, upscaler, reduction, best_of, redraws
    made = series.count, begun.seed, begun.upscaler, begun.reduction, begun.best_of, begun.redraws
    if made != asked:
        return None
    return series if _alike(begun.recipe, recipe_of(series.seed, series.first)) else None


def following(
    directory: OwnDirectory,
    count: int,
    recipe_of: Callable[[int, int], Recipe],
    *,
    seed: int | None,
    upscaler: str = "",
    reduction: Reduction | None = None,
) -> Series:
    """A series after all that was made here, those works included that somebody has removed since.

    With no seed it is works of seed 0, from the number on that the next file has, and that none here has reached: so
    works that are made in one go or in several are the same. With a seed it is those that follow the ones that the
    same request made of that seed; another request begins with the first. Raises SfumatoError where a seed is asked for
    and a file here does not say of which seed it is.
    """
    files = _numbered(directory)
    named = 1 + max(files, default=-1)
    first = named if seed is None else 0
    for file in filter(Path.is_file, files.values()):
        try:
            recipe = read_work(file).recipe
        except SfumatoError as error:
            if seed is None:
                continue
            raise SfumatoError(
                f"{file}: does not say of which seed it is, so works of seed {seed} might be made a second time; "
                "leave out the seed, or choose another place"
            ) from error
        made = recipe.first.request
        number = made.position
        # Where works of the seeds before were refused, it stands in the place of that of the seed that was asked for.
        if (made.series_seed - recipe.first.attempt) % 2**63 != (seed or 0):
            continue
        ending = (recipe.model.digest if recipe.origin else "", recipe.reduction)
        if seed is None or (
            ending == (upscaler, reduction) and _alike(recipe.first, recipe_of(made.series_seed, number))
        ):
            first = max(first, number + 1)
    return Series(count=count, seed=seed or 0, first=first, named=named)


def _numbered(directory: OwnDirectory) -> dict[int, Path]:
    """The works that were made here, there or not, by the numbers in their names."""
    found = ((_NUMBERED.fullmatch(name), directory.path / name) for name in sorted(directory.own()))
    return {int(match[1]): path for match, path in found if match}


def _alike(one: Recipe, other: Recipe) -> bool:
    """Whether two ask for the same; two machines or versions that are given one request differ in the environment."""
    return (one.model.digest, one.request) == (other.model.digest, other.request)
