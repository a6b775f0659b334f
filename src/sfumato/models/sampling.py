"""From drafts to pictures: the one place where a model, its guidance, what is asked of it and a sampler meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, Denoise, Denoiser, Step, away_from, conditioned, mixed
from sfumato.diffusion.enlarging import enlarged
from sfumato.diffusion.inpainting import continued, inpaint
from sfumato.diffusion.inversion import invert, restore
from sfumato.diffusion.randomness import PictureNoise
from sfumato.diffusion.samplers import DETERMINISTIC, STUDENTS
from sfumato.diffusion.windows import window_count, windowed
from sfumato.models.canvas import Canvas, plain_canvas
from sfumato.models.classes import class_mixture
from sfumato.models.configuration import ModelConfig
from sfumato.models.finite import finite_steps
from sfumato.models.model import Model
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.works.request import SamplerSettings

# Kernels may round differently for batches of different sizes. So every batch has this many places, and a picture
# always stands in the same one.
BATCH = 16
AT_ONCE = 64  # windows that the network sees at once
NO_CLASS = -1
FILLED_FROM = 5.0  # sigma at which inpainting begins, for a model of 64 px
REPEATS = 2  # times that inpainting goes through the noise levels at which a picture is decided


@dataclass(frozen=True)
class Draft:
    """What one picture begins with: its noise, and shares of classes that sum to 1 ({} for no class)."""

    noise: PictureNoise
    classes: Mapping[int, float]


@torch.inference_mode()
def sampled(
    model: Model,
    settings: SamplerSettings,
    drafts: Sequence[Draft],
    *,
    away: int = NO_CLASS,
    ground: Canvas | None = None,
    steering: Steering | None = None,
) -> Iterator[Step]:
    """Yields every step of all the drafts together.

    drafts: as many as `places` says, for pictures that are to be the same to the bit another time. away: the class that
    guidance leads away from. ground: by default an empty one of the model's size. A picture on it is refined from
    half-way noise (SDEdit: Meng et al. 2022, arXiv:2108.01073), or from its own where it is inverted; where there is a
    mask, it is kept outside. An upscaler begins with its reference, enlarged. Raises SfumatoError where the model
    answers with what is no number.
    """
    ground = ground or plain_canvas(model.config)
    # Of a picture of which a part is made anew, windows that see nothing of that part are not looked at. What steers
    # looks at the whole.
    part = ground.part_to_make(model.config.size) if steering in (None, NOT_STEERED) else None
    if part is None:
        yield from finite_steps(_whole(model, settings, drafts, away, ground, steering), model.config, settings)
        return
    assert ground.picture is not None, "what is kept is kept of a picture"
    around = ground.picture.expand(len(drafts), -1, -1, -1)
    made_anew = _whole(model, settings, drafts, away, ground.part(*part), None)
    for step in finite_steps(made_anew, model.config, settings):
        x, denoised = (around.to(made, copy=True) for made in (step.x, step.denoised))
        x[:, :, *part], denoised[:, :, *part] = step.x, step.denoised
        yield replace(step, x=x, denoised=denoised)


def _whole(
    model: Model,
    settings: SamplerSettings,
    drafts: Sequence[Draft],
    away: int,
    ground: Canvas,
    steering: Steering | None,
) -> Iterator[Step]:
    """Every step of all of a ground."""
    device = model.device
    shape = (3, ground.height, ground.width)

    def noise(step: int) -> Tensor:
        return torch.stack([draft.noise.draw(step, shape) for draft in drafts]).to(device)

    sigmas = SCHEDULES[settings.schedule](settings.steps, settings.sigma_min, settings.sigma_max)
    sigmas = sigmas[settings.steps - max(1, round(ground.strength * settings.steps)) :]
    if ground.reference is not None:
        begun = enlarged(ground.reference[None].to(device), model.config.factor, wrap=ground.tile)
        denoise = unguided = _beside(begun, ground, model, settings)
    else:
        begun = torch.zeros((), device=device) if ground.picture is None else _begun(ground).to(device)
        classes = [draft.classes for draft in drafts]
        denoise = unguided = _on(ground, model, settings, classes, away)
        if effective_guidance(model, settings, away=away != NO_CLASS) != "none":
            unguided = _on(ground, model, settings.model_copy(update={"guidance": 1.0}), classes, NO_CLASS)

    def fresh(step: int) -> Tensor | None:
        return noise(step) if sigmas[step] <= settings.noise_high else None

    x = begun + noise(-1) * sigmas[0].float()
    if begins_at_mean(model.config, settings, ground, sigmas[0].item()):
        x = x + unguided(x, sigmas[0].item())
    if steering is not None:
        denoise = steering.around(denoise, ground.height, ground.width, model.config.size)
    sampler = (SAMPLERS | STUDENTS)[settings.sampler]
    if ground.inverted and ground.picture is not None:
        source = {} if ground.source is None else class_mixture(ground.source, model.config)
        plain = settings.model_copy(update={"guidance": 1.0})
        pictures = ground.picture.to(device).expand(len(drafts), *shape)
        inverted = list(
            invert(_of_classes(model, plain, [source] * len(drafts), NO_CLASS), pictures, sigmas, noise(-1))
        )
        yield from restore(denoise, pictures, inverted)
    elif ground.mask is None or ground.picture is None:
        yield from sampler(denoise, x, sigmas, fresh)
    else:
        picture, mask = ground.picture[None], ground.mask[None]
        # A student's few looks are each a whole picture: there is no way between them to go through again. And its
        # estimate is no mean of pictures, so that the derivative is no covariance.
        repeats, nudges = (1, 0) if settings.sampler in STUDENTS else (REPEATS, 2)
        yield from inpaint(
            denoise,
            x,
            sigmas,
            noise,
            sampler=sampler,
            picture=picture,
            mask=mask,
            repeats=repeats,
            nudges=nudges,
            nudged=unguided,
            highest=1.001 * filled_from(model.config),  # the first level may be rounded up
            noise_high=settings.noise_high,
        )


def begins_at_mean(config: ModelConfig, settings: SamplerSettings, ground: Canvas, sigma: float) -> bool:
    """Whether the estimate of pure noise is added to it before the first step.

    Pictures with that much noise have their mean in them still. A sampler that draws its noise anew finds it; one that
    keeps its noise would miss it to the end, and pictures on a dark ground would be too light.
    """
    keeps_noise = settings.sampler in DETERMINISTIC or sigma > settings.noise_high
    return keeps_noise and config.samples_freely and ground.picture is None


def filled_from(config: ModelConfig) -> float:
    """Sigma at which inpainting in full strength begins: larger pictures bear more noise."""
    return FILLED_FROM * config.size / 64


def _begun(ground: Canvas) -> Tensor:
    """The picture on a ground, [3, height, width]; what is made anew in full strength has the light and the colour of
    what is kept to begin with, so that there need not be as much noise that these are drawn by chance."""
    assert ground.picture is not None, "there is one to begin with"
    if ground.mask is None or ground.strength < 1:
        return ground.picture
    return continued(ground.picture[None], ground.mask[None])[0]


def steered_estimate(
    model: Model,
    settings: SamplerSettings,
    classes: Sequence[Mapping[int, float]],
    *,
    away: int,
    ground: Canvas,
    steering: Steering,
) -> Denoise:
    """What a sampler asks of pictures on an empty ground, each of its own mixture of classes."""
    denoise = _on(ground, model, settings, classes, away)
    return steering.around(denoise, ground.height, ground.width, model.config.size)


def places(model: Model, ground: Canvas) -> int:
    """How many pictures are sampled together. From a picture mostly one is made, and many windows fill a batch."""
    from_noise = ground.picture is None and ground.reference is None
    return BATCH if from_noise and ground.is_one_picture(model.config) else 1


def guided(model: Model, settings: SamplerSettings, wanted: Denoise, against: Tensor | None = None) -> Denoise:
    """What a sampler asks: an estimate of the model with guidance and sharpness, in the precision of the settings.

    wanted: the estimate without; against: the class of each picture that it is led away from, [N], None for no class.
    """
    kind = effective_guidance(model, settings, away=against is not None)
    if kind == "none":
        return _told(model, settings, wanted)
    worse = model.worse() if kind == "autoguidance" else model.denoiser
    return _away(model, settings, conditioned(worse, against), wanted)


def effective_guidance(model: Model, settings: SamplerSettings, *, away: bool = False) -> str:
    """'none' where nothing would change: at 1, or away from no class in a model that has none."""
    without = settings.guidance_kind == "classifier_free" and not model.config.classes and not away
    return "none" if settings.guidance == 1 or without else settings.guidance_kind


def _told(model: Model, settings: SamplerSettings, estimate: Denoise) -> Denoise:
    """The estimate in the precision of the settings, told as much less of the noise as they say."""

    def denoise(x: Tensor, sigma: float) -> Tensor:
        timing = nullcontext() if model.threads is None else model.threads.timing(len(x))
        with timing, torch.autocast(x.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            return estimate(x, sigma * (1 - settings.sharpness))

    return denoise


def _away(model: Model, settings: SamplerSettings, unwanted: Denoise, wanted: Denoise) -> Denoise:
    interval = (settings.guidance_low, settings.guidance_high)
    bad, good = _told(model, settings, unwanted), _told(model, settings, wanted)
    return away_from(bad, good, settings.guidance, interval, settings.guidance_chroma)


def _beside(reference: Tensor, ground: Canvas, model: Model, settings: SamplerSettings) -> Denoise:
    """An upscaler's estimate of a whole ground, one picture, by its reference, [1, 3, H, W]."""

    def seeing(denoiser: Denoiser) -> Denoise:
        def estimate(both: Tensor, sigma: float) -> Tensor:
            x, shown = both.chunk(2, 1)
            made: Tensor = denoiser(x, sigma, shown)
            return made

        return estimate

    wanted = seeing(model.denoiser)
    if effective_guidance(model, settings) == "none":
        told = _told(model, settings, wanted)
    else:
        told = _away(model, settings, seeing(model.worse()), wanted)
    if not ground.is_one_picture(model.config):

        def in_parts(windows: Tensor, sigma: float) -> Tensor:
            return torch.cat([told(part, sigma) for part in torch.split(windows, AT_ONCE)])

        side = model.config.size
        blended = windowed(in_parts, side=side, stride=max(1, side // 2), wrap=ground.tile)
    else:
        blended = told
    return lambda x, sigma: blended(torch.cat((x, reference.expand_as(x)), 1), sigma)


def _on(
    ground: Canvas, model: Model, settings: SamplerSettings, classes: Sequence[Mapping[int, float]], away: int
) -> Denoise:
    """The denoiser of a whole ground, in windows where the model cannot see it at once."""
    if ground.is_one_picture(model.config):
        return _of_classes(model, settings, classes, away)
    side, stride = model.config.size, max(1, model.config.size // 2)
    every = [*classes] * window_count(ground.height, ground.width, side, stride, ground.tile)
    parts = [
        _of_classes(model, settings, every[start : start + AT_ONCE], away) for start in range(0, len(every), AT_ONCE)
    ]

    def denoise(windows: Tensor, sigma: float) -> Tensor:
        return torch.cat([part(x, sigma) for part, x in zip(parts, torch.split(windows, AT_ONCE), strict=True)])

    return windowed(denoise, side=side, stride=stride, wrap=ground.tile)


def _of_classes(model: Model, settings: SamplerSettings, classes: Sequence[Mapping[int, float]], away: int) -> Denoise:
    """The estimate of every picture's own mixture, with as many evaluations as the longest of them has classes."""
    device = model.device
    most = max(1, *map(len, classes))
    # A picture with fewer classes than another asks for its first one again, with a share of 0.
    given = [mixture or {NO_CLASS: 1.0} for mixture in classes]
    filled = [[*mixture.items(), *[(next(iter(mixture)), 0.0)] * most][:most] for mixture in given]
    indices = torch.tensor([[index for index, _ in mixture] for mixture in filled], device=device).T
    shares = torch.tensor([[share for _, share in mixture] for mixture in filled], device=device).T
    wanted = mixed([conditioned(model.denoiser, one) for one in indices], shares)
    against = None if away == NO_CLASS else torch.full((len(classes),), away, device=device)
    return guided(model, settings, wanted, against)
