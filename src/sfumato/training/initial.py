"""Weights to begin with: of networks that learned to remove noise from pictures of nothing, which a program drew.

What all pictures have - edges, gradients, grain, strokes, things that cover one another - need not be learned from a
person's few. No work of anybody's is in them: tools/initial_weights draws the pictures from random numbers, and makes
the files in weights/.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from sfumato.diffusion import Cascade, Denoiser
from sfumato.errors import SfumatoError
from sfumato.weights import check_fit, digest, opened_weights, shapes_of

if TYPE_CHECKING:
    from sfumato.training.configuration import TrainingConfig

FOLDER: Final = Path(__file__).parent / "weights"
SAID_OF_DRAWN: Final = (
    "those that come with sfumato for such a network; they learned from pictures that a program drew from random "
    "numbers, and know nobody's art"
)
_KIND: Final = "kind"  # in the metadata of a file
CLASSES, _POSITION = "conditioning.classes.weight", "position"
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class InitialWeights:
    """A file of weights for networks of one kind."""

    path: Path

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal."""
        return digest(self.path)

    def load_into(self, denoiser: Denoiser) -> None:
        """Copy them. Every class begins as 'no class', and positions are interpolated where the network has another
        number of them. Raises SfumatoError where the file is damaged."""
        own = denoiser.network.state_dict()
        with opened_weights(self.path, _MOST_BYTES) as file:
            given = {name: tensor.float() for name, tensor in file.tensors().items()}
        for name in given.keys() & own.keys():
            if name == CLASSES:
                given[name] = given[name][:1].expand_as(own[name])
            elif name.endswith(_POSITION):
                given[name] = resized_positions(given[name], own[name].shape[1])
        check_fit(shapes_of(own), shapes_of(given), self.path)
        denoiser.network.load_state_dict(given)


def initial_weights(settings: TrainingConfig) -> tuple[InitialWeights | None, ...]:
    """What a run of such settings begins with: its network, and each of its upscalers; None where there is nothing for
    such a network, or random weights are wanted."""
    return tuple(_of_stage(stage) for stage in (settings, *settings.objective.stages(settings)))


def begin_with(denoiser: Denoiser, weights: Sequence[InitialWeights | None], digests: Sequence[str]) -> None:
    """Copy weights into a denoiser, or into the stages of a cascade. digests: of the files that were planned with, ''
    for None. Raises SfumatoError where these are others."""
    if tuple(each.digest if each else "" for each in weights) != tuple(digests):
        raise SfumatoError(
            "the weights that this run was planned to begin with are not those of this sfumato; begin a new run, or go "
            "on with the version that planned it"
        )
    stages = denoiser.stages if isinstance(denoiser, Cascade) else (denoiser,)
    for stage, each in zip(stages, weights, strict=True):
        if each is not None:
            each.load_into(stage)


def write_initial_weights(path: Path, denoiser: Denoiser, settings: TrainingConfig) -> None:
    """A file of a network's weights for others of its kind, in numbers of two bytes, without its classes."""
    tensors = {name: tensor.detach().bfloat16() for name, tensor in denoiser.network.state_dict().items()}
    if CLASSES in tensors:
        tensors[CLASSES] = tensors[CLASSES][:1]
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, {_KIND: network_kind(settings)})


def network_kind(settings: TrainingConfig) -> str:
    """What two networks have in common of which one can begin with the other's weights, as JSON."""
    objective = settings.objective
    common = {
        "network": settings.network.model_dump(mode="json"),
        "codec": settings.codec.model_dump(mode="json"),
        "preconditioning": settings.preconditioning,
        "begins_with": objective.begins_with,
        "factor": settings.factor,
        "has_reference_noise": objective.reference_noise > 0,
    }
    return json.dumps(common, sort_keys=True)


def resized_positions(positions: Tensor, count: int) -> Tensor:
    """What is added to the tokens of a square, for a square of another number: [1, T, width] -> [1, count, width]."""
    side, wanted = math.isqrt(positions.shape[1]), math.isqrt(count)
    square = positions.view(1, side, side, -1).permute(0, 3, 1, 2)
    resized = F.interpolate(square, (wanted, wanted), mode="bilinear", align_corners=False)
    return resized.permute(0, 2, 3, 1).reshape(1, count, -1)


def _of_stage(settings: TrainingConfig) -> InitialWeights | None:
    is_fresh = settings.adapter is None and settings.objective.teacher == "none"
    return _known().get(network_kind(settings)) if settings.initial == "drawn" and is_fresh else None


@cache
def _known() -> Mapping[str, InitialWeights]:
    """The files, by the kind of network that they are for."""
    found = {}
    for path in sorted(FOLDER.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            found[file.metadata()[_KIND]] = InitialWeights(path)
    return found
