"""Which noise levels a family's own schedules go through, in sigma.

Of networks that learned on a thousand discrete levels: 'leading', 'trailing' and 'linspace' (Lin et al. 2023,
arXiv:2305.08891, section 3.3 and table 2). Of flows: 'shifted', even steps of time moved towards noise, the more the
larger the picture (Esser et al. 2024, arXiv:2403.03206, section 5.3.2, eq. 23).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.pretrained.denoiser import PURE_NOISE, time_of
from sfumato.pretrained.families import Family
from sfumato.text import counted

Array = NDArray[np.float64]
DISCRETE = ("leading", "trailing", "linspace")
SHIFTED = "shifted"


@dataclass(frozen=True, eq=False)
class Spacing:
    """config: of the pipeline's scheduler; levels: the noise levels of the training, rising, [T] float64, None for a
    flow; cell: pixels along the side of what the network takes for one token."""

    family: Family
    config: Mapping[str, Any]
    levels: Tensor | None
    cell: int

    @property
    def names(self) -> tuple[str, ...]:
        return (SHIFTED,) if self.levels is None else DISCRETE

    @property
    def default(self) -> str:
        """The pipeline's own; 'karras' and 'exponential' are among `diffusion.SCHEDULES`."""
        if self.levels is None:
            return SHIFTED
        moved = [name for name in ("karras", "exponential") if self.config.get(f"use_{name}_sigmas")]
        own = self.config.get("timestep_spacing", "leading")
        return next(iter(moved), own if own in DISCRETE else "leading")

    @property
    def sigma_min(self) -> float:
        """The lowest level that the network knows."""
        return 0.001 if self.levels is None else self.levels[0].item()

    @property
    def sigma_max(self) -> float:
        """The highest level that the network knows."""
        return PURE_NOISE if self.levels is None else self.levels[-1].item()

    def sigmas(
        self,
        name: str,
        steps: int,
        height: int,
        width: int,
        sigma_min: float | None = None,
        sigma_max: float | None = None,
    ) -> Tensor:
        """[steps + 1] float64, falling, the last 0. height, width: of the picture, in pixels.

        sigma_min, sigma_max: bounds within which the same spacing is put, by default the whole of it. Raises
        SfumatoError for a name that is not one of ``names`` and for more steps than there are levels.
        """
        if name not in self.names:
            raise SfumatoError(
                f"schedule '{name}': {self.family.title} has no such schedule; give {' or '.join(self.names)}, or one "
                f"of sfumato's own"
            )
        low = self.sigma_min if sigma_min is None else max(sigma_min, self.sigma_min)
        high = self.sigma_max if sigma_max is None else min(sigma_max, self.sigma_max)
        if self.levels is not None:
            levels = self._discrete(self.levels, name, steps, low, high)
        else:
            highest = 1.0 if high == PURE_NOISE else high / (1 + high)
            times = self._shifted(steps, self.shift(steps, height, width), sigma_min, highest)
            levels = np.where(times < 1, times / np.maximum(1 - times, 1 / PURE_NOISE), PURE_NOISE)
        return torch.cat((torch.from_numpy(levels), torch.zeros(1, dtype=torch.float64)))

    def _discrete(self, levels: Tensor, name: str, steps: int, low: float, high: float) -> Array:
        count = len(levels)
        if steps > count:
            raise SfumatoError(
                f"{counted(steps, 'step')}: this model knows {counted(count, 'noise level')}; give {count:,} or fewer"
            )
        first, last = (time_of(torch.tensor(sigma, dtype=torch.float64), levels).item() for sigma in (low, high))
        span = last + 1
        if name == "leading":
            times = np.arange(steps - 1, -1, -1) * (span // steps) + self.config.get("steps_offset", 0)
        elif name == "trailing":
            times = (span - np.arange(steps) * span / steps).round() - 1
        else:
            times = np.linspace(last, 0, steps)
        times = first + times.clip(0, last) * (last - first) / last
        # By logarithms, as `time_of` reads them: what a network is told of such a level is this very time.
        logs: Array = np.interp(times, np.arange(count), levels.log().numpy())
        return np.exp(logs)

    def shift(self, steps: int, height: int, width: int) -> float:
        """s of t' = s t / (1 + (s - 1) t) for a picture of that size in pixels: fixed, or e^mu, mu linear in tokens."""
        config = self.config
        if not config.get("use_dynamic_shifting"):
            return float(config.get("shift", config.get("flow_shift", 1.0)))
        tokens = (height // self.cell) * (width // self.cell)
        if self.family.shift == "tokens and steps":
            mu = _klein_mu(tokens, steps)
        else:
            low, high = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
            least, most = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
            mu = least + (tokens - low) * (most - least) / (high - low)
        return mu if config.get("time_shift_type") == "linear" else math.exp(mu)

    def _shifted(self, steps: int, shift: float, sigma_min: float | None, highest: float) -> Array:
        """Times [steps], falling from ``highest``."""
        start = _moved_back(highest, shift)
        end = start / steps
        if self.family.shift == "twice":  # the last time is moved when the scheduler is made, and then as all are
            fixed = not self.config.get("use_dynamic_shifting")
            end = start / 1000 * (shift / (1 + (shift - 1) / 1000) if fixed else 1)
        if sigma_min is not None:
            end = max(end, _moved_back(sigma_min / (1 + sigma_min), shift))
        return _moved(np.linspace(start, end, steps), shift)


def _moved(times: Array, shift: float) -> Array:
    return shift * times / (1 + (shift - 1) * times)


def _moved_back(time: float, shift: float) -> float:
    return time / (shift - (shift - 1) * time)


def _klein_mu(tokens: int, steps: int) -> float:
    """FLUX.2's own: lines through what was found best for 10 and for 200 steps, and beyond 4300 tokens the latter."""
    most = 0.00016927 * tokens + 0.45666666
    if tokens > 4300:
        return most
    few = 8.73809524e-05 * tokens + 1.89833333
    return most + (most - few) / 190 * (steps - 200)


def noise_levels(family: Family, config: Mapping[str, Any]) -> Tensor | None:
    """sigma = sqrt((1 - abar) / abar) of each step of the training, rising, [T] float64; None for a flow.

    In float32 up to there, as the training's own table was. Raises SfumatoError for a table that is not known.
    """
    if family.is_flow:
        return None
    if config.get("timestep_type", "discrete") != "discrete":
        raise _unknown(family, f"times of the kind '{config['timestep_type']}'")
    steps = config.get("num_train_timesteps", 1000)
    kind, start, end = config.get("beta_schedule"), config.get("beta_start"), config.get("beta_end")
    if config.get("trained_betas") is not None:
        betas = torch.tensor(config["trained_betas"], dtype=torch.float32)
    elif kind == "linear" and start is not None and end is not None:
        betas = torch.linspace(start, end, steps, dtype=torch.float32)
    elif kind == "scaled_linear" and start is not None and end is not None:
        betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float32) ** 2
    elif kind == "squaredcos_cap_v2":
        betas = _cosine(steps)
    else:
        raise _unknown(family, f"betas of the kind '{kind}'")
    kept = torch.cumprod(1 - betas, 0)
    if config.get("rescale_betas_zero_snr"):
        kept = _ending_in_noise(kept)
    return ((1 - kept) / kept).sqrt().double()


def _cosine(steps: int) -> Tensor:
    """Betas of abar = cos^2, none above 0.999 (Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17)."""
    times = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    kept = torch.cos((times + 0.008) / 1.008 * math.pi / 2) ** 2
    return (1 - kept[1:] / kept[:-1]).clamp_max(0.999).float()


def _unknown(family: Family, what: str) -> SfumatoError:
    return SfumatoError(
        f"{family.title}: its scheduler has {what}, which sfumato does not sample; put the scheduler_config.json that "
        f"the model was trained with into its folder"
    )


def _ending_in_noise(kept: Tensor) -> Tensor:
    """abar moved and stretched so that its last is 0 and its first stays (Lin et al. 2023, algorithm 1); that 0 is
    2^-24 here, so that the last sigma is 4096 and not infinite."""
    roots = kept.sqrt()
    stretched = (roots - roots[-1]) * (roots[0] / (roots[0] - roots[-1]))
    kept = stretched**2
    kept[-1] = 2.0**-24
    return kept
