"""What a mark in the pixels survives, what it costs, and how often one is seen where there is none.

    python benchmarks/mark.py ART TILES --rows FILE [--pictures 200] [--unmarked 100000]

ART: a folder of pictures in painting/, engraving/, drawing/ and sculpture/; TILES: a folder of small ones. Crops of the
first, tiles enlarged, pictures that the program draws, and engravings in black and white alone are marked, attacked and
read, each at 256 and at 512 px, first at the one or the other in turn; the tables are printed as Markdown. Times are of
one thread. The hardest attacks are tried on every third picture; in black and white alone, crops are searched for only
where something is cut off. Each picture adds a line to FILE: what is there is not measured again. Ctrl-C ends it with
what it has, and the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from mark_cases import ATTACKS, BLACK_AND_WHITE, CUT, HARDEST, SHARES, cases, cropped, dense, one_picture
from PIL import Image

from sfumato.watermark import Found, Marked, embed, read
from sfumato.watermark.canonical import grid_of_picture
from sfumato.watermark.code import IDENTITY_BITS, decode, encode
from sfumato.watermark.hearing import WHOLE, Heard, Place, by_bit, grid_from, heard, synchronising
from sfumato.watermark.key import SIDE, key
from sfumato.watermark.reading import THRESHOLD, TRIALS, best_of
from sfumato.watermark.searching import on_the_whole
from sfumato.watermark.whitening import flattened

Row = dict[str, Any]


def measured(kind: str, number: int, side: int, art: Path, tiles: Path) -> Row:
    """What became of one picture: attacks: [identity is right, one that is wrong was read, right bits, seconds]."""
    image = one_picture(kind, number, side, random.Random(f"{kind} {number}"), art, tiles)
    chance = random.Random(f"{kind} {number} {side}")
    identity = chance.getrandbits(32)
    started = time.process_time()
    marked = embed(image, identity)
    row: Row = {"case": [kind, number, side], "kind": BLACK_AND_WHITE if dense(image) else kind, "attacks": {}}
    row["embedding"] = time.process_time() - started
    if isinstance(marked, Marked):
        row |= {"psnr": marked.psnr, "ssim": ssim(image, marked.image), "lasting": marked.lasting}
    for name, attack in ATTACKS.items():
        if name not in HARDEST or number % 3 == 0:
            search = row["kind"] != BLACK_AND_WHITE or name in CUT
            row["attacks"][name] = attempted(attack(marked.image, chance), identity, search) if "psnr" in row else None
    return row


def attempted(attacked: Image.Image, identity: int, search: bool) -> list[float]:
    started = time.process_time()
    found = read(attacked) if search else read_as_a_whole(attacked)
    seconds = time.process_time() - started
    bits = 1 - ((found.identity if found else guess(attacked)) ^ identity).bit_count() / IDENTITY_BITS
    right = found is not None and found.identity == identity
    return [right, found is not None and not right, bits, seconds if search else 0.0]


def read_as_a_whole(image: Image.Image) -> Found | None:
    """Without the search for crops, which takes a second, and hardly finds what is not cropped."""
    flat = flattened(grid_of_picture(image))
    return best_of(flat, on_the_whole(flat))


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


def print_survival(rows: list[Row]) -> None:
    kinds = [kind for kind in SHARES if any(row["kind"] == kind for row in rows)]
    groups = {"all but dense": [row for row in rows if row["kind"] != BLACK_AND_WHITE]}
    groups |= {f"{side} px": [row for row in groups["all but dense"] if row["case"][2] == side] for side in (256, 512)}
    groups |= {kind: [row for row in rows if row["kind"] == kind] for kind in kinds}
    print("| attack | " + " | ".join(f"{name} ({len(group)})" for name, group in groups.items()) + " | bits | wrong |")
    print("|---" * (len(groups) + 3) + "|")
    for name in ATTACKS:
        tried = {
            key: [row["attacks"][name] for row in group if name in row["attacks"]] for key, group in groups.items()
        }
        found = [
            f"{100 * np.mean([bool(one and one[0]) for one in ones]):.1f}" if ones else "" for ones in tried.values()
        ]
        bits = 100 * np.mean([one[2] for one in tried["all but dense"] if one])
        wrong = sum(row["attacks"][name][1] for row in rows if row["attacks"].get(name))
        print(f"| {name} | **{found[0]}** | {' | '.join(found[1:])} | {bits:.1f} | {wrong} |")


def print_quality(rows: list[Row]) -> None:
    print("\n| kind | PSNR, dB | least | SSIM | least | lasting, % | not marked |\n|---|---|---|---|---|---|---|")
    for kind in [*SHARES, "all"]:
        group = [row for row in rows if kind in ("all", row["kind"])]
        marked = [row for row in group if "psnr" in row]
        if marked:
            table = np.array([(row["psnr"], row["ssim"], row["lasting"]) for row in marked])
            (psnr, similarity, lasting), (lowest, least, _) = table.mean(axis=0), table.min(axis=0)
            print(
                f"| {kind} | {psnr:.1f} | {lowest:.2f} | {similarity:.4f} | {least:.3f} | {100 * lasting:.0f} | "
                f"{len(group) - len(marked)} |"
            )


def print_times(rows: list[Row]) -> None:
    print()
    for side in (256, 512):
        group = [row for row in rows if row["case"][2] == side and row["attacks"]["none"]]
        marking = 1000 * np.array([row["embedding"] for row in group])
        reading = 1000 * np.array([row["attacks"]["none"][3] for row in group if row["attacks"]["none"][0]])
        for what, times in (("marking", marking), ("reading", reading)):
            print(f"- {what} at {side} px: median {np.median(times):.0f} ms, longest {times.max():.0f} ms of one core")
    tried = [one for row in rows for one in row["attacks"].values() if one]
    searching = [one[3] for one in tried if not one[0] and not one[1] and one[3]]
    if searching:
        print(f"- finding nothing: median {np.median(searching):.2f} s, longest {np.max(searching):.2f} s")


def print_false_positives(images: list[Image.Image], count: int) -> None:
    """Whole readings of pictures without a mark, with keys drawn at random, against their bound: 50 of each crop."""
    sync, draws, chance = synchronising(), np.random.default_rng(0), random.Random(0)
    scores, highest, best, seen, pending = [], 0.0, 0.0, 0, []
    for number in range(count):
        if number % 50 == 0:
            image = cropped(images[number // 50 % len(images)], chance.uniform(0, 0.3), chance)
            altered = ATTACKS[chance.choice(list(ATTACKS))](image, chance)
            flat = flattened(grid_of_picture(altered))
            seen += best_of(flat, on_the_whole(flat)) is not None
            listened = heard(flat, WHOLE)
            loudness, loudness_of_sync = listened.loudness(), listened.loudness(sync)
        # A key with other phases hears what this one would in a picture whose phases are turned.
        turned = listened.responses * np.exp(2j * np.pi * draws.random(len(listened.responses), np.float32))
        values = np.where(np.arange(len(turned)) < sync.stop, turned * np.conj(key().waves), 0).astype(np.complex64)
        surface = grid_from(values, 2 * SIDE)
        row, column = divmod(int(surface.argmax()), 2 * SIDE)
        highest = max(highest, float(surface[row, column]) / loudness_of_sync)
        agreements = Heard(turned.astype(np.complex64)).at(Place(row / 2, column / 2))
        pending.append((agreements[sync].sum() / loudness, by_bit(agreements) / loudness))
        scores.append(float(np.real(turned @ np.conj(key().waves))) / loudness)
        if len(pending) == 500 or number == count - 1:
            soft = np.stack([one for _, one in pending])
            words = np.stack([encode(bits) for bits in decode(soft)])
            totals = np.array([one for one, _ in pending]) + (soft * words).sum(axis=1)
            best, pending = max(best, float(totals.max())), []
    print(
        f"\n{count:,} readings of {-(-count // 50):,} crops, altered by the attacks, that bear no mark, each reading "
        f"with a key drawn at random; with the program's own key, {seen} of the crops are said to be marked.\n"
    )
    print("| score at one place above | share | bound, exp(-z^2 / 2) |\n|---|---|---|")
    for level in (1.0, 2.0, 3.0, 4.0):
        print(f"| {level:.0f} | {np.mean(np.array(scores) > level):.2g} | {np.exp(-level * level / 2):.2g} |")
    places = count * (2 * SIDE) ** 2
    print(
        f"\nThe synchronisation, at the best of {(2 * SIDE) ** 2:,} places each, {places:.2g} in all, reached "
        f"{highest:.2f}; from {math.sqrt(2 * math.log(places)):.2f} on the bound expects less than one. What is "
        f"decoded there, whatever its checksum, scored {best:.2f} at most; a reading's {TRIALS:.2g} trials ask for "
        f"{THRESHOLD:.2f}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("tiles", type=Path)
    parser.add_argument("--rows", type=Path, required=True, help="where what was measured stands, a line each")
    parser.add_argument("--pictures", type=int, default=200, help="0 for those that stand there already")
    parser.add_argument("--unmarked", type=int, default=100_000)
    asked = parser.parse_args()
    rows = [json.loads(line) for line in asked.rows.read_text().splitlines()] if asked.rows.exists() else []
    done = {tuple(row["case"]) for row in rows}
    try:
        for case in cases(asked.pictures) if asked.pictures else ():
            if case not in done:
                rows.append(measured(*case, asked.art, asked.tiles))
                with asked.rows.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    except KeyboardInterrupt:
        print(f"<!-- stopped after {len(rows)} -->")
    print_survival(rows)
    print_quality(rows)
    print_times(rows)
    if asked.unmarked:
        shown = [(kind, number, side) for kind, number, side in cases(200) if number < 6 and side == 256]
        images = [one_picture(*case, random.Random(f"{case[0]} {case[1]}"), asked.art, asked.tiles) for case in shown]
        print_false_positives(images, asked.unmarked)


if __name__ == "__main__":
    main()
