"""What the program's web pages share: one file each, styles and pictures inside, no script, nothing fetched."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from PIL import Image

from sfumato.works.viewing import viewing_scale

# Pictures hang at this size or, if they are small, at the largest whole multiple that fits, one square a pixel.
HANGING_SIZE: Final = 128

STYLE: Final = """
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

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="generator" content="sfumato">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<p class="mark">sfumato</p>
{header}
</header>
<main>
{rooms}
</main>
<footer>{footer}</footer>
</body>
</html>
"""


def document(title: str, *, header: str, rooms: Sequence[str], footer: str, style: str = "") -> str:
    """The whole page. title: text; header, rooms, footer: HTML; style: rules beside the shared ones, in CSS."""
    return _PAGE.format(title=escape(title), style=STYLE + style, header=header, rooms="\n".join(rooms), footer=footer)


def room(number: int, title: str, text: str, content: str) -> str:
    """A section with its number. title, text, content: HTML."""
    return (
        f'<section aria-labelledby="room-{number}">\n<p class="room">Room {number}</p>\n'
        f'<h2 id="room-{number}">{title}</h2>\n<p>{text}</p>\n{content}\n</section>'
    )


def facts_list(facts: Mapping[str, str]) -> str:
    """Names and values as a data sheet, in their order."""
    rows = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>\n{rows}\n</dl>"


def commands_list(steps: Iterable[tuple[str, str]]) -> str:
    """A numbered list of (command: text, what is said of it: HTML)."""
    return "<ol>" + "\n".join(f"<li><pre>{escape(line)}</pre>{note}</li>" for line, note in steps) + "</ol>"


def wall(images: Sequence[Image.Image], what: str, kinds: str = "wall") -> str:
    """Pictures side by side. what: they are, for who cannot see them."""
    return (
        f'<div class="{kinds}">'
        + "".join(hung(image, f"{what}, {number} of {len(images)}") for number, image in enumerate(images, 1))
        + "</div>"
    )


def hung(image: Image.Image, alt: str, longest: int = HANGING_SIZE) -> str:
    """One picture, its longer side at most `longest` pixels on the page."""
    scale = viewing_scale(image.size, longest)
    if scale > 1:
        return picture(png(image), (image.width * scale, image.height * scale), alt, "small")
    # Twice the size at which it hangs, for screens with fine pixels; more would only make the page heavier.
    kept = image.copy()
    kept.thumbnail((2 * longest, 2 * longest), Image.Resampling.LANCZOS)
    share = min(1.0, longest / max(image.size))
    return picture(png(kept), (max(1, round(image.width * share)), max(1, round(image.height * share))), alt, "")


def strip_on_plinth(strip: Image.Image, alt: str) -> str:
    """A wide picture at its own size, to be scrolled where it does not fit."""
    return f'<div class="plinth" tabindex="0">{picture(png(strip), strip.size, alt, "wide small")}</div>'


def picture(source: str, size: tuple[int, int], alt: str, kinds: str) -> str:
    """An image element. source: a data URI; size: width and height on the page; kinds: classes or nothing."""
    attributes = f'class="{kinds}" ' if kinds else ""
    return f'<img {attributes}src="{source}" width="{size[0]}" height="{size[1]}" alt="{escape(alt)}">'


def png(image: Image.Image) -> str:
    """The picture as a data URI."""
    # A new file of the pixels alone: what a picture's own file says of itself is not published by the way.
    pixels = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    buffer = io.BytesIO()
    pixels.save(buffer, format="PNG", optimize=True)
    return data_uri("image/png", buffer.getvalue())


def data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
