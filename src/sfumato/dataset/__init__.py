"""A collection becomes a dataset: one resolution, one memory map, labels, a split that leaks nothing, and batches."""

from sfumato.dataset.batches import Balance, Batches
from sfumato.dataset.dataset import Dataset, Prepared, PrepareEvent, Ready
from sfumato.dataset.preparing import prepare

__all__ = ["Balance", "Batches", "Dataset", "PrepareEvent", "Prepared", "Ready", "prepare"]
