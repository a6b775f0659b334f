"""The first commands of new users, right and wrong ones, as they type them: each must give its answer.

    python .ci/first_commands.py

runs the installed `sfumato`, in a new directory with a folder of pictures, and prints a line a command. Exit code 1
where one answered otherwise.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sfumato.collection.drawn import draw

CLASSES = ("waves", "planes")


@dataclass(frozen=True)
class Typed:
    """line: what is typed; code: the exit code; said: words of the answer, on either stream; files: what is there
    afterwards; without: a device that the machine must not have for this to be asked."""

    line: str
    code: int
    said: str
    files: tuple[str, ...] = ()
    without: str = ""


COMMANDS = (
    Typed("sfumato", 0, "Usage: sfumato [OPTIONS] COMMAND"),
    Typed("sfumato --help", 0, "Train a diffusion model on a folder of art"),
    Typed("sfumato -h", 0, "Train a diffusion model on a folder of art"),
    Typed("python -m sfumato --help", 0, "Train a diffusion model on a folder of art"),
    Typed("sfumato --version", 0, "sfumato 0."),
    Typed("sfumato -V", 0, "sfumato 0."),
    Typed("sfumato trian photos", 2, "no such command 'trian'. Did you mean 'train'?"),
    Typed("sfumato train --help", 0, "--minutes"),
    Typed("sfumato train", 2, "give a folder of art: 'sfumato train MY-ART -o run'"),
    Typed("sfumato train nowhere", 2, "nowhere: no such folder; give a folder or a zip of pictures"),
    Typed("sfumato train empty", 2, "empty holds no pictures; give a folder with JPEG, PNG,"),
    Typed("sfumato train letters", 2, "letters holds no picture that can be used"),
    Typed("sfumato train picture.jpg", 2, "picture.jpg"),
    Typed(
        "sfumato train photos --device cuda", 2, "device 'cuda': this machine, or its torch, has none", without="cuda"
    ),
    Typed("sfumato train photos --minutes ten", 2, "--minutes: "),
    Typed("sfumato train photos --size 250", 2, "size 250: a multiple of 8 from 32 to 1024 is needed"),
    Typed(
        "sfumato train photos --size 256 --steps 2 -o large",
        2,
        "0 pictures of 256 pixels or more; training needs at least 8, and better 50",
    ),
    Typed("sfumato collect met: -o museum", 2, "say what, as in: met: --query sunflowers"),
    Typed("sfumato collect photos -o collection", 0, "Collection collection", ("collection/collection.json",)),
    Typed(
        "sfumato train photos --steps 2 --preset sketch",
        0,
        "Make works with: sfumato generate run -n 16 -o works",
        ("run/model/config.json", "run/model/model.safetensors", "run/evolution.png"),
    ),
    Typed("sfumato train photos --steps 2", 2, "run: holds a run already; go on with 'sfumato train --resume -o run'"),
    Typed("sfumato generate", 2, "missing argument 'model'; 'sfumato generate --help' shows what there is"),
    Typed("sfumato generate nowhere", 2, "nowhere: no such directory"),
    Typed("sfumato generate run --prompt 'a cat'", 2, "prompt 'a cat': the model 'run' reads no text"),
    Typed("sfumato generate v1-5.ckpt --prompt 'a cat'", 2, "is a pickle, which can run any program"),
    Typed("sfumato generate cat.safetensors --prompt 'a cat'", 2, "no such folder or .safetensors file"),
    Typed("sfumato train photos --from cat.safetensors -o ink", 2, "not be trained as a whole; add --adapt"),
    Typed("sfumato generate run --class cats", 2, "planes, waves"),
    Typed("sfumato generate run --stage base", 2, "stage base: the model 'run' has no upscalers"),
    Typed("sfumato generate run --stage small", 2, "stage 'small': input should be 'base' or 'full'"),
    Typed(
        "sfumato generate run --print 30x30cm",
        2,
        "30 x 30 cm at 200 dpi are 2,362 x 2,362 pixels, and the model 'run' makes works of 32 x 32",
    ),
    Typed("sfumato generate run --print 30cm", 2, "print '30cm': a width and a height with their unit are needed"),
    Typed(
        "sfumato generate run -n 2 --steps 2",
        0,
        "2 works in works",
        ("works/0000.png", "works/0001.png", "works-sheet.png"),
    ),
    Typed("sfumato again works/0001.png", 0, "the pixels are the same"),
    Typed("sfumato card run", 0, "## What the licences ask for"),
    Typed("sfumato card nowhere", 2, "nowhere: no such directory"),
    Typed("sfumato verify works/0001.png", 0, "works/0001.png: signed with your key"),
    Typed("sfumato verify photos/waves/0.png", 1, "photos/waves/0.png: carries no credentials"),
    Typed("sfumato key", 0, "To other people's programs this signer is unknown until they trust its certificate"),
)


def main() -> int:
    began, wrong = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory)
        _put_pictures(here)
        asked = [typed for typed in COMMANDS if not _has(typed.without)]
        for typed in asked:
            faults = _faults_of(typed, here)
            print(f"{'wrong' if faults else 'ok':5} {typed.line}", *faults, sep="\n      ", flush=True)
            wrong += bool(faults)
    seconds = time.perf_counter() - began
    print(f"{len(asked) - wrong} of {len(asked)} first commands are answered as they should be, in {seconds:.0f} s")
    return 1 if wrong else 0


def _put_pictures(here: Path) -> None:
    for name in CLASSES:
        (here / "photos" / name).mkdir(parents=True)
        for seed in range(6):
            draw(name, seed, 48).save(here / "photos" / name / f"{seed}.png")
    for folder in ("empty", "letters"):
        (here / folder).mkdir()
    (here / "letters" / "to-the-bank.txt").write_text("no picture", "utf-8")
    Image.new("RGB", (64, 64), "teal").save(here / "picture.jpg")


def _faults_of(typed: Typed, here: Path) -> list[str]:
    words = shlex.split(typed.line)
    program = sys.executable if words[0] == "python" else shutil.which(words[0])
    if program is None:
        return [f"{words[0]} is not installed"]
    # As wide as a sentence may be, and on one thread: others may be at work on the machine.
    surroundings = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    surroundings |= {"SFUMATO_KEYS": str(here / "keys"), "SFUMATO_STATE": str(here / "state")}
    done = subprocess.run(
        [program, *words[1:]], cwd=here, env=surroundings, capture_output=True, text=True, timeout=600, check=False
    )
    answer = " ".join((done.stdout + done.stderr).split())
    faults = [f"exit code {done.returncode}, not {typed.code}"] if done.returncode != typed.code else []
    if typed.said not in answer:
        faults.append(f"does not say {typed.said!r}, but: {answer[-500:]}")
    if "Traceback" in answer:
        faults.append("ends with a traceback")
    return faults + [f"{file} is not there" for file in typed.files if not (here / file).is_file()]


def _has(device: str) -> bool:
    """Whether the machine has a device that a command must do without."""
    if device != "cuda":
        return False
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main())
