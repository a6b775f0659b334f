"""The listing of 'Implementing Diffusion Models for Creative AI Art Generation': its network, its loop, its numbers.

Changed, because size and time ask for it: the resolution; the clock ends the loop in place of 150 epochs; the loss is
its squared error alone, without VGG16's features, whose weights are a download of their own. The listing only gives
pictures back; here its network is shown noise, normalised as its pictures are, and answers in one pass.
"""

from __future__ import annotations

from importlib.metadata import version

import torch
from contest import Clock, Job, Pictures, make_works, parameters
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms

from sfumato.images.tensors import MEAN, STD, denormalised
from sfumato.networks.article import ArticleAutoencoder

BATCH, RATE = 32, 1e-3


def main() -> None:
    job = Job.read()
    torch.manual_seed(job.seed)
    network = ArticleAutoencoder(job.size, 0, in_channels=3, output="listing")
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=30, gamma=0.1)
    transform = transforms.Compose(
        [
            transforms.Resize((job.size, job.size)),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    loader = DataLoader(Pictures(job.pictures, transform), BATCH, shuffle=True)
    compare = nn.MSELoss()
    steps = shown = 0
    clock = Clock(job.minutes)
    while clock.share < 1:
        for images in loader:
            optimiser.zero_grad()
            compare(network.listing(images), images).backward()
            optimiser.step()
            steps, shown = steps + 1, shown + len(images)
            if clock.share >= 1:
                break
        schedule.step()
    seconds = clock.elapsed
    network.eval()

    @torch.inference_mode()
    def sample(count: int) -> Tensor:
        return (denormalised(network.listing(torch.randn(count, 3, job.size, job.size))) + 1) / 2

    job.report(
        settings=f"batch {BATCH}, Adam {RATE:g}, a tenth every 30 epochs; one pass",
        version=version("sfumato"),
        parameters=parameters(network),
        steps=steps,
        pictures=shown,
        train_seconds=seconds,
        seconds_for_16=make_works(job, sample),
    )


if __name__ == "__main__":
    main()
