"""The loss at a noise level is 1 for the best linear guess, and depends on nothing but the level and the pictures."""

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import Denoiser, preconditioning
from sfumato.evaluation.noise_levels import SIGMAS, denoising_losses


class Nothing(nn.Module):
    """With EDM's preconditioning the denoiser is then sigma_data^2 / (sigma^2 + sigma_data^2) x: the linear guess."""

    def __init__(self, answer: float = 0.0) -> None:
        super().__init__()
        self.answer = nn.Parameter(torch.tensor(answer))

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None) -> Tensor:
        return self.answer.expand(x.shape)


def linear() -> Denoiser:
    return Denoiser(Nothing(), preconditioning("edm", 0.5))


def pixels(count: int = 40, seed: int = 0) -> Tensor:
    return 0.5 * torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def test_the_best_linear_guess_has_1_at_every_level() -> None:
    images = pixels()
    found = denoising_losses(linear(), images, torch.full((len(images),), -1))
    assert found == pytest.approx([1.0] * len(SIGMAS), rel=0.03)


def test_a_denoiser_that_answers_a_constant_has_the_error_of_its_guess() -> None:
    denoiser = Denoiser(Nothing(0.25), preconditioning("direct"))
    (found,) = denoising_losses(denoiser, torch.full((3, 3, 8, 8), 0.75), torch.full((3,), -1), sigmas=(2.0,))
    assert found == pytest.approx(0.25 * (0.25 + 4))


def test_a_pictures_noise_does_not_depend_on_how_many_there_are() -> None:
    images, labels = pixels(33), torch.full((33,), -1)
    whole = denoising_losses(linear(), images, labels, sigmas=(0.5,))[0]
    first = denoising_losses(linear(), images[:32], labels[:32], sigmas=(0.5,))[0]
    again = denoising_losses(linear(), images, labels, sigmas=(0.5,))[0]
    assert whole == again
    assert whole == pytest.approx(first, rel=0.05) and whole != first
    assert denoising_losses(linear(), images, labels, sigmas=(0.5,), seed=1)[0] != whole
