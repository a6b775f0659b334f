"""What becomes of finished pictures before anybody is given them: they are compared with what was learned from, and
those that the policy does not let out are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from PIL import Image
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_canvas
from sfumato.likeness import Finding, Likeness
from sfumato.likeness.finding import nearest_to_a_copy
from sfumato.likeness.index import spread
from sfumato.models.model import Model
from sfumato.policy.filters import refusals
from sfumato.policy.policy import Policy
from sfumato.works.saved import check_hour

FLAT: Final = 1.5 / 127.5  # a spread of 1.5 of 255 levels: nobody sees more than one colour


@dataclass(frozen=True)
class Judgement:
    """finding: None where the model does not know what it learned from; refused: why it is not let out, or ''."""

    finding: Finding | None = None
    refused: str = ""


def check_can_be_judged(model: Model, policy: Policy, count: int = 1) -> None:
    """Raises SfumatoError where nothing should be begun: a filter cannot be loaded, near copies are to be refused and
    nothing tells them, or the policy does not allow ``count`` more works within this hour."""
    if not policy.judges:
        return
    policy.load_filters()
    if policy.limits.copies == "refuse" and model.likeness is None:
        raise SfumatoError(
            f"near copies are to be refused, and the model '{model.config.name}' carries no index of the pictures that "
            "it learned from, so nobody can tell; train it again, or use one that has its index (likeness.safetensors)"
        )
    if policy.limits.works_per_hour is not None:
        check_hour(policy.limits.works_per_hour, count)


def judged(
    pictures: Sequence[Image.Image],
    images: Tensor,
    policy: Policy,
    likeness: Likeness | None,
    *,
    earlier: Finding | None = None,
    from_noise: bool = True,
) -> list[Judgement]:
    """Of each picture what is found.

    pictures: of one size; images: the same before they were rounded to 8 bits, [N, 3, H, W]; earlier: of the work that
    an upscaler enlarged; from_noise: whether nothing but noise was there to begin with, so that it is the model's own
    doing if one is of one flat colour. Raises SfumatoError where a filter fails.
    """
    if not policy.judges:
        return [Judgement() for _ in pictures]
    found = [Judgement(refused=said) for said in _unsound(images.float().cpu(), likeness if from_noise else None)]
    found = _compared(found, pictures, policy, likeness, earlier)
    passed = [place for place, one in enumerate(found) if not one.refused]
    # Filters are asked last: what is refused anyway need not wait for them.
    for place, said in zip(passed, refusals(policy.limits.filters, [pictures[place] for place in passed]), strict=True):
        found[place] = replace(found[place], refused=said or "")
    return found


def _unsound(images: Tensor, likeness: Likeness | None) -> list[str]:
    flat = likeness is not None and likeness.least_spread > FLAT
    return [
        "it holds NaN or infinite values"
        if not image.isfinite().all()
        else "it is one flat colour, and no picture that was learned from is"
        if flat and spread(image[None].clamp(-1, 1)).item() <= FLAT
        else ""
        for image in images
    ]


def _compared(
    found: Sequence[Judgement],
    pictures: Sequence[Image.Image],
    policy: Policy,
    likeness: Likeness | None,
    earlier: Finding | None,
) -> list[Judgement]:
    """Those that are sound with what they are near to, near copies refused where the policy has it so."""
    sound = [place for place, one in enumerate(found) if not one.refused]
    # Before the one is chosen that is nearest to a copy: another threshold may choose another.
    threshold = policy.limits.copy_threshold
    before = [] if earlier is None else [earlier.by(threshold)]
    findings = {place: list(before) for place in sound}
    if likeness is not None and sound:
        # As they are saved, so that 'sfumato nearest' finds the same.
        shown = torch.stack([as_canvas(pictures[place]) for place in sound])
        for place, finding in zip(sound, likeness.judge(shown, threshold), strict=True):
            findings[place].append(finding)
    result = list(found)
    for place, some in findings.items():
        if some:
            finding = nearest_to_a_copy(some)
            refused = finding.sentence if finding.is_near_copy and policy.limits.copies == "refuse" else ""
            result[place] = Judgement(finding, refused)
    return result
