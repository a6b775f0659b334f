import json
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from sfumato.diffusion import SAMPLERS, conditioned
from sfumato.pretrained import equality
from sfumato.pretrained.bridge import Pretrained, bridged
from sfumato.pretrained.equality import Equality, equality_of, measure
from sfumato.pretrained.spacing import DISCRETE

ModelOf = Callable[[str], Pretrained]
TALL = {"height": 64, "width": 32, "steps": 3}
U_NETS = ("sd15", "sd21", "zero_snr", "sdxl")
TRANSFORMERS = ("sd3", "flux", "flux2_klein", "z_image", "chroma")


def most(name: str) -> float:
    """The error of float32; where the first level is 4096, x is that large, and so is what diffusers loses of it."""
    return 1e-4 if name == "zero_snr" else 1e-5


@pytest.mark.parametrize("name", U_NETS)
def test_a_u_net_behind_the_contract_is_equal_to_its_pipeline_in_each_spacing(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    canvas = TALL | {"steps": 6 if name == "zero_snr" else 2}
    for spacing in (*DISCRETE, "karras"):
        assert measure(model, spacing=spacing, guidance=4.0, **canvas).error < most(name), spacing
    assert measure(model, spacing="trailing", **canvas).error < most(name)
    if name == "sdxl":  # for which none is not an empty one
        assert measure(model, spacing="trailing", guidance=4.0, negative="stone", **canvas).error < most(name)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_transformer_behind_the_contract_is_equal_to_its_pipeline(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    guidance = model.family.guidance.ours(4.0)
    assert measure(model, **TALL).error < 1e-5
    negative = "stone" if name in ("flux", "z_image") else None
    assert measure(model, guidance=guidance, negative=negative, **TALL).error < 1e-5


def without_told_guidance(pipeline: Any) -> None:
    """As FLUX.1 schnell is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = type(pipeline.transformer).from_config({**pipeline.transformer.config, "guidance_embeds": False})
    pipeline.transformer = network


def with_words_for_no_prompt(pipeline: Any) -> None:
    pipeline.register_to_config(force_zeros_for_empty_prompt=False)


def with_dynamic_shift(pipeline: Any) -> None:
    pipeline.scheduler = type(pipeline.scheduler)(use_dynamic_shifting=True)


@pytest.mark.parametrize(
    ("name", "change", "guidance"),
    [("flux", without_told_guidance, 1.0), ("sdxl", with_words_for_no_prompt, 4.0), ("sd3", with_dynamic_shift, 1.0)],
)
def test_variants_of_a_family_are_equal_too(
    name: str, change: Callable[[Any], None], guidance: float, tiny: ModuleType
) -> None:
    pipeline = tiny.pipeline(name)
    change(pipeline)
    assert measure(bridged(pipeline), guidance=guidance, **TALL).error < 1e-5


def test_another_prompt_is_not_equal(model_of: ModelOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured would not be nothing if the two were not asked the same."""
    model = model_of("flux")
    condition = model.encoder.condition
    monkeypatch.setattr(model.encoder, "condition", lambda prompt, *others: condition("stone", *others))
    assert measure(model, **TALL).error > 1e-3


def test_only_under_leading_does_the_pipeline_begin_with_more_noise(model_of: ModelOf) -> None:
    """With noise * sqrt(sigma^2 + 1) at sigma 7.37, the first of 8 steps."""
    model = model_of("sd15")
    assert measure(model, spacing="leading", **TALL | {"steps": 8}).start == pytest.approx(9.16e-3, rel=0.01)
    assert measure(model, spacing="trailing", **TALL).start < 1e-9


def test_the_start_under_leading_changes_latents_by_about_a_hundredth(model_of: ModelOf) -> None:
    model = model_of("sd15")
    sigmas = model.spacing.sigmas("leading", 8, 64, 64)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    denoise = conditioned(model.denoiser, model.encoder.condition("waves"))
    first = sigmas[0].item()

    def last(x: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            *_, step = SAMPLERS["euler"](denoise, x, sigmas, lambda _: None)
        return step.x

    ours, theirs = last(noise * first), last(noise * math.hypot(first, 1))
    assert 1e-3 < ((ours - theirs).norm() / theirs.norm()).item() < 3e-2


def test_equality_is_measured_once_for_the_files_and_the_precision_of_a_model(
    model_of: ModelOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path))
    measured: list[Pretrained] = []

    def once(model: Pretrained) -> Equality:
        measured.append(model)
        return Equality(1e-7 * len(measured), 0.0, "float32")

    monkeypatch.setattr(equality, "measure", once)
    model, file = model_of("flux"), tmp_path / "equality" / f"{'a' * 64}.json"
    assert [equality_of(model, "a" * 64).error for _ in range(2)] == [1e-7, 1e-7]
    assert equality_of(model, "b" * 64).error == 2e-7
    file.write_text("{")
    assert equality_of(model, "a" * 64).error == pytest.approx(3e-7)
    file.write_text(json.dumps({"error": 0.01, "start": 0.0, "dtype": "bfloat16"}))
    assert equality_of(model, "a" * 64).error == 4e-7


def test_equality_is_said_in_a_sentence() -> None:
    assert Equality(3.2e-7, 0.0, "float32").said == (
        "with Euler's method its latents are those of its own pipeline to 3e-07 of their size, measured in float32"
    )
    assert Equality(3.2e-7, 9.16e-3, "float32").said.endswith("in float32; that begins with 0.9% more noise")


def test_equality_is_measured_where_nothing_can_be_kept(
    model_of: ModelOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("")
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    assert equality_of(model_of("flux"), "a" * 64).error < 1e-5


def test_in_half_precision_the_two_differ_by_its_rounding(tiny: ModuleType) -> None:
    model = bridged(tiny.pipeline("flux").to(torch.bfloat16))
    found = measure(model, **TALL)
    assert found.dtype == "bfloat16"
    assert 1e-4 < found.error < 5e-2
