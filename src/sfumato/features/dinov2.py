"""DINOv2 (Oquab et al. 2023, arXiv:2304.07193) as a source of features, from a directory that transformers wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from torch import Tensor, nn

from sfumato.errors import SfumatoError, faults_of
from sfumato.features.features import Features, NetworkFeatures
from sfumato.images.tensors import MEAN, STD
from sfumato.weights import digest

CONFIG, PREPROCESSOR, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
ARCHITECTURES = ("dinov2", "dinov2_with_registers")


class Preprocessing(BaseModel):
    """How the network's pictures are made, in the words of a model's preprocessor_config.json.

    Where that says nothing it is as DINOv2 was published: at 256 pixels, of which the middle 224 are seen.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    size: dict[str, int | None] = {"shortest_edge": 256}
    resample: Literal[2, 3] = 3  # as Pillow numbers them
    do_center_crop: bool = True
    crop_size: dict[str, int | None] = {"height": 224, "width": 224}
    rescale_factor: float = 1 / 255
    image_mean: tuple[float, float, float] = MEAN
    image_std: tuple[float, float, float] = STD

    @property
    def scaled_to(self) -> int:
        """Pixels, before the middle is cut out."""
        return self.size.get("shortest_edge") or self.size.get("height") or 0

    @property
    def side(self) -> int:
        """Pixels that the network sees."""
        return (self.crop_size.get("height") or 0) if self.do_center_crop else self.scaled_to

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 0 < self.side <= self.scaled_to:
            raise ValueError(f"the middle {self.side} pixels are to be cut out of {self.scaled_to}")
        return self


class DinoFeatures(NetworkFeatures):
    """The class token behind the last norm. Pictures are square; origin: which DINOv2 it is, for people."""

    called = "DINOv2"

    def __init__(self, network: nn.Module, preprocessing: Preprocessing, *, origin: str, digest: str = "") -> None:
        super().__init__(network, side=preprocessing.side, digest=digest)
        self.preprocessing = preprocessing
        self.origin = origin

    @property
    def name(self) -> str:
        return f"{self.called} ({self.origin}) at {self.side} px"

    def __call__(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1 -> [N, D], float32."""
        said = self.preprocessing
        levels = self.levels(images, said.scaled_to, "bilinear" if said.resample == 2 else "bicubic")
        start = (said.scaled_to - said.side) // 2
        middle = levels[:, :, start : start + said.side, start : start + said.side]
        mean, std = torch.tensor((said.image_mean, said.image_std), device=levels.device).view(2, 3, 1, 1)
        tokens: Tensor = self.network((middle * said.rescale_factor - mean) / std).last_hidden_state
        return tokens[:, 0]


def check_transformers(name: str) -> None:
    """Raises SfumatoError where transformers is not installed, or not whole."""
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise SfumatoError(
            f"{name}: DINOv2 needs transformers, which cannot be imported ({error}); "
            "install it with: pip install 'sfumato[features]'"
        ) from error


def read_dinov2(directory: Path, device: torch.device | None = None, *, origin: str = "") -> Features:
    """A DINOv2 as transformers saves it: config.json, model.safetensors and, if it is there, preprocessor_config.json.

    origin: what it is called, else the directory's name. Raises SfumatoError where transformers is not installed, where
    a file is missing or cannot be read, or where it is another architecture.
    """
    check_transformers(origin or str(directory))
    place = origin or str(directory)
    described = _read_json(directory, CONFIG, place)
    if described.get("model_type") not in ARCHITECTURES:
        found = described.get("model_type") or described.get("architecture") or "of no known kind"
        raise SfumatoError(f"{place}: is {found} and no DINOv2; give a DINOv2, such as hf:facebook/dinov2-base")
    if not (directory / WEIGHTS).is_file():
        raise SfumatoError(
            f"{place}: holds no {WEIGHTS}, and weights are read as safetensors only; give a DINOv2 that has it"
        )
    features = DinoFeatures(
        _network(directory, place),
        _preprocessing(directory, place),
        origin=origin or directory.resolve().name,
        digest=digest(directory / WEIGHTS),
    )
    return features.to(device or torch.device("cpu"))


def _network(directory: Path, place: str) -> nn.Module:
    from transformers import AutoModel

    try:
        with _quietly():
            network, found = AutoModel.from_pretrained(
                directory,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                dtype=torch.float32,
            )
    except Exception as error:  # of its own, of safetensors and of torch
        said = " ".join(str(error).split())[:300].rstrip(".")
        raise SfumatoError(f"{place}: cannot be loaded ({said}); get it again") from error
    if lost := sorted(found["missing_keys"]):
        raise SfumatoError(f"{place}: its {WEIGHTS} lacks '{lost[0]}', which {CONFIG} asks for; get it again")
    loaded: nn.Module = network
    return loaded


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the bars and reports of transformers."""
    from transformers.utils import logging as reports

    logging: Any = reports

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _preprocessing(directory: Path, place: str) -> Preprocessing:
    if not (directory / PREPROCESSOR).is_file():
        return Preprocessing()
    said = _read_json(directory, PREPROCESSOR, place)
    try:
        return Preprocessing.model_validate({key: value for key, value in said.items() if value is not None})
    except ValidationError as error:
        fault = faults_of(error)[0]
        raise SfumatoError(
            f"{place}: {PREPROCESSOR}: {fault.name or 'it'}: {fault.said}; give one that the publisher wrote"
        ) from error


def _read_json(directory: Path, name: str, place: str) -> dict[str, Any]:
    try:
        read = json.loads((directory / name).read_bytes())
    except FileNotFoundError as error:
        raise SfumatoError(f"{place}: holds no {name}, so it is no DINOv2; give one that transformers saved") from error
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{place}: {name} cannot be read as JSON ({error}); get it again") from error
    if not isinstance(read, dict):
        raise SfumatoError(f"{place}: {name} is no JSON object; get it again")
    return read
