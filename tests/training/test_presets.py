from collections.abc import Callable

import pytest

from sfumato.diffusion import SAMPLERS
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.networks import ArticleConfig, ArticleDenoiserConfig, build_network
from sfumato.training import Run, resolve, train
from sfumato.training.objectives import ReconstructionConfig
from sfumato.training.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_made_of_settings_that_there_are(name: str) -> None:
    settings = resolve(preset(name))
    build_network(settings.network, settings.size, 3, in_channels=3)


def test_what_is_chosen_wins_over_a_preset() -> None:
    assert resolve(preset("ddpm"), {"learning_rate": 0.5}).optimiser.learning_rate == 0.5


def test_an_unknown_preset_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SfumatoError, match=r"preset .best.: .*auto, sketch"):
        preset("best")


def test_the_article_is_number_for_number_what_it_says() -> None:
    settings = resolve(preset("article"))
    assert settings.network == ArticleConfig(output="listing")
    optimiser, schedule, cadence = settings.optimiser, settings.schedule, settings.cadence
    assert (optimiser.kind, optimiser.learning_rate, optimiser.betas) == ("adamw", 0.001, (0.9, 0.999))
    assert (schedule.decay, schedule.decay_epochs) == (0.1, 30)
    assert (settings.batch, settings.epochs, settings.size) == (32, 150, 128)
    assert (cadence.log_every, cadence.picture_every, cadence.checkpoint_epochs) == (100, 100, 10)
    assert settings.objective == ReconstructionConfig(perceptual="vgg16", perceptual_weight=1.0)
    assert (settings.flip, settings.ema_std, schedule.warmup, schedule.anneal) == (False, 0, 0, 0)


def test_the_mended_article_differs_in_its_output_alone() -> None:
    changed = {**preset("article-fixed"), "network": ArticleConfig(output="listing")}
    assert changed == dict(preset("article"))


def test_the_articles_layers_as_a_diffusion_model_go_with_every_sampler(begin: Callable[..., Run]) -> None:
    run = begin(network=ArticleDenoiserConfig(width=16), optimiser="adamw", steps=3, evaluations=1)
    list(train(run))
    model = Model.from_pretrained(run.path)
    made = {name: model.generate(2, seed=3, steps=4, sampler=name, label="waves") for name in SAMPLERS}
    assert len({works[0].image.tobytes() for works in made.values()}) == len(SAMPLERS)
    assert all(works[0].image.tobytes() != works[1].image.tobytes() for works in made.values())
    sigmas = [step.sigma for step in model.trajectory(1, seed=3)]
    assert sigmas == sorted(sigmas, reverse=True)
