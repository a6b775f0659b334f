"""sfumato train: from a folder of art to a model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from sfumato.cli import options
from sfumato.cli.rights import RightsOptions
from sfumato.errors import SfumatoError

DEFAULT_MINUTES = 30.0
SMALLEST, LARGEST = 32, 1024  # pixels
MOST_MINUTES = 525_600  # a year
# Options of another kind than settings of a training.
NO_SETTINGS = {"preset", "upscaler", "config", "set", "include_works", "query", "limit", "from", "adapt", "force"}


@options.asks()
def train(
    art: Annotated[
        Path | None,
        typer.Argument(
            help="A folder or zip of pictures, a collection, kaggle:OWNER/NAME, hf:OWNER/NAME, or a museum: met:, "
            "artic:, cleveland: or smithsonian:."
        ),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the run.")] = Path("run"),
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.05, max=MOST_MINUTES, help="Minutes to train, 30 by default; collecting the pictures comes on top."
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10**9,
            help="Train for exactly this many steps, however long they take; the machine is not measured.",
        ),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(min=0.01, max=1e6, help="Show every picture this many times, however long it takes.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=SMALLEST, max=LARGEST, help="The side of the pictures in pixels, a multiple of 8.")
    ] = None,
    preset: Annotated[
        str,
        typer.Option(help="auto, sketch, transformer, flow, ddpm, gan, article, article-fixed or article-diffusion."),
    ] = "auto",
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file with any of the settings.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, as in --set learning_rate=0.001."),
    ] = None,
    upscaler: Annotated[
        int | None,
        typer.Option(
            min=2, max=8, help="Learn to enlarge works by this factor; the pictures must be this many times --size."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="The same seed and --steps make the same model.")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, max=4096, help="Pictures per step.")] = None,
    crop: Annotated[str | None, typer.Option(help="centre, or random: along the longer side.")] = None,
    pixel_art: Annotated[
        bool, typer.Option("--pixel-art", help="Enlarge small pictures by whole numbers, every pixel a square.")
    ] = False,
    balance: Annotated[str | None, typer.Option(help="What to show equally often: none, class or creator.")] = None,
    perceptual: Annotated[
        str | None,
        typer.Option(help="Also compare features of VGG16: none, vgg16 (fetched earlier), fetch, or its file."),
    ] = None,
    background: Annotated[str, typer.Option(help="R,G,B: the colour behind transparent pictures.")] = "255,255,255",
    include_works: options.IncludeWorks = False,
    query: options.Query = "",
    limit: options.Limit = None,
    *,
    rights: RightsOptions,
    weights_from: Annotated[str | None, typer.Option("--from", help="Begin with the weights of this model.")] = None,
    adapt: Annotated[
        bool,
        typer.Option(
            "--adapt",
            help="With --from: leave that model as it is, and learn a small adapter (LoRA) beside it; --set rank=16 "
            "says how large. A pre-trained model can be adapted only, and not be trained as a whole.",
        ),
    ] = False,
    caption: Annotated[
        str | None,
        typer.Option(
            metavar="TEMPLATE",
            help="With --adapt, for pictures without a caption of their own: '{class} by {creator}, {title}'.",
        ),
    ] = None,
    trigger: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="With --adapt: the word in a prompt that calls for what is learned."),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(help="tensorboard: also write curves and snapshots for TensorBoard, into the run."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with a run; --minutes or --steps come on top of what is left of its plan."
        ),
    ] = False,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace the run that is there, and begin anew.")] = False,
) -> None:
    """Train a diffusion model on a folder of art in the time that you have.

    Ctrl-C once ends it with a usable model and a run that can be resumed; twice stops at once.
    """
    from sfumato import pipeline
    from sfumato.cli.collect import parse_background
    from sfumato.cli.drawing import draw
    from sfumato.devices import device_named
    from sfumato.training.tensorboard import check_tensorboard

    if sum(value is not None for value in (minutes, steps, epochs)) > 1:
        raise SfumatoError("--minutes, --steps and --epochs each say how long to train; give one of them")
    if not all(math.isfinite(value) for value in (minutes or 0.0, epochs or 0.0)):  # 'nan' is in every range
        raise SfumatoError("--minutes and --epochs take a number, as in --minutes 30")
    place = device_named(device)
    if log not in (None, "tensorboard"):
        raise SfumatoError(f"--log {log}: is not known; give --log tensorboard, or leave it out")
    if log is not None:
        check_tensorboard()
    asked = {
        "epochs": epochs,
        "size": size,
        "preset": preset if preset != "auto" else None,
        "upscaler": upscaler,
        "config": config,
        "seed": seed,
        "batch": batch,
        "crop": crop,
        "pixel_art": pixel_art or None,
        "balance": balance,
        "set": settings,
        "perceptual": perceptual,
        "include_works": include_works or None,
        "query": query or None,
        "limit": limit,
        "from": weights_from,
        "adapt": adapt or None,
        "caption": caption,
        "trigger": trigger,
        "force": force or None,
    }
    if resume:
        new = [f"--{name.replace('_', '-')}" for name, value in asked.items() if value is not None] + rights.given
        given = [str(art)] if art is not None else new
        if given:
            and_name = ", and name the run with -o" if art is not None else ""
            raise SfumatoError(f"--resume takes everything from the run: leave out {' and '.join(given)}{and_name}")
        events = pipeline.resume(
            output, more_steps=steps or 0, more_minutes=minutes or 0.0, device=place, tensorboard=log is not None
        )
    else:
        if art is None:
            raise SfumatoError("give a folder of art: 'sfumato train MY-ART -o run'; or --resume to go on with a run")
        colour = parse_background(background)
        own = {name: value for name, value in asked.items() if name not in NO_SETTINGS}
        chosen = [*(settings or []), *(["adapter={}"] if adapt else [])]
        adapted = weights_from if adapt else None
        choices = _choices(preset, config, chosen, upscaler, adapted, **own, steps=steps, minutes=minutes)
        events = pipeline.train_on(
            art,
            output,
            choices,
            background=colour,
            weights_from=weights_from or "",
            include_works=include_works,
            query=query,
            limit=limit,
            **rights.choices,
            device=place,
            tensorboard=log is not None,
            force=force,
        )
    draw(events)


def _choices(
    preset_name: str,
    config: Path | None,
    settings: list[str],
    upscaler: int | None,
    adapted: str | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Preset, then file, then --set, then options: the later wins. adapted: the model that is, if one is."""
    from sfumato.collection.captions import CaptionTemplate
    from sfumato.dataset.preparing import LARGEST_SIZE
    from sfumato.disk import local_path
    from sfumato.pretrained.opening import is_pipeline
    from sfumato.text import counted
    from sfumato.training import layered, parse_choices, preset, read_choices, resolve, staged
    from sfumato.training import upscaler as upscaler_choices
    from sfumato.training.adapting_plan import ADAPTING
    from sfumato.training.choices import LENGTHS
    from sfumato.training.objectives.adapting import AdaptingConfig

    chosen = layered(preset(preset_name))
    if upscaler is not None:
        if preset_name != "auto":
            raise SfumatoError(f"--upscaler has settings of its own; leave out --preset {preset_name}")
        chosen = layered(upscaler_choices(upscaler))
    if adapted is not None and is_pipeline(adapted):
        if preset_name != "auto" or upscaler is not None:
            option = "--upscaler" if upscaler is not None else f"--preset {preset_name}"
            raise SfumatoError(
                f"{adapted}: a pre-trained model stays what it is when it is adapted; leave out {option}"
            )
        chosen = layered(ADAPTING)
    elif options.get("caption") is not None or options.get("trigger") is not None:
        if adapted is None or local_path(adapted).exists():
            raise SfumatoError("--caption and --trigger are for pre-trained models: --from MODEL --adapt")
        # What is wrong with a model that is not there is said where it is opened.
        options = options | {"caption": None, "trigger": None}
    for origin, later in (
        (str(config), read_choices(config) if config else {}),
        ("--set", parse_choices(settings)),
        ("options", {name: value for name, value in options.items() if value is not None}),
    ):
        lengths = [name for name in LENGTHS if later.get(name)]
        if len(lengths) > 1:
            said = " and ".join(f"'{name}'" for name in lengths)
            raise SfumatoError(f"{origin}: {said} each say how long to train; leave out all but one")
        chosen = layered(chosen, later)
    if not any(chosen.get(name) for name in LENGTHS):
        chosen["minutes"] = DEFAULT_MINUTES
    if chosen.get("size", SMALLEST) % 8 or not SMALLEST <= chosen.get("size", SMALLEST) <= LARGEST:
        raise SfumatoError(f"size {chosen['size']}: a multiple of 8 from {SMALLEST} to {LARGEST} is needed")
    made = resolve(chosen if adapted is not None else staged(chosen))
    if isinstance(made.objective, AdaptingConfig):
        CaptionTemplate.parse(made.objective.caption)  # a mistake is said before pictures are collected
    side = made.picture_side
    if side > LARGEST_SIZE:
        raise SfumatoError(
            f"size {made.size}, enlarged {counted(side // made.size, 'time')}, is {side:,} pixels, and pictures are "
            f"prepared at {LARGEST_SIZE:,} at most; choose a smaller --size, --upscaler or factors"
        )
    return chosen
