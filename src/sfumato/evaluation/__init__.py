"""Evaluation: how near works come to the pictures that were learned from, and what is told of it."""

from sfumato.evaluation.comparison import Comparison, Contender, Curve
from sfumato.evaluation.sliced_wasserstein import SlicedWasserstein, sliced_wasserstein

__all__ = ["Comparison", "Contender", "Curve", "SlicedWasserstein", "sliced_wasserstein"]
