"""model_index.json: what a pipeline of diffusers consists of, and which of a folder's files that takes.

It comes from whoever published the model, and naming a module there has it imported: so only classes of diffusers and
transformers themselves are loaded, and never a program that lies beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from sfumato.errors import SfumatoError
from sfumato.pretrained.families import check_known
from sfumato.text import printable, shortened

INDEX: Final = "model_index.json"
MOST_INDEX_BYTES: Final = 1 << 20
# What pipelines can do without: it looks at finished pictures, or at pictures given as a prompt.
UNUSED: Final = ("safety_checker", "feature_extractor", "image_encoder")
PICKLES: Final = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")

_LIBRARIES: Final = ("diffusers", "transformers")
_WEIGHTLESS: Final = re.compile(r"Tokenizer|Scheduler|Processor|FeatureExtractor")
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# 'model.safetensors', 'diffusion_pytorch_model.fp16-00001-of-00003.safetensors'
_WEIGHTS: Final = re.compile(
    r"(?:model|diffusion_pytorch_model)(?:\.(?P<variant>[\w-]+?))?(?:-(?P<part>\d{5})-of-(?P<parts>\d{5}))?"
    r"\.safetensors",
    re.ASCII,
)
# 'model.safetensors.index.json', 'diffusion_pytorch_model.safetensors.index.fp16.json'
_PARTS_INDEX: Final = re.compile(r".+\.index(?:\.(?P<variant>[\w-]+))?\.json", re.ASCII)
_SMALL: Final = (".json", ".txt", ".model", ".jinja")  # configurations, and what tokenizers are made of


@dataclass(frozen=True)
class Component:
    """A part of a pipeline. library: 'diffusers' or 'transformers'; kind: the name of its class there."""

    name: str
    library: str
    kind: str

    @property
    def has_weights(self) -> bool:
        return _WEIGHTLESS.search(self.kind) is None


@dataclass(frozen=True)
class ModelIndex:
    """pipeline: the name of its class; components: those that are loaded; left_out: the names of others it lists."""

    pipeline: str
    components: tuple[Component, ...]
    left_out: tuple[str, ...]


def index_of(data: bytes, place: str) -> ModelIndex:
    """Read a model_index.json. place: of the model, for sentences.

    Raises SfumatoError where it is none, where the pipeline is of no known kind, and where a part of it is a program of
    its own.
    """
    said = _object_of(data, place)
    kind = said.get("_class_name")
    if isinstance(kind, list):
        raise SfumatoError(
            f"{place}: its pipeline is a program of its own ({_shown(kind)}), and sfumato runs no program that comes "
            "with a model; give a model of one of diffusers' own pipelines"
        )
    if not isinstance(kind, str):
        raise SfumatoError(f"{place}: {INDEX} does not say which pipeline it is of; get the model again")
    check_known(_shown(kind), place)
    listed = {name: value for name, value in said.items() if isinstance(value, list) and not name.startswith("_")}
    parts = tuple(_component(name, value, place) for name, value in listed.items() if _is_used(name, value))
    return ModelIndex(kind, parts, tuple(name for name in listed if name in UNUSED))


def _object_of(data: bytes, place: str) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SfumatoError(f"{place}: {INDEX} cannot be read as JSON ({error}); get the model again") from error
    if not isinstance(said, dict):
        raise SfumatoError(f"{place}: {INDEX} is no JSON object; get the model again")
    return said


def _is_used(name: str, value: list[Any]) -> bool:
    return name not in UNUSED and value != [None, None]


def _component(name: str, value: list[Any], place: str) -> Component:
    named = [each for each in value if isinstance(each, str) and _NAME.fullmatch(each)]
    if len(value) != 2 or len(named) != 2 or _NAME.fullmatch(name) is None:
        raise SfumatoError(f"{place}: {INDEX}: {_shown(name)}: {_shown(value)} names no class; get the model again")
    library, kind = named
    # transformers' Auto classes take whichever class the folder names.
    if library not in _LIBRARIES or (library == "transformers" and kind.startswith("Auto")):
        raise SfumatoError(
            f"{place}: its {name} is {library}.{kind}, a program of its own, and sfumato runs no program that comes "
            "with a model; give one that consists of classes of diffusers and transformers"
        )
    return Component(name, library, kind)


def files_of(index: ModelIndex, names: Collection[str], place: str) -> tuple[list[str], str | None]:
    """The files that the pipeline is loaded from, and the variant of its weights (None, or such as 'fp16').

    names: of all files in its folder, relative, with '/'. The plain weights are taken where each part has them, and
    else those of the one variant of which that is so. Raises SfumatoError where weights are missing or incomplete, and
    where there are only pickles.
    """
    within = _by_folder(names)
    weighty = [part for part in index.components if part.has_weights]
    found = {part.name: _variants(within.get(part.name, ())) for part in weighty}
    variant = _common_variant(found)
    chosen = [INDEX]
    for part in index.components:
        folder = within.get(part.name, [])
        if part.has_weights:
            variants = found[part.name]
            weights = variants.get(variant) or variants.get(None)
            if weights is None:
                raise _without_weights(place, part.name, folder, variants)
            _check_complete(place, part.name, weights)
            several = len(weights) > 1 or _WEIGHTS.fullmatch(weights[0])["part"] is not None  # type: ignore[index]
            own = variant if variants.get(variant) else None
            small = [name for name in folder if _is_small(name, own, with_index=several)]
        else:
            weights, small = [], [name for name in folder if _is_small(name, None, with_index=False)]
            if "Tokenizer" in part.kind and not _has_vocabulary(small):  # transformers would read all words alike
                raise SfumatoError(
                    f"{place}: holds no vocabulary of its {part.name}, so it is not whole; get the model again"
                )
        chosen += [f"{part.name}/{name}" for name in (*small, *weights)]
    return sorted(chosen), variant


def _by_folder(names: Iterable[str]) -> dict[str, list[str]]:
    """The names of files in folders of the first level."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        parts = PurePosixPath(name).parts
        if len(parts) == 2:
            found.setdefault(parts[0], []).append(parts[1])
    return found


def _variants(folder: Iterable[str]) -> dict[str | None, list[str]]:
    """Safetensors files by their variant. Of one file and the same in parts the one file is loaded."""
    found: dict[str | None, list[str]] = {}
    for name in folder:
        if match := _WEIGHTS.fullmatch(name):
            found.setdefault(match["variant"], []).append(name)
    for variant, files in found.items():
        whole = [name for name in files if _WEIGHTS.fullmatch(name)["part"] is None]  # type: ignore[index]
        found[variant] = whole or files
    return found


def _common_variant(found: Mapping[str, Mapping[str | None, list[str]]]) -> str | None:
    """None where all parts have plain weights, or where no variant would make up for those that lack them."""
    if all(None in variants for variants in found.values()):
        return None
    for variant in sorted({each for variants in found.values() for each in variants if each is not None}):
        if all(variant in variants or None in variants for variants in found.values()):
            return variant
    return None


def _is_small(name: str, variant: str | None, *, with_index: bool) -> bool:
    if not name.endswith(_SMALL):
        return False
    if (match := _PARTS_INDEX.fullmatch(name)) is None:
        return True
    return with_index and ".safetensors." in name and match["variant"] == variant


def _has_vocabulary(names: Collection[str]) -> bool:
    """Whether files of these names are what a tokenizer knows words by, in one of the forms that transformers reads."""
    if any(name == "tokenizer.json" or name.endswith(".model") for name in names):
        return True
    return {"vocab.json", "merges.txt"} <= set(names)


def _check_complete(place: str, part: str, weights: list[str]) -> None:
    match = _WEIGHTS.fullmatch(weights[0])
    if match is None or match["parts"] is None:
        return
    if len(weights) != int(match["parts"]):
        raise SfumatoError(
            f"{place}: lacks some weights of its {part} ({len(weights)} of {int(match['parts'])} parts are there); get "
            "the model again"
        )


def _without_weights(
    place: str, part: str, folder: Iterable[str], variants: Mapping[str | None, list[str]]
) -> SfumatoError:
    if pickles := [name for name in folder if name.lower().endswith(PICKLES)]:
        return SfumatoError(
            f"{place}: the weights of its {part} are a pickle ({pickles[0]}), which can run any program when it is "
            "opened, so sfumato reads safetensors only; give a copy of the model in safetensors"
        )
    if variants:
        has = ", ".join(sorted(str(variant) for variant in variants))
        return SfumatoError(
            f"{place}: its {part} has weights in variants alone that other parts lack ({has}); get the model again"
        )
    return SfumatoError(f"{place}: holds no weights of its {part}, so it is not whole; get the model again")


def _shown(value: object) -> str:
    return printable(shortened(value if isinstance(value, str) else json.dumps(value), 100))
