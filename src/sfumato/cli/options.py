"""The options that commands share: what a person asks of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelName = Annotated[
    str, typer.Argument(help="A model's directory, a run's, a zip of either, or a Hub repository (owner/name).")
]
MadeWith = Annotated[
    str | None, typer.Option(help="Where the model is; else it is looked for here and near the work, by its weights.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="The same seed makes the same works.")]
Label = Annotated[
    str | None,
    typer.Option(
        "--class",
        help="One class only, or a mixture: painting:0.7,engraving:0.3. A name that could be read otherwise stands in "
        "quotes, as in CSV: '\"red, blue\":0.7,engraving:0.3'.",
    ),
]
Away = Annotated[str | None, typer.Option(help="A class to lead away from.")]
Guidance = Annotated[
    float | None, typer.Option(min=0, max=100, help="1 is none; higher is truer to the class, with less variety.")
]
GuidanceKind = Annotated[str | None, typer.Option(help="autoguidance (needs no classes) or classifier_free.")]
Steps = Annotated[int | None, typer.Option(min=1, max=10_000, help="Steps from noise to picture.")]
Sampler = Annotated[
    str | None,
    typer.Option(
        help="euler, heun, dpmpp_2m, dpmpp_2m_sde or euler_ancestral; of a student consistency or consistency_denoised."
    ),
]
Schedule = Annotated[str | None, typer.Option(help="karras, exponential or flow.")]
Sharpness = Annotated[float | None, typer.Option(help="0 to 0.2: more is crisper, and rougher.")]
Further = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="guidance_low or guidance_high (noise levels, 0 to 10,000), guidance_chroma (0 to 1), sigma_min or "
        "sigma_max (noise levels, 0.000001 to 10,000).",
    ),
]
Precision = Annotated[str | None, typer.Option(help="float32 or bfloat16.")]
PaletteText = Annotated[
    str | None,
    typer.Option("--palette", help="Colours to paint works in: a picture's, or #1d3557,#f1faee,#e63946,..."),
]
PaletteStrength = Annotated[float, typer.Option(help="0, not at all, to 1.")]
Sketch = Annotated[Path | None, typer.Option("--composition", help="A sketch whose masses are followed, of any size.")]
SketchStrength = Annotated[float, typer.Option(help="0, not at all, to 1.")]
Trajectory = Annotated[bool, typer.Option("--trajectory", help="Also an animation from noise to picture.")]
KeepRecipe = Annotated[bool, typer.Option("--recipe/--no-recipe", help="Keep the settings in the file.")]
Background = Annotated[str, typer.Option(help="R,G,B: what shows through a transparent picture.")]
IncludeWorks = Annotated[
    bool, typer.Option("--include-works", help="Take works that sfumato made as art too; else they are left out.")
]
MOST_WORKS = 100_000  # at once
MOST_PIXELS = 4096 * 4096
Device = Annotated[
    str, typer.Option(help="cpu, cuda (cuda:1), mps, or auto: cuda where there is one, else mps, else cpu.")
]
DeviceAgain = Annotated[
    str,
    typer.Option(help="cpu, cuda, mps, or auto: what the work was made on where it is here, else as usual."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]
WHITE = "255,255,255"
