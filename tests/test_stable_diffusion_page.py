"""Every command of the page on pre-trained models does what the page says, as it is written there, on tiny models.

A training is ended after some steps in place of minutes, and a work has fewer steps than it would have by itself.
"""

import importlib
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from sfumato.cli.app import main
from sfumato.collection.drawn_collection import draw_collection
from sfumato.models import pretrained
from sfumato.pretrained import opening
from sfumato.pretrained.lora.about import LoraAbout
from sfumato.pretrained.lora.trainable import add_trainable_lora, load_lora_tensors, lora_tensors
from sfumato.pretrained.lora.writing import write_lora
from sfumato.works import read_work

pytest.importorskip("diffusers")

BRIEF = "--steps 2 --set evaluations=1 --set snapshots=1"  # in place of minutes
PAGE = Path(__file__).parents[1] / "docs" / "stable-diffusion.md"


def commands() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.startswith("sfumato ")]


def lora(tiny: ModuleType, path: Path) -> None:
    import torch

    network = tiny.pipeline("sdxl").unet
    add_trainable_lora(network, 2, 2.0)
    load_lora_tensors(network, {name: torch.full_like(each, 0.05) for name, each in lora_tensors(network).items()})
    write_lora(path, {"unet": lora_tensors(network)}, 2, 2.0, "sdxl", LoraAbout(), size=64)


@pytest.fixture(scope="module")
def place(pretrained_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with all that the page names: two models, pictures, prompts and a LoRA."""
    folder = tmp_path_factory.mktemp("page")
    sd15, sdxl = pretrained_folder("sd15"), pretrained_folder("sdxl")
    (folder / "sdxl").symlink_to(sdxl, target_is_directory=True)
    tiny, checkpoints = (importlib.import_module(name) for name in ("tiny_pipelines", "tiny_checkpoints"))
    checkpoints.write(tiny.pipeline("sd15"), folder / "sd15.safetensors")
    lora(tiny, folder / "ink.safetensors")
    for _ in draw_collection(folder / "art", per_class=5, size=96):
        pass
    Image.new("RGB", (96, 64), "#446688").save(folder / "photo.png")
    mask = Image.new("L", (96, 64), 0)
    mask.paste(255, (32, 16, 64, 48))
    mask.save(folder / "mask.png")
    (folder / "prompts.txt").write_text("# of the sea\na lighthouse\n\na harbour at night\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(pretrained, "STEPS", 2)
        patch.setattr(opening, "configuration_of", lambda kind: sd15)
        yield folder


@pytest.mark.slow
def test_each_command_of_the_page_does_what_it_says(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = commands()
    assert len(lines) >= 18
    for line in lines:
        monkeypatch.setattr(sys, "argv", shlex.split(re.sub(r"--minutes \d+", BRIEF, line)))
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code, f"{line}: {capsys.readouterr().err}"
    assert read_work(place / "in-ink" / "0000.png").recipe.model.loras[0].weight == 0.8
    assert {read_work(place / "from-a-list" / f"000{number}.png").recipe.request.prompt for number in range(2)} == {
        "a lighthouse",
        "a harbour at night",
    }
    with Image.open(place / "wider.png") as wider:
        assert wider.size == (96 + 64, 64)
    assert (place / "ink" / "model" / "adapter.safetensors").stat().st_size < 1 << 20
    assert read_work(place / "bridges" / "0000.png").recipe.request.prompt == "inkwash, a bridge in the rain"
