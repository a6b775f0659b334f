"""What `mark.py` measures: pictures of six kinds and those that are dense black and white, and what becomes of them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from sfumato.collection.drawn import CLASSES, draw

Attack = Callable[[Image.Image, random.Random], Image.Image]
BLACK_AND_WHITE = "black and white, dense"
SHARES = {
    "painting": 0.15, "engraving": 0.15, "drawing": 0.15, "sculpture": 0.15, "tile, enlarged": 0.12, "drawn": 0.12,
    BLACK_AND_WHITE: 0.16,
}  # fmt: skip
EXTREME = 32  # grey levels from black or white


def cases(count: int) -> list[tuple[str, int, int]]:
    """The kind and number of pictures, kinds in turn, and their side in pixels: each at one size, then at the other."""
    wanted = {kind: max(1, round(share * count)) for kind, share in SHARES.items()}
    turns = sorted((number / wanted[kind], kind, number) for kind in SHARES for number in range(wanted[kind]))
    return [(kind, number, 512 if (number + turn) % 2 else 256) for turn in range(2) for _, kind, number in turns]


def one_picture(kind: str, number: int, side: int, chance: random.Random, art: Path, tiles: Path) -> Image.Image:
    if kind == "drawn":
        return draw(CLASSES[number % len(CLASSES)], 1000 + number, side).convert("RGB")
    if kind == "tile, enlarged":
        with Image.open(chance.choice(sorted(tiles.rglob("*.png")))) as file:
            tile = file.convert("RGBA")
        ground = Image.new("RGBA", tile.size, (24, 20, 28, 255))
        return Image.alpha_composite(ground, tile).convert("RGB").resize((side, side), Image.Resampling.NEAREST)
    folder = art / ("engraving" if kind == BLACK_AND_WHITE else kind)
    with Image.open(chance.choice(sorted(folder.glob("*.jpg")))) as file:
        whole = file.convert("RGB")
    shorter = min(whole.size)
    left, upper = (chance.randint(0, length - shorter) for length in whole.size)
    picture = whole.crop((left, upper, left + shorter, upper + shorter)).resize((side, side), Image.Resampling.LANCZOS)
    if kind == BLACK_AND_WHITE:  # halftones and thresholds in turn, of both sizes
        grey = ImageOps.autocontrast(picture.convert("L"))
        black_and_white = grey.convert("1") if number % 4 < 2 else grey.point(lambda level: 255 * (level > 127))
        picture = black_and_white.convert("RGB")
    return picture


def dense(picture: Image.Image) -> bool:
    """Nothing but black and white, and enough of both: nine tenths of the luma at its ends, a sixth at each."""
    light = np.asarray(picture.convert("L"))
    black, white = float((light < EXTREME).mean()), float((light > 255 - EXTREME).mean())
    return black + white > 0.9 and min(black, white) > 1 / 6


def encoded(image: Image.Image, kind: str, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    with Image.open(file) as opened:
        return opened.convert("RGB")


def resized(image: Image.Image, factor: float) -> Image.Image:
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.BICUBIC)


def cropped(image: Image.Image, part: float, chance: random.Random) -> Image.Image:
    """A part of each side is cut off, a random share of it at either end."""
    width, height = round(image.width * (1 - part)), round(image.height * (1 - part))
    left, upper = chance.randint(0, image.width - width), chance.randint(0, image.height - height)
    return image.crop((left, upper, left + width, upper + height))


def screenshot(image: Image.Image, factor: float, chance: random.Random) -> Image.Image:
    """Shown at another size, and cut out by hand: up to 2 % are missing at each side."""
    size = (round(image.width * factor), round(image.height * factor))
    shown = image.resize(size, Image.Resampling.BILINEAR)
    left, upper, right, lower = (round(chance.uniform(0, 0.02) * length) for length in (*size, *size))
    return shown.crop((left, upper, size[0] - right, size[1] - lower))


def noisy(image: Image.Image, chance: random.Random) -> Image.Image:
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, 5, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.rint(np.asarray(image) + noise), 0, 255).astype(np.uint8))


def back(image: Image.Image, factor: float) -> Image.Image:
    return resized(image, factor).resize(image.size, Image.Resampling.BICUBIC)


ATTACKS: dict[str, Attack] = {
    "none": lambda image, _: image,
    "JPEG 90": lambda image, _: encoded(image, "JPEG", 90),
    "JPEG 75": lambda image, _: encoded(image, "JPEG", 75),
    "JPEG 50": lambda image, _: encoded(image, "JPEG", 50),
    "WebP 80": lambda image, _: encoded(image, "WEBP", 80),
    "WebP 50": lambda image, _: encoded(image, "WEBP", 50),
    "3/4 of the size": lambda image, _: resized(image, 0.75),
    "3/4 and back": lambda image, _: back(image, 0.75),
    "half the size": lambda image, _: resized(image, 0.5),
    "half and back": lambda image, _: back(image, 0.5),
    "noise of 5 levels": noisy,
    "gamma 0.8": lambda image, _: image.point([round(255 * (level / 255) ** 0.8) for level in range(256)] * 3),
    "blur of 1 px": lambda image, _: image.filter(ImageFilter.GaussianBlur(1)),
    "flipped": lambda image, _: ImageOps.mirror(image),
    "grey": lambda image, _: image.convert("L"),
    "crop 5 %": lambda image, chance: cropped(image, 0.05, chance),
    "crop 10 %": lambda image, chance: cropped(image, 0.1, chance),
    "screenshot at 125 %": lambda image, chance: screenshot(image, 1.25, chance),
    "screenshot at 80 %": lambda image, chance: screenshot(image, 0.8, chance),
    "brightness 1.1": lambda image, _: ImageEnhance.Brightness(image).enhance(1.1),
    "contrast 1.2": lambda image, _: ImageEnhance.Contrast(image).enhance(1.2),
    "crop 5 %, JPEG 75": lambda image, chance: encoded(cropped(image, 0.05, chance), "JPEG", 75),
    "half the size, JPEG 75": lambda image, _: encoded(resized(image, 0.5), "JPEG", 75),
    "crop 5 %, 3/4, WebP 80, flipped": lambda image, chance: ImageOps.mirror(
        encoded(resized(cropped(image, 0.05, chance), 0.75), "WEBP", 80)
    ),
    "rotated 1 degree": lambda image, _: image.rotate(1, Image.Resampling.BICUBIC),
}
HARDEST = list(ATTACKS)[-4:]  # tried on every third picture
CUT = [name for name in ATTACKS if "crop" in name or "screenshot" in name]
