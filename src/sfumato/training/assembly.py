"""From settings to the objects that learn."""

from __future__ import annotations

from torch import nn

from sfumato.diffusion import PIXELS, Denoiser, LogNormal, ResidualDenoiser, preconditioning
from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss
from sfumato.models import Model
from sfumato.networks import GeneratorConfig, build_network
from sfumato.networks.adversarial import Discriminator
from sfumato.training.adversarial import Adversarial
from sfumato.training.configuration import TrainingConfig
from sfumato.training.denoising import Denoising
from sfumato.training.distillation import Distillation, learned_levels
from sfumato.training.objective import Objective
from sfumato.training.optimisers import Optimiser
from sfumato.training.reconstruction import Reconstruction
from sfumato.training.schedule import LearningRateSchedule
from sfumato.training.upscaling import Upscaling, upscaling_density


def objective_of(
    settings: TrainingConfig,
    classes: int,
    perceptual: PerceptualLoss | None = None,
    teacher: Model | None = None,
) -> Objective:
    """The objective that the settings name, its weights freshly drawn from torch's own random state.

    perceptual: that part of the loss, if there is one; teacher: of a student, which needs one.
    """
    if settings.objective == "upscaling":
        network = build_network(settings.network, settings.size, 0, in_channels=PIXELS.channels, reference=True)
        upscaler = ResidualDenoiser(network, preconditioning(settings.preconditioning, settings.sigma_data))
        return Upscaling(upscaler, upscaling_density(settings), settings.factor, settings.size)
    network = build_network(settings.network, settings.size, classes, in_channels=PIXELS.channels)
    denoiser = Denoiser(network, preconditioning(settings.preconditioning, settings.sigma_data))
    if settings.objective == "reconstruction":
        return Reconstruction(denoiser, perceptual, settings.perceptual_weight)
    if settings.objective == "distillation":
        if teacher is None:
            raise SfumatoError("a student needs a model to learn from; make one with 'sfumato distill'")
        ways = settings.student_substeps, settings.student_guidance, settings.student_matching, settings.precision
        return Distillation(denoiser, teacher, learned_levels(settings), *ways)
    if isinstance(settings.network, GeneratorConfig):
        return Adversarial(
            denoiser, Discriminator(settings.size, in_channels=PIXELS.channels, width=settings.network.width)
        )
    return Denoising(
        denoiser,
        LogNormal.for_size(settings.size, settings.noise_mean, settings.noise_deviation),
        settings.class_dropout,
        perceptual,
        settings.perceptual_weight,
        settings.perceptual_below,
    )


def optimiser_of(settings: TrainingConfig, module: nn.Module) -> Optimiser:
    return Optimiser(
        module,
        settings.optimiser,
        learning_rate=settings.learning_rate,
        matrix_learning_rate=settings.matrix_learning_rate,
        betas=settings.betas,
        rates={"critic": settings.critic_rate},
    )


def schedule_of(settings: TrainingConfig, pictures: int, *, start: int = 0, steps: int = 0) -> LearningRateSchedule:
    """From step ``start`` for ``steps`` steps (0: all of the settings'). pictures: how many an epoch has."""
    return LearningRateSchedule.over(
        start,
        steps or settings.steps,
        warmup=settings.warmup,
        anneal=settings.anneal,
        decay=settings.decay,
        decay_every=round(settings.decay_epochs * pictures / settings.batch),
    )
