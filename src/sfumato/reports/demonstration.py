"""The page that `sfumato demo` leaves behind: a small exhibition in one file that needs nothing from anywhere."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from sfumato.reports.page import HANGING_SIZE, data_uri, png, render
from sfumato.works.viewing import viewing_scale

HERO_SIZE: Final = 160
REAL: Final = 4  # pictures of a class, beside its new works

WALL_TEXTS: Final = {
    "circles": "One great disc of rings, cut along an axis, its halves one colour apart.",
    "flow": "Broad strokes along the level lines of a landscape with one whirl.",
    "glass": "Cells around a centre, leaded, with the light behind the middle.",
    "planes": "A square divided again and again, its largest part left calm.",
    "waves": "Two circular waves that meet, printed in five flat tones.",
}

_SIGNATURES: Final = ((b"GIF8", "image/gif"), (b"RIFF", "image/webp"), (b"\x89PNG", "image/png"))


def demonstration_page(
    *,
    collection: Mapping[str, Sequence[Image.Image]],
    evolution: Image.Image,
    trajectory: bytes | Path,
    works: Mapping[str, Sequence[Image.Image]],
    facts: Mapping[str, str],
    drawn: int | None = None,
    shown: int = 6,
    commands: Sequence[str] = ("sfumato train MY-ART -o run --minutes 30", "sfumato generate run -n 16 -o works"),
) -> str:
    """The whole page as HTML: styles and pictures inside, no script, nothing fetched, light and dark.

    collection: class name -> pictures that the program drew, of which `shown` are hung. drawn: how many it drew in all,
    where they are not all given here. evolution: the strip of how the model learned. trajectory: an animation from
    noise to picture (GIF, WebP or APNG), its bytes or its file; people who asked for less motion see its last frame.
    works: class name -> new works, all of them hung, beside reduced real ones. facts: what a data sheet says, in this
    order. commands: how to train and to generate. Raises ValueError if the trajectory is none of the three formats,
    OSError if its file cannot be read.
    """
    animation = trajectory.read_bytes() if isinstance(trajectory, Path) else trajectory
    kind = next((kind for signature, kind in _SIGNATURES if animation.startswith(signature)), None)
    if kind is None:
        raise ValueError("the trajectory is neither GIF, WebP nor PNG")
    with Image.open(io.BytesIO(animation)) as frames:
        frames.seek(getattr(frames, "n_frames", 1) - 1)
        still = frames.convert("RGB")
    scale = viewing_scale(still.size, 2 * HANGING_SIZE)
    return render(
        "demonstration.html",
        collection={name: images[:shown] for name, images in collection.items()},
        wall_texts=WALL_TEXTS,
        drawn=drawn if drawn is not None else sum(len(images) for images in collection.values()),
        evolution=evolution,
        animation=data_uri(kind, animation),
        animation_size=(still.width * scale, still.height * scale),
        still=png(still),
        works=works,
        made=sum(len(images) for images in works.values()),
        heroes=[(name, images[0]) for name, images in works.items() if images][:5],
        hero_size=HERO_SIZE,
        real={
            name: [_reduced(image, images[0].size) for image in collection.get(name, ())[:REAL]] if images else []
            for name, images in works.items()
        },
        facts_given=facts,
        commands_given=commands,
    )


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
