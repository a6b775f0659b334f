"""denoising-diffusion-pytorch as its README says, with its own Trainer.

Changed, because size, processor and time ask for it: image_size; the clock ends the loop in place of 700,000 steps;
mixed precision in bfloat16, since on a CPU there is no float16; no FID and no samples while it trains, which would
take of its time; 20 DDIM steps in place of 250.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch
from contest import STEPS, Clock, Job, make_works, parameters
from denoising_diffusion_pytorch import GaussianDiffusion, Trainer, Unet

BATCH, ACCUMULATED = 32, 2
NEVER = 10**9


class TimedTrainer(Trainer):  # type: ignore[misc]
    """The package's loop as it is: 'how many steps?' is answered by the clock."""

    clock: Clock

    @property
    def train_num_steps(self) -> int:
        return int(self.step) + (self.clock.share < 1)

    @train_num_steps.setter
    def train_num_steps(self, asked: int) -> None:
        """The constructor sets it."""


def main() -> None:
    job = Job.read()
    options: dict[str, Any] = job.options
    torch.manual_seed(job.seed)
    network = Unet(dim=options["width"], dim_mults=(1, 2, 4, 8), flash_attn=True)
    diffusion = GaussianDiffusion(network, image_size=job.size, timesteps=1000, sampling_timesteps=STEPS)
    trainer = TimedTrainer(
        diffusion,
        str(job.pictures),
        train_batch_size=BATCH,
        train_lr=options["learning_rate"],
        gradient_accumulate_every=ACCUMULATED,
        ema_decay=0.995,
        amp=options["bfloat16"],
        mixed_precision_type="bf16",
        calculate_fid=False,
        save_and_sample_every=NEVER,
        results_folder=str(job.place / "results"),
    )
    trainer.clock = Clock(job.minutes)
    trainer.train()
    seconds = trainer.clock.elapsed
    averaged = trainer.ema.ema_model.eval()
    seconds_for_16 = make_works(job, lambda count: averaged.sample(batch_size=count))
    job.report(
        settings=f"dim {options['width']}, batch {ACCUMULATED} x {BATCH}, Adam {options['learning_rate']:g}, "
        f"{'bfloat16' if options['bfloat16'] else 'float32'}",
        version=version("denoising-diffusion-pytorch"),
        parameters=parameters(network),
        steps=trainer.step,
        pictures=trainer.step * BATCH * ACCUMULATED,
        train_seconds=seconds,
        seconds_for_16=seconds_for_16,
    )


if __name__ == "__main__":
    main()
