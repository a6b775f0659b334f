"""What a checkpoint's network predicts is read from its marks, and said where it is assumed."""

import pytest

from sfumato.pretrained.checkpoint import SD15, SD21, SDXL, Layout
from sfumato.pretrained.prediction import TELLING, prediction_of


def prediction(kind, *marks, spread=None, **metadata):
    said = {f"modelspec.{name}": value for name, value in metadata.items()}
    asked = []
    found = prediction_of(Layout(dict.fromkeys(marks, (0,)), said), kind, lambda name: asked.append(name) or spread)
    return found, asked


@pytest.mark.parametrize("kind", [SD15, SD21, SDXL])
def test_the_mark_says_v(kind):
    found, asked = prediction(kind, "v_pred", prediction_type="epsilon")  # a tool may have kept another's metadata
    assert found.settings() == {"prediction_type": "v_prediction"}
    assert found.said == "its network predicts v, as its mark 'v_pred' says"
    assert not asked, "the weights are not looked at"


def test_zero_terminal_snr_begins_with_noise_alone():
    found, _ = prediction(SDXL, "v_pred", "ztsnr")
    assert found.settings() == {
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }
    assert "zero terminal SNR" in found.said
    # Of noise alone no noise can be predicted (section 3.2 of the paper), so that mark alone says nothing.
    assert prediction(SDXL, "ztsnr")[0].settings() == {"prediction_type": "epsilon"}
    assert prediction(SD15, "ztsnr", prediction_type="v")[0].zero_snr


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"prediction_type": "v"}, "v_prediction"),
        ({"prediction_type": "V-Prediction "}, "v_prediction"),
        ({"predict_key": "v"}, "v_prediction"),
        ({"architecture": "stable-diffusion-v2-768-v"}, "v_prediction"),
        ({"prediction_type": "epsilon"}, "epsilon"),
        ({"prediction_type": "epsilon", "predict_key": "v"}, "epsilon"),
        ({"prediction_type": "?", "predict_key": "v"}, "v_prediction"),
        ({"architecture": "stable-diffusion-v2-512"}, "epsilon"),
    ],
)
def test_metadata_say_it(metadata, kind):
    assert prediction(SD15, **metadata)[0].kind == kind


def test_the_two_forms_of_2_1_are_told_apart_by_a_tensor_where_nothing_says_which():
    found, asked = prediction(SD21, spread=0.12)
    assert (found.kind, asked) == ("v_prediction", [TELLING])
    assert "v is assumed" in found.said
    found, _ = prediction(SD21, spread=0.05)
    assert found.kind == "epsilon"
    assert "noise is assumed" in found.said
    assert prediction(SD21, spread=None)[0].kind == "epsilon"


@pytest.mark.parametrize("kind", [SD15, SDXL])
def test_without_a_mark_noise_is_assumed_and_said(kind):
    found, asked = prediction(kind)
    assert found.kind == "epsilon"
    assert f"noise is assumed, as in {kind.title}" in found.said
    assert not asked
