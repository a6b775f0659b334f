"""A run that adapts a model: its base, and the adapter that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sfumato.models import Model
from sfumato.models.adaptation import Adaptation
from sfumato.models.adapted import BaseReference
from sfumato.models.bases import opened_base
from sfumato.training.configuration import AdapterSettings
from sfumato.training.run import Run
from sfumato.training.state import TrainingState

_REMEDY = "put it back as it was, or begin a new run"


@dataclass(frozen=True, eq=False)
class Base:
    """The model that a run adapts. path: where it lies on this disk, None where it does not."""

    model: Model
    reference: BaseReference
    path: Path | None

    def adaptation(self, settings: AdapterSettings, state: TrainingState, early_share: float) -> Adaptation:
        """The adapter of the moment, which shares the state's averaged weights."""
        early = {name: tensor.cpu() for name, tensor in state.early.at(early_share, state.step).items()}
        weights = state.average.module.network.state_dict()
        return Adaptation(self.reference, weights, settings.rank, settings.scale, early, self.path)


def run_base(run: Run) -> Base | None:
    """None of a run that adapts no model. Raises SfumatoError where the base is not as it was."""
    reference = run.record.base
    if reference is None:
        return None
    with opened_base(reference, run.path, remedy=_REMEDY) as found:
        return Base(Model.from_pretrained(found.directory, device="cpu"), reference, found.path)
