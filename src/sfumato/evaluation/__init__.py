"""Evaluation: how near works come to the pictures that were learned from, measured and compared."""

from sfumato.evaluation.comparison import Comparison, Contender, Curve
from sfumato.evaluation.copies import Nearest, nearest_pictures
from sfumato.evaluation.data_copying import DataCopying, data_copying, nearest_distances
from sfumato.evaluation.evaluation import Evaluation, evaluate
from sfumato.evaluation.feature_metrics import (
    FrechetDistance,
    KernelDistance,
    density_coverage,
    frechet_distance,
    kernel_distance,
    precision_recall,
)
from sfumato.evaluation.metrics import Metric
from sfumato.evaluation.sliced_wasserstein import SlicedWasserstein, sliced_wasserstein
from sfumato.evaluation.works import WorksToEvaluate, generated
from sfumato.features.features import Features

__all__ = [
    "Comparison",
    "Contender",
    "Curve",
    "DataCopying",
    "Evaluation",
    "Features",
    "FrechetDistance",
    "KernelDistance",
    "Metric",
    "Nearest",
    "SlicedWasserstein",
    "WorksToEvaluate",
    "data_copying",
    "density_coverage",
    "evaluate",
    "frechet_distance",
    "generated",
    "kernel_distance",
    "nearest_distances",
    "nearest_pictures",
    "precision_recall",
    "sliced_wasserstein",
]
