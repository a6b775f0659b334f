"""A demonstration that is closed goes on where it can; one that is there is not made anew unasked."""

from pathlib import Path

import pytest

from sfumato import pipeline
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.models.judging import Judgement
from sfumato.networks import UNetConfig
from sfumato.pipeline import demonstration
from sfumato.pipeline.events import Began, Drew
from sfumato.works.sampler_settings import SamplerSettings


def test_pictures_are_drawn_first_and_again_after_it_was_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "DRAWN_PER_CLASS", 2)
    for _ in range(2):
        events = pipeline.demonstrate(tmp_path / "demo", minutes=0.05)
        assert next(iter(events)) == Began("drawing", "drawing 10 pictures of 5 classes")
        drew = next(iter(events))
        assert isinstance(drew, Drew) and (drew.folder, drew.pictures) == (tmp_path / "demo" / "art", 10)
        events.close()  # type: ignore[attr-defined]
    assert len(list((tmp_path / "demo" / "art").rglob("*.png"))) == 10


def test_one_that_is_there_is_not_made_anew_unasked(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "demo", "demo").at_work() as directory:
        directory.claim("index.html").touch()
    with pytest.raises(SfumatoError, match="holds a demonstration already"):
        list(pipeline.demonstrate(tmp_path / "demo"))


def test_where_all_works_are_refused_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    config = ModelConfig(size=32, network=network, generation=SamplerSettings(steps=2))
    model = Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)
    monkeypatch.setattr(
        "sfumato.models.generation.judged", lambda found, *_, **__: [Judgement(refused="no")] * len(found)
    )
    with pytest.raises(SfumatoError, match=r"10 works refused.*'sfumato policy' shows them"):
        demonstration._animated(model, 1, OwnDirectory(tmp_path / "demo", "demo"))
    assert not (tmp_path / "demo").exists()


def test_nothing_is_drawn_that_may_not_be_learned_from(tmp_path, monkeypatch):
    (tmp_path / "policy.toml").write_text("[pictures]\nallow = ['CC-BY-4.0']\n")
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    with pytest.raises(SfumatoError, match="does not allow the pictures that the program draws"):
        list(pipeline.demonstrate(tmp_path / "demo"))
    assert not (tmp_path / "demo").exists()
