"""A LoRA file as artists share it: which layers it changes, of what model, by what rank, and what it says of itself."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from sfumato.disk import local_path, read_json
from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.about import LoraAbout, about
from sfumato.pretrained.lora.kinds import kind_of, some, variant_of
from sfumato.pretrained.lora.marks import family_by_context, stated_family
from sfumato.pretrained.model_index import PICKLES
from sfumato.text import printable
from sfumato.weights import digest, opened_tensors

IN_A_DIRECTORY: Final = ("adapter_model.safetensors", "pytorch_lora_weights.safetensors")
_NUMBERS: Final = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
_MOST_JSON: Final = 1 << 20  # bytes of adapter_config.json
_MOST_ALPHA: Final = 1e6
# peft; kohya; diffusers before it took peft's names.
_MATRIX: Final = re.compile(
    r"(?P<layer>.+?)(?:\.lora_(?P<peft>[AB])(?:\.default)?|\.lora_(?P<kohya>down|up)"
    r"|[._]lora(?:_linear_layer)?\.(?P<old>down|up))\.weight"
)
_DOWN: Final = ("A", "down")
_LITERAL: Final = re.compile(r"[\w.-]+")
_TEXT_CONTEXT: Final = re.compile(r"attn2[._](?:processor\.)?to_k$")


@dataclass(frozen=True)
class LoraLayer:
    """One layer's change, W + (alpha / rank) B A.

    down, up: the names in the file of A [rank, inputs, ...] and B [outputs, rank, ...].
    """

    down: str
    up: str
    rank: int
    alpha: float
    inputs: int
    outputs: int


@dataclass(frozen=True)
class LoraFile:
    """A LoRA file that was read and found whole.

    digest: SHA-256 of the file; family: of the models that it is for, 'sdxl', '' where neither it nor its shapes tell;
    layers: by the names that the file gives them; about: what the file says of itself.
    """

    path: Path
    digest: str
    family: str
    layers: Mapping[str, LoraLayer]
    about: LoraAbout

    @property
    def ranks(self) -> tuple[int, ...]:
        """All ranks that occur, ascending."""
        return tuple(sorted({layer.rank for layer in self.layers.values()}))

    @property
    def alphas(self) -> tuple[float, ...]:
        """All alphas that occur, ascending."""
        return tuple(sorted({layer.alpha for layer in self.layers.values()}))

    def tensors(self) -> dict[str, tuple[Tensor, Tensor]]:
        """A and B of each layer, by the layer's name in the file, as they are stored.

        Raises SfumatoError where the file is another by now.
        """
        if digest(self.path) != self.digest:
            raise SfumatoError(f"{self.path}: has changed since it was read; begin again")
        with opened_tensors(self.path) as file:
            return {
                name: (file.get_tensor(layer.down), file.get_tensor(layer.up)) for name, layer in self.layers.items()
            }


def read_lora(path: str | Path) -> LoraFile:
    """Read a LoRA in kohya's, diffusers' or peft's form from a safetensors file, or a directory that holds one.

    Raises SfumatoError for a pickle, before it is opened; for what is no LoRA, named for what it is; for kinds of
    LoRA that cannot be applied; and for a damaged file: numbers that are not finite, a rank of 0, matrices that do
    not fit together.
    """
    path = _file(local_path(path))
    with opened_tensors(path) as file:
        metadata = file.metadata() or {}
        names = list(file.keys())
        matrices = _matrices(path, names)
        alphas = {name.removesuffix(".alpha"): _alpha(path, file, name) for name in names if name.endswith(".alpha")}
        if lost := alphas.keys() - matrices.keys():
            raise SfumatoError(f"{path}: is damaged: it has an alpha for {some(lost)}, and no matrices; get it again")
        stated = _Alphas(path, metadata, alphas, any(name.startswith("base_model.") for name in names))
        layers = {layer: _layer(path, file, layer, *matrices[layer], stated) for layer in sorted(matrices)}
    widths = [layer.inputs for name, layer in layers.items() if _TEXT_CONTEXT.search(name)]
    family = family_by_context(widths) or stated_family(metadata)
    return LoraFile(path, digest(path), family, layers, about(metadata))


def _file(path: Path) -> Path:
    """The file itself, where a directory was named. Raises SfumatoError for a pickle and where there is none."""
    if path.is_dir():
        found = next((path / name for name in IN_A_DIRECTORY if (path / name).is_file()), None)
        if found is None:
            raise SfumatoError(f"{path}: holds no {' and no '.join(IN_A_DIRECTORY)}; name the LoRA's file")
        return found
    if path.suffix.lower() in PICKLES:
        raise SfumatoError(
            f"{path}: is a pickle, which can run any program when it is opened; it was not, so get it as safetensors"
        )
    return path


def _matrices(path: Path, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The names of A and B by layer. Raises SfumatoError where there are others, or a layer has not both."""
    found: dict[str, dict[bool, str]] = {}
    others = []
    for name in names:
        if match := _MATRIX.fullmatch(name):
            is_down = (match["peft"] or match["kohya"] or match["old"]) in _DOWN
            if found.setdefault(match["layer"], {}).setdefault(is_down, name) != name:
                raise SfumatoError(f"{path}: is damaged: it holds '{match['layer']}' twice; get it again")
        elif not name.endswith(".alpha"):
            others.append(name)
    said = variant_of(others) or (kind_of(names) if not found else "")
    if others and not said:
        said = f"holds {some(others)}, which no LoRA has that can be applied here"
    if said:
        raise SfumatoError(f"{path}: {said}; choose another file")
    if single := [layer for layer, both in found.items() if len(both) == 1]:
        raise SfumatoError(f"{path}: is damaged: only one of two matrices is there of {some(single)}; get it again")
    return {layer: (both[True], both[False]) for layer, both in found.items()}


def _alpha(path: Path, file: Any, name: str) -> float:
    tensor = file.get_tensor(name)
    alpha = float(tensor) if tensor.numel() == 1 else math.nan
    if not _is_alpha(alpha):
        raise SfumatoError(f"{path}: is damaged: '{printable(name)}' is no alpha of a LoRA; get it again")
    return alpha


def _is_alpha(value: object) -> bool:
    return type(value) in (int, float) and -_MOST_ALPHA <= value <= _MOST_ALPHA  # type: ignore[operator]


class _Alphas:
    """Where a file says a layer's alpha: in a tensor, in its metadata (diffusers), in adapter_config.json (peft), or
    nowhere, which means the layer's rank."""

    def __init__(self, path: Path, metadata: Mapping[str, str], tensors: Mapping[str, float], peft: bool) -> None:
        self.path, self.tensors = path, tensors
        self.settings: dict[str, Any] = {}
        if peft:
            beside = path.with_name("adapter_config.json")
            try:
                read = read_json(beside, _MOST_JSON)
            except (OSError, ValueError) as error:
                raise SfumatoError(
                    f"{path}: its alpha stands in {beside.name}, which cannot be read beside it; get that too"
                ) from error
            self.settings = read if isinstance(read, dict) else {}
        elif said := metadata.get("lora_adapter_metadata"):
            try:
                read = json.loads(said)
            except (ValueError, RecursionError) as error:
                raise SfumatoError(f"{path}: is damaged: its lora_adapter_metadata is no JSON; get it again") from error
            self.settings = read if isinstance(read, dict) else {}

    def of(self, layer: str, rank: int) -> float:
        """Raises SfumatoError where the alpha that is stated is no number, or a kind of LoRA that is not applied."""
        if layer in self.tensors:
            return self.tensors[layer]
        prefix, name = self._split(layer)
        if self._setting(prefix, "use_dora"):
            raise SfumatoError(f"{self.path}: {variant_of(['.dora_scale'])}; choose another file")
        patterns = self._setting(prefix, "alpha_pattern")
        alpha = self._setting(prefix, "lora_alpha")
        for pattern, value in patterns.items() if isinstance(patterns, dict) else ():
            literal = pattern.removeprefix("^").replace(r"\.", ".")
            if not _LITERAL.fullmatch(literal):
                raise SfumatoError(f"{self.path}: states alphas for layers by a pattern; choose another file")
            if name == literal or (literal == pattern and name.endswith(f".{literal}")):
                alpha = value
        if alpha is None:
            return float(rank)
        if not _is_alpha(alpha):
            raise SfumatoError(f"{self.path}: is damaged: the alpha that it states is none of a LoRA; get it again")
        # Rank-stabilised LoRA (Kalajdzievski 2023, arXiv:2312.03732) divides by the root of the rank.
        return alpha * math.sqrt(rank) if self._setting(prefix, "use_rslora") else float(alpha)

    def _split(self, layer: str) -> tuple[str, str]:
        """The part of the settings that a layer goes by, 'unet.', and its name there."""
        if layer.startswith("base_model.model."):
            return "", layer.removeprefix("base_model.model.")
        component, _, name = layer.partition(".")
        return f"{component}.", name

    def _setting(self, prefix: str, key: str) -> Any:
        return self.settings.get(f"{prefix}{key}")


def _layer(path: Path, file: Any, name: str, down: str, up: str, stated: _Alphas) -> LoraLayer:
    first, second = (_shape(path, file, each) for each in (down, up))
    rank = first[0]
    fits = len(first) in (2, 4) and len(second) in (2, 4) and second[1] == rank and second[2:] in ([], [1, 1])
    if rank < 1:
        raise SfumatoError(f"{path}: is damaged: '{printable(name)}' has rank 0; get it again")
    if not fits or 0 in first or 0 in second:
        sizes = " and ".join(" x ".join(map(str, shape)) for shape in (first, second))
        raise SfumatoError(
            f"{path}: is damaged: the matrices of '{printable(name)}' are {sizes}, which do not fit together; "
            "get it again"
        )
    return LoraLayer(down, up, rank, stated.of(name, rank), first[1], second[0])


def _shape(path: Path, file: Any, name: str) -> list[int]:
    """Of a matrix, whose numbers are looked at too. Raises SfumatoError for what are no weights."""
    part = file.get_slice(name)
    kind, shape = part.get_dtype(), [*part.get_shape()]
    if kind not in _NUMBERS:
        raise SfumatoError(
            f"{path}: '{printable(name)}' holds numbers of the kind {kind}, which no LoRA of use here has"
        )
    if len(shape) < 2:
        raise SfumatoError(f"{path}: is damaged: '{printable(name)}' is no matrix; get it again")
    if not file.get_tensor(name).float().isfinite().all():
        raise SfumatoError(f"{path}: is damaged: '{printable(name)}' holds NaN or infinity; get it again")
    return shape
