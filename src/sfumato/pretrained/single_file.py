"""A pipeline from one file: its tensors renamed as diffusers wants them, and filled into networks whose configurations
and vocabulary travel with the program. No connection is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from sfumato.disk import read_json, read_named_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.checkpoint import SD21, UNET, VAE, Kind, Layout
from sfumato.pretrained.clip_tokenizer import END, clip_tokenizer
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.loading import CONFIG, assembled, check_finite
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import INDEX, MOST_INDEX_BYTES, Component, ModelIndex, index_of
from sfumato.pretrained.placing import part_arguments, waiting_part
from sfumato.pretrained.prediction import Prediction
from sfumato.pretrained.sizes import role_of
from sfumato.weights import misfit, opened_tensors, shapes_of

CONFIGURATIONS: Final = Path(__file__).parent / "configurations"
FACTOR: Final = 8  # pixels along the side of a cell of their latents


def configuration_of(kind: Kind) -> Path:
    """The folder with the configurations of that kind's parts, as diffusers writes them."""
    return CONFIGURATIONS / kind.name


@dataclass(frozen=True)
class SingleFile:
    """A checkpoint and how it is read. configuration: the folder of `configuration_of`, or one of the same kind with
    other sizes; a tokenizer in it is taken in place of CLIP's."""

    path: Path
    layout: Layout
    kind: Kind
    prediction: Prediction
    plan: MemoryPlan
    configuration: Path

    def pipeline(self) -> Any:
        """In evaluation mode, its weights frozen, on the CPU; parts that the plan lets wait have no weights yet.

        Raises SfumatoError where tensors are missing, damaged, or of other shapes than the configuration says.
        """
        with quiet():
            index = self._index()
            weighty = [part for part in index.components if part.has_weights]
            networks = {part.name: self._empty(part) for part in weighty}
            for name, network in networks.items():  # all of them before the first byte of weights is read
                _check(network, self._tensors(name), self.path)
            parts = {part.name: self._plain(part) for part in index.components if not part.has_weights}
            parts |= {part.name: self._network(part, networks[part.name]) for part in weighty}
            if (size := native_size(self.layout, self.kind, self.prediction)) is not None:
                parts["unet"].register_to_config(sample_size=size // FACTOR)
            return assembled(self.configuration, index, parts, str(self.path))

    def again(self, name: str) -> nn.Module:
        """A part read once more. Raises SfumatoError as `pipeline`."""
        with quiet():
            part = next(part for part in self._index().components if part.name == name)
            read: nn.Module = self._filled(part, self._empty(part))
            return read.eval().requires_grad_(False)

    def _index(self) -> ModelIndex:
        return index_of(read_named_file(self.configuration / INDEX, MOST_INDEX_BYTES), str(self.configuration))

    def _tensors(self, name: str) -> _Tensors:
        return _Tensors(name, self.kind, self.layout)

    def _plain(self, part: Component) -> Any:
        """A scheduler or a tokenizer."""
        import diffusers
        import transformers

        folder = self.configuration / part.name
        if "Scheduler" not in part.kind:
            if folder.is_dir():
                return getattr(transformers, part.kind).from_pretrained(folder, local_files_only=True)
            encoder = part.name.replace("tokenizer", "text_encoder")
            return clip_tokenizer("!" if _is_openclip(encoder, self.kind) else END)
        scheduler = getattr(diffusers, part.kind)
        described = scheduler.load_config(folder, local_files_only=True)
        if self.prediction.zero_snr and part.kind == "PNDMScheduler":  # which has no such noise levels
            scheduler = diffusers.DDIMScheduler
        return scheduler.from_config({**described, **self.prediction.settings()})

    def _empty(self, part: Component) -> Any:
        """The network of a part, without memory for its weights."""
        import diffusers
        import transformers
        from accelerate import init_empty_weights

        folder = self.configuration / part.name
        if part.library == "transformers":
            network_class = getattr(transformers, part.kind)
            described = network_class.config_class.from_pretrained(folder, local_files_only=True)
            with init_empty_weights():
                return network_class(described)
        network_class = getattr(diffusers, part.kind)
        with init_empty_weights():
            return network_class.from_config(network_class.load_config(folder, local_files_only=True))

    def _network(self, part: Component, empty: Any) -> Any:
        if self.plan.waits(role_of(part.name)):
            described = read_json(self.configuration / part.name / CONFIG, MOST_INDEX_BYTES)
            return waiting_part(type(empty), described, self.plan)
        network = self._filled(part, empty)
        check_finite(network, f"{self.path}: its {part.name}")
        return network

    def _filled(self, part: Component, network: Any) -> Any:
        told, own = part_arguments(self.plan, part), self._tensors(part.name)
        if "quantization_config" in told:
            raise SfumatoError(f"{self.path}: only a diffusers folder can be read in 4 bits; give one, or more memory")
        (dtype,) = told.values()
        with opened_tensors(self.path) as file:
            found = own.renamed({name: file.get_tensor(name) for name in own.names}, network)
            # Copies: the file's own memory would change with it.
            weights = {name: tensor.to(dtype, copy=True).contiguous() for name, tensor in found.items()}
        network.load_state_dict(weights, assign=True)
        return network


def native_size(layout: Layout, kind: Kind, prediction: Prediction) -> int | None:
    """The side of the pictures that a checkpoint was trained on, in pixels, where it differs from its kind's."""
    match = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", layout.metadata.get("modelspec.resolution", "").strip().lower())
    if match is not None and match[1] == match[2]:
        return int(match[1])
    return 512 if kind is SD21 and prediction.kind == "epsilon" else None  # 2.1-base


@dataclass(frozen=True)
class _Tensors:
    """A part of a pipeline in a file: which tensors there are its own, and how they become those of a network."""

    name: str
    kind: Kind
    layout: Layout

    @property
    def beginning(self) -> str:
        """That the names of its tensors have in the file."""
        own = {"unet": (UNET,), "vae": (VAE,), **self.kind.encoders}[self.name]
        return next((each for each in own if self.layout.has(each)), own[0])

    @property
    def names(self) -> list[str]:
        beginning = self.beginning
        return [name for name in self.layout.shapes if name.startswith(beginning)]

    def renamed(self, tensors: Mapping[str, Tensor], network: Any) -> dict[str, Tensor]:
        """The tensors of `names` under those of a network; where it is a text encoder, those alone that it has."""
        from diffusers.loaders import single_file_utils

        theirs: Any = single_file_utils
        if self.name == "unet":
            return dict(theirs.convert_ldm_unet_checkpoint(tensors, network.config))
        if self.name == "vae":
            return dict(theirs.convert_ldm_vae_checkpoint(tensors, network.config))
        if _is_openclip(self.name, self.kind):
            found = theirs.convert_open_clip_checkpoint(network, tensors, prefix=self.beginning)
        else:
            found = theirs.convert_ldm_clip_checkpoint(tensors)
        # transformers 5 has 'text_model.' before the names of the encoders with a projection alone.
        own = {name.removeprefix("text_model."): name for name in network.state_dict()}
        plain = {name.removeprefix("text_model."): tensor for name, tensor in found.items()}
        return {own[name]: tensor for name, tensor in plain.items() if name in own}


def _is_openclip(encoder: str, kind: Kind) -> bool:
    return kind.encoders[encoder][0].endswith(".model.")


def _check(network: Any, part: _Tensors, path: Path) -> None:
    """Raises SfumatoError where the file has other tensors than the network. Reads none of them."""
    given = {name: torch.empty(tuple(part.layout.shapes[name]), device="meta") for name in part.names}
    try:
        found = part.renamed(given, network)
    except (KeyError, IndexError, RuntimeError, AttributeError) as error:  # of diffusers', where names are missing
        raise _not_whole(path, part, f"lacks something ({error})") from error
    fault = misfit(shapes_of(network.state_dict()), shapes_of(found))
    if not fault and part.name == "unet":
        used = {id(tensor) for tensor in found.values()}
        unknown = sorted(name for name, tensor in given.items() if id(tensor) not in used)
        fault = f"holds '{unknown[0]}', which does not belong there" if unknown else ""
    if fault:
        raise _not_whole(path, part, fault)


def _not_whole(path: Path, part: _Tensors, fault: str) -> SfumatoError:
    return SfumatoError(
        f"{path}: looks like {part.kind.title}, but its {part.name} {fault}; give a checkpoint of its published size"
    )
