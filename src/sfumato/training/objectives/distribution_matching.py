"""Learning what a teacher's works are like, and not which of them it makes of which noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser


@dataclass(eq=False)
class DistributionMatching:
    """Moves a student's works from where they are too frequent to where its teacher's are more frequent.

    Distribution matching distillation (Yin et al. 2024, arXiv:2311.18828, eq. 7 and 8). A critic, which begins as a
    copy of the teacher, learns to take noise away from the student's own works; where the teacher would find more
    of something than the critic, there is too little of it in the works. In several steps as DMD2 does it (Yin et al.
    2024, arXiv:2405.14867, section 4.5): the student begins at each level with what it has itself made until there. At
    each it answers for no more than outlasts the noise of the next.

    levels: the student's noise levels, falling, the last one 0; guided: (x, sigma [N], condition) -> the teacher's
    estimate; finest: the lowest noise level at which works are compared.
    """

    critic: Denoiser
    levels: Sequence[float]
    guided: Callable[[Tensor, Tensor, Condition], Tensor]
    finest: float

    def losses(
        self, student: Denoiser, noise: Tensor, condition: Condition, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """noise: [N, 3, H, W], of unit variance, that the works begin with; the levels are shared evenly among them.

        Returns [N] twice: the student's loss, half the mean squared step that it is to take, in units of the mean
        distance between its works and what its teacher makes of them; and the critic's.
        """
        count = len(self.levels) - 1
        first = int(torch.randint(count, (), generator=generator))
        level = (torch.arange(len(noise)) + first) % count
        noisy = self._until(level, student, noise, condition, generator)
        levels = torch.tensor(self.levels)
        begun, low = levels[level], (levels[level + 1] / 2).clamp_min(self.finest)
        made: Tensor = student(noisy, begun.to(noise), condition)
        works = made.detach()
        # From half of the next level up to their own, evenly in the logarithm.
        sigma = (low * (begun / low) ** torch.rand(len(level), generator=generator)).to(works)
        fresh = torch.randn(works.shape, generator=generator).to(works.device)
        again = works + sigma.view(-1, 1, 1, 1) * fresh
        with torch.no_grad():
            wanted = self.guided(again, sigma, condition)
        found = self.critic(again, sigma, condition)
        critics = self.critic.preconditioning.weight(sigma) * (found - works).square().mean((1, 2, 3))
        distance = (works - wanted).abs().mean((1, 2, 3), keepdim=True).clamp_min(1e-4)
        target = works - (found.detach() - wanted) / distance
        return (made - target).square().mean((1, 2, 3)) / 2, critics

    @torch.no_grad()
    def _until(
        self, level: Tensor, student: Denoiser, noise: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        """What the student has before it at each one's level, on its own way from the noise."""
        noisy = self.levels[0] * noise
        for index, following in enumerate(self.levels[1:-1]):
            on = level > index
            if not on.any():
                break
            made = student(noisy[on], self.levels[index], condition[on])
            noisy[on] = made + following * torch.randn(made.shape, generator=generator).to(made.device)
        return noisy
