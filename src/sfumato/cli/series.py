"""Works into a directory: what a request makes, file by file, so that it can be killed and gone on with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from sfumato.cli.output import beside, check_free, check_made_up
from sfumato.cli.sampling_bar import Part, SamplingBar
from sfumato.images.decoding import open_picture
from sfumato.text import counted
from sfumato.works.refusal import nothing_left, said_of_refusals

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.directory import OwnDirectory
    from sfumato.likeness import Finding
    from sfumato.models import Generation, Model
    from sfumato.models.progress import Progress
    from sfumato.works import Work
    from sfumato.works.refusal import Refusal
    from sfumato.works.series import Series

ON_SHEET: Final = 256  # works at most; with more of them a sheet shows nothing any longer


@dataclass(frozen=True)
class SeriesOfWorks:
    """series: what is to lie in the directory; goes_on: some of it may lie there already, as of a killed command;
    findings: what the works that were made are near to, by the names of their files; refused: works that are not let
    out."""

    directory: OwnDirectory
    series: Series
    trajectory: bool
    goes_on: bool = False
    force: bool = False
    findings: dict[str, Finding | None] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def sheet(self) -> Path:
        return self._beside("sheet", ".png")

    @property
    def video(self) -> Path:
        return self._beside("trajectory", ".webp")

    @property
    def over(self) -> bool:
        """Whether sheet and video may be written over."""
        return self.force or self.goes_on

    def check(self) -> None:
        """Raises SfumatoError where anything cannot be written. Nothing is written."""
        self.directory.check(self.series.names, force=self.force)
        check_free([self.directory.path / name for name in self.series.names], force=self.over)
        for path in (self.sheet, *([self.video] if self.trajectory else [])):
            check_made_up(path, force=self.over)

    def write(
        self, generation: Generation, upscaler: Model | None, console: Console, *, seed: int | None, **written: bool
    ) -> None:
        """Make and write what is not there yet, then the sheet and the video. seed: as it was asked for; written: as
        ``Work.save`` has it."""
        from PIL import Image

        from sfumato.models import enlarging
        from sfumato.models.trajectory import Trajectory
        from sfumato.works import contact_sheet, save, save_animation
        from sfumato.works.saving import Product
        from sfumato.works.series import begin, finish

        numbers, noted, way = self.series.numbers, self.goes_on, Trajectory()
        there = {
            number for number in numbers if self.goes_on and (self.directory.path / self.series.name(number)).is_file()
        }
        # A video that is missing begins with the first batch once more.
        anew = self.trajectory and not self.video.exists()
        first = next((number for number in numbers if anew or number not in there), numbers.stop)
        count = numbers.stop - first
        events = generation.events(count, first, previews=self.trajectory) if count else ()
        parts = [Part(generation, max(1, count), first)]
        if upscaler is not None:
            canvas = generation.canvas
            small = Image.new("RGB", (canvas.width, canvas.height))
            parts.append(Part(enlarging(upscaler, small, tile=canvas.tile), max(1, count)))
        with self.directory.at_work():
            with SamplingBar(console, counted(count, "work"), parts) as bar:
                for event in events:
                    bar.note(event)
                    if self._is_first_batch(event, generation):
                        way.note(event)
                    self.refused.extend(event.refused)
                    for work in event.works:
                        position = work.recipe.request.position
                        if position in there:
                            continue
                        if not noted:
                            begun = generation.recipe(self.series.first)
                            digest = "" if upscaler is None else upscaler.weights_digest
                            begin(self.directory, self.series, begun, seed=seed, upscaler=digest)
                            noted = True
                        larger = work if upscaler is None else self._enlarged(upscaler, work)
                        if larger is None:
                            continue
                        path = self.directory.claim(self.series.name(position))
                        larger.save(path, **written, force=self.force)
                        self.findings[path.name] = larger.finding
            shown = self.shown()
            if not shown:
                raise nothing_left(self.refused)
            sources = (upscaler or generation.model).sources(list(self.findings.values()))
            save(Product([contact_sheet(shown)], sources=sources), self.sheet, force=self.over)
            if frames := [contact_sheet(pictures) for pictures in way.steps()]:
                save_animation(frames, self.video, seconds=3.0, hold=1.5, scale=1, sources=sources, force=self.over)
            finish(self.directory)

    def _is_first_batch(self, event: Progress, generation: Generation) -> bool:
        """Whether it is a step of the works that the video shows."""
        from sfumato.models.sampling import batch_size

        batch = batch_size(generation.model, generation.canvas)
        return bool(event.previews) and event.positions[0] // batch == self.series.first // batch

    def _enlarged(self, upscaler: Model, work: Work) -> Work | None:
        """The work made larger, None where that is refused."""
        from sfumato.models import enlarging

        *_, last = enlarging(upscaler, work).events()
        self.refused.extend(last.refused)
        return next(iter(last.works), None)

    def said(self) -> list[str]:
        """What was made, and what was not, in sentences."""
        count, names, numbers = self.series.count, self.series.names, self.series.numbers
        missing = [name for name in names if not (self.directory.path / name).is_file()]
        made = count - len(missing)
        said = f"{counted(made, 'work')} in {self.directory.path}"
        if self.series.named:
            files, which = (names[0], f"number {numbers[0]:,}")
            if count > 1:
                files, which = (f"{names[0]} to {names[-1]}", f"numbers {numbers[0]:,} to {numbers[-1]:,}")
            said = (
                f"{counted(made, 'work')} added to {self.directory.path} ({files}: {which} of seed {self.series.seed})"
            )
        on_sheet = "all" if made <= ON_SHEET else f"the first {ON_SHEET}"
        said = f"{said}, {on_sheet} on one sheet in {self.sheet}" if made > 1 else said
        return [said, *said_of_refusals(self.refused)]

    def shown(self) -> list[Image.Image]:
        """The works on the sheet, as they lie in the directory once all are written."""
        there = [path for name in self.series.names if (path := self.directory.path / name).is_file()]
        return [open_picture(path) for path in there[:ON_SHEET]]

    def _beside(self, what: str, suffix: str) -> Path:
        """Beside the directory; what follows the first works has a name of its own, as nothing is written over."""
        number = f"-{self.series.named:04d}" if self.series.named else ""
        return beside(self.directory.path, f"-{what}{number}{suffix}")
