"""A diffusers pipeline from a folder, each part of it checked to be whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from sfumato.disk import read_json
from sfumato.errors import SfumatoError
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import Component, ModelIndex
from sfumato.pretrained.placing import part_arguments, waiting_part
from sfumato.pretrained.sizes import role_of
from sfumato.text import printable, shortened

CONFIG, _ADAPTER = "config.json", "adapter_config.json"
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Parts:
    """The parts of a pipeline in a folder. variant: of weights, such as 'fp16', for the parts that have it; plan: how
    they are read; place: what messages call the model."""

    directory: Path
    index: ModelIndex
    variant: str | None
    plan: MemoryPlan
    place: str

    def pipeline(self) -> Any:
        """In evaluation mode, its weights frozen, on the CPU; parts that the plan lets wait have no weights yet. Raises
        SfumatoError where a part cannot be loaded or its weights lack something."""
        with quiet():
            parts = {part.name: self._part(part) for part in self.index.components}
            return assembled(self.directory, self.index, parts, self.place)

    def again(self, name: str) -> nn.Module:
        """A part read once more. Raises SfumatoError as `pipeline`."""
        with quiet():
            part = next(part for part in self.index.components if part.name == name)
            read: nn.Module = self._read(part, self._class(part))
            return read.eval().requires_grad_(False)

    def _part(self, part: Component) -> Any:
        kind = self._class(part)
        if part.has_weights and self.plan.waits(role_of(part.name)):
            config = read_json(self.directory / part.name / CONFIG, _MOST_BYTES)
            return waiting_part(kind, config, self.plan)
        read = self._read(part, kind)
        if part.has_weights:
            check_finite(read, f"{self.place}: its {part.name}")
        return read

    def _class(self, part: Component) -> Any:
        import diffusers
        import transformers

        kind = getattr({"diffusers": diffusers, "transformers": transformers}[part.library], part.kind, None)
        if not isinstance(kind, type) or not hasattr(kind, "from_pretrained"):
            raise SfumatoError(
                f"{self.place}: its {part.name} is a {part.kind}, which {part.library} does not have in the version "
                "that is installed; install a newer one, or give another model"
            )
        _check_tame(self.directory / part.name, f"{self.place}: its {part.name}")
        return kind

    def _read(self, part: Component, kind: Any) -> Any:
        folder = self.directory / part.name
        try:
            if not part.has_weights:
                return kind.from_pretrained(folder, local_files_only=True)
            own = self.variant if any(folder.glob(f"*.{self.variant}*.safetensors")) else None
            loaded, found = kind.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                variant=own,
                output_loading_info=True,
                **part_arguments(self.plan, part),
            )
        except SfumatoError:
            raise
        except Exception as error:  # of diffusers, transformers, safetensors and torch
            raise _unloadable(f"{self.place}: {part.name}", error) from error
        if lost := sorted(found["missing_keys"]):  # they would be filled with random numbers
            raise SfumatoError(f"{self.place}: the weights of its {part.name} lack '{lost[0]}'; get the model again")
        return loaded


def assembled(directory: Path, index: ModelIndex, parts: dict[str, Any], place: str) -> Any:
    """The pipeline of these parts, as the folder's model_index.json describes it, in evaluation mode, its weights
    frozen. Raises SfumatoError where they do not go together."""
    import diffusers

    without = dict.fromkeys(index.left_out)
    try:
        pipeline = getattr(diffusers, index.pipeline).from_pretrained(
            directory, **parts, **without, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # of diffusers, transformers and torch
        raise _unloadable(place, error) from error
    pipeline.set_progress_bar_config(disable=True)
    for part in pipeline.components.values():
        if isinstance(part, nn.Module):
            part.eval().requires_grad_(False)
    return pipeline


def check_finite(network: nn.Module, what: str) -> None:
    """Raises SfumatoError for weights that hold NaN or infinity, of which black pictures come. what: to begin with."""
    for name, tensor in network.state_dict().items():
        if "torchao" in type(tensor).__module__:  # int8 with its scales, which knows few operators
            tensor = tensor.dequantize()
        if tensor.is_floating_point() and tensor.numel() and not torch.stack(tensor.aminmax()).isfinite().all():
            raise SfumatoError(f"{what} is damaged: '{name}' holds NaN or infinity; get the model again")


def _unloadable(place: str, error: BaseException) -> SfumatoError:
    """The error to raise for one of diffusers' or transformers'."""
    said = " ".join(str(error).split()).partition(" If you want")[0]  # to call their functions otherwise
    said = shortened(printable(said), 300).rstrip(".") or type(error).__name__
    return SfumatoError(f"{place}: cannot be loaded ({said}); get the model again")


def _check_tame(folder: Path, what: str) -> None:
    """Raises SfumatoError for what would have transformers fetch something else: adapters, whose description names
    another model, and kernels, which are programs on the Hub ('owner/name') in place of a way of attention."""
    if (folder / _ADAPTER).exists():
        raise SfumatoError(f"{what} is an adapter of another model ({_ADAPTER}); give a model with whole weights")
    try:
        said = read_json(folder / CONFIG, _MOST_BYTES)
    except (OSError, ValueError):  # tokenizers have none, and what else is wrong with it is said when it is loaded
        return
    if (kernel := _kernel(said)) is not None:
        raise SfumatoError(
            f"{what} asks for a program from the Hub ({shortened(printable(kernel), 100)}), and sfumato runs none that "
            "comes with a model; give a model of one of diffusers' own pipelines"
        )


def _kernel(said: Any) -> str | None:
    """The first program that a configuration, or one within it, names as an implementation of something."""
    waiting = [said]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            for name, value in each.items():
                if name.endswith("implementation") and isinstance(value, str) and "/" in value:
                    return value
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return None
