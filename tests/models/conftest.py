"""One small model with weights that are not zero, so that noise, class and guidance all leave their mark."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.diffusion import Cascade
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
CONFIG = ModelConfig(
    name="tiny",
    size=32,
    classes=("circles", "waves"),
    class_shares=(0.75, 0.25),
    network=NETWORK,
    has_early=True,
    sfumato_version="0.1.0",
)

UPSCALER = {
    "name": "larger",
    "objective": "upscaling",
    "begins_with": "reference",
    "factor": 2,
    "classes": (),
    "class_shares": (),
    "sigma_data": 0.1,
    "has_early": False,
    "generation": {"steps": 3, "sigma_min": 0.006, "sigma_max": 2.0, "guidance": 1.0},
}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def new_model() -> Callable[..., Model]:
    """new_model(seed, **changes to the configuration): a model in memory, with early weights."""

    def make(seed: int = 0, **changes: object) -> Model:
        config = ModelConfig.model_validate(CONFIG.model_dump() | changes)
        generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            denoiser, early = build_denoiser(config), build_denoiser(config)
        for module in (denoiser, early):
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
        weights = {name: weight.clone() for name, weight in early.network.state_dict().items()}
        return Model(config, denoiser.eval().requires_grad_(False), weights, "# a card\n", "0" * 64)

    return make


@pytest.fixture(scope="session")
def model(new_model: Callable[..., Model]) -> Model:
    return new_model()


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    return model.save_pretrained(tmp_path / "saved")


@pytest.fixture(scope="session")
def new_upscaler(new_model: Callable[..., Model]) -> Callable[..., Model]:
    """new_upscaler(**changes to the configuration): one that makes pictures twice as large."""

    def make(**changes: object) -> Model:
        made = new_model(1, **{**UPSCALER, **changes})
        if not made.config.has_early:
            made.early = {}
        return made

    return make


@pytest.fixture(scope="session")
def upscaler(new_upscaler: Callable[..., Model]) -> Model:
    return new_upscaler()


@pytest.fixture(scope="session")
def new_cascade(new_model: Callable[..., Model], new_upscaler: Callable[..., Model]) -> Callable[..., Model]:
    """new_cascade(number of upscalers, **changes to the configuration): a model of 16 px whose upscalers double it."""

    def make(upscalers: int = 1, **changes: object) -> Model:
        told = {"size": 16, "reference_noise": 0.25, "generation": UPSCALER["generation"] | {"reference_noise": 0.1}}
        base, larger = new_model(2, **{"size": 16, **changes}), [new_upscaler(**told) for _ in range(upscalers)]
        denoiser = Cascade(base.denoiser, [each.denoiser for each in larger]).eval().requires_grad_(False)
        configs = tuple(each.config for each in larger)
        return replace(base, config=base.config.model_copy(update={"upscalers": configs}), denoiser=denoiser)

    return make


@pytest.fixture(scope="session")
def cascade(new_cascade: Callable[..., Model]) -> Model:
    return new_cascade(generation={"steps": 3})
