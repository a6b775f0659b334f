"""A pipeline from one file: its tensors renamed as diffusers wants them, and filled into networks whose configurations
and vocabulary travel with the program. Nothing is asked of any network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.checkpoint import SD21, UNET, VAE, Kind, Layout
from sfumato.pretrained.clip_tokenizer import END, clip_tokenizer
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.loading import assembled
from sfumato.pretrained.model_index import INDEX, MOST_INDEX_BYTES, Component, index_of
from sfumato.pretrained.prediction import Prediction
from sfumato.weights import misfit, opened_tensors, shapes_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CONFIGURATIONS: Final = Path(__file__).parent / "configurations"

FACTOR: Final = 8  # pixels along the side of a cell of their latents


def configuration_of(kind: Kind) -> Path:
    """The folder with the configurations of that kind's parts, as diffusers writes them."""
    return CONFIGURATIONS / kind.name


def load_checkpoint(
    path: Path, layout: Layout, kind: Kind, prediction: Prediction, dtype: torch.dtype, configuration: Path
) -> Any:
    """The pipeline of a checkpoint, in evaluation mode, its weights frozen, on the CPU.

    configuration: the folder of `configuration_of`, or one of the same kind with other sizes; a tokenizer in it is
    taken in place of CLIP's. Raises SfumatoError where tensors are missing, or of other shapes than it says.
    """
    with quiet():
        index = index_of(read_named_file(configuration / INDEX, MOST_INDEX_BYTES), str(configuration))
        weighty = [part for part in index.components if part.has_weights]
        networks = {part.name: _empty(configuration, part) for part in weighty}
        for name, network in networks.items():  # all of them before the first byte of weights is read
            _check(network, _Part(name, kind, layout), path)
        parts = {
            part.name: _scheduler(configuration, part, prediction)
            if "Scheduler" in part.kind
            else _tokenizer(configuration, part, kind)
            for part in index.components
            if not part.has_weights
        }
        for name, network in networks.items():
            parts[name] = _filled(network, _Part(name, kind, layout), path, dtype)
        if (size := native_size(layout, kind, prediction)) is not None:
            parts["unet"].register_to_config(sample_size=size // FACTOR)
        return assembled(configuration, index, parts, str(path))


def native_size(layout: Layout, kind: Kind, prediction: Prediction) -> int | None:
    """The side of the pictures that a checkpoint was trained on, in pixels, where it differs from its kind's."""
    match = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", layout.metadata.get("modelspec.resolution", "").strip().lower())
    if match is not None and match[1] == match[2]:
        return int(match[1])
    return 512 if kind is SD21 and prediction.kind == "epsilon" else None  # 2.1-base


@dataclass(frozen=True)
class _Part:
    """A part of a pipeline in a file: which tensors are its own, and how they become those of a network."""

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
        return [name for name in self.layout.shapes if name.startswith(self.beginning)]

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


def _empty(configuration: Path, part: Component) -> Any:
    """The network of a part, without memory for its weights."""
    import diffusers
    import transformers
    from accelerate import init_empty_weights

    folder = configuration / part.name
    if part.library == "transformers":
        network_class = getattr(transformers, part.kind)
        described = network_class.config_class.from_pretrained(folder, local_files_only=True)
        with init_empty_weights():
            return network_class(described)
    network_class = getattr(diffusers, part.kind)
    with init_empty_weights():
        return network_class.from_config(network_class.load_config(folder, local_files_only=True))


def _is_openclip(encoder: str, kind: Kind) -> bool:
    return kind.encoders[encoder][0].endswith(".model.")


def _check(network: Any, part: _Part, path: Path) -> None:
    """Raises SfumatoError where the file has other tensors than the network. Reads none of them."""
    import torch

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


def _not_whole(path: Path, part: _Part, fault: str) -> SfumatoError:
    return SfumatoError(
        f"{path}: looks like {part.kind.title}, but its {part.name} {fault}; give a checkpoint of its published size"
    )


def _filled(network: Any, part: _Part, path: Path, dtype: torch.dtype) -> Any:
    with opened_tensors(path) as file:
        found = part.renamed({name: file.get_tensor(name) for name in part.names}, network)
        # Copies: the file's own memory would change with it.
        weights = {name: tensor.to(dtype, copy=True).contiguous() for name, tensor in found.items()}
    network.load_state_dict(weights, assign=True)
    return network


def _scheduler(configuration: Path, part: Component, prediction: Prediction) -> Any:
    import diffusers

    scheduler = getattr(diffusers, part.kind)
    described = scheduler.load_config(configuration / part.name, local_files_only=True)
    if prediction.zero_snr and part.kind == "PNDMScheduler":  # which has no such noise levels
        scheduler = diffusers.DDIMScheduler
    return scheduler.from_config({**described, **prediction.settings()})


def _tokenizer(configuration: Path, part: Component, kind: Kind) -> Any:
    import transformers

    if (configuration / part.name).is_dir():
        return getattr(transformers, part.kind).from_pretrained(configuration / part.name, local_files_only=True)
    return clip_tokenizer("!" if _is_openclip(part.name.replace("tokenizer", "text_encoder"), kind) else END)
