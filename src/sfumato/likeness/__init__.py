"""Which training pictures a work is near to: an index that travels with a model, and how sure its answer is."""

from sfumato.likeness.calibration import Calibration
from sfumato.likeness.finding import Finding, Neighbour
from sfumato.likeness.likeness import Likeness

__all__ = ["Calibration", "Finding", "Likeness", "Neighbour"]
