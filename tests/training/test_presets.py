import pytest

from sfumato.errors import SfumatoError
from sfumato.networks import ArticleConfig, build_network
from sfumato.training.configuration import resolve
from sfumato.training.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_made_of_settings_that_there_are(name: str) -> None:
    settings = resolve(preset(name))
    build_network(settings.network, settings.size, 3)


def test_what_is_chosen_wins_over_a_preset() -> None:
    assert resolve(preset("ddpm"), {"learning_rate": 0.5}).learning_rate == 0.5


def test_an_unknown_preset_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SfumatoError, match=r"preset .best.: .*auto, sketch"):
        preset("best")


def test_the_article_is_number_for_number_what_it_says() -> None:
    settings = resolve(preset("article"))
    assert settings.network == ArticleConfig(output="listing")
    assert (settings.optimiser, settings.learning_rate, settings.betas) == ("adamw", 0.001, (0.9, 0.999))
    assert (settings.decay, settings.decay_epochs) == (0.1, 30)
    assert (settings.batch, settings.epochs, settings.size) == (32, 150, 128)
    assert (settings.log_every, settings.picture_every, settings.checkpoint_epochs) == (100, 100, 10)
    assert (settings.perceptual, settings.perceptual_weight) == ("vgg16", 1.0)
    assert (settings.flip, settings.ema_deviation, settings.warmup, settings.anneal) == (False, 0, 0, 0)


def test_the_mended_article_differs_in_its_output_alone() -> None:
    changed = {**preset("article-fixed"), "network": ArticleConfig(output="listing")}
    assert changed == dict(preset("article"))
