"""A model whose methods make works: what the package exports as ``Model``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import SupportsIndex, Unpack

from PIL import Image

from sfumato.models.configuration import SamplerChoices
from sfumato.models.generation import Generation, Progress
from sfumato.models.ground import enlarged_size
from sfumato.models.model import Model
from sfumato.models.reimagining import reimagine
from sfumato.models.request import requested
from sfumato.models.steering import Composition, Palette
from sfumato.models.upscaling import upscale_work
from sfumato.works import Work


class GenerativeModel(Model):
    """A `Model` with methods that make works. The modules that they call only need the base class, so that no module
    imports what imports it."""

    def generate(
        self,
        count: int = 1,
        *,
        seed: SupportsIndex = 0,
        label: str | None = None,
        away: str | None = None,
        variations: float | None = None,
        of: Work | Path | str | None = None,
        width: int | None = None,
        height: int | None = None,
        tile: bool = False,
        upscale: Model | Path | str | None = None,
        palette: Palette | Image.Image | Path | str | None = None,
        palette_strength: float = 0.75,
        composition: Composition | Image.Image | Path | str | None = None,
        composition_strength: float = 1.0,
        **asked: Unpack[SamplerChoices],
    ) -> list[Work]:
        """Make ``count`` works, pictures with their recipes: all that the command ``sfumato generate`` can ask for.

        seed: 0 or more; work number i depends on (seed, i) and the settings, not on how many are made. label: a class's
        name or a mixture, 'painting:0.7,engraving:0.3', or None for classes as frequent as in training; away: a class
        to lead away from. variations: how far from the work ``of`` (or its file), 0 for the same to 1 for another.
        width, height: pixels, from the model's size on; tile: whether works repeat without a seam. upscale: an upscaler
        that enlarges them. palette: colours as '#aa3322,#fff0c0', or a picture or its file; composition: a sketch or
        its file; their strengths go from 0 to 1. asked: sampler, schedule, steps, sigma_min, sigma_max, guidance,
        guidance_kind, guidance_low, guidance_high, guidance_chroma, noise_high, sharpness and precision, each the
        model's own where it is None (`SamplerSettings` has their ranges).
        Raises SfumatoError for a class that the model has not, values out of range, what does not go together, and
        files that are not there or cannot be used.
        """
        generation = requested(
            self,
            seed=seed,
            label=label,
            away=away,
            variations=variations,
            of=of,
            width=width,
            height=height,
            tile=tile,
            palette=palette,
            palette_strength=palette_strength,
            composition=composition,
            composition_strength=composition_strength,
            **asked,
        )
        if upscale is None:
            return list(generation.works(count))
        upscaler = upscale if isinstance(upscale, Model) else Model.from_pretrained(upscale, device=str(self.device))
        enlarged_size(upscaler.config, generation.ground.width, generation.ground.height)  # or it says why not
        return [upscale_work(upscaler, work) for work in generation.works(count)]

    def trajectory(self, count: int = 1, *, seed: int = 0, label: str | None = None) -> Iterator[Progress]:
        """The same, yielding every step from noise to picture."""
        return Generation.of(self, seed=seed, label=label).steps(count)

    def reimagine(
        self, picture: Image.Image, *, strength: float = 0.6, seed: int = 0, label: str | None = None
    ) -> Work:
        """A work that begins with a picture; see ``sfumato.models.reimagine``, which takes every setting."""
        return reimagine(self, picture, strength=strength, seed=seed, label=label)
