"""The page that `sfumato demo` leaves behind: a small exhibition in one file that needs nothing from anywhere."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from PIL import Image

from sfumato.works.viewing import viewing_scale

# Pictures hang at this size or, if they are small, at the largest whole multiple that fits, one square a pixel.
HANGING_SIZE: Final = 128
HERO_SIZE: Final = 160

WALL_TEXTS: Final = {
    "circles": "One great disc of rings, cut along an axis, its halves one colour apart.",
    "flow": "Broad strokes along the level lines of a landscape with one whirl.",
    "glass": "Cells around a centre, leaded, with the light behind the middle.",
    "planes": "A square divided again and again, its largest part left calm.",
    "waves": "Two circular waves that meet, printed in five flat tones.",
}

_SIGNATURES: Final = ((b"GIF8", "image/gif"), (b"RIFF", "image/webp"), (b"\x89PNG", "image/png"))

_STYLE: Final = """
:root { color-scheme: light dark; --wall: #f6f3ec; --ink: #25221e; --quiet: #6f685d; --line: #d9d2c4;
  --plinth: #ece7dc; --accent: #9a3b26; --shadow: 0 1px 2px #0003, 0 6px 16px #0000001f; }
@media (prefers-color-scheme: dark) { :root { --wall: #181716; --ink: #e9e4da; --quiet: #a39b8d; --line: #37332e;
  --plinth: #22201e; --accent: #e39a76; --shadow: 0 1px 2px #0009, 0 6px 18px #0008; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--wall); color: var(--ink);
  font: 1.0625rem/1.65 "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif; }
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 clamp(1.25rem, 4vw, 3rem); }
header { padding-top: clamp(2.5rem, 7vw, 5rem); }
.mark { margin: 0; letter-spacing: .32em; text-transform: uppercase; font-size: .8rem; color: var(--accent); }
h1 { margin: .35em 0 .4em; font-size: clamp(2.2rem, 6vw, 3.9rem); line-height: 1.08; font-weight: 400;
  letter-spacing: -.015em; text-wrap: balance; }
h2 { margin: 0 0 .5em; font-size: clamp(1.5rem, 3.4vw, 2.05rem); line-height: 1.2; font-weight: 400; }
h3 { margin: 0; font-size: 1.1rem; font-style: italic; font-weight: 400; }
p { max-width: 41rem; margin: 0 0 1em; text-wrap: pretty; }
.lede { font-size: 1.25rem; line-height: 1.55; }
.quiet { color: var(--quiet); font-size: .93rem; line-height: 1.5; }
section { margin-top: clamp(3rem, 7vw, 5.5rem); padding-top: 1.6rem; border-top: 1px solid var(--line); }
.room { margin: 0 0 .3rem; color: var(--accent); font-size: .8rem; letter-spacing: .18em; text-transform: uppercase; }
.wall { display: flex; flex-wrap: wrap; gap: .8rem; }
img { display: block; box-shadow: var(--shadow); }
.small { image-rendering: pixelated; }
.class { display: grid; grid-template-columns: 9.5rem 1fr; gap: 1rem 1.5rem; margin-top: 2rem; }
.class p { margin: .2rem 0 0; }
.answer { margin-top: 2rem; }
.hero { margin: 2.6rem 0 .9rem; gap: 1.4rem; }
.pair { display: grid; grid-template-columns: auto 1fr; gap: 1rem 2.2rem; margin-top: .6rem; }
.pair .wall { max-width: 36rem; }
.pair .real { max-width: 17rem; padding-right: 2.2rem; border-right: 1px solid var(--line); box-sizing: content-box; }
.pair .quiet { margin-bottom: .5rem; }
.plinth { margin: 1.6rem 0 0; padding: clamp(.6rem, 2vw, 1.4rem); background: var(--plinth); overflow-x: auto; }
.plinth img { margin: 0 auto; }
.plinth .wide { max-width: none; box-shadow: none; }
.plinth .fluid { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; margin: 1.6rem 0 0; }
dt, dd { margin: 0; padding: .5rem 1.6rem .5rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { overflow-wrap: anywhere; }
ol { max-width: 46rem; padding-left: 1.3rem; }
li { margin-bottom: 1.3rem; }
pre { margin: .5rem 0; padding: .8rem 1rem; background: var(--plinth); border-left: 2px solid var(--accent);
  overflow-x: auto; font: .93rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
footer { margin-top: 4rem; padding-top: 1.5rem; padding-bottom: 3rem; }
@media (max-width: 60rem) { .class, .pair { grid-template-columns: 1fr; }
  .pair .real { border-right: 0; padding-right: 0; max-width: none; } }
@media print { .plinth { overflow: visible; } .plinth .wide { max-width: 100%; height: auto; } }
"""


def demo_page(
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
    where they are not all given here. evolution: the strip of how the
    model learned. trajectory: an animation from noise to picture (GIF, WebP or APNG), its bytes or its file; who asked
    for less motion sees its last frame. works: class name -> new works, all of them hung, beside reduced real ones.
    facts: what a data sheet says, in this order. commands: how to train and to generate. Raises ValueError if the
    trajectory is none of the three formats, OSError if its file cannot be read.
    """
    pictures = drawn if drawn is not None else sum(len(images) for images in collection.values())
    made = sum(len(images) for images in works.values())
    rooms = [
        _room(1, "The collection", _COLLECTION_TEXT.format(pictures=f"{pictures:,}"), _collection(collection, shown)),
        _room(2, "How the model learned", _EVOLUTION_TEXT, _evolution(evolution)),
        _room(3, "Out of the noise", _TRAJECTORY_TEXT, _trajectory(trajectory)),
        _room(4, "New works", _WORKS_TEXT, _new_works(works, collection)),
        _room(5, "How they were made", _FACTS_TEXT, _facts(facts)),
        _room(6, "Now with your own art", _NEXT_TEXT, _next(commands)),
    ]
    return _PAGE.format(
        style=_STYLE, made=f"{made:,}", pictures=f"{pictures:,}", hero=_hero(works), rooms="\n".join(rooms)
    )


_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="generator" content="sfumato">
<title>sfumato: a first exhibition</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<p class="mark">sfumato</p>
<h1>A first exhibition</h1>
<p class="lede">A few minutes ago this program drew {pictures} pictures, learned from them, and made {made} new ones.
All of it happened on this machine; nothing was downloaded and nothing has left it.</p>
<p><i>Sfumato</i>, Italian for “gone up in smoke”, is Leonardo’s way of letting tones pass into each other without an
edge. A diffusion model works alike: it begins with noise and refines it, a little at a time, into a picture.</p>
{hero}
</header>
<main>
{rooms}
</main>
<footer><p class="quiet">The pictures in room 1 were drawn by the program and are dedicated to the public domain (CC0).
The works in room 4 were generated by a model that was trained on them; their files say so, and carry their recipe.</p>
</footer>
</body>
</html>
"""

_COLLECTION_TEXT: Final = """\
{pictures} compositions, drawn from random numbers by simple rules: this is all that the model has ever seen. Each class
has its own forms and its own palettes."""

_EVOLUTION_TEXT: Final = """\
While it was trained, the model was asked again and again for the same pictures. Each row begins with the same noise;
time runs from left to right. First come the colours, then the large forms, and last the edges."""

_TRAJECTORY_TEXT: Final = """\
Every work begins as pure noise. The model looks at it, guesses the clean picture behind it, and takes a part of the
noise away; then it looks again. After a few such steps nothing is left but the picture."""

_WORKS_TEXT: Final = """\
On the left, real pictures of the collection at the size that the model saw. On the right, what it made by itself. It
was given the name of a class and some noise, no picture to copy."""

_FACTS_TEXT: Final = """\
The same model, seed and settings make the same pictures again on this machine, to the pixel."""

_NEXT_TEXT: Final = """\
Put your pictures, fifty or more, in a folder. Sub-folders, if there are any, become classes. Then:"""

_NEXT_NOTES: Final = (
    "The folder is checked first, and what cannot be used is named with its reason. You say how long training may "
    "take; the program measures this machine and plans for the best picture at that moment. It can be stopped with "
    "Ctrl-C at any time, and goes on with <code>--resume</code>.",
    "Sixteen new works, each a PNG with its recipe inside, and a contact sheet beside them.",
)


def _room(number: int, title: str, text: str, content: str) -> str:
    return (
        f'<section aria-labelledby="room-{number}">\n<p class="room">Room {number}</p>\n'
        f'<h2 id="room-{number}">{title}</h2>\n<p>{text}</p>\n{content}\n</section>'
    )


def _hero(works: Mapping[str, Sequence[Image.Image]]) -> str:
    """One new work of each of the first classes, larger: a visitor sees first what this is about."""
    hung = [_hung(images[0], f"A new work: {name}", HERO_SIZE) for name, images in works.items() if images]
    return f'<div class="wall hero">{"".join(hung[:5])}</div>'


def _collection(collection: Mapping[str, Sequence[Image.Image]], shown: int) -> str:
    return "\n".join(
        f'<div class="class"><div><h3>{escape(name)}</h3><p class="quiet">{_wall_text(name)}</p></div>'
        f"{_wall(images[:shown], f'{name}, drawn by the program')}</div>"
        for name, images in collection.items()
    )


def _evolution(strip: Image.Image) -> str:
    alt = "A grid of pictures: from left to right, as training goes on, noise turns into compositions"
    return f'<div class="plinth" tabindex="0">{_image(_png(strip), strip.size, alt, "wide small")}</div>'


def _trajectory(animation: bytes | Path) -> str:
    data = animation.read_bytes() if isinstance(animation, Path) else animation
    kind = next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)
    if kind is None:
        raise ValueError("the trajectory is neither GIF, WebP nor PNG")
    with Image.open(io.BytesIO(data)) as frames:
        frames.seek(getattr(frames, "n_frames", 1) - 1)
        still = frames.convert("RGB")
    scale = viewing_scale(still.size, 2 * HANGING_SIZE)
    size = (still.width * scale, still.height * scale)
    moving = _image(f"data:{kind};base64,{_base64(data)}", size, "Noise that clears into pictures", "fluid small")
    return (
        '<div class="plinth"><picture>'
        f'<source media="(prefers-reduced-motion: reduce)" srcset="{_png(still)}">{moving}</picture></div>'
    )


def _new_works(works: Mapping[str, Sequence[Image.Image]], collection: Mapping[str, Sequence[Image.Image]]) -> str:
    parts = []
    for name, images in works.items():
        real = [_reduced(image, images[0].size) for image in collection.get(name, ())[:4]] if images else []
        drawn = f'<div><p class="quiet">Drawn</p>{_wall(real, f"{name}, real", "wall real")}</div>' if real else ""
        parts.append(
            f'<div class="answer"><h3>{escape(name)}</h3><div class="pair">'
            f'{drawn}<div><p class="quiet">New</p>{_wall(images, f"{name}, new work")}</div></div></div>'
        )
    return "\n".join(parts)


def _facts(facts: Mapping[str, str]) -> str:
    rows = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>\n{rows}\n</dl>"


def _next(commands: Iterable[str]) -> str:
    steps = zip(commands, _NEXT_NOTES, strict=False)
    return "<ol>" + "\n".join(f"<li><pre>{escape(line)}</pre>{note}</li>" for line, note in steps) + "</ol>"


def _wall_text(name: str) -> str:
    return escape(WALL_TEXTS.get(name, ""))


def _wall(images: Sequence[Image.Image], what: str, kinds: str = "wall") -> str:
    return (
        f'<div class="{kinds}">'
        + "".join(_hung(image, f"{what}, {number} of {len(images)}") for number, image in enumerate(images, 1))
        + "</div>"
    )


def _hung(image: Image.Image, alt: str, longest: int = HANGING_SIZE) -> str:
    scale = viewing_scale(image.size, longest)
    if scale > 1:
        return _image(_png(image), (image.width * scale, image.height * scale), alt, "small")
    # Twice the size at which it hangs, for screens with fine pixels; more would only make the page heavier.
    kept = image.copy()
    kept.thumbnail((2 * longest, 2 * longest), Image.Resampling.LANCZOS)
    share = min(1.0, longest / max(image.size))
    return _image(_png(kept), (max(1, round(image.width * share)), max(1, round(image.height * share))), alt, "")


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _image(source: str, size: tuple[int, int], alt: str, kinds: str) -> str:
    attributes = f'class="{kinds}" ' if kinds else ""
    return f'<img {attributes}src="{source}" width="{size[0]}" height="{size[1]}" alt="{escape(alt)}">'


def _png(image: Image.Image) -> str:
    # A new file of the pixels alone: what a picture's own file says of itself is not published by the way.
    pixels = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    buffer = io.BytesIO()
    pixels.save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{_base64(buffer.getvalue())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
