"""What a mark in the pixels survives, what it costs, and how often one is seen where there is none.

    python benchmarks/mark.py ART TILES [--pictures 200] [--unmarked 1000 | --full]

ART: a folder of pictures in painting/, engraving/, drawing/ and sculpture/; TILES: a folder of small ones. Crops of the
first at 256 and 512 px, tiles enlarged, pictures that the program draws, and engravings in black and white alone are
marked, attacked and read; the tables are printed as Markdown. Times are of one thread. Ctrl-C ends it with what it has.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from sfumato.collection.drawn import CLASSES, draw
from sfumato.watermark import Marked, embed, read
from sfumato.watermark.canonical import grid_of_picture
from sfumato.watermark.code import IDENTITY_BITS, decode
from sfumato.watermark.hearing import WHOLE, by_bit, heard
from sfumato.watermark.reading import THRESHOLD, TRIALS, best_of
from sfumato.watermark.searching import on_the_whole
from sfumato.watermark.whitening import flattened

Attack = Callable[[Image.Image, random.Random], Image.Image]
BLACK_AND_WHITE = "black and white, dense"
SHARES = {
    "painting": 0.15, "engraving": 0.15, "drawing": 0.15, "sculpture": 0.15, "tile, enlarged": 0.12, "drawn": 0.12,
    BLACK_AND_WHITE: 0.16,
}  # fmt: skip
DRAWN_KEYS = 100_000
EXTREME = 32  # grey levels from black or white


def pictures(art: Path, tiles: Path, count: int) -> Iterator[tuple[str, Image.Image]]:
    """Pictures with their kinds, these in turn; every second one of a kind has 512 px, the others 256."""
    wanted = {kind: max(1, round(share * count)) for kind, share in SHARES.items()}
    turns = sorted((number / wanted[kind], kind, number) for kind in SHARES for number in range(wanted[kind]))
    for _, kind, number in turns:
        side = 512 if number % 2 else 256
        picture = one_picture(kind, number, side, random.Random(f"{kind} {number}"), art, tiles)
        yield (BLACK_AND_WHITE if dense(picture) else kind), picture


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


@dataclass
class Results:
    """right: [attack][kind], identities read and right or not; wrong: identities read that are another's; bits: of the
    identity, right ones in what was read or in the best guess; quality: [kind], PSNR and SSIM; times in seconds."""

    right: dict[str, dict[str, list[bool]]] = field(default_factory=lambda: {name: {} for name in ATTACKS})
    wrong: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ATTACKS, 0))
    bits: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ATTACKS})
    quality: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    unmarked: dict[str, int] = field(default_factory=dict)
    embedding: dict[int, list[float]] = field(default_factory=dict)
    reading: dict[int, list[float]] = field(default_factory=dict)
    searching: list[float] = field(default_factory=list)


def measure(results: Results, kind: str, image: Image.Image, identity: int, chance: random.Random) -> None:
    started = time.process_time()
    marked = embed(image, identity)
    results.embedding.setdefault(image.width, []).append(time.process_time() - started)
    if not isinstance(marked, Marked):
        results.unmarked[kind] = results.unmarked.get(kind, 0) + 1
    else:
        results.quality.setdefault(kind, []).append((marked.psnr, ssim(image, marked.image)))
    for name, attack in ATTACKS.items():
        if not isinstance(marked, Marked):
            results.right[name].setdefault(kind, []).append(False)
            continue
        attacked = attack(marked.image, chance)
        started = time.process_time()
        found = read(attacked)
        seconds = time.process_time() - started
        if name == "none" and found:
            results.reading.setdefault(image.width, []).append(seconds)
        if found is None:
            results.searching.append(seconds)
        results.right[name].setdefault(kind, []).append(found is not None and found.identity == identity)
        if kind != BLACK_AND_WHITE:
            read_or_guessed = found.identity if found else guess(attacked)
            results.bits[name].append(1 - (read_or_guessed ^ identity).bit_count() / IDENTITY_BITS)
        results.wrong[name] += found is not None and found.identity != identity


def guess(image: Image.Image) -> int:
    """The identity at the likeliest place of a whole picture, certain or not."""
    flat = flattened(grid_of_picture(image))
    likeliest = max(on_the_whole(flat))
    soft = by_bit(heard(flat, likeliest.view, mirrored=likeliest.mirrored).at(likeliest.place))
    return int("".join(map(str, decode(soft[None])[0][:IDENTITY_BITS])), 2)


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of luma, Gaussian windows of 1.5 px (Wang et al., 2004)."""
    x, y = (np.asarray(image.convert("L"), np.float64) for image in (one, other))
    mean_x, mean_y = blurred(x), blurred(y)
    variance = blurred(x * x) - mean_x**2 + blurred(y * y) - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    light, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean_x * mean_y + light) * (2 * covariance + contrast)
    return float(np.mean(similarity / ((mean_x**2 + mean_y**2 + light) * (variance + contrast))))


def blurred(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(values, len(weights), axis)
        values = windows @ weights
    return values


def print_survival(results: Results) -> None:
    kinds = [kind for kind in SHARES if kind in results.right["none"]]
    ordinary = [kind for kind in kinds if kind != BLACK_AND_WHITE]
    counts = {kind: len(results.right["none"][kind]) for kind in kinds}
    print(
        f"| attack | all but dense ({sum(counts[kind] for kind in ordinary)}) | "
        + " | ".join(f"{kind} ({counts[kind]})" for kind in kinds)
        + " | bits right | wrong |"
    )
    print("|---" * (len(kinds) + 4) + "|")
    for name, right in results.right.items():
        both = np.mean([one for kind in ordinary for one in right[kind]])
        cells = " | ".join(f"{100 * np.mean(right[kind]):.0f}" for kind in kinds)
        bits = 100 * np.mean(results.bits[name])
        print(f"| {name} | **{100 * both:.1f}** | {cells} | {bits:.1f} | {results.wrong[name]} |")


def print_quality(results: Results) -> None:
    print("\n| kind | PSNR, dB | least | SSIM | least | not marked |\n|---|---|---|---|---|---|")
    everything = [pair for pairs in results.quality.values() for pair in pairs]
    for kind, pairs in [*results.quality.items(), ("all", everything)]:
        (psnr, similarity), (psnr_least, least) = np.mean(pairs, axis=0), np.min(pairs, axis=0)
        unmarked = sum(results.unmarked.values()) if kind == "all" else results.unmarked.get(kind, 0)
        print(f"| {kind} | {psnr:.1f} | {psnr_least:.2f} | {similarity:.4f} | {least:.3f} | {unmarked} |")


def print_times(results: Results) -> None:
    for what, times in (("marking", results.embedding), ("reading", results.reading)):
        for side, seconds in sorted(times.items()):
            middle, most = 1000 * np.median(seconds), 1000 * np.max(seconds)
            print(f"- {what} at {side} px: median {middle:.0f} ms, longest {most:.0f} ms of one core")
    if results.searching:
        middle, most = np.median(results.searching), np.max(results.searching)
        print(f"- looking everywhere and finding nothing: median {middle:.2f} s, longest {most:.2f} s")


def print_false_positives(images: list[Image.Image], count: int) -> None:
    """Scores under keys drawn at random against their bound, and readings of pictures without a mark."""
    all_listened = [heard(flattened(grid_of_picture(image)), WHOLE) for image in images]
    draws = np.random.default_rng(0)
    scores = []
    for number in range(DRAWN_KEYS):
        listened = all_listened[number % len(images)]
        phases = draws.uniform(0, 2 * np.pi, len(listened.responses))
        scores.append(float(np.real(listened.responses @ np.exp(1j * phases))) / listened.loudness())
    print(f"\n{DRAWN_KEYS:,} scores of unmarked pictures, each with a key drawn at random:\n")
    print("| score above | share | bound, exp(-z^2 / 2) |\n|---|---|---|")
    for level in (1.0, 2.0, 3.0, 4.0):
        print(f"| {level:.0f} | {np.mean(np.array(scores) > level):.2g} | {np.exp(-level * level / 2):.2g} |")
    highest, seen, chance = 0.0, 0, random.Random(0)
    for number in range(count):
        flat = flattened(grid_of_picture(cropped(images[number % len(images)], chance.uniform(0, 0.5), chance)))
        candidates = on_the_whole(flat)
        highest = max(highest, *(candidate.score for candidate in candidates))
        seen += best_of(flat, candidates) is not None
    print(
        f"\n{count:,} unmarked pictures read as a whole (131,072 places each): {seen} said to be marked; the highest "
        f"score of the synchronisation {highest:.2f}. A reading's {TRIALS:.2g} trials ask for {THRESHOLD:.2f}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("tiles", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--unmarked", type=int, default=1000, help="pictures without a mark, crops of the same ones")
    parser.add_argument("--full", action="store_true", help="100,000 of them")
    asked = parser.parse_args()
    results, chance, images = Results(), random.Random(17), []
    try:
        for number, (kind, image) in enumerate(pictures(asked.art, asked.tiles, asked.pictures), 1):
            measure(results, kind, image, chance.getrandbits(32), chance)
            images.append(image)
            if number % 20 == 0:
                print(f"<!-- {number} pictures -->", flush=True)
    except KeyboardInterrupt:
        print(f"<!-- stopped after {len(images)} pictures -->")
    print_survival(results)
    print_quality(results)
    print()
    print_times(results)
    print_false_positives(images, 100_000 if asked.full else asked.unmarked)


if __name__ == "__main__":
    main()
