"""Evaluation: how near works come to the pictures that were learned from, and what is told of it."""

from sfumato.evaluation.comparison import Comparison, Contender, Curve
from sfumato.evaluation.copies import Nearest, nearest_pictures
from sfumato.evaluation.evaluation import Evaluation, Figure
from sfumato.evaluation.frechet import FrechetDistance, frechet_distance
from sfumato.evaluation.kid import KernelDistance, kernel_distance
from sfumato.evaluation.neighbourhoods import density_coverage, precision_recall
from sfumato.evaluation.sliced_wasserstein import SlicedWasserstein, sliced_wasserstein

__all__ = [
    "Comparison",
    "Contender",
    "Curve",
    "Evaluation",
    "Figure",
    "FrechetDistance",
    "KernelDistance",
    "Nearest",
    "SlicedWasserstein",
    "density_coverage",
    "frechet_distance",
    "kernel_distance",
    "nearest_pictures",
    "precision_recall",
    "sliced_wasserstein",
]
