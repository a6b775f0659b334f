"""How many of 64 works would their maker keep? A page on which a person ticks them, and what the ticks come to.

    python benchmarks/keepers.py RUN [--count 64] [--seed 0] [-o keepers]
    python benchmarks/keepers.py --read FILE.csv [FILE.csv ...]

The first writes works (none is left out or chosen), keepers/sheet.png, all of them with their numbers beneath, and
keepers/index.html, which shows one after the other at its own size; the page hands out a table of the numbers that were
ticked. Nothing leaves the computer. The second says of each table how many were kept, with the 95 % interval of Wilson
(1927), as 64 works say little more than whether it is few, half or most.

Judge a model beside another one, or beside real pictures (a folder in place of RUN), without being told which is which:
the share alone says how strict somebody is. A row of the answer belongs into benchmarks/log.md.
"""

from __future__ import annotations

import argparse
import csv
import html
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from sfumato.images.decoding import open_picture
from sfumato.images.files import picture_format
from sfumato.text import counted
from sfumato.works import contact_sheet, save
from sfumato.works.saving import Product
from sfumato.works.sheet import for_sheet

Z: Final = 1.959964  # 95 %
FIELDS: Final = ("number", "keep")
LEAST_SHOWN: Final = 320  # pixels, to which smaller works are enlarged by whole numbers in the page
PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Which would you keep?</title>
<style>body {{ background: #1b1a19; color: #cdc7bd; font: 16px sans-serif; margin: 1rem }}
main {{ display: flex; flex-wrap: wrap; gap: 1rem }} figure {{ margin: 0; padding: 6px; border: 2px solid #1b1a19 }}
figure:has(:checked) {{ border-color: #e0a030 }} img {{ display: block; image-rendering: pixelated }}
label {{ display: block; padding: 4px 0 }} button {{ font: inherit; margin: 1rem 0 }}</style>
<h1>Which would you keep?</h1><p>Tick each work that you would save if it were yours. Take your time, and look at all of
them before you begin. <span id="count">0</span> of {count} kept.</p><main>{works}</main>
<button id="table">Save the table</button><script>
const boxes = [...document.querySelectorAll("input")];
const count = () => (document.getElementById("count").textContent = boxes.filter((box) => box.checked).length);
for (const box of boxes) box.addEventListener("change", count);
document.getElementById("table").addEventListener("click", () => {{
  const rows = boxes.map((box) => box.value + "," + (box.checked ? 1 : 0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["number,keep\\n" + rows.join("\\n") + "\\n"], {{ type: "text/csv" }}));
  link.download = "keepers.csv";
  link.click();
}});</script></html>
"""


def page_of(names: Sequence[str], sizes: Sequence[tuple[int, int]]) -> str:
    """The page of works that lie beside it. names: of their files; sizes: width and height of each, in pixels."""
    works = []
    for number, (name, size) in enumerate(zip(names, sizes, strict=True), 1):
        scale = max(1, LEAST_SHOWN // max(size))
        place = html.escape(name, quote=True)
        works.append(
            f'<figure><img src="{place}" width="{scale * size[0]}" height="{scale * size[1]}" alt="" loading="lazy">'
            f'<label><input type="checkbox" value="{number}"> {number}</label></figure>'
        )
    return PAGE.format(count=len(names), works="".join(works))


def interval(kept: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share. Raises ValueError for none of none."""
    if not 0 <= kept <= count or count == 0:
        raise ValueError(f"{kept} of {count} is no share")
    share, spread = kept / count, Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def read(path: Path) -> tuple[int, int]:
    """How many were kept, and of how many. Raises ValueError for a table that is not the page's."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or any(row.get("keep") not in ("0", "1") for row in rows):
        raise ValueError(f"{path}: is not a table with 'number' and 'keep', which is 0 or 1; save it on the page anew")
    return sum(row["keep"] == "1" for row in rows), len(rows)


def said(path: Path) -> str:
    kept, count = read(path)
    low, high = interval(kept, count)
    return f"{path}: {kept} of {count} kept, {kept / count:.0%} (95 %: {low:.0%} to {high:.0%})"


def pictures_in(folder: Path, count: int, seed: int) -> list[Path]:
    """So many pictures of a folder and those below it, drawn by chance."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and picture_format(path.read_bytes()[:1024])]
    return random.Random(seed).sample(found, min(count, len(found)))


def write(place: str, count: int, seed: int, folder: Path) -> None:
    """place: a run or a model, or a folder of pictures to be looked at in the same way."""
    folder.mkdir(parents=True)
    source, images, sources = Path(place), list[Image.Image](), None
    if source.is_dir() and not any((source / name).exists() for name in ("run.json", "config.json")):
        images = [open_picture(path) for path in pictures_in(source, count, seed)]
        names = [f"{number:02d}.png" for number in range(1, len(images) + 1)]
        for name, image in zip(names, images, strict=True):
            image.save(folder / name)  # of no model
    else:
        from sfumato.models import Model

        model = Model.from_pretrained(place)
        works = model.generate(count, seed=seed)
        names = [f"{number:02d}.png" for number in range(1, len(works) + 1)]
        for name, work in zip(names, works, strict=True):
            work.save(folder / name)
        images, sources = [work.image for work in works], model.sources([work.finding for work in works])
    labels = [str(number) for number in range(1, len(images) + 1)]
    sheet = contact_sheet([for_sheet(image, len(images)) for image in images], labels=labels)
    if sources is None:
        sheet.save(folder / "sheet.png")
    else:
        save(Product([sheet], sources=sources), folder / "sheet.png")
    (folder / "index.html").write_text(page_of(names, [image.size for image in images]), "utf-8")
    print(f"{counted(len(images), 'picture')}: open {folder / 'index.html'} and tick what you would keep")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", nargs="?", help="a run, a model, or a folder of pictures")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("keepers"))
    parser.add_argument("--read", nargs="+", type=Path, metavar="FILE.csv")
    asked = parser.parse_args()
    if (asked.place is None) == (asked.read is None):
        parser.error("give a run, or --read and tables: one of them")
    if asked.read:
        print("\n".join(map(said, asked.read)))
    elif asked.output.exists():
        sys.exit(f"{asked.output} is there already; name another place with -o")
    else:
        write(asked.place, asked.count, asked.seed, asked.output)


if __name__ == "__main__":
    main()
