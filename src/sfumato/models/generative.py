"""A model whose methods make works: what the package exports as ``Model``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from sfumato.models.canvas import enlarged_size
from sfumato.models.generation import Generation, Progress
from sfumato.models.model import Model
from sfumato.models.verbs import generating, reimagine
from sfumato.models.verbs import upscale as enlarge
from sfumato.works import Work
from sfumato.works.request import Composition, Palette, Request


class GenerativeModel(Model):
    """A `Model` with methods that make works. The modules that they call only need the base class, so that no module
    imports what imports it."""

    def generate(
        self,
        count: int = 1,
        *,
        upscale: Model | Path | str | None = None,
        palette: Palette | Image.Image | Path | str | None = None,
        palette_strength: float | None = None,
        composition: Composition | Image.Image | Path | str | None = None,
        composition_strength: float | None = None,
        variations: float | None = None,
        of: Work | Path | str | None = None,
        **asked: object,
    ) -> list[Work]:
        """Make ``count`` works, pictures with their recipes: all that the command ``sfumato generate`` can ask for.

        asked: seed, label, negative, width, height, tile, and every setting of the sampler, each as the model has it
        where it is left out: ``Request`` and ``SamplerSettings`` in sfumato.works.request say what there is, and its
        ranges. Work number i depends on (seed, i) and the settings, not on how many are made. upscale: an upscaler that
        enlarges them. palette: colours as '#aa3322,#fff0c0', or a picture or its file; composition: a sketch or its
        file; strengths go from 0 to 1. variations: how far from the work ``of`` (or its file), 0 for the same to 1
        for another.
        Raises SfumatoError for a class that the model has not, values out of range, what does not go together, and
        files that are not there or cannot be used.
        """
        generation = generating(
            self,
            Request.of(**asked),
            palette=palette,
            palette_strength=palette_strength,
            composition=composition,
            composition_strength=composition_strength,
            variations=variations,
            of=of,
        )
        if upscale is None:
            return list(generation.works(count))
        upscaler = upscale if isinstance(upscale, Model) else Model.from_pretrained(upscale, device=str(self.device))
        enlarged_size(upscaler.config, generation.canvas.width, generation.canvas.height)  # or it says why not
        return [enlarge(upscaler, work) for work in generation.works(count)]

    def trajectory(self, count: int = 1, **asked: object) -> Iterator[Progress]:
        """The same, yielding every step from noise to picture with a preview; the last of a batch carries its works."""
        return Generation.of(self, Request.of(**asked)).events(count, previews=True)

    def reimagine(self, picture: Image.Image, *, strength: float = 0.6, **asked: object) -> Work:
        """A work that begins with a picture; see ``sfumato.models.reimagine``."""
        return reimagine(self, picture, strength=strength, **asked)
