"""diffusers' UNet2DModel: with the settings of its unconditional example, or in sfumato's way of learning.

Changed in the example's settings, because processor and time ask for it: resolution; the cosine falls to zero when the
time is up, as it does where --num_epochs is chosen to fit the time; one process without Accelerate; no samples and no
checkpoints while it trains; 20 DDIM steps. 'tuned': the warm-up takes a twentieth of the time, where that is shorter
than the example's 500 steps.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from importlib.metadata import version

import torch
import torch.nn.functional as F
from contest import STEPS, Clock, Job, Pictures, make_works, parameters
from diffusers import DDIMPipeline, DDPMScheduler, UNet2DModel
from diffusers.training_utils import EMAModel
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms

MULTIPLES = (1, 1, 2, 2, 4, 4)
WARMUP_STEPS, TUNED_WARMUP = 500, 0.05
BATCH = 16
REPLAN_SECONDS = 5.0


def main() -> None:
    job = Job.read()
    torch.manual_seed(job.seed)
    learn_our_way(job) if job.options["ours"] else learn_as_the_example(job)


def network(size: int, width: int) -> UNet2DModel:
    """The example's network; width: channels of its finest level, there 128."""
    plain, attentive = ["DownBlock2D"] * 6, ["UpBlock2D"] * 6
    plain[4], attentive[1] = "AttnDownBlock2D", "AttnUpBlock2D"
    return UNet2DModel(
        sample_size=size,
        layers_per_block=2,
        block_out_channels=tuple(width * multiple for multiple in MULTIPLES),
        down_block_types=tuple(plain),
        up_block_types=tuple(attentive),
        norm_num_groups=32 if width % 32 == 0 else 8,
    )


def batches(job: Job, size: int) -> Iterator[Tensor]:
    """[size, 3, H, W] in -1..1, half of them mirrored."""
    transform = transforms.Compose(
        [
            transforms.Resize(job.size),
            transforms.CenterCrop(job.size),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ]
    )
    loader = DataLoader(Pictures(job.pictures, transform), size, shuffle=True)
    while True:
        yield from loader


class Cosine:
    """A rise over the first steps, then the fall of a cosine to zero at the end of the time."""

    def __init__(self, clock: Clock, *, tuned: bool) -> None:
        self.clock, self.tuned, self.risen = clock, tuned, math.inf

    def factor(self, step: int) -> float:
        """For step number ``step``, 0-based."""
        share = self.clock.share
        rise = step / WARMUP_STEPS
        if self.tuned:
            rise = max(rise, share / TUNED_WARMUP)
        if rise < 1:
            return rise
        self.risen = min(self.risen, share)
        fallen = (share - self.risen) / max(1 - self.risen, 1e-9)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, fallen)))


def learn_as_the_example(job: Job) -> None:
    rate, width, tuned = (job.options[name] for name in ("learning_rate", "width", "tuned"))
    unet = network(job.size, width)
    noising = DDPMScheduler(num_train_timesteps=1000)
    optimiser = torch.optim.AdamW(unet.parameters(), rate, betas=(0.95, 0.999), weight_decay=1e-6, eps=1e-8)
    average = EMAModel(unet.parameters(), decay=0.9999, use_ema_warmup=True, inv_gamma=1.0, power=3 / 4)
    step = shown = 0
    clock = Clock(job.minutes)
    schedule = Cosine(clock, tuned=tuned)
    for images in batches(job, BATCH):
        noise = torch.randn_like(images)
        times = torch.randint(0, noising.config.num_train_timesteps, (len(images),))
        loss = F.mse_loss(unet(noising.add_noise(images, noise, times), times).sample, noise)
        loss.backward()
        nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate * schedule.factor(step)
        optimiser.step()
        optimiser.zero_grad()
        average.step(unet.parameters())
        step, shown = step + 1, shown + len(images)
        if clock.share >= 1:
            break
    seconds = clock.elapsed
    average.copy_to(unet.parameters())
    pipeline = DDIMPipeline(unet.eval(), noising)
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(job.seed)

    def sample(count: int) -> Tensor:
        made: Tensor = pipeline(
            batch_size=count, generator=generator, num_inference_steps=STEPS, output_type="pt"
        ).images
        return made

    job.report(
        settings=f"channels {width} to {4 * width}, batch {BATCH}, AdamW {rate:g}{', short warm-up' * tuned}",
        version=version("diffusers"),
        parameters=parameters(unet),
        steps=step,
        pictures=shown,
        train_seconds=seconds,
        seconds_for_16=make_works(job, sample),
    )


class OurNetwork(nn.Module):
    """UNet2DModel as a network F(x, c_noise, condition)."""

    def __init__(self, unet: UNet2DModel, low: float, high: float) -> None:
        """low, high: c_noise at the least and the most noise."""
        super().__init__()
        self.unet, self.low, self.high = unet, low, high
        # By their names the optimiser knows which layers map no hidden features to hidden ones.
        unet.conv_in = nn.Sequential(OrderedDict(embed=unet.conv_in))
        unet.conv_out = nn.Sequential(OrderedDict(output=unet.conv_out))

    def forward(self, x: Tensor, c_noise: Tensor, condition: object = None) -> Tensor:
        times = 999 * (c_noise - self.low) / (self.high - self.low)
        predicted: Tensor = self.unet(x.contiguous(memory_format=torch.channels_last), times).sample
        return predicted


def learn_our_way(job: Job) -> None:
    """EDM preconditioning, noise levels, optimiser, schedule and average as ``sfumato train`` has them, in bfloat16."""
    from sfumato.diffusion import SAMPLERS, SCHEDULES, SIGMA_MAX, SIGMA_MIN, Denoiser, preconditioning
    from sfumato.diffusion.condition import ClassCondition
    from sfumato.models import SamplerSettings
    from sfumato.random import keyed_generator
    from sfumato.training import resolve
    from sfumato.training.averages import PowerAverage
    from sfumato.training.objectives import Denoising, DenoisingConfig
    from sfumato.training.schedule import LearningRateSchedule

    settings, chosen_levels = resolve({"size": job.size}), DenoisingConfig()
    c_noises = [math.log(sigma) / 4 for sigma in (SIGMA_MIN, SIGMA_MAX)]
    unet = network(job.size, job.options["width"]).to(memory_format=torch.channels_last)
    denoiser = Denoiser(OurNetwork(unet, *c_noises), preconditioning(settings.preconditioning))
    density = chosen_levels.density(job.size)
    objective = Denoising(denoiser, density, class_dropout=0.0)
    optimiser = settings.optimiser.build(denoiser)
    average = PowerAverage(denoiser, settings.ema_std)
    step = shown = 0
    clock = Clock(job.minutes)
    schedule: LearningRateSchedule | None = None
    rate = settings.schedule
    replanned = 0.0
    for images in batches(job, settings.batch):
        with torch.autocast("cpu", torch.bfloat16):
            no_class = ClassCondition.of([0] * len(images)).drop()
            losses = objective(images, no_class, keyed_generator("noise", job.seed, step))
        losses.total.mean().backward()  # type: ignore[no-untyped-call]
        # The first two steps stand still and tell how many there will be.
        optimiser.step(schedule.factor(step) if schedule else 0.0)
        step, shown = step + 1, shown + len(images)
        average.update(denoiser, step)
        if clock.share >= 1:
            break
        steps = step + max(1, round((clock.seconds - clock.elapsed) / (clock.elapsed / step)))
        if schedule is None and step >= 2:
            schedule = LearningRateSchedule.over(step, steps - step, warmup=rate.warmup, anneal=rate.anneal)
        elif schedule is not None and clock.elapsed - replanned > REPLAN_SECONDS:
            schedule, replanned = schedule.ending_at(steps, step, rate.anneal), clock.elapsed
    seconds = clock.elapsed
    chosen = SamplerSettings()
    sigmas = SCHEDULES[chosen.schedule](STEPS, chosen.sigma_min, chosen.sigma_max)

    @torch.inference_mode()
    def sample(count: int) -> Tensor:
        noise = torch.randn(count, 3, job.size, job.size) * sigmas[0].float()
        *_, last = SAMPLERS[chosen.sampler](average.module, noise, sigmas, lambda _: torch.randn_like(noise))
        return (last.x + 1) / 2

    width = job.options["width"]
    job.report(
        settings=f"channels {width} to {4 * width}, batch {settings.batch}, {settings.optimiser.kind}, bfloat16",
        version=version("sfumato"),
        parameters=parameters(unet),
        steps=step,
        pictures=shown,
        train_seconds=seconds,
        seconds_for_16=make_works(job, sample),
    )


if __name__ == "__main__":
    main()
