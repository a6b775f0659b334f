"""What a run results in: a model's configuration, and what its card says of the training."""

from __future__ import annotations

from collections.abc import Mapping

import torch

import sfumato
from sfumato.collection import Collection
from sfumato.dataset import Dataset
from sfumato.models import ModelConfig, SamplerSettings
from sfumato.text import counted, readable
from sfumato.training.configuration import ObjectiveName, TrainingConfig
from sfumato.training.distillation import student_sampling
from sfumato.training.run import Run
from sfumato.training.state import TrainingState
from sfumato.training.upscaling import upscaling_sampling

# Measured at 32 and at 64 pixels, see benchmarks/log.md: guidance does best where details are made, in larger pictures
# where the composition is as well; and larger ones come out soft, unless a little less of the noise is taken away.
GUIDED_FROM, GUIDED_UP_TO, GUIDED_COLOUR = 0.1, 2.5, 0.25
SHARPNESS, MOST_SHARPNESS = 0.04, 0.06


# Of each objective's models: what they are, and their tag on the Hub.
CARD_WORDS: Mapping[ObjectiveName, tuple[str, str]] = {
    "denoising": ("A diffusion model for pictures", "diffusion"),
    "distillation": (
        "A diffusion model for pictures that needs few steps, distilled from one that needs many",
        "diffusion",
    ),
    "reconstruction": ("An autoencoder: it makes a picture again that it is shown", "autoencoder"),
    "adversarial": (
        "The generator of a generative adversarial network: it makes pictures from noise in one step",
        "gan",
    ),
    "upscaling": ("A diffusion model that enlarges pictures", "super-resolution"),
}


def sampling(settings: TrainingConfig) -> SamplerSettings:
    """How the model that a run makes is to be sampled."""
    if settings.objective == "adversarial":  # one step, from noise of any size
        return SamplerSettings(sampler="euler", steps=1, sigma_min=0.01, sigma_max=1.0, guidance=1.0)
    if settings.objective == "distillation":
        return student_sampling(settings)
    if settings.objective == "upscaling":
        return upscaling_sampling(settings)
    # From where next to nothing of a picture is left; and as exact as is faster, which the plan has measured.
    larger = settings.size / 32
    return SamplerSettings(
        sigma_max=40.0 * larger,
        sharpness=min(SHARPNESS * max(0.0, larger - 1), MOST_SHARPNESS),
        precision=settings.precision,
    )


def guided_early(generation: SamplerSettings, size: int) -> SamplerSettings:
    """The same with guidance by early weights, for a model that carries them."""
    return generation.model_copy(
        update={
            "guidance_kind": "autoguidance",
            "guidance_low": GUIDED_FROM,
            "guidance_high": GUIDED_UP_TO * (size / 32) ** 3,
            "guidance_chroma": GUIDED_COLOUR,
        }
    )


def model_config(run: Run, dataset: Dataset) -> ModelConfig:
    """The configuration of the model that a run makes."""
    settings = run.record.settings
    counts = dataset.label_counts(dataset.train).double()
    if settings.balance == "class":
        counts = (counts > 0).double()
    # Neither a GAN nor the autoencoder nor an upscaler is told a picture's class, so their models know none.
    classes = tuple(dataset.classes) if settings.begins_with == "noise" and settings.preconditioning != "direct" else ()
    return ModelConfig(
        name=readable(run.path.resolve().name) or "untitled",
        size=settings.size,
        factor=settings.factor,
        classes=classes,
        class_shares=tuple((counts / counts.sum()).tolist()) if classes else (),
        network=settings.network,
        objective=settings.objective,
        begins_with=settings.begins_with,
        answer=settings.answer,
        preconditioning=settings.preconditioning,
        sigma_data=settings.sigma_data,
        generation=sampling(settings),
        descends_from=run.record.descends_from,
        sfumato_version=sfumato.__version__,
    )


def training_facts(state: TrainingState, batch: int, seconds: float, device: torch.device) -> dict[str, str]:
    """How the model came to be, for its card."""
    measured = state.guard.lowest < float("inf")
    return {
        "Training": f"{counted(state.step, 'step')} of {counted(batch, 'picture')} "
        f"in {counted(round(seconds / 60, 1), 'minute')} on {device.type}",
        "Loss": f"{state.guard.lowest:.4f} at best on held-out pictures" if measured else "not measured",
        **({"Remark": state.noted} if state.noted else {}),
    }


def picture_facts(collection: Collection, dataset: Dataset) -> dict[str, str]:
    """What a model's card says of the pictures that it was trained on."""
    summary = collection.summary
    licences = ", ".join(f"{name} ({count})" for name, count in summary.licences.items())
    origin = collection.origin
    return {
        **({"Data set": f"{origin.reference}, version {origin.version or 'unknown'}"} if origin else {}),
        "Pictures": f"{len(dataset):,}, of which {len(dataset.held_out):,} were held out; "
        f"{summary.near_duplicates:,} are near duplicates of others",
        "Licences": licences + (f" ({origin.licence_sentence})" if origin else ""),
        "Collection": collection.digest,
    }
