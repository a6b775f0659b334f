"""The family's safety checker as a filter: it refuses what the checker itself refuses, and fails closed."""

import json
import shutil
import tomllib
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.policy import filters
from sfumato.policy.filters import FilterSettings, load_filter
from sfumato.pretrained import extra
from sfumato.pretrained.safety_checker import SafetyChecker

SIDE = 32


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline's directory with a checker of random weights, some of whose thresholds lie among its similarities."""
    place = tmp_path_factory.mktemp("pipeline")
    with extra.quiet():
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPConfig, CLIPImageProcessor

        sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        vision = {**sizes, "image_size": SIDE, "patch_size": 8, "projection_dim": 8}
        config = CLIPConfig(vision_config=vision, text_config={**sizes, "vocab_size": 10}, projection_dim=8)
        model = StableDiffusionSafetyChecker(config).eval()
        generator = torch.Generator().manual_seed(1)
        for parameter in model.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) / 4
        model.special_care_embeds_weights.data.fill_(0.9)
        processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
        seen = [processor(picture, return_tensors="pt").pixel_values for picture in pictures()]
        near = [model.visual_projection(model.vision_model(each)[1]) @ model.concept_embeds.T for each in seen]
        norms = [model.visual_projection(model.vision_model(each)[1]).norm() for each in seen]
        similar = torch.cat([row / norm for row, norm in zip(near, norms, strict=True)])
        model.concept_embeds_weights.data = (similar / model.concept_embeds.norm(dim=1)).quantile(0.9, dim=0)
        model.save_pretrained(place / "safety_checker")
        processor.save_pretrained(place / "feature_extractor")
    return place


def pictures() -> list[Image.Image]:
    return [draw(name, seed, 48) for seed in range(5) for name in ("waves", "glass", "circles")]


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "copy")
    return tmp_path / "copy"


def test_it_refuses_what_the_checker_itself_refuses(published: Path) -> None:
    checker = SafetyChecker(str(published))
    scores = checker.scores(pictures())
    with warnings.catch_warnings(), extra.quiet():
        from transformers import CLIPImageProcessor

        seen = CLIPImageProcessor.from_pretrained(published / "feature_extractor")(pictures(), return_tensors="pt")
        _, refused = checker.model(seen.pixel_values, [np.zeros((1, 1, 3))] * len(scores))
    assert [score > 0.5 for score in scores] == refused
    assert 0 < sum(refused) < len(refused)
    assert all(0 <= score <= 1 for score in scores)
    assert torch.allclose(
        torch.cat([checker.input_of(each) for each in pictures()]), seen.pixel_values, atol=1e-5, rtol=0
    )


def test_a_picture_is_scored_for_itself_and_seen_to_its_edges(published: Path) -> None:
    checker, some = SafetyChecker(str(published / "")), pictures()
    alone = [checker.scores([picture])[0] for picture in some]
    assert checker.scores(some) == alone
    strip = Image.new("RGB", (120, 48))
    strip.paste(some[0], (0, 0))
    strip.paste(some[1], (72, 0))
    assert checker.scores([strip])[0] >= max(alone[:2])
    assert checker.scores([strip.transpose(Image.Transpose.TRANSPOSE)])[0] > 0


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    described = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    value = described["project"]["entry-points"]["sfumato.filters"]["safety_checker"]
    monkeypatch.setattr(filters, "_entry", lambda name: EntryPoint(name, value, filters.GROUP))
    filters._loaded.cache_clear()
    yield
    filters._loaded.cache_clear()


@pytest.mark.usefixtures("_registered")
def test_a_policy_can_require_it(published: Path) -> None:
    settings = FilterSettings(name="safety_checker", options={"directory": str(published)})
    assert load_filter(settings).scores(pictures()) == SafetyChecker(str(published)).scores(pictures())
    assert any(filters.refusals([settings], pictures()))
    with pytest.raises(
        SfumatoError, match=r"the filter 'safety_checker' cannot be loaded: .* nothing is made without it"
    ):
        load_filter(FilterSettings(name="safety_checker", options={"directory": str(published / "none")}))
    with pytest.raises(SfumatoError, match=r"does not take the options of the policy .* nothing is made without it"):
        load_filter(FilterSettings(name="safety_checker"))


def without_weights(place: Path) -> None:
    weights = place / "safety_checker" / "model.safetensors"
    (place / "safety_checker" / "pytorch_model.bin").write_bytes(b"\x80\x04")
    weights.unlink()


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        path = place / "safety_checker" / "model.safetensors"
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path, {"format": "pt"})

    return write


def changed_in(name: str, **changes: object) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        said = json.loads((place / name).read_text("utf-8"))
        (place / name).write_text(json.dumps(said | changes), "utf-8")

    return write


processed = partial(changed_in, "feature_extractor/preprocessor_config.json")


def written(name: str, data: bytes) -> Callable[[Path], int]:
    return lambda place: (place / name).write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda place: shutil.rmtree(place), r"preprocessor_config\.json: cannot be read"),
        (without_weights, r"holds no model\.safetensors, and other files of weights are not opened"),
        (written("safety_checker/model.safetensors", b"x" * 100), "cannot be read as a safety checker"),
        (
            changed_in("safety_checker/config.json", projection_dim=4),
            "'concept_embeds' is missing",
        ),
        (written("safety_checker/config.json", b"{"), "cannot be read as a safety checker"),
        (changed(lambda tensors: tensors.pop("concept_embeds")), "'concept_embeds' is missing or of another size"),
        (changed(lambda tensors: tensors["concept_embeds"].fill_(float("nan"))), "holds NaN or infinity"),
        (lambda place: (place / "feature_extractor/preprocessor_config.json").unlink(), "cannot be read"),
        (written("feature_extractor/preprocessor_config.json", b"{"), "is not JSON"),
        (written("feature_extractor/preprocessor_config.json", b"[]"), "is not CLIP's"),
        (processed(do_normalize=False), "is not CLIP's .*do_normalize"),
        (processed(image_std=[0, 1, 1]), "is not CLIP's .*image_std"),
        (processed(crop_size=64), "cuts pictures to 64 pixels, and the checker sees 32"),
    ],
)
def test_what_is_not_whole_is_one_sentence(copy: Path, damage: Callable[[Path], object], said: str) -> None:
    damage(copy)
    with pytest.raises(SfumatoError, match=said) as error:
        SafetyChecker(str(copy))
    assert "\n" not in str(error.value)


def test_a_path_that_depends_on_where_it_runs_is_refused(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(published.parent)
    with pytest.raises(SfumatoError, match="a policy holds wherever the program runs; write the path in full"):
        SafetyChecker(published.name)


def test_without_the_extra_it_says_what_to_install(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SfumatoError, match=r"^the safety checker: needs diffusers.*pip install 'sfumato\[sd\]'"):
        SafetyChecker(str(published))
