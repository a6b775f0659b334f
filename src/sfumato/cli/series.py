"""Works into a directory: what a request makes, file by file, so that it can be killed and gone on with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from sfumato.cli.output import beside, check_free, check_made_up
from sfumato.cli.pretrained import said_of_no_prompt
from sfumato.cli.sampling_bar import Part, SamplingBar
from sfumato.images.decoding import open_picture
from sfumato.text import counted
from sfumato.works.refusal import nothing_left, said_of_refusals

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.directory import OwnDirectory
    from sfumato.likeness import Finding
    from sfumato.models import Generation
    from sfumato.models.printing import Route
    from sfumato.models.progress import Progress
    from sfumato.models.trajectory import Trajectory
    from sfumato.policy.policy import Policy
    from sfumato.provenance.sources import Sources
    from sfumato.works import Work
    from sfumato.works.refusal import Refusal
    from sfumato.works.series import Series

ON_SHEET: Final = 256  # works at most; with more of them a sheet shows nothing any longer


@dataclass(frozen=True)
class SeriesOfWorks:
    """series: what is to lie in the directory; goes_on: some of it may lie there already, as of a killed command;
    findings: by the names of the files that lie there at last, what the works are near to, None for one that was not
    compared now; refused: works that are not let out; notes: what of prompts is not read, each once."""

    directory: OwnDirectory
    series: Series
    trajectory: bool
    goes_on: bool = False
    force: bool = False
    findings: dict[str, Finding | None] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

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
        self, generation: Generation, route: Route, console: Console, *, seed: int | None, **written: bool
    ) -> bool:
        """Make and write what is not there yet, then the sheet and the video. route: what becomes of the works; seed:
        as it was asked for; written: as ``Work.save`` has it. Returns whether there is a video, where one is wanted."""
        from sfumato.models.trajectory import Trajectory
        from sfumato.works.series import begin, finish

        numbers, noted, way = self.series.numbers, self.goes_on, Trajectory()
        there = {
            number for number in numbers if self.goes_on and (self.directory.path / self.series.name(number)).is_file()
        }
        # A video that is missing begins with the first batch once more.
        anew = self.trajectory and not self.video.exists()
        first = next((number for number in numbers if anew or number not in there), numbers.stop)
        self.findings.update({self.series.name(number): None for number in there})
        count = numbers.stop - first
        events = generation.events(count, first, previews=self.trajectory) if count else ()
        self.notes.update(dict.fromkeys(said_of_no_prompt(generation)))
        parts = _parts(generation, route, count, first)
        with self.directory.at_work():
            with SamplingBar(console, counted(count, "work"), parts) as bar:
                for event in events:
                    bar.note(event)
                    self.notes.update(dict.fromkeys(event.notes))
                    if self._is_first_batch(event, generation):
                        way.note(event)
                    self.refused.extend(event.refused)
                    for part in parts[1:]:
                        part.spare(sum(not refusal.again for refusal in event.refused))
                    for work in event.works:
                        position = work.recipe.request.position
                        name = self.series.name(position)
                        if position in there:
                            self.findings[name] = work.finding if route.upscaler is None else None
                            continue
                        if not noted:
                            begun = generation.recipe(self.series.first)
                            begin(
                                self.directory, self.series, begun, seed=seed, **vars(generation.choice), **route.ending
                            )
                            noted = True
                        with bar.turn_of(parts[-1] if route.enlargements else None):
                            larger = self._finished(route, work, generation.policy)
                        if larger is None:
                            continue
                        larger.save(self.directory.claim(name), **written, force=self.force)
                        self.findings[name] = larger.finding
            sources = (route.upscaler or generation.model).sources(list(self.findings.values()))
            is_shown = self._write_beside(way, sources)
            finish(self.directory)
        return is_shown

    def _write_beside(self, way: Trajectory, sources: Sources) -> bool:
        """The sheet, and the video where there are works for it: whether it lies there. Raises SfumatoError where no
        work is let out."""
        from sfumato.works import contact_sheet, save, save_animation
        from sfumato.works.saving import Product

        shown = self.shown()
        if not shown:
            raise nothing_left(self.refused)
        save(Product([contact_sheet(shown)], sources=sources), self.sheet, force=self.over)
        if frames := [contact_sheet(pictures) for pictures in way.steps()]:
            save_animation(frames, self.video, seconds=3.0, hold=1.5, scale=1, sources=sources, force=self.over)
        return bool(frames) or (self.goes_on and self.video.exists())

    def _is_first_batch(self, event: Progress, generation: Generation) -> bool:
        """Whether it is a step of the works that the video shows."""
        from sfumato.models.sampling import batch_size

        batch = batch_size(generation.model, generation.canvas)
        return bool(event.previews) and event.positions[0] // batch == self.series.first // batch

    def _finished(self, route: Route, work: Work, policy: Policy) -> Work | None:
        """What becomes of the work, None where that is refused."""
        from sfumato.models.chain import last_work
        from sfumato.models.verbs import finishing

        def larger(generation: Generation) -> Work | None:
            for event in generation.events():
                self.refused.extend(event.refused)
            return next(iter(event.works), None)

        return last_work(finishing(route, work, policy=policy), larger)

    def said(self) -> list[str]:
        """What was made, and what was not, in sentences."""
        count, names, numbers = self.series.count, self.series.names, self.series.numbers
        made = len(self.findings)
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
        return [said, *said_of_refusals(self.refused), *self.notes]

    def shown(self) -> list[Image.Image]:
        """The works on the sheet, as they lie in the directory once all are written."""
        from sfumato.works.sheet import for_sheet

        # With --force another of the same name may lie where one was refused.
        there = [name for name in self.series.names if name in self.findings]
        count = min(len(there), ON_SHEET)
        return [for_sheet(open_picture(self.directory.path / name), count) for name in there[:count]]

    def _beside(self, what: str, suffix: str) -> Path:
        """Beside the directory; what follows the first works has a name of its own, as nothing is written over."""
        number = f"-{self.series.named:04d}" if self.series.named else ""
        return beside(self.directory.path, f"-{what}{number}{suffix}")


def _parts(generation: Generation, route: Route, count: int, first: int) -> list[Part]:
    """What the bar shows: works, and all that enlarges them."""
    from PIL import Image

    from sfumato.models import enlarging

    parts = [Part(generation, max(1, count), first)]
    enlarged: Part | None = None
    for one in route.enlargements:
        small = Image.new("RGB", one.begins)
        larger = enlarging(one.upscaler, small, tile=generation.canvas.tile, policy=generation.policy)
        part = Part(larger, max(1, count))
        if enlarged is None:
            enlarged = part
        else:  # by the same network, for one work after the other
            enlarged.and_then(part)
    return parts if enlarged is None else [*parts, enlarged]
