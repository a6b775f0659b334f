"""What a pipeline calls its network with: it runs with a stand-in for the network and one for the scheduler.

So text encoders, templates, pooled embeddings and whatever a family's next version adds are asked as diffusers asks
them, and nothing of that is written a second time here. The network itself is not moved, and no picture is made.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.pretrained.extra import quiet
from sfumato.pretrained.families import Family
from sfumato.pretrained.layouts import Inputs

TIMES = (750.0, 250.0)  # what the stand-in for the scheduler calls the times of two steps, of 1000


@dataclass
class Recording:
    """calls: the arguments of each call of the network, by name; given: what reached the scheduler of a network that
    answers with ones; mu: what the pipeline derives of the picture's size for a dynamic shift, None where it does
    not."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    given: list[Tensor] = field(default_factory=list)
    mu: float | None = None


class StillScheduler:
    """In the place of a scheduler: it gives the times that it is made with, and leaves latents as they are."""

    order = 1
    init_noise_sigma = 1.0

    def __init__(self, config: Any, times: Sequence[float], recording: Recording) -> None:
        self.config = config
        self.timesteps = torch.tensor(times)
        self._recording = recording

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: Any = None,
        sigmas: Any = None,
        mu: float | None = None,
    ) -> None:
        self.timesteps = self.timesteps.to(device)
        self._recording.mu = mu

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Nothing: it keeps no count."""

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        return sample

    def step(self, model_output: Tensor, timestep: Any, sample: Tensor, return_dict: bool = True) -> tuple[Tensor]:
        self._recording.given.append(model_output)
        return (sample,)


def record(pipeline: Any, family: Family, times: Sequence[float] = TIMES, **asked: Any) -> Recording:
    """What the pipeline does when it is ``asked`` (its own arguments: prompt, height, width, ...) without guidance.

    times: what the scheduler calls those of its steps, of 1000. It draws from no generator but one of its own.
    """
    recording = Recording()
    scheduler = StillScheduler(pipeline.scheduler.config, times, recording)
    off = {family.guidance.argument: family.guidance.theirs(1.0)}
    generator = torch.Generator().manual_seed(0)
    with (
        quiet(),
        in_place_of_scheduler(pipeline, scheduler),
        _answering_ones(getattr(pipeline, family.network), recording),
    ):
        pipeline(**off | asked, num_inference_steps=len(times), generator=generator, output_type="latent")
    return recording


@contextmanager
def in_place_of_scheduler(pipeline: Any, scheduler: Any) -> Iterator[None]:
    """The pipeline has another scheduler for a while."""
    # Not by assignment, of which the pipeline would make a note in its configuration.
    components = vars(pipeline)
    own = components["scheduler"]
    components["scheduler"] = scheduler
    try:
        yield
    finally:
        components["scheduler"] = own


@contextmanager
def _answering_ones(network: nn.Module, recording: Recording) -> Iterator[None]:
    """The network's forward is put aside, and with it the hooks that would move it to a graphics card."""
    signature = inspect.signature(type(network).forward)

    def forward(*values: Any, **named: Any) -> tuple[Any]:
        arguments = dict(signature.bind(network, *values, **named).arguments)
        arguments.pop("self", None)
        recording.calls.append(arguments)
        sample = arguments[sample_name(network)]
        ones = [torch.ones_like(one) for one in sample] if isinstance(sample, list) else torch.ones_like(sample)
        return (ones,)

    before = vars(network).get("forward")
    network.forward = forward
    try:
        yield
    finally:
        if vars(network).get("forward") is forward:  # a pipeline that offloads has put its own back at the end
            del network.forward
            if before is not None:
                network.forward = before


def sample_name(network: nn.Module) -> str:
    """What the network calls its noisy latents: the first argument, after the network itself."""
    return list(inspect.signature(type(network).forward).parameters)[1]


def time_name(network: nn.Module) -> str:
    """What it calls the time."""
    parameters = inspect.signature(type(network).forward).parameters
    return "timestep" if "timestep" in parameters else "t"


def flattened(arguments: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Dictionaries in dictionaries become one, of names with dots; an empty one stays as it is."""
    flat: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{within}{name}.")
        else:
            flat[within + name] = value
    return flat


def nested(inputs: Inputs) -> dict[str, Any]:
    """The reverse of `flattened`."""
    tree: dict[str, Any] = {}
    for name, value in inputs.items():
        *above, last = name.split(".")
        place = tree
        for one in above:
            place = place.setdefault(one, {})
        place[last] = value
    return tree
