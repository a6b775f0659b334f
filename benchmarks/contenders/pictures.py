"""The pictures that all contenders learn from, and the real ones that are held against real ones."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


def prepare(source: Path, place: Path, size: int, background: tuple[int, ...]) -> dict[str, Any]:
    """Every picture cropped at its centre and brought to size x size pixels, once: PNG files in place/files.

    Returns 'files' (from the prepared picture to the original) and their 'digest'.
    """
    described = place / "pictures.json"
    asked = {"source": str(source), "size": size, "background": list(background)}
    if described.exists():
        known: dict[str, Any] = json.loads(described.read_text("utf-8"))
        if known["asked"] != asked:
            raise SystemExit(f"{place}: was prepared for {known['asked']}, not for {asked}; choose another --work")
        return known
    shutil.rmtree(place, ignore_errors=True)
    originals = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not originals:
        raise SystemExit(f"{source}: holds no pictures")
    files, digest = {}, hashlib.sha256()
    for index, original in enumerate(originals):
        name = Path("files", original.relative_to(source).parent, f"{index:06d}.png")
        (place / name.parent).mkdir(parents=True, exist_ok=True)
        square(original, size, background).save(place / name)
        digest.update((place / name).read_bytes())
        files[str(name)] = str(original)
    known = {"asked": asked, "digest": digest.hexdigest(), "files": files}
    described.write_text(json.dumps(known), "utf-8")
    return known


def square(path: Path, size: int, background: tuple[int, ...]) -> Image.Image:
    """One picture, RGB, size x size."""
    with Image.open(path) as opened:
        image = opened.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.resize((size, size), Image.Resampling.LANCZOS, (left, top, left + side, top + side))


def apart(prepared: dict[str, Any], place: Path, contender: Path, count: int, seed: int) -> tuple[Path, Path]:
    """Links to ``count`` prepared pictures, at most a third of all, and to the originals of the others."""
    files = sorted(prepared["files"].items())
    random.Random(seed).shuffle(files)
    count = min(count, len(files) // 3)
    some, rest = contender / "works", contender / "rest"
    some.mkdir()
    rest.mkdir()
    for index, (file, original) in enumerate(files):
        target, folder = (place / file, some) if index < count else (Path(original), rest)
        (folder / f"{index:06d}{target.suffix}").symlink_to(target)
    return some, rest
