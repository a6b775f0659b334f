"""What a filter says of pictures that nobody would refuse, and how long it takes.

    filters.py ART [--filter NAME] [--options JSON]
    filters.py ART --probe

ART is a folder of pictures in a folder for each kind. Each is scored whole, at its own size and as a work of 64 pixels
would be (its middle square, reduced). NAME is a plug-in's, 'open_nsfw' by default; JSON is what a policy would give it.
Prints tables: how scores are distributed, in per cent of the pictures above each bound, which pictures are above 0.5,
and milliseconds a picture of one core's time, the median over works of 64 and 256 pixels, and the seconds of loading.

--probe fits a probe on the features without training to refuse each kind in turn, to every second picture at 64 pixels,
and scores the others.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from PIL import Image

from sfumato.images.scaling import scaled
from sfumato.policy.filters import Filter, FilterSettings, load_filter
from sfumato.policy.probe import Probe
from sfumato.text import counted

BOUNDS = (0.1, 0.2, 0.5, 0.8)
SMALL, LARGE = 64, 256  # pixels
TIMED = 100  # pictures
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("--filter", default="open_nsfw")
    parser.add_argument("--options", type=json.loads, default={})
    parser.add_argument("--probe", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kinds = {
        folder.name: [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
        for folder in sorted(asked.art.iterdir())
        if folder.is_dir()
    }
    if asked.probe:
        print_probes(kinds)
        return
    began = time.process_time()
    loaded = load_filter(FilterSettings(name=asked.filter, options=asked.options))
    loading = time.process_time() - began
    scores = {path: both_scores(loaded, path) for paths in kinds.values() for path in paths}
    print_table(kinds, scores)
    print_highest(asked.art, scores)
    print_times(loaded, loading, list(scores))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def square(picture: Image.Image, side: int) -> Image.Image:
    return scaled(picture, side, "centre", width=picture.width, height=picture.height)


def both_scores(loaded: Filter, path: Path) -> tuple[float, float]:
    """At its own size, and as a small work."""
    picture = opened(path)
    own, small = loaded.scores([picture, square(picture, SMALL)])
    return own, small


def print_table(kinds: dict[str, list[Path]], scores: dict[Path, tuple[float, float]]) -> None:
    print(f"| pictures | median | highest | {' | '.join(f'above {bound:g}' for bound in BOUNDS)} |")
    print("|---|---|---|" + "---|" * len(BOUNDS))
    for place, size in enumerate(("at their own size", f"at {SMALL} px")):
        for kind, paths in {**kinds, "all": list(scores)}.items():
            found = [scores[path][place] for path in paths]
            above = (100 * sum(score > bound for score in found) / len(found) for bound in BOUNDS)
            row = (f"{len(found):,} {kind}, {size}", f"{statistics.median(found):.3f}", f"{max(found):.2f}")
            print(f"| {' | '.join((*row, *(f'{share:.1f}' for share in above)))} |")


def print_highest(art: Path, scores: dict[Path, tuple[float, float]]) -> None:
    ordered = sorted(scores, key=lambda path: -scores[path][0])
    for path in ordered:
        if scores[path][0] > 0.5:
            print(f"{path.relative_to(art)}: {scores[path][0]:.2f}, at {SMALL} px {scores[path][1]:.2f}")


def print_times(loaded: Filter, loading: float, paths: list[Path]) -> None:
    said = [f"loaded in {loading:.2f} s"]
    for side in (SMALL, LARGE):
        works = [square(opened(path), side) for path in paths[:: max(1, len(paths) // TIMED)][:TIMED]]
        times = []
        for work in works:
            began = time.process_time()
            loaded.scores([work])
            times.append(1000 * (time.process_time() - began))
        said.append(f"{statistics.median(times):.1f} ms a picture at {side} px ({counted(len(times), 'picture')})")
    print("; ".join(said))


def print_probes(kinds: dict[str, list[Path]]) -> None:
    pictures = {kind: [square(opened(path), SMALL) for path in paths] for kind, paths in kinds.items()}
    print("| refused | of it above 0.5, % | of the others above 0.5, % |")
    print("|---|---|---|")
    for kind, refused in pictures.items():
        others = [picture for other, some in pictures.items() if other != kind for picture in some]
        began = time.process_time()
        probe = Probe.fitted(others[::2], refused[::2])
        seconds = time.process_time() - began
        found = [[score > 0.5 for score in probe.scores(some[1::2])] for some in (refused, others)]
        row = (
            f"{kind}, {len(found[0])} of {sum(map(len, found))}",
            *(f"{100 * sum(of) / len(of):.0f}" for of in found),
        )
        print(f"| {' | '.join(row)} |")
    print(f"fitted in {seconds:.1f} s of one core")


if __name__ == "__main__":
    main()
