"""The results of the program, compared with those of before: weights of trainings of every objective, works of every
command, sampler, kind of guidance, canvas and edit.

A change that is to leave every result as it was leaves this test green. One that means to change some writes them anew,

    python tests/test_reference.py

and says in its message which, and by how much. On the machine and with the versions that wrote the reference, results
are equal to the bit; on others pictures are compared by the means of their parts, and weights by samples.
"""

import contextlib
import hashlib
import io
import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file

from sfumato.cli.app import main as command_line
from sfumato.collection.drawn_collection import draw_collection
from sfumato.features.vgg import vgg_shapes

REFERENCE = Path(__file__).with_name("reference.json")
COMMANDS = Path(__file__).with_name("reference.txt")
NEAR = 6.0  # levels of 256 by which means of an eighth of a picture may differ on another machine
# Of their deviation and a little more, by which samples of weights may: rounding grows in a training. From a Xeon to an
# EPYC it came to 0.0006 of a deviation of 0.0023, and to 0.0015 of one of 0.0178.
NEAR_WEIGHTS, SLIGHT_WEIGHTS = 0.1, 5e-3
SAMPLES = 4
# Of evaluation.json: the names by which its numbers were in order when the reference was written.
EARLIER_NAMES = {
    "baseline": "floor",
    "baseline_error": "floor_error",
    "baseline_interval": "floor_interval",
    "class_metrics": "class_figures",
    "metrics": "figures",
    "n_baseline": "n_floor",
}

# Models of these runs, of weights that are drawn and not learned, make the works.
MODELS = (
    "denoising",
    "v",
    "epsilon",
    "flow",
    "article-diffusion",
    "article",
    "gan",
    "upscaler",
    "noisy upscaler",
    "cascade",
    "student",
    "flat student",
)


def commands() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What is typed for each training and for each work: name -> words after 'sfumato'."""
    tables: dict[str, dict[str, list[str]]] = {"": {}, "trainings": {}, "works": {}}
    table = tables[""]
    for line in COMMANDS.read_text("utf-8").splitlines():
        if line.startswith("["):
            table = tables[line.strip("[]")]
        elif line and not line.startswith("#"):
            name, _, words = line.partition(": ")
            table[name] = [each for word in shlex.split(words) for each in tables[""].get(word, [word])]
    return tables["trainings"], tables["works"]


Array = NDArray[Any]


def results(place: Path) -> Iterator[tuple[str, dict[str, Array]]]:
    """Yields the name of each training and command, and all arrays that it wrote into the directory, by file."""
    list(draw_collection(place / "art", per_class=4, size=40))
    list(draw_collection(place / "large", per_class=3, size=64))
    save_file({name: drawn(name, shape) for name, shape in vgg_shapes().items()}, place / "vgg.safetensors")
    scene((32, 32)).save(place / "picture.png")
    scene((80, 56)).save(place / "wide.png")
    masked((32, 32), (6, 10, 20, 26)).save(place / "mask.png")
    masked((80, 56), (4, 6, 14, 18)).save(place / "spot.png")
    trainings, works = commands()
    for name, words in trainings.items():
        command(words, name)
        yield f"train {name}", arrays_of(place / ("epochs" if name == "further" else name))
    for name in MODELS:
        redrawn(place / name / "model", place / "models" / name)
    for name, words in works.items():
        output = next(word for word in words if word.startswith("OUT")).replace("OUT", name)
        (place / output).parent.mkdir(exist_ok=True)
        command(words, name)
        written = [place / name, *(place / f"{name}{ending}" for ending in (".png", ".webp", "-sheet.png"))]
        written += [place / f"{name}-trajectory.webp"]
        yield f"sfumato {name}", {key: array for path in written for key, array in arrays_of(path).items()}


def command(words: Sequence[str], name: str) -> None:
    said = io.StringIO()
    before, sys.argv = sys.argv, ["sfumato", *(word.replace("OUT", name).replace("RUN", name) for word in words)]
    if words[0] not in ("interpolate", "grid") or "--device" in words:
        sys.argv += ["--device", "cpu"]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            command_line()
    except SystemExit as end:
        assert not end.code, f"{' '.join(sys.argv)}: {said.getvalue()}"
    finally:
        sys.argv = before


def arrays_of(path: Path) -> dict[str, Array]:
    """Pictures, weights and figures in a file, or in those of a directory that no other test looks at."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and not is_aside(file.relative_to(path)))
        return {key: array for file in files for key, array in arrays_of(file).items()}
    name = path.name
    if not path.is_file() or path.stat().st_size == 0:
        return {}
    if path.suffix in (".png", ".webp"):
        with Image.open(path) as picture:
            frames = []
            for number in range(getattr(picture, "n_frames", 1)):
                picture.seek(number)
                frames.append(np.asarray(picture.convert("RGB")))
        return {name: np.stack(frames)}
    if path.suffix == ".safetensors":
        return {f"{name} {key}": tensor.numpy() for key, tensor in sorted(load_file(path).items())}
    if name == "log.jsonl":
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return {name: np.array([figure for line in lines for figure in numbers(line | {"clock": None})])}
    if name == "evaluation.json":
        return {name: np.array(list(numbers(json.loads(path.read_text("utf-8")))))}
    return {}


def is_aside(path: Path) -> bool:
    others = {"perceptual.safetensors", "likeness.safetensors"}
    return path.parts[0] in ("collection", "dataset", "checkpoints", "teacher") or path.name in others


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for name in sorted(value, key=lambda name: EARLIER_NAMES.get(name, name)):
            yield from numbers(value[name])
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def drawn(name: str, shape: Sequence[int]) -> torch.Tensor:
    """Weights of about the size that layers are begun with, the same on every machine."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    wide = torch.randn(tuple(shape), generator=generator)
    inputs = wide[0].numel() if wide.ndim > 1 else 100
    return wide / inputs**0.5


def redrawn(model: Path, copy: Path) -> None:
    """A copy of a model, of drawn weights: its works do not depend on what a machine makes of a training."""
    shutil.copytree(model, copy)
    weights = load_file(copy / "model.safetensors")
    for name, tensor in weights.items():
        if tensor.is_floating_point():
            weights[name] = (
                drawn(name, tensor.shape).abs() + 0.5 if "running_var" in name else drawn(name, tensor.shape)
            )
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    (copy / "likeness.safetensors").unlink()  # of the weights that were trained


def scene(size: tuple[int, int]) -> Image.Image:
    """Two soft fields and a disc."""
    width, height = size
    down, across = np.mgrid[:height, :width] / max(size)
    disc = (across - 0.4) ** 2 + (down - 0.3) ** 2 < 0.03
    levels = np.stack((220 * across + 30, 200 * down + 20, 255 * disc + 60 * ~disc), 2)
    return Image.fromarray(levels.astype(np.uint8))


def masked(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    mask = Image.new("L", size, 0)
    mask.paste(255, box)
    mask.paste(128, (box[2], box[1], box[2] + 2, box[3]))
    return mask


def machine() -> dict[str, str]:
    """On what results are equal to the bit."""
    processor = platform.processor()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {
        "processor": processor,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "pillow": PIL.__version__,
        "numpy": np.__version__,
    }


def digest(array: Array) -> str:
    return hashlib.sha256(
        str((array.shape, array.dtype.str)).encode() + np.ascontiguousarray(array).tobytes()
    ).hexdigest()


def summary(array: Array) -> list[float]:
    """Of pictures the means of their parts; of other arrays some values."""
    if array.dtype == np.uint8:
        parts = [part.mean((0, 1)) for half in np.array_split(array[-1], 4) for part in np.array_split(half, 4, 1)]
        return [round(float(value)) for value in np.concatenate(parts)]
    flat = array.astype(np.float64).reshape(-1)
    places = np.linspace(0, len(flat) - 1, min(SAMPLES, len(flat))).astype(int)
    return [float(f"{value:.3g}") for value in (*flat[places], flat.std())]


def is_near(array: Array, expected: Sequence[float]) -> bool:
    found = summary(array)
    if len(found) != len(expected):
        return False
    most = NEAR if array.dtype == np.uint8 else NEAR_WEIGHTS * (abs(expected[-1]) + SLIGHT_WEIGHTS)
    return bool(np.abs(np.subtract(found, expected)).max() <= most)


@contextlib.contextmanager
def in_a_place_of_its_own() -> Iterator[Path]:
    here, threads = Path.cwd(), torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(here)
            torch.set_num_threads(threads)


@pytest.mark.slow
def test_results_are_those_of_the_reference() -> None:
    reference = json.loads(REFERENCE.read_text("utf-8"))
    to_the_bit = reference["machine"] == machine()
    wrong, met = [], set()
    with in_a_place_of_its_own() as place:
        for name, arrays in results(place):
            expected = reference["results"].get(name)
            met.add(name)
            if expected is None:
                wrong.append(f"{name}: is not in the reference")
            elif arrays.keys() != expected.keys():
                wrong.append(f"{name}: other arrays, {sorted(arrays.keys() ^ expected.keys())}")
            else:
                for key, array in arrays.items():
                    same, values = expected[key]
                    if (digest(array) != same) if to_the_bit else not is_near(array, values):
                        wrong.append(f"{name}: {key}")
    wrong += [f"{name}: was not made" for name in reference["results"].keys() - met]
    assert not wrong, f"{len(wrong)} differ, on {'the same' if to_the_bit else 'another'} machine"


def test_another_result_is_not_taken_for_the_references() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    brighter = np.clip(pictures.astype(int) + 20, 0, 255).astype(np.uint8)
    assert digest(pictures) != digest(pictures[::-1]) != digest(brighter)
    assert is_near(pictures, summary(pictures))
    assert not is_near(brighter, summary(pictures))
    weights = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    assert is_near(weights * (1 + 1e-3), summary(weights))
    assert not is_near(weights * 1.2, summary(weights))


def write() -> None:
    with in_a_place_of_its_own() as place:
        made = {
            name: {key: [digest(array), summary(array)] for key, array in arrays.items()}
            for name, arrays in results(place)
        }
    empty = [name for name, arrays in made.items() if not arrays]
    if empty:
        raise SystemExit(f"nothing was written by {', '.join(empty)}")
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(arrays)}" for name, arrays in made.items())
    REFERENCE.write_text(f'{{"machine": {json.dumps(machine())},\n"results": {{\n{lines}\n}}}}\n', "utf-8")


if __name__ == "__main__":
    write()
