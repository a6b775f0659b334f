from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.families import family_of
from sfumato.pretrained.recording import flattened, nested, record

ModelOf = Callable[[str], Pretrained]


def test_the_network_is_called_once_for_each_time_and_is_not_run(model_of: ModelOf) -> None:
    model = model_of("sdxl")
    recording = record(model.pipeline, model.family, (700.0, 300.0), prompt="waves", height=64, width=96)
    assert [call["timestep"].item() for call in recording.calls] == [700.0, 300.0]
    assert recording.calls[0]["sample"].shape == (1, 4, 8, 12)
    assert recording.calls[0]["added_cond_kwargs"]["time_ids"].tolist() == [[64, 96, 0, 0, 64, 96]]
    assert all((given == 1).all() for given in recording.given)


@pytest.mark.parametrize("fails", [False, True])
def test_a_pipeline_is_afterwards_as_it_was(fails: bool, tiny: ModuleType) -> None:
    pipeline = tiny.pipeline("flux")
    scheduler, configuration = pipeline.scheduler, dict(pipeline.config)
    asked: dict[str, Any] = {"prompt": 7 if fails else "waves", "height": 64, "width": 64}
    state = torch.random.get_rng_state()
    try:
        record(pipeline, family_of(pipeline), **asked)
    except ValueError:
        assert fails
    assert pipeline.scheduler is scheduler
    assert dict(pipeline.config) == configuration
    assert "forward" not in vars(pipeline.transformer)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_hooks_of_the_network_are_not_run_and_stay(tiny: ModuleType) -> None:
    """Offloading puts its own in the place of forward, to move weights to a graphics card before."""
    pipeline = tiny.pipeline("sd15")
    moved: list[str] = []
    pipeline.unet.forward = hook = lambda *values, **named: moved.append("moved")
    record(pipeline, family_of(pipeline), prompt="", height=64, width=64)
    assert pipeline.unet.forward is hook and not moved


def test_a_pipeline_that_puts_its_hooks_anew_keeps_the_new_ones(tiny: ModuleType, monkeypatch: Any) -> None:
    pipeline = tiny.pipeline("sd15")
    pipeline.unet.forward = lambda *values, **named: None
    monkeypatch.setattr(pipeline, "maybe_free_model_hooks", lambda: setattr(pipeline.unet, "forward", print))
    record(pipeline, family_of(pipeline), prompt="", height=64, width=64)
    assert pipeline.unet.forward is print


TREES = st.recursive(
    st.integers(),
    lambda inner: st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text("abc", min_size=1), TREES, max_size=3))
@settings(max_examples=25)
def test_dictionaries_in_dictionaries_become_one_and_come_back(tree: dict[str, Any]) -> None:
    assert nested(flattened(tree)) == tree
