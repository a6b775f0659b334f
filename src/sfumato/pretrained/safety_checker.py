"""The safety checker that Stable Diffusion was published with, as a filter that a policy may require.

It compares a picture with seventeen concepts in the space of CLIP (Radford et al. 2021, arXiv:2103.00020). Which ones
they are its authors have not said (Rando et al. 2022, arXiv:2210.04610, found out that they are of sexual content).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sfumato.disk import local_path, read_named_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.pretrained import extra
from sfumato.text import printable, shortened

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

WEIGHTS: Final = "model.safetensors"
PREPROCESSING: Final = "preprocessor_config.json"
_MOST_BYTES: Final = 1 << 20
_SPECIAL: Final = 0.01  # by which a picture near to a special concept is judged more strictly
_REMEDY: Final = "get it again from where the model came from"

Three = tuple[float, float, float]


class Preprocessing(BaseModel):
    """How a picture becomes CLIP's input, from the file beside the checker. What is not as CLIP has it is refused:
    scores would be wrong ones that look like right ones."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    crop_size: int | dict[Literal["height", "width"], int]
    image_mean: Three
    image_std: Annotated[Three, Field(description="above 0")]
    do_resize: Literal[True] = True
    do_rescale: Literal[True] = True
    do_normalize: Literal[True] = True
    resample: Annotated[int, Field(ge=0, le=5)] = 3  # as Pillow counts, bicubic
    rescale_factor: Annotated[float, Field(gt=1 / 256, lt=1 / 254)] = 1 / 255


class SafetyChecker:
    """0.5 and by how much a picture is nearer to one of the concepts than is allowed: above 0.5 the checker refuses it.

    A smaller ``most`` is stricter by the same amount of cosine similarity.
    """

    def __init__(self, directory: str) -> None:
        """directory: of a pipeline with its 'safety_checker' and 'feature_extractor', or of the checker with its
        preprocessor_config.json, in full or from '~'. Raises SfumatoError where it is not there, is no such checker, is
        not whole or no safetensors file, and where the libraries are not installed."""
        extra.require("the safety checker")
        place = local_path(directory)
        if not place.is_absolute():
            raise SfumatoError(f"{place}: a policy holds wherever the program runs; write the path in full")
        checker, beside = place, place
        if (place / "safety_checker").is_dir():
            checker, beside = place / "safety_checker", place / "feature_extractor"
        self.preprocessing = _preprocessing(beside / PREPROCESSING)
        self.model = _loaded(checker)
        self.side = int(self.model.config.vision_config.image_size)
        cut = self.preprocessing.crop_size
        sides = set(cut.values()) if isinstance(cut, dict) else {cut}
        if sides != {self.side}:
            raise SfumatoError(
                f"{beside / PREPROCESSING}: cuts pictures to {max(sides, default=0)} pixels, and the checker sees "
                f"{self.side}; {_REMEDY}"
            )

    @torch.inference_mode()
    def scores(self, pictures: Sequence[Image.Image]) -> list[float]:
        """RGB pictures of any sizes -> [N] in 0..1. Of a picture that is not square all of it is looked at, in squares
        along its longer side, and the highest score counts."""
        return [max(self._score(part) for part in _squares(picture)) for picture in pictures]

    def _score(self, picture: Image.Image) -> float:
        """Rounded as the checker itself does it, so that both refuse the same."""
        seen = self.model.visual_projection(self.model.vision_model(self.input_of(picture))[1])
        near = _above(seen, self.model.special_care_embeds, self.model.special_care_embeds_weights)
        strictness = _SPECIAL if max(near) > 0 else 0.0
        most = max(_above(seen, self.model.concept_embeds, self.model.concept_embeds_weights, strictness))
        return min(max(0.5 + most, 0.0), 1.0) if math.isfinite(most) else math.nan

    def input_of(self, picture: Image.Image) -> Tensor:
        """A square picture -> [1, 3, side, side]."""
        said = self.preprocessing
        levels = np.asarray(picture.resize((self.side, self.side), said.resample), dtype=np.float32)
        scaled = (levels * said.rescale_factor - np.array(said.image_mean)) / np.array(said.image_std)
        return torch.from_numpy(scaled.astype(np.float32)).permute(2, 0, 1)[None]


def _above(seen: Tensor, concepts: Tensor, thresholds: Tensor, strictness: float = 0.0) -> list[float]:
    """By how much [1, D] is nearer to each of the concepts [K, D] than its threshold [K], as cosine similarity."""
    similarity = F.normalize(seen.float()) @ F.normalize(concepts.float()).T
    return [round(value, 3) for value in (similarity[0] - thresholds.float() + strictness).tolist()]


def _squares(picture: Image.Image) -> list[Image.Image]:
    """Squares that cover it, evenly along its longer side."""
    side, length = min(picture.size), max(picture.size)
    count = math.ceil(length / side)
    starts = [round(number * (length - side) / max(count - 1, 1)) for number in range(count)]
    wide = picture.width == length
    return [picture.crop((at, 0, at + side, side) if wide else (0, at, side, at + side)) for at in starts]


def _preprocessing(path: Path) -> Preprocessing:
    data = read_named_file(path, _MOST_BYTES)
    try:
        found = Preprocessing.model_validate(json.loads(data))
    except ValidationError as error:
        raise SfumatoError(f"{path}: is not CLIP's ({faults_of(error)[0]}); {_REMEDY}") from error
    except ValueError as error:
        raise SfumatoError(f"{path}: is not JSON; {_REMEDY}") from error
    if min(found.image_std) <= 0:
        raise SfumatoError(f"{path}: is not CLIP's (image_std: should be above 0); {_REMEDY}")
    return found


def _loaded(directory: Path) -> Any:
    """The model, in evaluation mode, its weights frozen. Raises SfumatoError where any of them is not in the file: the
    library would make it up."""
    if not (directory / WEIGHTS).is_file():
        raise SfumatoError(f"{directory}: holds no {WEIGHTS}, and other files of weights are not opened; {_REMEDY}")
    with extra.quiet():
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

        try:
            loaded: Any = StableDiffusionSafetyChecker.from_pretrained(
                directory,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they stand in the report
                dtype=torch.float32,
            )
        except Exception as error:  # which ones the libraries raise differs between their versions
            said = printable(" ".join(shortened(str(error)).split()))
            raise SfumatoError(f"{directory}: cannot be read as a safety checker ({said}); {_REMEDY}") from error
    model, report = loaded
    lacking = sorted({*report["missing_keys"], *(name for name, *_ in report["mismatched_keys"])})
    if lacking or report["error_msgs"]:
        what = f"'{lacking[0]}' is missing or of another size" if lacking else "weights do not fit"
        raise SfumatoError(f"{directory / WEIGHTS}: is no safety checker's: {what}; {_REMEDY}")
    if not all(bool(tensor.isfinite().all()) for tensor in model.state_dict().values() if tensor.is_floating_point()):
        raise SfumatoError(f"{directory / WEIGHTS}: holds NaN or infinity; {_REMEDY}")
    return model.eval().requires_grad_(False)
