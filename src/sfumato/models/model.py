"""A model: what can generate. Weights, configuration and card in one directory or Hub repository."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import torch
from safetensors.torch import save
from torch import Tensor

from sfumato.devices import ThreadCount, device_named
from sfumato.diffusion import Cascade, Codec, Denoiser
from sfumato.diffusion.denoiser import weights_of_stage
from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.likeness import Finding, Likeness
from sfumato.likeness.finding import comparison
from sfumato.models.adaptation import Adaptation
from sfumato.models.adapted import read_adapter_config
from sfumato.models.adapted_pipeline import check_takes_no_base, check_takes_no_loras, open_adapted
from sfumato.models.building import filled_denoiser
from sfumato.models.configuration import ModelConfig
from sfumato.models.early import EarlyDenoisers
from sfumato.models.place import CARD, CONFIG, LIKENESS, RECORD, WEIGHTS, digest_in, opened_model
from sfumato.models.pretrained import PretrainedParts, open_pretrained
from sfumato.models.publishing import push
from sfumato.models.reading import read_card, read_weights
from sfumato.models.record import ModelRecord, read_record
from sfumato.pretrained.opening import is_pipeline
from sfumato.provenance.sources import Sources
from sfumato.text import counted, encoded, stored_path
from sfumato.weights import digest, with_early
from sfumato.works.recipe import ModelReference
from sfumato.works.values import Precision, Stage

if TYPE_CHECKING:
    from sfumato.pretrained.bridge import Pretrained


@dataclass(eq=False)
class Model:
    """config: what it is; denoiser: D(x, sigma, condition); early: an average of the weights from early in the
    training, for autoguidance; card: the README; weights_digest: SHA-256 of the weights' file, '' before it is
    saved; place: what it was loaded by, a path or 'owner/name', '' where it was not; likeness: the index of the
    pictures that it learned from, None where those are not known; record: how it was made, None where nobody recorded
    that; adaptation: the adapter and the base of an adapted model, whose denoiser and early weights have it added, None
    of a whole one; threads: what chooses the number of threads while it generates, None elsewhere and on other devices.

    Of a pre-trained model: pretrained: the pipeline that the denoiser is a part of; named: how recipes name it;
    computes_on: where it does, as its weights may wait elsewhere; fitted: as a recipe's environment has it; notes: how
    it fits into the memory and what was assumed of it, sentences for people."""

    config: ModelConfig
    denoiser: Denoiser
    early: dict[str, Tensor] = field(default_factory=dict)
    card: str = ""
    weights_digest: str = ""
    place: str = ""
    likeness: Likeness | None = None
    record: ModelRecord | None = None
    pretrained: Pretrained | None = None
    adaptation: Adaptation | None = None
    named: ModelReference | None = None
    computes_on: torch.device | None = None
    fitted: str = ""
    notes: tuple[str, ...] = ()
    threads: ThreadCount | None = field(default=None, init=False, repr=False)
    _early: EarlyDenoisers = field(default_factory=EarlyDenoisers, init=False, repr=False)
    _stage: int = field(default=0, init=False, repr=False)

    def __repr__(self) -> str:
        config, parameters = self.config, sum(weights.numel() for weights in self.denoiser.parameters())
        facts = [
            *([counted(len(config.classes), "class")] if config.classes else []),
            f"{config.side} x {config.side} px",
            f"{parameters / 1e6:.{1 if parameters >= 1e5 else 3}f} million parameters",
            f"on {self.device}",
            f"from {self.place!r}" if self.place else "in memory",
        ]
        return f"Model({config.name!r}: {', '.join(facts)})"

    @property
    def codec(self) -> Codec:
        """What pictures are denoised as."""
        return self.config.codec

    @property
    def base(self) -> Self:
        """The same model without its upscalers: it makes the small pictures alone, and is known by the same weights."""
        return self._part(0, self.config.base, self.denoiser.base) if isinstance(self.denoiser, Cascade) else self

    def at(self, stage: Stage) -> Self:
        """What makes works of a stage. Raises SfumatoError for the small ones of a model that enlarges none."""
        return self.base if self.config.at(stage) is not self.config else self

    @property
    def upscalers(self) -> tuple[Self, ...]:
        """What enlarges its works, one after the other, each as a model that can enlarge any picture."""
        if not isinstance(self.denoiser, Cascade):
            return ()
        parts = zip(self.config.upscalers, self.denoiser.upscalers, strict=True)
        told = {"name": self.config.name, "learned_from": self.config.learned_from}
        return tuple(
            self._part(stage, config.model_copy(update=told), cast(Denoiser, denoiser))
            for stage, (config, denoiser) in enumerate(parts, 1)
        )

    @property
    def enlarger(self) -> Self:
        """What of it enlarges any picture: the last of its upscalers, or where it has none itself."""
        if not isinstance(self.denoiser, Cascade):
            return self
        return self._part(len(self.config.upscalers), self.upscalers[-1].config, self.denoiser.enlarger)

    def _part(self, stage: int, config: ModelConfig, denoiser: Denoiser) -> Self:
        """A stage of it as a model: 0 for its own network, then its upscalers."""
        part = replace(self, config=config, denoiser=denoiser, early=weights_of_stage(self.early, stage))
        part.threads, part._early, part._stage = self.threads, self._early, stage
        return part

    @property
    def is_conditional(self) -> bool:
        """Whether it knows conditions that can be asked for, such as classes."""
        return bool(self.config.classes) or self.config.takes_prompts

    def stage_of(self, denoiser: Denoiser) -> int | None:
        """Which of its stages a denoiser is of, by the weights that it has now or by the early ones: 0 for its own
        network, then its upscalers; None of what is none of the model's."""
        stages = self.denoiser.stages if isinstance(self.denoiser, Cascade) else (self.denoiser,)
        for stage, own in enumerate(stages):
            if denoiser is own or self._early.is_of(denoiser, self._stage + stage):
                return stage
        return None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.computes_on or next(self.denoiser.parameters()).device

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        revision: str | None = None,
        device: str = "auto",
        base: str | Path | None = None,
        loras: Sequence[str] = (),
        memory: float | None = None,
        precision: Precision | None = None,
    ) -> Self:
        """Load a model from its directory, from a run's, from a zip of either, or from the Hub ('owner/name'): one of
        sfumato's own, or a pipeline of diffusers (or the one file of a Stable Diffusion), whose extra is needed.

        device: 'cpu', 'cuda' ('cuda:1'), 'mps', or 'auto': CUDA where there is one, else MPS, else the CPU. base: where
        the model is that an adapted one was learned on, if it is not found by itself. Of a pre-trained model: loras:
        files that change it, as 'FILE' or 'FILE:WEIGHT'; memory: GB that it may take, by default what is free;
        precision: of its weights, by default the faster, or what fits. Raises SfumatoError where there is no model,
        base or device of that name, or no memory for it, and where a part is damaged or does not belong to the others.
        """
        place = device_named(device)
        if is_pipeline(name):
            check_takes_no_base(name, base)
            opened = open_pretrained(name, revision, place, loras=loras, memory=memory, precision=precision)
            return cls._of(opened, place)
        with opened_model(name, revision) as directory:
            adapted = read_adapter_config(directory / CONFIG)
            check_takes_no_loras(name, adapted, loras)
            if adapted is not None and adapted.base.kind == "diffusers":
                parts, adaptation = open_adapted(directory, adapted, place, base, memory, precision)
                model = replace(cls._of(parts, place), adaptation=adaptation, named=None)
                model.card, model.weights_digest = read_card(directory / CARD), digest_in(directory)
                model._read_beside(directory)
            else:
                model = cls._read(directory, place, base, local_path(name).parent)
        model.place = stored_path(Path(name))
        return model

    @classmethod
    def _of(cls, parts: PretrainedParts, device: torch.device) -> Self:
        return cls(
            parts.config,
            parts.pretrained.denoiser,
            card=parts.opened.card,
            weights_digest=parts.opened.digest,
            place=parts.opened.place,
            record=parts.record,
            pretrained=parts.pretrained,
            named=parts.reference,
            computes_on=device,
            fitted=parts.opened.plan.changes,
            notes=parts.notes,
        )

    def _read_beside(self, directory: Path) -> None:
        """What else lies beside the weights: the index of what was learned from, and the record."""
        index, record = directory / LIKENESS, directory / RECORD
        # What is there and no index, such as a link that leads nowhere, is not passed over.
        self.likeness = Likeness.read(index, self.weights_digest) if os.path.lexists(index) else None
        self.record = read_record(record, self.config) if os.path.lexists(record) else None

    @classmethod
    def _read(cls, directory: Path, device: torch.device, base: str | Path | None, beside: Path) -> Self:
        weights = read_weights(directory, base, (beside,))
        denoiser = filled_denoiser(weights.config, weights.tensors, directory).eval().requires_grad_(False).to(device)
        model = cls(weights.config, denoiser, weights.early, read_card(directory / CARD), weights.digest)
        model.adaptation = weights.adaptation
        model._read_beside(directory)
        return model

    @property
    def reference(self) -> ModelReference:
        """What a recipe says of the model. Raises SfumatoError before it is saved, as it is known by its file."""
        if self.named is not None:
            return self.named
        if not self.weights_digest:
            raise SfumatoError(
                f"the model '{self.config.name}' was never saved, and a recipe names a model by its weights; "
                "save it first: model.save_pretrained(directory)"
            )
        base = None if self.adaptation is None else self.adaptation.base
        on = None if base is None else ModelReference(name=base.name, digest=base.digest)
        return ModelReference(name=self.config.name, digest=self.weights_digest, base=on)

    def sources(self, findings: Sequence[Finding | None]) -> Sources:
        """What a sheet or a video of the model's works comes from. findings: of its works, None where one was not
        compared."""
        return Sources(self.weights_digest or None, self.config.learned_from, comparison=comparison(findings))

    def save_pretrained(self, directory: str | Path) -> Path:
        """Write config.json, model.safetensors and README.md into a new or empty directory, and likeness.safetensors
        and record.json where it is known what the model learned from. Of an adapted model adapter.safetensors takes the
        place of model.safetensors, and its base stays where it is; `merged` is a model without one.

        Raises SfumatoError if there is something already.
        """
        if self.pretrained is not None and self.adaptation is None:
            raise SfumatoError(
                f"the model '{self.config.name}' is a pre-trained one, which stays as it was published; copy its folder"
            )
        directory = Path(directory)
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise SfumatoError(f"{directory}: is there already; give a new directory")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / CARD).write_bytes(encoded(self.card))
        if self.record is not None:
            (directory / RECORD).write_bytes(encoded(self.record.model_dump_json(indent=2) + "\n"))
        if self.adaptation is not None:
            self.weights_digest = self.adaptation.write(directory, self.config)
        else:
            (directory / CONFIG).write_bytes(encoded(self.config.model_dump_json(indent=2) + "\n"))
            # Its own way to a file keeps that to its owner, and a model is to be shared.
            tensors = with_early(self.denoiser.weights(), self.early)
            (directory / WEIGHTS).write_bytes(save(tensors, metadata={"format": "pt"}))
            self.weights_digest = digest(directory / WEIGHTS)
        if self.likeness is not None:
            self.likeness.write(directory / LIKENESS, self.weights_digest)
        return directory

    def merged(self) -> Self:
        """Of an adapted model a whole one that needs no base, and makes the same works; others are whole already."""
        return replace(self, adaptation=None, weights_digest="") if self.adaptation is not None else self

    def push_to_hub(self, repository: str, *, private: bool = True, token: str | None = None) -> str:
        """Upload to 'owner/name' on the Hub (private unless said otherwise). Returns the address of the commit.

        Raises SfumatoError where the Hub refuses or cannot be reached.
        """
        return push(self.save_pretrained, repository, private=private, token=token)

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

    def early_denoiser(self) -> Denoiser:
        """The denoiser with the early weights, for autoguidance. Raises SfumatoError if the model carries none."""
        early = weights_of_stage(self.early, 0) if self.config.upscalers else self.early
        if not early:
            raise SfumatoError(
                f"the model '{self.config.name}' carries no early weights, which autoguidance needs; "
                "choose classifier_free, or no guidance"
            )
        denoiser = self._early.of(self._stage, self.config.base, early)
        return denoiser if next(denoiser.parameters()).device == self.device else denoiser.to(self.device)
