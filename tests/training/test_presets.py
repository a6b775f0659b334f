import pytest

from sfumato.errors import SfumatoError
from sfumato.networks import build_network
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
