"""One work into a file: its steps as a bar, the way from noise as an animation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sfumato.cli.bar import say
from sfumato.cli.collect import parse_background
from sfumato.cli.nearness import said_of_nearness
from sfumato.cli.options import PictureOptions
from sfumato.cli.output import check_free, check_is_not, check_made_up
from sfumato.cli.pretrained import said_of_no_prompt
from sfumato.cli.sampling_bar import Part, SamplingBar
from sfumato.images.decoding import picture_and_file
from sfumato.works.refusal import OTHERS, Refusal, nothing_left, said_of_refusals
from sfumato.works.sampler_settings import SamplerSettings

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.models import Generation, Model
    from sfumato.provenance.credentials import Input
    from sfumato.works import Work


@dataclass(frozen=True)
class OneWork:
    """output: its file, None where it is not written; video: of the way from noise to it, None for none; recipe:
    whether the file keeps the settings; mark: whether its pixels bear a mark; inputs: the file of the picture that it
    is made from; copies, retries: what becomes of a work that had better not leave (see ``Policy.asked``); remedy: what
    can be done where it is refused; console: where its progress is shown."""

    output: Path | None
    video: Path | None
    recipe: bool
    force: bool
    mark: bool = True
    inputs: tuple[Input, ...] = ()
    copies: str | None = None
    retries: int | None = None
    remedy: str = OTHERS
    console: Console = field(default_factory=lambda: Console(highlight=False))

    @classmethod
    def from_picture(
        cls, output: Path, picture: Path, model: str, options: PictureOptions, sampling: SamplerSettings | None = None
    ) -> tuple[OneWork, Image.Image, Model]:
        """The same for a work that a model makes from a picture, with both of them. sampling: its settings."""
        from sfumato.provenance.credentials import Input

        made = cls.into(
            output,
            picture,
            trajectory=options.trajectory,
            recipe=options.recipe,
            mark=options.mark,
            force=options.force,
        )
        image, file = picture_and_file(picture, parse_background(options.background))
        inputs = (Input(file, picture.name),)
        made = replace(made, inputs=inputs, copies=options.copies, retries=options.retries)
        return made, image, options.model(model, options.device, sampling or SamplerSettings())

    @classmethod
    def into(cls, output: Path, *sources: Path, trajectory: bool, recipe: bool, mark: bool, force: bool) -> OneWork:
        """sources: what the work is made from. Raises SfumatoError, before anything is made, where it, or the animation
        beside it, cannot be written."""
        from sfumato.works.work import check_png

        check_png(output)
        for source in sources:
            check_is_not(output, source, "the picture to begin with")
        video = output.with_name(f"{output.stem}-trajectory.webp") if trajectory else None
        return cls(output, video, recipe, force, mark).checked()

    def checked(self) -> OneWork:
        """Raises SfumatoError where either file cannot be written."""
        check_free([] if self.output is None else [self.output], force=self.force)
        if self.video is not None:
            check_made_up(self.video, force=self.force)
        return self

    def make(self, generation: Generation) -> Work:
        """Make the work of the generation's request, and write what is to be written."""
        return self.write(self.made(generation))

    def made(self, generation: Generation) -> Work:
        """The work, with the animation written. Raises SfumatoError where it is refused."""
        from sfumato.models.trajectory import Trajectory
        from sfumato.works import Work, save_animation

        generation = generation.asking(self.copies, self.retries)
        way, refused, works = Trajectory(), list[Refusal](), list[Work]()
        notes = dict.fromkeys(said_of_no_prompt(generation))
        with SamplingBar(self.console, "1 work", [Part(generation, 1, generation.request.position)]) as bar:
            for event in generation.events(previews=self.video is not None):
                bar.note(event)
                way.note(event)
                notes.update(dict.fromkeys(event.notes))
                refused += event.refused
                works += event.works
        if not works:
            raise nothing_left(refused, self.remedy)
        for sentence in (*said_of_refusals(refused), *notes):
            self.say(sentence)
        if self.video is not None:
            frames = [picture for pictures in way.steps() for picture in pictures]
            sources = generation.model.sources([works[0].finding])
            save_animation(frames, self.video, seconds=3.0, hold=1.5, sources=sources, force=self.force)
        return works[0]

    def write(self, work: Work) -> Work:
        work = replace(work, inputs=self.inputs or work.inputs)
        if self.output is not None:
            work.save(self.output, recipe=self.recipe, mark=self.mark, force=self.force)
            if near := said_of_nearness({self.output.name: work.finding}):
                self.say(near)
        return work

    def say(self, text: str) -> None:
        say(self.console, text)
