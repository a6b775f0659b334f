"""From noise to pictures: the one place where a model, its guidance, its conditions and a sampler meet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from sfumato.diffusion import (
    SAMPLERS,
    Condition,
    Mixture,
    PictureCondition,
    Step,
)
from sfumato.diffusion.enlarging import enlarged, references
from sfumato.diffusion.inpainting import continued, inpaint, kept
from sfumato.diffusion.inversion import invert, restore
from sfumato.diffusion.membrane import met
from sfumato.diffusion.randomness import PictureNoise
from sfumato.diffusion.samplers import DISTILLED
from sfumato.errors import SfumatoError
from sfumato.models.canvas import Canvas, plain_canvas
from sfumato.models.conditions import mixture_named
from sfumato.models.configuration import ModelConfig
from sfumato.models.estimates import effective_guidance, estimate
from sfumato.models.model import Model
from sfumato.models.noise import begins_at_mean, filled_from, fresh_noise, noise_levels, step_count
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.works.edits import Invert
from sfumato.works.sampler_settings import SamplerSettings

# Kernels may round differently for batches of different sizes. So every batch has this size, and a picture always
# stands at the same place in it.
BATCH = 16
REFERENCE_STEP = -2  # of the noise that an upscaler's reference is given; -1 is what a picture begins with
REPEATS = 2  # times that inpainting goes through the noise levels at which a picture is decided


@dataclass(frozen=True)
class InitialNoise:
    """What one picture begins with: its noise, and the conditions that are asked of it."""

    noise: PictureNoise
    mixture: Mixture = field(default_factory=Mixture)


@dataclass(frozen=True, eq=False)
class Sampling:
    """What makes a batch of pictures.

    steps: the sampler's own, in the codec's latents; decode: (latents, whether they are the last, with nothing but
    pictures in them) -> pictures, [N, 3, H, W] in about -1..1. Both are to be used in torch's inference mode. config:
    of the model; settings: those it is asked with, None where they are its own; chosen: which of several candidates
    each picture is, where there were several, known with the last step.
    """

    steps: Iterator[Step]
    decode: Callable[[Tensor, bool], Tensor]
    config: ModelConfig
    settings: SamplerSettings | None = None
    chosen: Sequence[int] = ()

    def of(self, wanted: Sequence[int]) -> Sampling:
        """The same, of whose pictures those at these places are shown."""
        chosen = list(wanted)
        return replace(self, decode=lambda latents, is_last: self.decode(latents, is_last)[chosen])

    def last(self) -> Tensor:
        """The finished pictures."""
        with torch.inference_mode():
            *_, step = self.steps
            self.check(step.x)
            return self.decode(step.x, True)

    def check(self, pictures: Tensor) -> None:
        """Raises SfumatoError where they hold what is no number: that is no work, and is never written as one."""
        if pictures.isfinite().all():
            return
        usual = dict(self.config.usual)
        asked = usual if self.settings is None else dict(self.settings)
        apart = [
            f"{name} {_short(value)} ({_short(usual[name])})" for name, value in asked.items() if value != usual[name]
        ]
        remedy = (
            f"try its own settings (in brackets): {', '.join(apart)}; if it happens again, its weights are damaged"
            if apart
            else "its weights are damaged: get the model again, or train again"
        )
        raise SfumatoError(f"the model '{self.config.name}' produced NaN or infinite values: {remedy}")


@torch.inference_mode()
def one_pass(model: Model, canvas: Canvas) -> Sampling:
    """What an autoencoder makes of the picture on a canvas."""
    assert canvas.picture is not None, "it is given one to make again"
    made = model.denoiser(canvas.picture[None].to(model.device), 1.0)
    return Sampling(iter([Step(0, 1, 0.0, made, made)]), lambda latents, _: model.codec.decode(latents), model.config)


@torch.inference_mode()
def sampling_of(
    model: Model,
    settings: SamplerSettings,
    initial: Sequence[InitialNoise],
    *,
    negative: Condition | None = None,
    canvas: Canvas | None = None,
    steering: Steering = NOT_STEERED,
) -> Sampling:
    """What samples all the pictures together.

    initial: as many as `batch_size` says, for pictures that are to be the same to the bit another time. negative: of
    one picture, what guidance leads away from in place of 'nothing'. canvas: by default an empty one of the model's
    size. A picture on it is refined from half-way noise (SDEdit: Meng et al. 2022, arXiv:2108.01073), or from its own
    where it is inverted; where there is a mask, it is kept outside. An upscaler begins with its reference, enlarged.
    """
    canvas = canvas or plain_canvas(model.config)
    part = part_to_make(model, canvas, steering)
    within = canvas if part is None else canvas.part(*part)
    codec = canvas.codec(model.config)

    def decode(latents: Tensor, is_last: bool) -> Tensor:
        pictures = codec.decode(latents)
        if is_last and within.mask is not None and within.picture is not None:
            # Pixels come back as they are; what a VAE made has to meet what it did not make.
            meeting = met(pictures, within.picture[None], within.mask[None]) if codec.factor > 1 else pictures
            pictures = kept(meeting, within.picture[None], within.mask[None])
        if part is None or canvas.picture is None:
            return pictures
        whole = canvas.picture.expand(len(pictures), -1, -1, -1).to(pictures, copy=True)
        whole[:, :, *part] = pictures
        return whole

    steps = _steps(model, settings, initial, negative, within, steering)
    return Sampling(steps, decode, model.config, settings)


def _steps(
    model: Model,
    settings: SamplerSettings,
    initial: Sequence[InitialNoise],
    negative: Condition | None,
    canvas: Canvas,
    steering: Steering,
) -> Iterator[Step]:
    """Every step of all of a canvas, in the codec's latents."""
    codec, device = canvas.codec(model.config), model.device
    shape = codec.shape(canvas.height, canvas.width)

    def noise(step: int) -> Tensor:
        return torch.stack([one.noise.draw(step, shape) for one in initial]).to(device)

    sigmas = noise_levels(model, settings, canvas)
    sigmas = sigmas[settings.steps - step_count(settings, canvas) :]
    if canvas.reference is not None:
        told = _references(model, settings, initial, canvas, canvas.reference)
        begun, mixture = told.picture[:, : codec.channels], Mixture.of(told)
        if canvas.picture is not None:
            begun = codec.encode(_begun_over(canvas, canvas.reference, canvas.picture).to(device))
    else:
        begun = torch.zeros((), device=device) if canvas.picture is None else codec.encode(_begun(canvas).to(device))
        mixture = Mixture.joined([one.mixture for one in initial])
    denoise = unguided = estimate(model, settings, canvas, mixture, negative)
    if canvas.reference is None and effective_guidance(model, settings, negative=negative is not None) != "none":
        unguided = estimate(model, settings.model_copy(update={"guidance": 1.0}), canvas, mixture)

    x = begun + noise(-1) * sigmas[0].float()
    if begins_at_mean(model.config, settings, canvas, sigmas[0].item()):
        x = x + unguided(x, sigmas[0].item())
    denoise = steering.around(denoise, codec, canvas.height, canvas.width, model.config.size)
    sampler = (SAMPLERS | DISTILLED)[settings.sampler]
    if isinstance(canvas.edit, Invert) and canvas.picture is not None:
        pictures = codec.encode(canvas.picture[None].to(device)).expand(len(initial), -1, -1, -1)
        if canvas.reference is None:
            under, moved = Mixture.joined([mixture_named(model, canvas, canvas.edit.source)] * len(initial)), None
        else:
            assert canvas.small is not None, "a picture has its small form"
            before = _references(model, settings, initial, canvas, canvas.small)
            under, moved = Mixture.of(before), begun - pictures
        plain = estimate(model, settings.model_copy(update={"guidance": 1.0}), canvas, under)
        return restore(denoise, pictures, list(invert(plain, pictures, sigmas, noise(-1))), moved)
    if canvas.mask is None or canvas.picture is None:
        return sampler(denoise, x, sigmas, fresh_noise(settings, sigmas, noise))
    # A distilled model's few estimates are each a whole picture: there is no way between them to go through again. And
    # its estimate is not a mean of pictures, so the derivative is not a covariance. Of a pre-trained network the
    # derivative would take several times the memory of the network itself.
    # An upscaler's reference fits the picture already.
    repeats = 1 if settings.sampler in DISTILLED or canvas.reference is not None else REPEATS
    nudges = 0 if repeats == 1 or model.pretrained is not None else 2
    return inpaint(
        denoise,
        x,
        sigmas,
        noise,
        sampler=sampler,
        picture=begun,
        mask=codec.covered(canvas.mask[None]),
        repeats=repeats,
        nudges=nudges,
        nudged=unguided,
        highest=1.001 * filled_from(model.config),  # the first level may be rounded up
        adds_noise=settings.adds_noise,
    )


def _references(
    model: Model, settings: SamplerSettings, initial: Sequence[InitialNoise], canvas: Canvas, small: Tensor
) -> PictureCondition:
    """What an upscaler is told for each picture: a small one, [3, h, w], with as much noise as the settings say."""
    small = small.to(model.device).expand(len(initial), -1, -1, -1)
    most = model.config.reference_noise
    noise = torch.stack([one.noise.draw(REFERENCE_STEP, tuple(small.shape[1:])) for one in initial])
    return references(
        small,
        model.config.factor,
        canvas.codec(model.config),
        noise=noise.to(model.device),
        level=torch.full((len(initial),), min(settings.reference_noise, most)),
        most=most,
        wrap=canvas.tile,
    )


def part_to_make(model: Model, canvas: Canvas, steering: Steering) -> tuple[slice, slice] | None:
    """Rows and columns of a canvas outside of which a model's windows see nothing that is made anew and are not looked
    at, in whole cells of its codec; None where that is all of the canvas, or nothing is kept. What steers looks at the
    whole."""
    cell = math.lcm(model.codec.factor, 1 if canvas.reference is None else model.config.factor)
    return canvas.part_to_make(model.config.size, cell) if steering == NOT_STEERED else None


def _begun(canvas: Canvas) -> Tensor:
    """The picture on a canvas, [1, 3, height, width]; what is made anew in full strength has the light and the colour
    of what is kept to begin with, so that there need not be as much noise that these are drawn by chance."""
    assert canvas.picture is not None, "there is one to begin with"
    if canvas.mask is None or canvas.strength < 1:
        return canvas.picture[None]
    return continued(canvas.picture[None], canvas.mask[None])


def _begun_over(canvas: Canvas, reference: Tensor, picture: Tensor) -> Tensor:
    """What an upscaler begins with where there is a picture, [1, 3, height, width]: what the reference says, with the
    picture's own detail where its strength leaves something of it, and the picture itself where it is kept."""
    factor = canvas.width // reference.shape[-1]
    large = enlarged(reference[None], factor)
    if canvas.strength < 1 or isinstance(canvas.edit, Invert):
        assert canvas.small is not None, "a picture has its small form"
        # In this order it is the picture itself, to the bit, where the reference is what the picture's own form was.
        large = picture[None].to(large) + (large - enlarged(canvas.small[None].to(large), factor))
    return (
        large if canvas.mask is None else torch.where(canvas.mask[None].to(large) > 0, large, picture[None].to(large))
    )


def batch_size(model: Model, canvas: Canvas) -> int:
    """How many pictures are sampled together. From a picture mostly one is made, and many windows fill a batch; a
    pre-trained network, which is large and takes pictures of any size, has enough to do with one."""
    from_noise = canvas.is_empty and model.pretrained is None
    return BATCH if from_noise and canvas.is_one_picture(model.config) else 1


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
