"""What holds at a noise level, where fine detail has settings of its own."""

import pytest

from sfumato.works.sampler_settings import SamplerSettings


def test_there_is_no_fresh_noise_where_fine_detail_is_drawn() -> None:
    settings = SamplerSettings(noise_high=4.0, detail_below=0.8)
    assert [settings.adds_noise(sigma) for sigma in (4.01, 4.0, 0.8, 0.79, 0.01)] == [False, True, True, False, False]
    assert all(SamplerSettings().adds_noise(sigma) for sigma in (80.0, 0.01))


@pytest.mark.parametrize(
    ("guidance", "of_detail"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (1.01, 2.5), (2.5, 2.5), (4.0, 4.0)]
)
def test_detail_has_as_much_guidance_as_all_and_no_less_than_its_own_where_there_is_any(
    guidance: float, of_detail: float
) -> None:
    settings = SamplerSettings(guidance=guidance, detail_below=0.8, detail_guidance=2.5)
    assert settings.guidance_of_detail == of_detail


def test_what_older_files_do_not_have_is_left_out() -> None:
    plain = SamplerSettings().model_dump(mode="json")
    assert not {"detail_below", "detail_guidance"} & plain.keys()
    assert SamplerSettings(detail_below=0.5).model_dump(mode="json") == plain | {"detail_below": 0.5}


def test_none_may_be_asked_for_of_a_model_that_has_some() -> None:
    own, asked = SamplerSettings(detail_below=0.8), SamplerSettings(detail_below=0.0)
    assert asked.over(own).detail_below == 0
    assert SamplerSettings.model_validate(asked.model_dump(exclude_unset=True)).over(own).detail_below == 0
