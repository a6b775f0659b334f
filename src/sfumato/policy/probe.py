"""A small classifier over features, in a safetensors file: a probe (Alain and Bengio 2016, arXiv:1610.01644).

Safetensors files hold numbers and no network, so the program must know what they belong to: here linear layers behind
features that it has. A probe is fitted in seconds, to pictures that a person has told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.torch import save
from torch import Tensor

from sfumato.disk import local_path, write_whole_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.features.appearance import Descriptor
from sfumato.features.loading import features_named
from sfumato.images.tensors import as_canvas
from sfumato.weights import misfit, opened_tensors, shapes_of

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.features.features import Features

METADATA: Final = "sfumato"  # the key in the file's metadata
_MOST_LAYERS, _MOST_WIDTH = 8, 1 << 16
_ITERATIONS, _NEAR, _DECAY = 50, 1e-7, 0.01
_REMEDY: Final = "fit the probe again"

Layer = tuple[Tensor, Tensor]


class Description(BaseModel):
    """features: their name, with its version; digest: SHA-256 of their network, '' where they have none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: str
    digest: str


class Probe:
    """One linear layer, or several with ReLU between them, and a sigmoid: how likely a picture is of the refused kind.

    features: what pictures are described by; layers: weight [outputs, inputs] and bias [outputs] each, the last of one
    output.
    """

    def __init__(self, features: Features, layers: Sequence[Layer]) -> None:
        self.features, self.layers = features, tuple(layers)

    @torch.inference_mode()
    def scores(self, pictures: Sequence[Image.Image]) -> list[float]:
        """RGB pictures of any sizes -> [N] in 0..1; each is looked at in its own size."""
        rows = [self.features(as_canvas(picture)[None]).float() for picture in pictures]
        return [float(self._logits(row).sigmoid()) for row in rows]

    def _logits(self, rows: Tensor) -> Tensor:
        """[N, D] -> [N, 1]. Raises SfumatoError for another number of features than the first layer takes."""
        taken = self.layers[0][0].shape[1]
        if rows.shape[1] != taken:
            raise SfumatoError(f"the probe takes {taken} features, and there are {rows.shape[1]}; {_REMEDY}")
        for place, (weight, bias) in enumerate(self.layers):
            rows = F.linear(rows.relu() if place else rows, weight, bias)
        return rows

    @classmethod
    def fitted(
        cls, wanted: Sequence[Image.Image], refused: Sequence[Image.Image], features: Features | None = None
    ) -> Self:
        """Logistic regression with weight decay that tells the one kind from the other, each counting half.

        Pictures should be of the works' size. features: by default the descriptor without training, which knows
        composition, palette and texture, but no things. Raises SfumatoError where there are no pictures of a kind.
        """
        if not wanted or not refused:
            raise SfumatoError("a probe is fitted to pictures of both kinds; give some that are wanted and some not")
        features = features or Descriptor()
        with torch.inference_mode():
            rows = torch.cat([features(as_canvas(picture)[None]).float() for picture in (*wanted, *refused)])
        labels = torch.cat((torch.zeros(len(wanted)), torch.ones(len(refused))))
        mean, std = rows.mean(0), rows.std(0, correction=0).clamp_min(1e-4)
        weight, bias = _regression((rows - mean) / std, labels)
        weight = weight / std
        return cls(features, [(weight[None], (bias - weight @ mean)[None])])

    def save(self, path: Path, *, force: bool = False) -> None:
        """Raises SfumatoError where the file is there already (without ``force``) or cannot be written."""
        tensors = {
            f"{place}.{name}": tensor.contiguous()
            for place, layer in enumerate(self.layers)
            for name, tensor in zip(("weight", "bias"), layer, strict=True)
        }
        said = Description(features=self.features.name, digest=self.features.digest)
        data = save(tensors, {METADATA: said.model_dump_json()})
        write_whole_file(path, lambda file: file.write(data), force=force)

    @classmethod
    def read(cls, path: Path, features: Features | None = None) -> Self:
        """Raises SfumatoError where the file is missing or damaged, or belongs to other features."""
        features = features or Descriptor()
        with opened_tensors(path, _REMEDY) as file:
            tensors = {name: file.get_tensor(name).to(torch.float32, copy=True) for name in file.keys()}  # noqa: SIM118
            said = _described(path, file)
        if (said.features, said.digest) != (features.name, features.digest):
            raise SfumatoError(
                f"{path}: is a probe of {said.features} {said.digest[:8]}".rstrip()
                + f", and {features.name} {features.digest[:8]}".rstrip()
                + " is given; name its own features, or fit it again"
            )
        return cls(features, _layers(path, tensors))


def safetensors(file: str, features: str = "") -> Probe:
    """The plug-in. file: of a probe; features: the file or directory of the network whose features it scores, as
    `sfumato.features.loading.features_named` takes it, '' for the descriptor without training. Both are written in full
    or from '~'. Raises SfumatoError."""
    known = features_named(str(_in_full(features))) if features else None
    return Probe.read(_in_full(file), known)


def _in_full(name: str) -> Path:
    """Nothing else is taken: a name could mean a download, and a policy holds wherever the program runs."""
    path = local_path(name)
    if not path.is_absolute():
        raise SfumatoError(f"{path}: a policy holds wherever the program runs; write the path in full")
    return path


def _described(path: Path, file: Any) -> Description:
    said = (file.metadata() or {}).get(METADATA)
    if said is None:
        raise SfumatoError(f"{path}: does not say which features it belongs to, so it is no probe; {_REMEDY}")
    try:
        return Description.model_validate_json(said)
    except ValidationError as error:
        raise SfumatoError(f"{path}: its metadata are no probe's ({faults_of(error)[0]}); {_REMEDY}") from error


def _layers(path: Path, tensors: dict[str, Tensor]) -> list[Layer]:
    """Raises SfumatoError where the tensors are not those of layers that follow one another."""
    count = len(tensors) // 2
    weights = [tensors.get(f"{place}.weight", torch.empty(0)) for place in range(min(count, _MOST_LAYERS))]
    widths = [weight.shape[0] for weight in weights]
    if not weights or any(weight.ndim != 2 for weight in weights) or max(widths) > _MOST_WIDTH:
        raise SfumatoError(f"{path}: holds no layers '0.weight', '0.bias', '1.weight' and so on; {_REMEDY}")
    widths[-1] = 1
    inputs = [weights[0].shape[1], *widths[:-1]]
    wanted: dict[str, Sequence[int]] = {}
    for place, (into, out) in enumerate(zip(inputs, widths, strict=True)):
        wanted |= {f"{place}.weight": (out, into), f"{place}.bias": (out,)}
    if fault := misfit(wanted, shapes_of(tensors)):
        raise SfumatoError(f"{path}: is no probe: it {fault}; {_REMEDY}")
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise SfumatoError(f"{path}: holds NaN or infinity; {_REMEDY}")
    return [(tensors[f"{place}.weight"], tensors[f"{place}.bias"]) for place in range(len(weights))]


def _regression(rows: Tensor, labels: Tensor) -> Layer:
    """[N, D] of about unit size, [N] of 0 and 1 -> weight [D] and bias [], by Newton's method with shorter steps where
    a whole one leads too far (Boyd and Vandenberghe 2004, 'Convex Optimization', algorithms 9.2 and 9.5)."""
    given, kinds = F.pad(rows.double(), (0, 1), value=1.0), labels.double()
    each = torch.where(kinds == 1, 0.5 / kinds.sum(), 0.5 / (1 - kinds).sum())
    decay = torch.full((given.shape[1],), _DECAY, dtype=torch.float64)
    decay[-1] = 1e-9  # the bias is free

    def loss(solution: Tensor) -> float:
        entropy = F.binary_cross_entropy_with_logits(given @ solution, kinds, each, reduction="sum")
        return float(entropy + (decay * solution.square()).sum() / 2)

    solution = torch.zeros_like(decay)
    for _ in range(_ITERATIONS):
        likely = (given @ solution).sigmoid()
        slope = given.T @ (each * (likely - kinds)) + decay * solution
        curvature = (given.T * (each * likely * (1 - likely))) @ given + decay.diag()
        step = torch.linalg.solve(curvature, slope)
        while loss(solution - step) > loss(solution) and step.norm() > _NEAR:
            step = step / 2
        solution = solution - step
        if step.norm() <= _NEAR:
            break
    return solution[:-1].float(), solution[-1].float()
