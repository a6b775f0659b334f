import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.families import FAMILIES
from sfumato.pretrained.recording import record
from sfumato.pretrained.spacing import DISCRETE, PURE_NOISE, Spacing, noise_levels

ModelOf = Callable[[str], Pretrained]
STEPS = (1, 2, 7, 30)


def euler(config: Any, **changes: Any) -> Any:
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler.from_config(config, **changes)


def timed(scheduler: Any, steps: int, **named: Any) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scheduler.set_timesteps(steps, **named)
    return scheduler.sigmas.double()


@pytest.mark.parametrize("name", ["sd15", "zero_snr"])
def test_discrete_spacings_are_those_of_diffusers(name: str, model_of: ModelOf) -> None:
    spacing = model_of(name).spacing
    for kind in DISCRETE:
        scheduler = euler(spacing.config, timestep_spacing=kind)
        for steps in STEPS[1:] if kind == "linspace" else STEPS:  # of which a single one of diffusers has no noise
            # Between two levels diffusers takes their mean by sigma, and here it is taken by log sigma.
            torch.testing.assert_close(
                spacing.sigmas(kind, steps, 64, 64), timed(scheduler, steps), rtol=2e-5 if kind != "linspace" else 1e-3,
                atol=1e-9,
            )  # fmt: skip


@pytest.mark.parametrize("name", ["sd3", "flux", "flux2_klein", "z_image", "chroma"])
@pytest.mark.parametrize("canvas", [(64, 64), (32, 96), (1024, 1536)])
def test_shifted_times_are_those_of_the_pipeline(name: str, canvas: tuple[int, int], model_of: ModelOf) -> None:
    model = model_of(name)
    scheduler = model.pipeline.scheduler
    height, width = canvas
    if name == "sd3":
        times = [timed(scheduler, steps)[:-1] for steps in STEPS]
    else:
        mu = model.spacing
        times = [
            timed(scheduler, steps, sigmas=np.linspace(1, 1 / steps, steps), mu=np.log(mu.shift(steps, height, width)))[
                :-1
            ]
            for steps in STEPS
        ]
    for steps, expected in zip(STEPS, times, strict=True):
        levels = model.spacing.sigmas("shifted", steps, height, width)
        assert levels[0] == PURE_NOISE and levels[-1] == 0
        torch.testing.assert_close((levels / (1 + levels))[:-1], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["flux", "flux2_klein"])
def test_a_dynamic_shift_is_what_the_pipeline_derives_of_a_picture(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    for height, width in ((96, 32), (512, 1280)):
        recording = record(model.pipeline, model.family, prompt="", height=height, width=width)
        assert recording.mu is not None
        assert np.log(model.spacing.shift(2, height, width)) == pytest.approx(recording.mu)


def test_a_shift_is_linear_or_fixed_where_the_scheduler_says_so() -> None:
    tokens_of_a_kind = {"use_dynamic_shifting": True, "time_shift_type": "linear"}
    spacing = Spacing(FAMILIES["flux"], tokens_of_a_kind, None, 16)
    assert spacing.shift(4, 256, 256) == pytest.approx(0.5)
    assert replace(spacing, config={"shift": 3.0}).shift(4, 256, 256) == 3.0
    assert replace(spacing, config={"flow_shift": 5.0}).shift(4, 256, 256) == 5.0


@pytest.mark.parametrize(
    "config",
    [
        {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
        {"beta_schedule": "squaredcos_cap_v2"},
        {"trained_betas": [0.01, 0.02, 0.03]},
        {"beta_schedule": "scaled_linear", "beta_start": 1e-3, "beta_end": 0.01, "rescale_betas_zero_snr": True},
    ],
)
def test_noise_levels_of_each_kind_of_table_are_those_of_diffusers(config: dict[str, Any]) -> None:
    from diffusers import EulerDiscreteScheduler

    scheduler = EulerDiscreteScheduler(**config)
    levels = noise_levels(FAMILIES["sd15"], scheduler.config)
    assert levels is not None
    torch.testing.assert_close(levels, scheduler.sigmas[:-1].flip(0).double(), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"beta_schedule": "exotic"}, "betas of the kind 'exotic'"),
        ({"beta_schedule": "linear", "timestep_type": "continuous"}, "times of the kind 'continuous'"),
    ],
)
def test_a_table_that_is_not_known_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        noise_levels(FAMILIES["sd15"], config)


@given(
    name=st.sampled_from(DISCRETE),
    steps=st.integers(1, 60),
    low=st.floats(0.03, 1.0),
    high=st.floats(2.0, 14.0),
)
@settings(max_examples=30)
def test_bounds_hold_and_levels_fall(name: str, steps: int, low: float, high: float) -> None:
    config = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1}
    spacing = Spacing(FAMILIES["sd15"], config, noise_levels(FAMILIES["sd15"], config), 8)
    levels = spacing.sigmas(name, steps, 512, 512, low, high)
    assert len(levels) == steps + 1 and levels[-1] == 0
    assert (levels.diff() < 0).all()
    assert low * 0.999 <= levels[-2] and levels[0] <= high * 1.001
    if name != "leading":
        assert levels[0].item() == pytest.approx(high, rel=0.01)


@given(steps=st.integers(1, 60), low=st.floats(1e-3, 1.0), high=st.floats(2.0, 1e5))
@settings(max_examples=30)
@pytest.mark.parametrize("name", ["sd3", "flux", "flux2_klein"])
def test_bounds_hold_for_flows(name: str, steps: int, low: float, high: float) -> None:
    spacing = Spacing(FAMILIES[name], {"use_dynamic_shifting": name != "sd3", "shift": 3.0}, None, 16)
    levels = spacing.sigmas("shifted", steps, 512, 768, low, high)
    assert levels[0].item() == pytest.approx(high)
    assert levels[-1] == 0 and low * 0.999 <= levels[-2]
    assert (levels.diff() < 0).all()


def test_a_name_of_another_kind_and_too_many_steps_are_refused(model_of: ModelOf) -> None:
    with pytest.raises(SfumatoError, match=r"Stable Diffusion 1 has no such schedule; give leading or trailing"):
        model_of("sd15").spacing.sigmas("shifted", 4, 64, 64)
    with pytest.raises(SfumatoError, match=r"FLUX\.1 has no such schedule; give shifted"):
        model_of("flux").spacing.sigmas("leading", 4, 64, 64)
    with pytest.raises(SfumatoError, match="1,001 steps: this model knows 1,000 noise levels"):
        model_of("sd15").spacing.sigmas("leading", 1001, 64, 64)


def test_the_default_is_the_schedulers_own(model_of: ModelOf) -> None:
    assert {name: model_of(name).spacing.default for name in ("sd15", "zero_snr", "flux")} == {
        "sd15": "leading",
        "zero_snr": "trailing",
        "flux": "shifted",
    }
    spacing = model_of("sd15").spacing
    assert replace(spacing, config={**spacing.config, "use_karras_sigmas": True}).default == "karras"
    assert replace(spacing, config={"timestep_spacing": "exotic"}).default == "leading"
    flow = model_of("flux").spacing  # whose scheduler has Karras' formula move times, not sigmas
    assert replace(flow, config={**flow.config, "use_karras_sigmas": True}).default == "shifted"
