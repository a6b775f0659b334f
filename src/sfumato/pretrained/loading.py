"""A diffusers pipeline from a folder, each part of it checked to be whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import SfumatoError
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.model_index import Component, ModelIndex
from sfumato.text import printable, shortened

if TYPE_CHECKING:
    import torch


def load_pipeline(directory: Path, index: ModelIndex, variant: str | None, dtype: torch.dtype, place: str) -> Any:
    """The pipeline in a folder, in evaluation mode, its weights frozen, on the CPU.

    variant: of weights, such as 'fp16', for the parts that have it. Raises SfumatoError where a part cannot be loaded
    or its weights lack something.
    """
    with quiet():
        parts = {part.name: _part(directory, part, variant, dtype, place) for part in index.components}
        return assembled(directory, index, parts, place)


def assembled(directory: Path, index: ModelIndex, parts: dict[str, Any], place: str) -> Any:
    """The pipeline of these parts, as the folder's model_index.json describes it, in evaluation mode, its weights
    frozen. Raises SfumatoError where they do not go together."""
    import diffusers
    import torch

    without = dict.fromkeys(index.left_out)
    try:
        pipeline = getattr(diffusers, index.pipeline).from_pretrained(
            directory, **parts, **without, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # of diffusers, transformers and torch
        raise _unloadable(place, error) from error
    pipeline.set_progress_bar_config(disable=True)
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval().requires_grad_(False)
    return pipeline


def _unloadable(place: str, error: BaseException) -> SfumatoError:
    """The error to raise for one of diffusers' or transformers'."""
    said = shortened(printable(" ".join(str(error).split())), 300).rstrip(".") or type(error).__name__
    return SfumatoError(f"{place}: cannot be loaded ({said}); get the model again")


def _part(directory: Path, part: Component, variant: str | None, dtype: torch.dtype, place: str) -> Any:
    import diffusers
    import transformers

    kind = getattr({"diffusers": diffusers, "transformers": transformers}[part.library], part.kind, None)
    if not isinstance(kind, type) or not hasattr(kind, "from_pretrained"):
        raise SfumatoError(
            f"{place}: its {part.name} is a {part.kind}, which {part.library} does not have in the version that is "
            "installed; install a newer one, or give another model"
        )
    try:
        if not part.has_weights:
            return kind.from_pretrained(directory / part.name, local_files_only=True)
        own = variant if any((directory / part.name).glob(f"*.{variant}*.safetensors")) else None
        loaded, found = kind.from_pretrained(
            directory / part.name,
            local_files_only=True,
            use_safetensors=True,
            variant=own,
            output_loading_info=True,
            **{"dtype" if part.library == "transformers" else "torch_dtype": dtype},
        )
    except Exception as error:  # of diffusers, transformers, safetensors and torch
        raise _unloadable(f"{place}: {part.name}", error) from error
    if lost := sorted(found["missing_keys"]):  # they would be filled with random numbers
        raise SfumatoError(f"{place}: the weights of its {part.name} lack '{lost[0]}'; get the model again")
    return loaded
