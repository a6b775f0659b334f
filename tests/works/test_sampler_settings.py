"""What holds at a noise level, where fine detail has settings of its own."""

import pytest

from sfumato.works.sampler_settings import SamplerSettings


def test_detail_is_guided_by_a_number_of_its_own_without_fresh_noise_and_sharpness() -> None:
    settings = SamplerSettings(guidance=1.5, sharpness=0.03, noise_high=4.0, detail_below=0.8, detail_guidance=2.5)
    assert settings.at(0.8) is settings
    fine = settings.at(0.79)
    assert (fine.guidance, fine.sharpness) == (2.5, 0.0)
    assert fine.at(0.1) is fine
    assert [settings.adds_noise(sigma) for sigma in (4.01, 4.0, 0.8, 0.79, 0.01)] == [False, True, True, False, False]


@pytest.mark.parametrize("sigma", [0.01, 1.0, 80.0])
def test_nothing_is_detail_unless_it_is_said(sigma: float) -> None:
    settings = SamplerSettings(detail_guidance=4.0)
    assert settings.at(sigma) is settings
    assert settings.adds_noise(sigma)


def test_no_guidance_is_none_anywhere() -> None:
    assert SamplerSettings(guidance=1.0, detail_below=0.8).at(0.1).guidance == 1.0


def test_what_older_files_do_not_have_is_left_out() -> None:
    plain = SamplerSettings().model_dump(mode="json")
    assert not {"detail_below", "detail_guidance"} & plain.keys()
    assert SamplerSettings(detail_below=0.5).model_dump(mode="json") == plain | {"detail_below": 0.5}
