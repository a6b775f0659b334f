"""How noise becomes a picture: the settings of a sampler and of its guidance."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from sfumato.works.values import (
    USUAL_HIGHEST_SIGMA,
    Extended,
    Fraction,
    Guidance,
    NoiseLevel,
    Precision,
    SamplerName,
    ScheduleName,
    Sigma,
    Steps,
)


def _rare(default: float | None, description: str) -> Any:
    """A field without an option of its own on the command line: ``--set NAME=VALUE`` takes it."""
    return Field(default=default, description=description, json_schema_extra={"rare": True})


class SamplerSettings(Extended):
    """How noise becomes a picture. What is not set is as the model has it: measured, see benchmarks/README.md."""

    ADDED: ClassVar[frozenset[str]] = frozenset(
        {"distilled_guidance", "guidance_contrast", "detail_below", "detail_guidance", "reference_noise"}
    )

    steps: Steps = Field(default=16, description="Steps from noise to picture.")
    guidance: Guidance = Field(
        default=2.0, description="1 is none; higher is truer to what is asked for, with less variety."
    )
    guidance_kind: Literal["classifier_free", "autoguidance"] = Field(
        default="classifier_free", description="autoguidance (needs no classes) or classifier_free."
    )
    guidance_low: Sigma = _rare(0.0, "Guided above this noise level only (a sigma).")
    guidance_high: Sigma = _rare(1000.0, "Guided up to this noise level only (a sigma).")
    guidance_chroma: Fraction = _rare(1.0, "The fraction of the guidance that goes to colour.")
    guidance_contrast: Fraction = _rare(1.0, "The fraction of the guidance that goes to contrast.")
    detail_below: Sigma = _rare(
        0.0,
        "Below this noise level (a sigma), where only fine detail is drawn, guidance is at least detail_guidance, with "
        "neither fresh noise nor sharpness; 0 for nowhere.",
    )
    detail_guidance: Annotated[float, Field(ge=1, le=100)] = _rare(
        2.0, "The least guidance below detail_below, where there is guidance at all."
    )
    # Of FLUX.1, whose network was trained with guidance as one of its inputs (Meng et al. 2023, arXiv:2210.03142).
    distilled_guidance: Guidance | None = _rare(
        None, "Of a network that is told a guidance, as FLUX.1's is: how much, at no second evaluation."
    )
    # S_tmax of Karras et al. 2022, arXiv:2206.00364, algorithm 2.
    noise_high: Sigma = _rare(
        USUAL_HIGHEST_SIGMA, "The noise level up to which a stochastic sampler adds fresh noise (a sigma)."
    )
    reference_noise: Fraction = _rare(
        0.0, "Of an upscaler that has learned with it: how much noise is put on what it enlarges, 0 to 1."
    )
    sigma_min: NoiseLevel = _rare(0.03, "The last noise level before none (a sigma).")
    sigma_max: NoiseLevel = _rare(40.0, "The first noise level (a sigma).")
    # A denoiser that has not learned enough removes a little too much, and pictures blur (section 4 there). Told of
    # less noise than there is, by this fraction, it removes less.
    sharpness: Annotated[float, Field(ge=0, le=0.2)] = Field(
        default=0.0, description="0 to 0.2: more is crisper, and rougher."
    )
    sampler: SamplerName = Field(
        default="dpmpp_2m_sde",
        description="euler, heun, dpmpp_2m, dpmpp_2m_sde or euler_ancestral; of a distilled model consistency or "
        "consistency_denoised.",
    )
    schedule: ScheduleName = Field(
        default="karras",
        description="How the noise levels are spaced: karras, exponential or flow; of a pre-trained model also as its "
        "family has it, leading, trailing or linspace, or shifted.",
    )
    precision: Precision = Field(default="float32", description="float32 or bfloat16: in what the network computes.")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        given = self.model_fields_set  # what is not given is the model's, and is compared once that is known
        if given >= type(self).model_fields.keys() - self.ADDED:  # it is whole: what it leaves out is as by default
            given |= self.ADDED
        if {"sigma_min", "sigma_max"} <= given and self.sigma_min >= self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min:g} is not below sigma_max {self.sigma_max:g}")
        if {"guidance_low", "guidance_high"} <= given and self.guidance_low > self.guidance_high:
            raise ValueError(f"guidance_low {self.guidance_low:g} is above guidance_high {self.guidance_high:g}")
        return self

    def adds_noise(self, sigma: float) -> bool:
        """Whether a stochastic sampler adds fresh noise in its step from a noise level."""
        return self.detail_below <= sigma <= self.noise_high

    @property
    def guidance_of_detail(self) -> float:
        """What ``guidance`` is below ``detail_below``; none, or less than that, stays as it is."""
        return max(self.guidance, self.detail_guidance) if self.guidance > 1 else self.guidance

    def over(self, own: SamplerSettings) -> SamplerSettings:
        """All fields set: as here, or else as ``own`` has it. Raises ValidationError, of bounds not in order."""
        return SamplerSettings.model_validate(dict(own) | self.model_dump(exclude_unset=True))
