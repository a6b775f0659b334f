"""What commands ask of pre-trained models, and say of them: LoRA files, memory, files of prompts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli.bar import say
from sfumato.works.sampler_settings import SamplerSettings

if TYPE_CHECKING:
    from sfumato.models import Generation, Model

PromptFile = Annotated[
    Path | None,
    typer.Option(
        "--prompts",
        metavar="FILE",
        help="A text file with a prompt on each line, for one work after the other; with '#' begins a note.",
    ),
]


@dataclass(frozen=True)
class PretrainedOptions:
    """What a pre-trained model is loaded with, or one that was adapted."""

    loras: Annotated[
        list[str] | None,
        typer.Option(
            "--lora",
            metavar="FILE[:WEIGHT]",
            help="A LoRA file for a pre-trained model, with how much of it, by default 1; once for each file.",
        ),
    ] = None

    memory: Annotated[
        float | None,
        typer.Option(
            "--memory",
            metavar="GB",
            help="How much memory a pre-trained model may take, in GB; by default what is free.",
        ),
    ] = None

    base: Annotated[
        str | None,
        typer.Option("--base", help="The base of a model that was adapted, if it is not found by itself."),
    ] = None

    def model(self, name: str | Path, device: str, sampling: SamplerSettings, revision: str | None = None) -> Model:
        """The model by the name that a person gave, for works in these settings; of a pre-trained one it is said how it
        fits. Raises SfumatoError."""
        from sfumato.models import Model

        precision = sampling.precision if "precision" in sampling.model_fields_set else None
        loaded = Model.from_pretrained(
            name,
            revision=revision,
            device=device,
            base=self.base,
            loras=self.loras or (),
            memory=self.memory,
            precision=precision,
        )
        for note in filter(None, (*loaded.notes, _said_of_guidance(loaded, sampling))):
            say(Console(highlight=False), note)
        return loaded


def said_of_no_prompt(generation: Generation) -> list[str]:
    """A sentence where a model that reads text is asked for nothing."""
    if not generation.model.config.takes_prompts or generation.told.prompt_of(generation.request.position):
        return []
    return ["no prompt was given, so these are what the model makes when nothing is asked for; say what with --prompt"]


def _said_of_guidance(model: Model, sampling: SamplerSettings) -> str:
    """What the guidance of these works is in the own number of the model's family, '' where that is the same."""
    if model.pretrained is None:
        return ""
    asked = "guidance" in sampling.model_fields_set
    return model.pretrained.family.guidance.said(sampling.guidance if asked else model.config.generation.guidance)
