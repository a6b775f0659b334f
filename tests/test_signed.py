"""Whatever Python can be asked for that is a work, or a file of one, keeps to the policy, is compared with what was
learned from, and is signed when it is saved: what is new, too.

`test_one_door.py` does the same with the commands.
"""

import errno
import hashlib
import inspect
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from pydantic import BaseModel

import sfumato
from sfumato import models, works
from sfumato.errors import SfumatoError
from sfumato.likeness import Likeness
from sfumato.likeness.index import Index
from sfumato.models import Generation, Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.provenance.verification import Credentials, read_credentials
from sfumato.works import Work, read_work
from sfumato.works.recipe import Reduction

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
LEARNED = {"collection": "ab" * 32, "licences": {"CC0-1.0": 20}}
# Of models, not of works.
OF_MODELS = {"Model.at", "Model.from_pretrained", "Model.merged", "Model.save_pretrained", "locate_model"}


@dataclass(frozen=True)
class Asked:
    """What a person has at hand: two models, a work, and a picture of another program."""

    model: Model
    upscaler: Model
    work: Work
    picture: Image.Image
    mask: Image.Image
    place: Path

    @property
    def recipe(self) -> Any:
        return self.work.recipe


def new_model(**changes: object) -> Model:
    settings = {"name": "tiny", "size": 32, "network": NETWORK, "learned_from": (LEARNED,), **changes}
    config = ModelConfig.model_validate(settings)
    return Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    model = new_model()
    learned = torch.rand((4, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    learned[0] = 0  # as the works of a network without weights are
    files = [f"waves/{number}.png" for number in range(4)]
    index = Index.of(lambda places: learned[places], torch.arange(4), files, ["Ida Berg"] * 4)
    model.likeness = Likeness((index,))
    mask = Image.new("L", (32, 32))
    mask.paste(255, (8, 8, 24, 24))
    (work,) = model.generate(1, steps=1)
    upscaler = new_model(factor=2, begins_with="reference")
    place = tmp_path_factory.mktemp("signed")
    return Asked(model, upscaler, work, Image.new("RGB", (32, 32), "teal"), mask, place)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# How each is asked: for works, for what makes works, or for a file.
API: dict[str, Callable[[Asked], Any]] = {
    "Model.generate": lambda ask: ask.model.generate(1, steps=1),
    "Model.trajectory": lambda ask: list(ask.model.trajectory(steps=1))[-1].works,
    "Model.reimagine": lambda ask: ask.model.reimagine(ask.picture, steps=1),
    "Generation.of": lambda ask: Generation.of(ask.model, steps=1),
    "Generation.works": lambda ask: Generation.of(ask.model, steps=1).works(),
    "Generation.events": lambda ask: list(Generation.of(ask.model, steps=1).events())[-1].works,
    "Generation.work": lambda ask: [Generation.of(ask.model, steps=1).work()],
    "Generation.asking": lambda ask: Generation.of(ask.model, steps=1).asking("refuse", 2),
    "Generation.choosing": lambda ask: Generation.of(ask.model, steps=1).choosing(1),
    "Generation.after": lambda ask: Generation.of(ask.model, steps=1).after(2),
    "Generation.with_seed": lambda ask: Generation.of(ask.model, steps=1).with_seed(3),
    "enlarging": lambda ask: models.enlarging(ask.upscaler, ask.picture, models.Request.of(steps=1)),
    "inpaint": lambda ask: models.inpaint(ask.model, ask.picture, ask.mask, steps=1),
    "outpaint": lambda ask: models.outpaint(ask.model, ask.picture, left=8, steps=1),
    "reimagine": lambda ask: models.reimagine(ask.model, ask.picture, steps=1),
    "reproduce": lambda ask: models.reproduce(ask.model, ask.recipe),
    "reproduction": lambda ask: models.reproduction(ask.model, ask.recipe),
    "upscale": lambda ask: models.upscale(ask.upscaler, ask.work, steps=1),
    "variations": lambda ask: models.variations(ask.model, ask.recipe, 0.5),
    "Work.marked": lambda ask: ask.work.marked(),
    "Work.as_in": lambda ask: ask.work.as_in(ask.recipe),
    "Work.reduced": lambda ask: ask.work.reduced(Reduction(width=16, height=16, dpi=200)),
    "Work.reduced_as_in": lambda ask: ask.work.reduced_as_in(ask.recipe),
    "Work.save": lambda ask: ask.work.save(ask.place / "saved.png", recipe=False),
    "Work.encoded": lambda ask: written(ask.place / "work.jpeg", ask.work.encoded("jpeg", scale=2)),
    "read_work": lambda ask: read_work(ask.work.save(ask.place / "read.png")),
    "save": lambda ask: works.save(ask.picture, ask.place / "picture.png"),
    "save_animation": lambda ask: works.save_animation([ask.picture] * 2, ask.place / "way.gif"),
    "save_video": lambda ask: works.save_video([ask.picture] * 2, ask.place / "way.webp"),
}  # fmt: skip


# Files of pictures and works that are there already: nothing is made.
OF_PICTURES = {
    "Work.marked", "Work.as_in", "Work.reduced", "Work.reduced_as_in", "Work.save", "Work.encoded", "read_work", "save",
    "save_animation", "save_video",
}  # fmt: skip
# What is made without the model that has an index.
NOT_COMPARED = {"enlarging", "upscale", "read_work", "save", "save_animation", "save_video"}
GIVES = re.compile(r"\b(Work|Generation|Progress|Path|Self|bytes)\b")


def found() -> Iterator[str]:
    """What the package hands out that gives a work, what makes works, or a file; methods of classes too."""
    for module in (sfumato, models, works):
        for name in module.__all__:
            thing = getattr(module, name)
            parts = {name: thing}
            if inspect.isclass(thing):
                settings = issubclass(thing, BaseModel)
                parts = {} if settings else {f"{name}.{part}": getattr(thing, part) for part in dir(thing)}
            for part, call in parts.items():
                is_called = callable(call) and not inspect.isclass(call) and "._" not in part
                if is_called and GIVES.search(str(inspect.signature(call).return_annotation)):
                    yield part


def saved(given: Any, place: Path) -> Iterator[Path]:
    """The files of what was given: works are made, if they are not, and saved."""
    for number, each in enumerate([given] if isinstance(given, Work | Generation | Path) else given):
        made = next(each.works()) if isinstance(each, Generation) else each
        yield made if isinstance(made, Path) else made.save(place / f"{number}.png")


def test_all_that_gives_a_work_or_a_file_is_asked_here() -> None:
    assert set(found()) == API.keys() | OF_MODELS


@pytest.mark.parametrize("name", API)
def test_what_is_asked_of_python_is_signed_when_it_is_saved(asked: Asked, tmp_path: Path, name: str) -> None:
    files = list(saved(API[name](asked), tmp_path))
    assert files
    for file in files:
        verdict = read_credentials(file)
        assert (verdict.status, verdict.is_own, verdict.title) == ("trusted", True, file.name)
        assert verdict.source_type in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
        if name not in NOT_COMPARED:
            compared = verdict.facts["comparison"]
            assert compared["found"] == "no near copy"
            assert [one["creator"] for one in compared["nearest"]] == ["Ida Berg"] * 2
        if file.name == "0.png":
            assert read_work(file).recipe.policy is not None


@pytest.mark.parametrize("name", sorted(API.keys() - OF_PICTURES))
def test_what_is_asked_of_python_keeps_to_the_policy(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "policy.toml").write_text("longest_side = 31")
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    with pytest.raises(SfumatoError, match="allows 31 pixels a side at most"):
        API[name](asked)


def said(work: Work, place: Path) -> Credentials:
    return read_credentials(work.save(place / "work.png"))


def test_a_work_says_what_its_model_learned_from(asked: Asked, tmp_path: Path) -> None:
    collections = [{"digest": "ab" * 32, "licences": {"CC0-1.0": 20}, "terms": {"free": 20}}]
    facts = said(asked.work, tmp_path).facts
    assert facts["model"] == {"digest": asked.model.weights_digest}
    assert facts["collections"] == collections
    assert facts["recipe"]["digest"] == hashlib.sha256(asked.recipe.to_json().encode()).hexdigest()
    assert (
        said(models.upscale(asked.upscaler, asked.work, steps=1), tmp_path / "larger").facts["collections"]
        == collections
    )


def test_the_work_of_a_model_that_does_not_say_so_says_unknown(tmp_path: Path) -> None:
    model = new_model(learned_from=())
    assert said(model.generate(1, steps=1)[0], tmp_path).facts["collections"] == "unknown"


def test_without_its_recipe_a_work_says_no_setting_but_is_signed(asked: Asked, tmp_path: Path) -> None:
    verdict = read_credentials(asked.work.save(tmp_path / "bare.png", recipe=False))
    assert verdict.status == "trusted"
    assert verdict.facts.keys() == {"model", "collections", "comparison"}


def test_an_edit_names_its_picture_by_file_or_by_its_pixels(asked: Asked, tmp_path: Path) -> None:
    edit = models.inpaint(asked.model, asked.picture, asked.mask, steps=1)
    by_pixels = said(edit, tmp_path / "pixels")
    assert by_pixels.actions == ("c2pa.opened", "c2pa.edited")
    assert by_pixels.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert by_pixels.facts["inputs"][0]["pixels"] == edit.recipe.request.edit.picture  # type: ignore[union-attr]
    kept = read_work(asked.work.save(tmp_path / "first.png"))
    again = said(kept, tmp_path / "again")
    assert [(each.title, each.has_credentials, each.failures) for each in again.inputs] == [("first.png", True, ())]
    assert again.manifests == 2


def test_pixels_are_what_they_were(asked: Asked, tmp_path: Path) -> None:
    assert read_work(asked.work.save(tmp_path / "work.png")).image.tobytes() == asked.work.image.tobytes()


def test_a_work_that_cannot_be_signed_is_not_written(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "signing.pem").write_text("my notes")
    (tmp_path / "keys" / "signing.pem").chmod(0o600)
    monkeypatch.setenv("SFUMATO_KEYS", str(tmp_path / "keys"))
    with pytest.raises(SfumatoError, match="holds no certificate"):
        asked.work.save(tmp_path / "deep" / "work.png")
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_a_full_disk_leaves_no_half_of_a_work(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SfumatoError, match=r"the disk is full\); nothing was changed"):
        asked.work.save(tmp_path / "work.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool (Debian's libimage-exiftool-perl)")
def test_exiftool_reads_what_a_file_says(asked: Asked, tmp_path: Path) -> None:
    edit = models.inpaint(asked.model, asked.picture, asked.mask, steps=1)
    files = [
        asked.work.save(tmp_path / "work.png"),
        edit.save(tmp_path / "edit.png"),
        works.save_animation([asked.picture] * 2, tmp_path / "way.webp"),
        works.save_animation([asked.picture] * 2, tmp_path / "way.gif"),
    ]
    options = ["-json", "-XMP:all", "-PNG:Parameters", "-JUMBF:all"]
    done = subprocess.run(["exiftool", *options, *files], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert [each["CreatorTool"] for each in said] == [f"sfumato {sfumato.__version__}"] * 4
    kinds = [each["DigitalSourceType"].rpartition("/")[2] for each in said]
    assert kinds == [
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        *["trainedAlgorithmicMedia"] * 2,
    ]
    assert said[0]["Parameters"] == asked.recipe.parameters_text()
    assert said[0]["ModelDigest"] == asked.model.weights_digest, "it reads credentials too"
