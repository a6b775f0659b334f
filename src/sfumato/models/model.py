"""A model: what can generate. Weights, configuration and card in one directory or Hub repository."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, SupportsIndex, Unpack

import torch
from safetensors.torch import save_file
from torch import Tensor

from sfumato.devices import ThreadCount, device_named
from sfumato.diffusion import Denoiser, ResidualDenoiser, preconditioning
from sfumato.disk import read_file
from sfumato.errors import SfumatoError, hub_reason
from sfumato.models.configuration import ModelConfig, most_weights_bytes, read_config
from sfumato.models.place import CARD, CONFIG, WEIGHTS, opened_model
from sfumato.networks import build_network, network_shapes
from sfumato.text import counted, encoded, stored_path
from sfumato.weights import check_fit, digest, load_into, opened_weights

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.models.configuration import SamplerChoices
    from sfumato.models.generation import Progress
    from sfumato.models.steering import Composition, Palette
    from sfumato.works import Work

_EARLY = "early."
_MOST_CARD_BYTES = 1 << 20


def build_denoiser(config: ModelConfig) -> Denoiser:
    """The denoiser that a configuration describes, with fresh weights."""
    upscaling = config.objective == "upscaling"
    network = build_network(config.network, config.size, len(config.classes), reference=upscaling)
    made = ResidualDenoiser if upscaling else Denoiser
    return made(network, preconditioning(config.preconditioning, config.sigma_data))


@dataclass(eq=False)
class Model:
    """config: what it is; denoiser: D(x, sigma, condition); early: an average of the weights from early in the
    training, for autoguidance; card: the README; weights_digest: SHA-256 of the weights' file, '' before it is
    saved; place: what it was loaded by, a path or 'owner/name', '' where it was not; threads: what chooses the number
    of threads while it generates, None elsewhere and on other devices."""

    config: ModelConfig
    denoiser: Denoiser
    early: dict[str, Tensor] = field(default_factory=dict)
    card: str = ""
    weights_digest: str = ""
    place: str = ""
    threads: ThreadCount | None = field(default=None, init=False, repr=False)
    _worse: tuple[dict[str, Tensor], Denoiser] | None = field(default=None, init=False, repr=False)

    def __repr__(self) -> str:
        config, parameters = self.config, sum(weights.numel() for weights in self.denoiser.parameters())
        facts = [
            *([counted(len(config.classes), "class")] if config.classes else []),
            f"{config.size} x {config.size} px",
            f"{parameters / 1e6:.{1 if parameters >= 1e5 else 3}f} million parameters",
            f"on {self.device}",
            f"from {self.place!r}" if self.place else "in memory",
        ]
        return f"Model({config.name!r}: {', '.join(facts)})"

    @property
    def denoisers(self) -> tuple[Denoiser, ...]:
        """That of the model and, where autoguidance has asked for it, that of the early weights."""
        return (self.denoiser,) if self._worse is None else (self.denoiser, self._worse[1])

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.denoiser.parameters()).device

    @classmethod
    def from_pretrained(cls, name: str | Path, *, revision: str | None = None, device: str = "auto") -> Self:
        """Load a model from its directory, from a run's, from a zip of either, or from the Hub ('owner/name').

        device: 'cpu', 'cuda' ('cuda:1'), 'mps', or 'auto': CUDA where there is one, else MPS, else the CPU. Raises
        SfumatoError where there is no such model or device, where weights and configuration do not belong together, and
        where the weights hold what is no number.
        """
        place = device_named(device)
        with opened_model(name, revision) as directory:
            model = cls._read(directory, place)
        model.place = stored_path(Path(name))
        return model

    @classmethod
    def _read(cls, directory: Path, device: torch.device) -> Self:
        config, weights = read_config(directory / CONFIG), directory / WEIGHTS
        with opened_weights(weights, most_weights_bytes(config)) as file:
            _check_weights(config, file.shapes(), weights)
            tensors = file.tensors()
        early = {key.removeprefix(_EARLY): tensors.pop(key) for key in list(tensors) if key.startswith(_EARLY)}
        denoiser = _filled(config, tensors, weights).eval().requires_grad_(False).to(device)
        return cls(config, denoiser, early, _read_card(directory / CARD), digest(weights))

    def save_pretrained(self, directory: str | Path) -> Path:
        """Write config.json, model.safetensors and README.md into a new or empty directory.

        Raises SfumatoError if there is something already.
        """
        directory = Path(directory)
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise SfumatoError(f"{directory}: is there already; give a new directory")
        directory.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.cpu().contiguous() for name, tensor in self.denoiser.network.state_dict().items()}
        tensors |= {_EARLY + name: tensor.cpu().contiguous() for name, tensor in self.early.items()}
        (directory / CONFIG).write_bytes(encoded(self.config.model_dump_json(indent=2) + "\n"))
        (directory / CARD).write_bytes(encoded(self.card))
        save_file(tensors, directory / WEIGHTS, metadata={"format": "pt"})
        self.weights_digest = digest(directory / WEIGHTS)
        return directory

    def push_to_hub(self, repository: str, *, private: bool = True, token: str | None = None) -> str:
        """Upload to 'owner/name' on the Hub (private unless said otherwise). Returns the address of the commit.

        Raises SfumatoError where the Hub refuses or cannot be reached.
        """
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            try:
                api.create_repo(repository, private=private, exist_ok=True)
                done = api.upload_folder(repo_id=repository, folder_path=folder, commit_message="A model from sfumato")
            except Exception as error:  # which ones the client raises differs between its versions
                raise SfumatoError(
                    f"{repository}: cannot be uploaded: {hub_reason(error)}; "
                    "if you have not done so yet, log in with 'hf auth login'"
                ) from error
        return str(done)

    def generate(
        self,
        count: int = 1,
        *,
        seed: SupportsIndex = 0,
        label: str | None = None,
        away: str | None = None,
        variations: float | None = None,
        of: Work | Path | str | None = None,
        width: int | None = None,
        height: int | None = None,
        tile: bool = False,
        upscale: Model | Path | str | None = None,
        palette: Palette | Image.Image | Path | str | None = None,
        palette_strength: float = 0.75,
        composition: Composition | Image.Image | Path | str | None = None,
        composition_strength: float = 1.0,
        **asked: Unpack[SamplerChoices],
    ) -> list[Work]:
        """Make ``count`` works, pictures with their recipes: all that the command ``sfumato generate`` can ask for.

        seed: 0 or more; work number i depends on (seed, i) and the settings, not on how many are made. label: a class's
        name or a mixture, 'painting:0.7,engraving:0.3', or None for classes as frequent as in training; away: a class
        to lead away from. variations: how far from the work ``of`` (or its file), 0 for the same to 1 for another.
        width, height: pixels, from the model's size on; tile: whether works repeat without a seam. upscale: an upscaler
        that enlarges them. palette: colours as '#aa3322,#fff0c0', or a picture or its file; composition: a sketch or
        its file; their strengths go from 0 to 1. asked: sampler, schedule, steps, sigma_min, sigma_max, guidance,
        guidance_kind, guidance_low, guidance_high, guidance_chroma, noise_high, sharpness and precision, each the
        model's own where it is None (`SamplerSettings` has their ranges).
        Raises SfumatoError for a class that the model has not, values out of range, what does not go together, and
        files that are not there or cannot be used.
        """
        from sfumato.models.ground import enlarged_size
        from sfumato.models.request import requested
        from sfumato.models.upscaling import upscale_work

        generation = requested(
            self,
            seed=seed,
            label=label,
            away=away,
            variations=variations,
            of=of,
            width=width,
            height=height,
            tile=tile,
            palette=palette,
            palette_strength=palette_strength,
            composition=composition,
            composition_strength=composition_strength,
            **asked,
        )
        if upscale is None:
            return list(generation.works(count))
        upscaler = upscale if isinstance(upscale, Model) else Model.from_pretrained(upscale, device=str(self.device))
        enlarged_size(upscaler.config, generation.ground.width, generation.ground.height)  # or it says why not
        return [upscale_work(upscaler, work) for work in generation.works(count)]

    def trajectory(self, count: int = 1, *, seed: int = 0, label: str | None = None) -> Iterator[Progress]:
        """The same, yielding every step from noise to picture."""
        from sfumato.models.generation import Generation

        return Generation.of(self, seed=seed, label=label).steps(count)

    def reimagine(
        self, picture: Image.Image, *, strength: float = 0.6, seed: int = 0, label: str | None = None
    ) -> Work:
        """A work that begins with a picture; see ``sfumato.models.reimagine``, which takes every setting."""
        from sfumato.models.reimagining import reimagine

        return reimagine(self, picture, strength=strength, seed=seed, label=label)

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Evaluations within use fewer threads of the CPU while other programs make that faster; afterwards torch has
        as many as before. Measured: works are equal to the bit with any number of threads."""
        before = torch.get_num_threads()
        if self.device.type == "cpu" and before > 1:
            if self.threads is None or self.threads.counts[0] != before:
                self.threads = ThreadCount(before, untried_seconds=2.0)
            torch.set_num_threads(self.threads.now)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def worse(self) -> Denoiser:
        """The denoiser with the early weights, for autoguidance. Raises SfumatoError if the model carries none."""
        if not self.early:
            raise SfumatoError(
                f"the model '{self.config.name}' carries no early weights, which autoguidance needs; "
                "choose classifier_free, or no guidance"
            )
        if self._worse is None or self._worse[0] is not self.early:
            denoiser = _filled(self.config, self.early, f"the early weights of '{self.config.name}'")
            self._worse = self.early, denoiser.eval().requires_grad_(False)
        return self._worse[1].to(self.device)


def _filled(config: ModelConfig, tensors: Mapping[str, Tensor], origin: Path | str) -> Denoiser:
    """The denoiser of a configuration with these weights. Leaves torch's random numbers where they were."""
    with torch.random.fork_rng(devices=[]):
        denoiser = build_denoiser(config)
    load_into(denoiser.network, tensors, origin)
    return denoiser


def _check_weights(config: ModelConfig, shapes: Mapping[str, Sequence[int]], origin: Path) -> None:
    """Raises SfumatoError where the weights, early ones with them, are not those of the configuration."""
    upscaling = config.objective == "upscaling"
    wanted = network_shapes(config.network, config.size, len(config.classes), reference=upscaling)
    early = {name.removeprefix(_EARLY): shape for name, shape in shapes.items() if name.startswith(_EARLY)}
    check_fit(wanted, {name: shape for name, shape in shapes.items() if not name.startswith(_EARLY)}, origin)
    if early:
        check_fit(wanted, early, f"{origin}: the early weights")


def _read_card(path: Path) -> str:
    try:
        return read_file(path, _MOST_CARD_BYTES).decode("utf-8", errors="replace")
    except OSError:  # a model is one without its card too
        return ""
