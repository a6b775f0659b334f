"""Stops a run before the model learns its pictures by heart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class OverfittingGuard:
    """Watches the loss on held-out pictures beside that on training pictures.

    It speaks when the held-out loss has been above its lowest by more than ``tolerance`` (a share) at ``patience``
    measurements in a row while the training loss stayed below what it was at that lowest point. A model that learns
    by heart gets better on what it has seen and worse on what it has not (Bonnaire et al. 2025, arXiv:2505.17638).
    """

    tolerance: float = 0.02
    patience: int = 3
    lowest: float = float("inf")
    training_at_lowest: float = float("inf")
    above: int = 0

    def watch(self, training_loss: float, held_out_loss: float) -> bool:
        """Take one measurement; True when it is time to stop."""
        if held_out_loss < self.lowest:
            self.lowest, self.training_at_lowest, self.above = held_out_loss, training_loss, 0
        elif held_out_loss > self.lowest * (1 + self.tolerance) and training_loss < self.training_at_lowest:
            self.above += 1
        else:
            self.above = 0
        return self.above >= self.patience
