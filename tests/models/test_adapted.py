"""Models that are an adapter on a base: saved, opened, moved, and named in recipes."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig, bases, build_denoiser, reproduce
from sfumato.models.adaptation import Adaptation
from sfumato.models.adapted import BaseReference, adapter_config_of, read_adapter_config
from sfumato.models.bases import reference_to
from sfumato.models.nearby import find_weights
from sfumato.models.place import digest_in
from sfumato.networks import UNetConfig
from sfumato.networks.adapters import adapted
from sfumato.works.recipe import Recipe

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
RANK, ALPHA = 4, 8.0


def model_of(classes: tuple[str, ...], **own: Any) -> Model:
    shares = tuple(1 / len(classes) for _ in classes)
    config = ModelConfig(size=32, network=NETWORK, classes=classes, class_shares=shares, **own)
    return Model(config, build_denoiser(config).eval())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mine/base, and mine/adapted, which was learned on it. Do not change them."""
    folder = tmp_path_factory.mktemp("adapted") / "mine"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        base = model_of(("a", "b"), name="base")
        for parameter in base.denoiser.parameters():
            parameter.data.add_(0.05 * torch.randn(parameter.shape))
        base.save_pretrained(folder / "base")
        learned = adapted(base.denoiser.network, RANK, ALPHA, seed=1, new_classes=1)
        for parameter in learned.parameters():
            parameter.data.add_(0.05 * torch.randn(parameter.shape))
    early = {name: 0.5 * tensor for name, tensor in learned.state_dict().items()}
    model = model_of(("a", "b", "c"), name="adapted", descends_from=(base.weights_digest,), has_early=True)
    reference = reference_to(folder / "base", base.config, base.weights_digest)
    model.adaptation = Adaptation(reference, learned.state_dict(), RANK, ALPHA, early, folder / "base")
    model.save_pretrained(folder / "adapted")
    return folder


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "mine")


@pytest.fixture
def none_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bases of other tests lie near, and are not looked for."""
    monkeypatch.setattr(bases, "find_weights", lambda *_: None)


def test_it_is_opened_as_its_base_with_the_adapter_added(folder: Path) -> None:
    base, model = (Model.from_pretrained(folder / name) for name in ("base", "adapted"))
    assert model.config.classes == ("a", "b", "c")
    assert model.adaptation is not None
    weights = model.adaptation.weights
    key = "levels.before.0.first"
    added = (ALPHA / RANK) * weights[f"{key}.lora_B"] @ weights[f"{key}.lora_A"]
    theirs, ours = (each.denoiser.network.state_dict()[f"{key}.weight"] for each in (base, model))
    torch.testing.assert_close(ours - theirs, added.view(ours.shape), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(
        model.early[f"{key}.weight"] - theirs, 0.25 * added.view(ours.shape), atol=1e-6, rtol=1e-4
    )
    assert model.early_denoiser() is not None


def test_a_recipe_names_both_and_makes_the_work_again(folder: Path) -> None:
    base, model = (Model.from_pretrained(folder / name) for name in ("base", "adapted"))
    (work,) = model.generate(1, seed=3, steps=2, guidance=1.0, label="c")
    recipe = Recipe.from_json(work.recipe.to_json())
    assert recipe.model.digest == model.weights_digest != base.weights_digest
    assert recipe.model.base == base.reference
    again = reproduce(Model.from_pretrained(folder / "adapted"), recipe)
    assert again.image.tobytes() == work.image.tobytes()
    assert "base" not in base.reference.model_dump()


def test_merged_it_needs_no_base_and_makes_the_same(folder: Path, tmp_path: Path) -> None:
    model = Model.from_pretrained(folder / "adapted")
    model.merged().save_pretrained(tmp_path / "whole")
    whole = Model.from_pretrained(tmp_path / "whole")
    assert whole.adaptation is None
    assert (tmp_path / "whole" / "model.safetensors").is_file()
    assert whole.reference.base is None
    for ours, theirs in zip(whole.denoiser.parameters(), model.denoiser.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_digest_covers_base_adapter_and_strength(folder: Path) -> None:
    described = read_adapter_config(folder / "adapted" / "config.json")
    assert described is not None
    one = described.weights_digest("0" * 64)
    others = [
        described.weights_digest("1" * 64),
        described.model_copy(update={"alpha": 4.0}).weights_digest("0" * 64),
        described.model_copy(update={"rank": 2}).weights_digest("0" * 64),
        described.model_copy(update={"base": described.base.model_copy(update={"digest": "2" * 64})}).weights_digest(
            "0" * 64
        ),
    ]
    assert len({one, *others}) == 5
    assert digest_in(folder / "adapted") == Model.from_pretrained(folder / "adapted").weights_digest


# ---- where the base is


def test_a_folder_with_both_can_be_moved(copied: Path, none_near: None) -> None:
    moved = copied.rename(copied.with_name("moved"))
    model = Model.from_pretrained(moved / "adapted")
    assert model.adaptation is not None
    assert model.adaptation.path == moved / "base"


def test_a_base_that_was_renamed_is_found_by_its_weights(copied: Path) -> None:
    (copied / "base").rename(copied / "another name")
    model = Model.from_pretrained(copied / "adapted")
    model.save_pretrained(copied / "deep" / "saved")
    described = read_adapter_config(copied / "deep" / "saved" / "config.json")
    assert described is not None
    assert described.base.place == "../../another name"
    assert Model.from_pretrained(copied / "deep" / "saved").weights_digest == model.weights_digest


def test_a_missing_base_is_said_in_one_sentence_and_can_be_given(copied: Path, tmp_path: Path, none_near: None) -> None:
    far = (copied / "base").rename(tmp_path / "far")
    with pytest.raises(SfumatoError) as caught:
        Model.from_pretrained(copied / "adapted")
    said = str(caught.value)
    assert said.startswith(f"{copied / 'adapted'}: was adapted from 'base' (weights ")
    assert "there is no model at its place (../base)" in said
    assert said.endswith("say where it is with --base")
    assert Model.from_pretrained(copied / "adapted", base=far).config.name == "adapted"


def test_another_base_is_refused(folder: Path, copied: Path, none_near: None) -> None:
    with pytest.raises(SfumatoError, match=r"adapted: is not the base that was adapted: its weights are .* 'base' are"):
        Model.from_pretrained(folder / "adapted", base=folder / "adapted")
    shutil.rmtree(copied / "base")
    model_of(("a", "b")).save_pretrained(copied / "base")
    with pytest.raises(SfumatoError, match=r"another model lies at its place \(\.\./base\)"):
        Model.from_pretrained(copied / "adapted")


def test_it_opens_from_a_zip_beside_its_base(copied: Path) -> None:
    with zipfile.ZipFile(copied / "adapted.zip", "w") as archive:
        for path in (copied / "adapted").iterdir():
            archive.write(path, f"any/{path.name}")
    wanted = Model.from_pretrained(copied / "adapted").weights_digest
    shutil.rmtree(copied / "adapted")
    assert Model.from_pretrained(copied / "adapted.zip").weights_digest == wanted
    found = find_weights(wanted, [copied])
    assert str(found) == str(copied / "adapted.zip/any")


def test_what_is_published_does_not_say_where_the_base_lay(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uploaded: dict[str, Any] = {}

    class Hub:
        def __init__(self, **_: object) -> None: ...
        def create_repo(self, *_: object, **__: object) -> None: ...

        def upload_folder(self, *, folder_path: str, **_: object) -> str:
            uploaded.update(json.loads((Path(folder_path) / "config.json").read_bytes()))
            uploaded["files"] = {path.name for path in Path(folder_path).iterdir()}
            return "address"

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    assert Model.from_pretrained(copied / "adapted").push_to_hub("me/mine") == "address"
    assert uploaded["base"]["place"] == ""
    assert "adapter.safetensors" in uploaded["files"]
    assert "model.safetensors" not in uploaded["files"]


# ---- what does not belong together


def changed(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    described = json.loads(file.read_bytes())
    change(described)
    file.write_text(json.dumps(described))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: it.update(rank=2), "unlike what config.json asks for, it holds .* as 4 x"),
        (lambda it: it.update(rank=0), "rank: input should be greater"),
        (lambda it: it.update(targets=["first"]), "which does not belong there"),
        (lambda it: it["model"].update(classes=["b", "a", "c"]), "its first classes are not those of its base"),
        (lambda it: it["model"].update(preconditioning="v"), "its preconditioning is not that of its base"),
        (lambda it: it["model"].update(descends_from=[]), "does not descend from its base"),
        (lambda it: it.update(format="sfumato-adapter-9"), "or that of a newer sfumato"),
        (lambda it: it["base"].update(kind="other"), "base.kind"),
    ],
)
def test_what_does_not_belong_together_is_said(
    copied: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    changed(copied / "adapted" / "config.json", change)
    with pytest.raises(SfumatoError, match=said):
        Model.from_pretrained(copied / "adapted")


def test_a_damaged_adapter_is_said(copied: Path) -> None:
    file = copied / "adapted" / "adapter.safetensors"
    tensors = load_file(file)
    tensors["levels.before.0.first.lora_B"][0, 0] = float("nan")
    save_file(tensors, file)
    with pytest.raises(SfumatoError, match="holds NaN or infinity"):
        Model.from_pretrained(copied / "adapted")
    file.write_bytes(b"no tensors")
    with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
        Model.from_pretrained(copied / "adapted")
    file.unlink()
    with pytest.raises(SfumatoError, match=r"holds no model\.safetensors"):
        Model.from_pretrained(copied / "adapted")


# ---- its description

TEXTS = st.text(max_size=20)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@given(st.dictionaries(st.sampled_from(["base", "rank", "alpha", "targets", "model", "x"]), JSON))
@settings(max_examples=10, deadline=None)
def test_any_other_description_is_refused_in_a_sentence(fields: dict[str, Any]) -> None:
    data = json.dumps({"format": "sfumato-adapter-1", **fields}).encode()
    with pytest.raises(SfumatoError, match="it is not that of a model that sfumato adapted"):
        adapter_config_of(data, "config.json")


@given(st.binary(max_size=60))
@settings(max_examples=30, deadline=None)
def test_what_is_no_description_of_an_adapter_is_none(data: bytes) -> None:
    assert adapter_config_of(data, "config.json") is None


NAMES = st.text("abc é\udce4.", min_size=1, max_size=8).filter(lambda name: set(name) - {".", " "})


@given(st.lists(NAMES, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_the_way_to_a_base_leads_back_to_it(to_adapter: list[str], to_base: list[str]) -> None:
    directory, path = Path("/tmp", "x", *to_adapter), Path("/tmp", "x", *to_base)
    seen = BaseReference(name="base", digest="0" * 64).seen_from(directory, path)
    seen.model_dump_json().encode()
    assert seen.is_local
    assert seen.path_from(directory) == path
