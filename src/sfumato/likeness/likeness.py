"""Which training pictures a work is near to: an index of all that a model has learned from, in one file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from sfumato.likeness.finding import Finding, nearest_to_a_copy
from sfumato.likeness.index import Index, described_views
from sfumato.likeness.storing import read_parts, write_parts

FOREIGN: Final = "what its base model learned from is not known"
AT_A_TIME: Final = 16


@dataclass(frozen=True, eq=False)
class Likeness:
    """parts: an index of each training that the model comes from, its own first; foreign: whether it also comes from
    weights of which it is not known what they learned from."""

    parts: tuple[Index, ...]
    foreign: bool = False

    @classmethod
    def read(cls, path: Path, model_digest: str = "") -> Likeness:
        """Raises SfumatoError where it is missing, damaged, or of another model than the one with these weights."""
        parts, foreign = read_parts(path, model_digest)
        return cls(tuple(parts), foreign)

    def write(self, path: Path, model_digest: str = "") -> None:
        """One safetensors file, written whole. model_digest: SHA-256 of the weights that it belongs to."""
        write_parts(path, self.parts, model_digest, foreign=self.foreign)

    def __len__(self) -> int:
        """How many training pictures it holds."""
        return sum(map(len, self.parts))

    def learned_from(self, contents: Iterable[str]) -> int | None:
        """How many of the pictures whose files have these SHA-256, in hex, were learned from; None where it is an older
        index, which does not say."""
        if any(part.contents is None for part in self.parts):
            return None
        rows = {bytes(row) for part in self.parts if part.contents is not None for row in part.contents.tolist()}
        return len(rows & set(map(bytes.fromhex, contents)))

    @property
    def least_spread(self) -> float:
        """That of the training picture which is most like one flat colour (see `spread`); 0 where that is not known."""
        return 0.0 if self.foreign else min((part.least_spread for part in self.parts), default=0.0)

    def joined(self, ancestors: Iterable[Likeness | None]) -> Likeness:
        """With what the models had learned from that this one comes from; None for one of which that is not known.

        A training of which all pictures are known from another one is left away.
        """
        parts, foreign = list(self.parts), self.foreign
        for ancestor in ancestors:
            foreign = foreign or ancestor is None or ancestor.foreign
            for part in ancestor.parts if ancestor else ():
                if not any(_digests(part) <= _digests(known) for known in parts):
                    parts.append(part)
        return Likeness(tuple(parts), foreign)

    @property
    def sentence(self) -> str:
        """What it is an index of and how sure its answers are, for a model's card."""
        said = [f"{len(part):,} compared: {part.calibration.sentence}" for part in self.parts]
        return "; ".join([*said, *([FOREIGN] if self.foreign else [])])

    @torch.inference_mode()
    def judge(self, images: Tensor, threshold: float | None = None) -> list[Finding]:
        """Compare works with all training pictures: [N, 3, H, W] in -1..1, of any size -> N findings.

        threshold: in place of those that are calibrated, at which nobody has counted false alarms.
        """
        return [
            finding
            for some in torch.split(images, AT_A_TIME)
            for finding in self._judged(described_views(some), threshold)
        ]  # fmt: skip

    def _judged(self, numbers: Tensor, threshold: float | None) -> list[Finding]:
        """[N, V, NUMBERS] -> N findings, each with the part in which the work is nearest to a copy."""
        of_parts = [[one.by(threshold) for one in part.findings(numbers)] for part in self.parts]
        # A work is compared with each part, so a false alarm can come from any of them.
        rate = 1.0 if threshold is not None else min(1.0, sum(part.calibration.rate for part in self.parts))
        foreign = FOREIGN if self.foreign else ""
        if not of_parts:
            return [Finding((), -1.0, 1.0, 1.0, foreign) for _ in numbers]
        return [replace(nearest_to_a_copy(each), rate=rate, foreign=foreign) for each in zip(*of_parts, strict=True)]


def _digests(part: Index) -> set[bytes]:
    return {bytes(row) for row in part.digests.tolist()}
