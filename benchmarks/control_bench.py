"""What `control.py` measures with: a model, what its works are compared with, and what each work costs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from control_figures import classifier, forms
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation import kernel_distance
from sfumato.features.features import Features, extracted
from sfumato.images.tensors import as_canvas
from sfumato.models import Generation, Model
from sfumato.works import Work, contact_sheet


@dataclass
class Cost:
    """evaluations: pictures that the network saw, a picture of its own size each; seconds: of the clock."""

    evaluations: int = 0
    seconds: float = 0.0


@dataclass
class Bench:
    """A model under measurement, with what its works are compared with."""

    model: Model
    dataset: Dataset
    features: Features
    works: int
    output: Path
    rows: list[dict[str, object]] = field(default_factory=list)

    @contextmanager
    def counted(self) -> Iterator[Cost]:
        """Counts what the network is asked, by the model and by its early weights."""
        cost, began = Cost(), time.perf_counter()

        def count(_: object, inputs: Sequence[Tensor]) -> None:
            cost.evaluations += len(inputs[0])

        networks = [self.model.denoiser.network, *([self.model.early_denoiser().network] if self.model.early else [])]
        hooks = [network.register_forward_pre_hook(count) for network in networks]
        try:
            yield cost
        finally:
            cost.seconds = time.perf_counter() - began
            for hook in hooks:
                hook.remove()

    def made(self, generation: Generation, count: int | None = None, first: int = 0) -> tuple[list[Work], Cost]:
        with self.counted() as cost:
            works = list(generation.works(count or self.works, first))
        return works, cost

    def kid(self, works: Sequence[Work]) -> float:
        return kernel_distance(self.seen(works), self.real).mean

    def seen(self, works: Sequence[Work]) -> Tensor:
        return extracted(self.features, torch.stack([as_canvas(work.image) for work in works]))

    @cached_property
    def real(self) -> Tensor:
        """The training pictures' features."""
        return extracted(self.features, self.dataset.images(self.dataset.train))

    @cached_property
    def classify(self) -> Callable[[Tensor], Tensor]:
        """The training pictures' features tell their classes: features -> logits."""
        labels = self.dataset.labels[self.dataset.train]
        return classifier(self.real, labels, len(self.model.config.classes))

    @cached_property
    def classify_forms(self) -> Callable[[Tensor], Tensor]:
        """The same of nothing but forms: pictures' own features without colour, lightness and contrast -> logits."""
        train = self.dataset.train
        shown = torch.cat([forms(self.dataset.images(part)) for part in torch.split(train, 256)])
        classes = classifier(
            extracted(self.features, shown), self.dataset.labels[train], len(self.model.config.classes)
        )
        return lambda images: classes(extracted(self.features, forms(images)))

    @cached_property
    def plain(self) -> list[Work]:
        """Works without any control."""
        return list(Generation.of(self.model, seed=1).works(self.works))

    @cached_property
    def plain_kid(self) -> float:
        return self.kid(self.plain)

    def row(self, control: str, figure: str, cost: Cost, count: int) -> None:
        line = {
            "control": control,
            "figure": figure,
            "evaluations": round(cost.evaluations / count, 1),
            "seconds": round(cost.seconds / count, 3),
        }
        print(json.dumps(line), flush=True)
        self.rows.append(line)

    def show(self, name: str, pictures: Sequence[Image.Image], columns: int | None = None) -> None:
        contact_sheet(pictures, columns=columns).save(self.output / f"{name}.png")
