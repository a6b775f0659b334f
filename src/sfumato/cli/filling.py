"""Works into a directory: what a request makes, file by file, so that it can be killed and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from sfumato.cli.placing import beside, check_made_up_place, check_places
from sfumato.cli.sampling_bar import Part, SamplingBar
from sfumato.text import counted

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.directory import OwnDirectory
    from sfumato.models import Generation, Model
    from sfumato.works import Recipe, Work
    from sfumato.works.series import Series

ON_SHEET: Final = 256  # works at most; with more of them a sheet shows nothing any longer


@dataclass(frozen=True)
class Filling:
    """series: what is to lie in the directory; goes_on: some of it may lie there already, as of a killed command."""

    directory: OwnDirectory
    series: Series
    trajectory: bool
    goes_on: bool = False
    force: bool = False

    @property
    def sheet(self) -> Path:
        return self._beside("sheet", ".png")

    @property
    def film(self) -> Path:
        return self._beside("trajectory", ".webp")

    def check(self) -> None:
        """Raises SfumatoError where anything cannot be written. Nothing is written."""
        self.directory.check(self.series.names, force=self.force)
        over = self.force or self.goes_on
        check_places([self.directory.path / name for name in self.series.names], force=over)
        for place in (self.sheet, *([self.film] if self.trajectory else [])):
            check_made_up_place(place, force=over)

    def fill(
        self, generation: Generation, upscaler: Model | None, console: Console, *, seed: int | None, recipe: bool
    ) -> None:
        """Make and write what is not there yet, then the sheet and the film. seed: as it was asked for."""
        from sfumato.works import save_animation
        from sfumato.works.series import begin, finish

        there = self._there()
        frames: list[Image.Image] = []
        noted = self.goes_on
        with self.directory.at_work():
            for work, number in self._works(generation, upscaler, there, frames, console):
                if not noted:
                    first = generation.recipe(self.series.first)
                    begin(self.directory, self.series, first, seed=seed, upscaler=digest_of(upscaler))
                    noted = True
                file = self.directory.claim(self.series.name(number))
                work.save(file, recipe=recipe, force=self.force)
            self._write_sheet()
            if frames:
                over = self.force or self.goes_on
                save_animation(frames, self.film, seconds=3.0, hold=1.5, scale=1, force=over)
            finish(self.directory)

    def said(self) -> str:
        """What was made, in a sentence."""
        count, names, numbers = self.series.count, self.series.names, self.series.numbers
        said = f"{counted(count, 'work')} in {self.directory.path}"
        if self.series.named:
            files, which = (names[0], f"number {numbers[0]:,}")
            if count > 1:
                files, which = (f"{names[0]} to {names[-1]}", f"numbers {numbers[0]:,} to {numbers[-1]:,}")
            said = (
                f"{counted(count, 'work')} added to {self.directory.path} ({files}: {which} of seed {self.series.seed})"
            )
        on_sheet = "all" if count <= ON_SHEET else f"the first {ON_SHEET}"
        return f"{said}, {on_sheet} on one sheet in {self.sheet}" if count > 1 else said

    def _works(
        self,
        generation: Generation,
        upscaler: Model | None,
        there: set[int],
        frames: list[Image.Image],
        console: Console,
    ) -> Iterator[tuple[Work, int]]:
        """The works that are not there, each with its number; the first batch's way from noise goes into ``frames``."""
        from sfumato.images.tensors import to_pictures
        from sfumato.models import upscale_work
        from sfumato.works import Work, contact_sheet

        first = self._first_to_make(there)
        count = self.series.numbers.stop - first
        if not count:
            return
        plain = Part(generation, count, first)
        parts = [plain] if upscaler is None else [plain, enlarging_part(upscaler, generation, count)]
        with SamplingBar(console, counted(count, "work"), parts) as bar:
            for step in bar.steps(plain, generation.steps(count, first)):
                if self.trajectory and step.indices[0] == self.series.first:
                    frames.append(contact_sheet(to_pictures(step.noisy)))
                if step.step < step.steps:
                    continue
                for number, picture in zip(step.indices, to_pictures(step.noisy), strict=True):
                    if number not in there:
                        work = Work(picture, generation.recipe(number))
                        yield work if upscaler is None else upscale_work(upscaler, work), number

    def _there(self) -> set[int]:
        """The numbers of the works that were made before."""
        return {
            number
            for number in self.series.numbers
            if self.goes_on and (self.directory.path / self.series.name(number)).is_file()
        }

    def _first_to_make(self, there: set[int]) -> int:
        """A film that is missing begins with the first batch once more."""
        if self.trajectory and not self.film.exists():
            return self.series.first
        return next((number for number in self.series.numbers if number not in there), self.series.numbers.stop)

    @cached_property
    def shown(self) -> list[Image.Image]:
        """The works on the sheet, as they lie in the directory once it is filled."""
        from sfumato.images.decoding import open_picture

        return [open_picture(self.directory.path / name) for name in self.series.names[:ON_SHEET]]

    def _write_sheet(self) -> None:
        from sfumato.disk import write_whole_file
        from sfumato.provenance import save_marked
        from sfumato.works import contact_sheet

        pictures, over = self.shown, self.force or self.goes_on
        write_whole_file(self.sheet, lambda file: save_marked(contact_sheet(pictures), file, format="PNG"), force=over)

    def _beside(self, what: str, suffix: str) -> Path:
        """Beside the directory; what follows the first works has a name of its own, as nothing is written over."""
        number = f"-{self.series.named:04d}" if self.series.named else ""
        return beside(self.directory.path, f"-{what}{number}{suffix}")


def filling(
    directory: OwnDirectory,
    count: int,
    recipe_of: Callable[[int, int], Recipe],
    *,
    seed: int | None,
    upscaler: Model | None,
    trajectory: bool,
) -> Filling:
    """What a request makes in a directory in which works lie: what is missing of it where it was interrupted, or what
    follows all that is there. The arguments are those of `sfumato.works.series`."""
    from sfumato.works.series import following, unfinished

    begun = unfinished(directory, count, recipe_of, seed=seed, upscaler=digest_of(upscaler))
    series = begun or following(directory, count, recipe_of, seed=seed, upscaler=digest_of(upscaler))
    return Filling(directory, series, trajectory, goes_on=begun is not None)


def digest_of(upscaler: Model | None) -> str:
    return "" if upscaler is None else upscaler.weights_digest


def enlarging_part(upscaler: Model, generation: Generation, count: int) -> Part:
    """What it takes to enlarge works of a request."""
    from PIL import Image

    from sfumato.models import Generation
    from sfumato.models.ground import Ground

    ground = generation.ground
    blank = Image.new("RGB", (ground.width, ground.height))
    enlarged = Ground.enlarging(upscaler.config, blank, tile=ground.tile)
    return Part(Generation.of(upscaler, ground=enlarged), count)
