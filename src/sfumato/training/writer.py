"""What a session of training leaves on the disk: lines of a log, snapshots, checkpoints and a model with its card."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from PIL import Image
from torch import Tensor

import sfumato
from sfumato.cards.hub import model_card
from sfumato.cards.subject import Subject
from sfumato.dataset import Dataset
from sfumato.dataset.dataset import NO_LABEL
from sfumato.diffusion.denoiser import has_upscalers
from sfumato.likeness import Likeness
from sfumato.models import Model, ModelConfig, SamplerSettings
from sfumato.models.record import ModelRecord
from sfumato.pretrained.hub import is_hub_id
from sfumato.text import counted
from sfumato.training.adapting import Base
from sfumato.training.ancestry import run_holdings
from sfumato.training.averages import USUAL_EARLY
from sfumato.training.calibration import Calibration
from sfumato.training.checkpoint import save_checkpoint
from sfumato.training.conditions import known_classes, labels_among, model_name
from sfumato.training.events import Evaluated, Finished, Noted, Pictured, Saved, Trained
from sfumato.training.run import Run, RunLog
from sfumato.training.snapshots import Snapshots
from sfumato.training.state import TrainingState

Logged = Trained | Evaluated | Pictured | Noted | Finished

# Measured at 32 and at 64 pixels, see benchmarks/log.md: guidance by early weights does best where details are made, in
# larger pictures where the composition is as well.
GUIDED_FROM, GUIDED_UP_TO, GUIDED_COLOUR = 0.1, 2.5, 0.25
# Fine detail wants guidance of about 1 + sqrt(5 share) by weights from that share of the run, more than the 1.5 that
# composition may bear; of a run that began with weights about 1 + sqrt(16 share), as its early weights are nearer to
# the last. It made no difference at 32 pixels.
DETAIL_FROM_SIZE, DETAIL_BELOW = 64, 0.8
DETAIL_STRENGTH, DETAIL_STRENGTH_FROM_DRAWN = 5.0, 16.0
# Of upscalers, once they have learned from so many crops: after few, early weights are so poor that to lead away from
# them leads too far.
UPSCALER_GUIDANCE, UPSCALER_GUIDED_AFTER = 2.0, 12_000

_CLOCK = ("pictures_per_second", "elapsed_seconds", "remaining_seconds", "threads")
_PLACES = ("path", "model")


class RunWriter:
    """Writes a run's directory, and is all that does: where several processes train together, one of them has it.

    config: of the model that the run makes; state: what is written of, and shared with the loop that changes it;
    device: named on the model's card; base: the model that is adapted, if one is; likeness: the index of what is
    learned from, which goes with the model, and so does what is known of the collections. What cannot be written raises
    OSError or SafetensorError, and a checkpoint SfumatoError.
    """

    def __init__(
        self, run: Run, config: ModelConfig, state: TrainingState, device: torch.device, base: Base | None = None
    ) -> None:
        self.run, self.config, self.state, self.device, self.base = run, config, state, device, base
        self.snapshots = Snapshots(run.directory)
        self.saved = state.step
        self.log: RunLog
        self.likeness: Likeness | None = None
        self.holdings = run_holdings(run)

    def open(self) -> None:
        """Go on where the state is: what a killed session made after it is taken away, and will be made again."""
        self.forget_later()
        self.log = RunLog(self.run.directory.claim("log.jsonl"), self.state.log_length)
        self.saved = self.state.step

    def close(self) -> None:
        self.log.close()

    def forget_later(self) -> None:
        """Remove snapshots of steps after the state's."""
        self.snapshots.forget_after(self.state.step)

    def save(self, elapsed_seconds: float) -> Saved:
        """A checkpoint of the state, which then holds how long the run has trained and how long its log is."""
        self.state.elapsed_seconds = elapsed_seconds
        self.state.log_length = self.log.length()
        self.saved = self.state.step
        saved = save_checkpoint(self.run.checkpoints, self.state.checkpoint())
        self.run.directory.adopt(path.relative_to(self.run.path).as_posix() for path in sorted(saved.iterdir()))
        return Saved(self.state.step, saved)

    def model(self, card: str = "", calibration: Calibration | None = None, early_share: float | None = None) -> Model:
        """The model of this moment, which shares the state's averaged weights. early_share: where in the run the early
        average was kept that guides it; None for the usual one, or the calibration's."""
        state, settings = self.state, self.run.record.settings
        share = calibration.early_share if early_share is None and calibration is not None else early_share
        config, early, adaptation = self.config, state.early.chosen(share, state.step), None
        if self.base is not None and settings.adapter is not None:
            adaptation = self.base.adaptation(settings, state, early)
            early = adaptation.early_merged(self.base.model.denoiser.network.state_dict())
        if early:
            config = self._guided(config, early, state.early.shares(state.step)[0] if share is None else share)
        if calibration is not None:
            config = calibrated(config, calibration)
        model = Model(config, state.average.module, early, card, weights_digest="0" * 64, likeness=self.likeness)
        model.adaptation = adaptation
        model.pretrained = None if self.base is None else self.base.model.pretrained
        return model

    def _guided(self, config: ModelConfig, early: Mapping[str, Tensor], share: float) -> ModelConfig:
        settings = self.run.record.settings
        crops = self.state.step * settings.objective.crops_a_step(settings)
        if config.enlarges:
            return guided_upscaler(config, crops)
        knows_drawn = any(self.run.record.initial_weights[:1])  # of a cascade, the network of its small works
        strength = DETAIL_STRENGTH_FROM_DRAWN if knows_drawn else DETAIL_STRENGTH
        generation = guided_early(config.generation, settings.latent_size, share, strength)
        update: dict[str, Any] = {"has_early": True, "generation": generation}
        if has_upscalers(early):
            update["upscalers"] = tuple(guided_upscaler(each, crops) for each in config.upscalers)
        return config.model_copy(update=update)

    def write_model(self, elapsed_seconds: float, calibration: Calibration | None = None) -> None:
        """Put the model of this moment, with its card, in the place of an earlier one."""
        batch = self.run.record.settings.batch
        facts = self.run.record.facts | training_facts(self.state, batch, elapsed_seconds, self.device)
        if self.base is not None:
            facts["Adapter"] = self.base.sentence(self.run.record.settings.adapter)
        if calibration is not None:
            facts["Sampling"] = calibration.sentence
        if self.likeness is not None:
            facts["Near copies"] = self.likeness.sentence
        record = self._record(facts)
        model = self.model(model_card(Subject.of_model(self.config, record)), calibration)
        model.record = record
        self.run.write_model(model)

    def _record(self, facts: Mapping[str, str]) -> ModelRecord:
        run = self.run.record
        return ModelRecord(
            description=run.settings.objective.description,
            tag=run.settings.objective.tag,
            facts=dict(facts),
            trained=run.trained,
            held_out=run.held_out,
            base_model=run.weights_from if is_hub_id(run.weights_from) else "",
            holdings=self.holdings,
        )

    def picture(self, pictures: Sequence[Image.Image]) -> Pictured:
        """Keep and log the snapshot of this step."""
        event = Pictured(self.state.step, self.snapshots.keep(pictures, self.state.step))
        self.write(event)
        return event

    def summarise(self) -> None:
        """Join the run's snapshots into its strip and its animation."""
        self.snapshots.summarise("evolution.png", "evolution.webp")

    def note(self, text: str) -> Noted:
        """Log what a person should know of this step."""
        event = Noted(self.state.step, text)
        self.write(event)
        return event

    def write(self, event: Logged) -> None:
        """Log an event, without the places of files; what depends on the machine stands apart from the rest."""
        fields = {name: value for name, value in asdict(event).items() if name not in _PLACES}
        if isinstance(event, Trained):
            fields["parts"] = dict(event.parts)
        self.log.write(
            type(event).__name__.lower(),
            {name: value for name, value in fields.items() if name not in _CLOCK},
            {"time": time.time()} | {name: round(fields[name], 3) for name in _CLOCK if name in fields},
        )


def build_model_config(run: Run, dataset: Dataset, base: Base | None = None) -> ModelConfig:
    """The configuration of the model that a run makes. base: the one that it adapts, if it adapts one."""
    settings = run.record.settings
    objective, name = settings.objective, model_name(run.path)
    its = None if base is None else base.model.config
    if its is not None and its.takes_prompts:
        return its.model_copy(
            update={
                "name": name,
                "descends_from": run.record.descends_from,
                "learned_from": run.record.learned_from,
                "sfumato_version": sfumato.__version__,
            }
        )
    classes = known_classes(dataset, its, name) if objective.knows_classes else ()
    labels = labels_among(classes, dataset, name)[dataset.train]
    counts = torch.bincount(labels[labels != NO_LABEL], minlength=len(classes)).double()
    if settings.balance == "class":
        counts = (counts > 0).double()
    return ModelConfig(
        name=name,
        size=settings.size,
        factor=settings.factor,
        classes=classes,
        class_shares=tuple((counts / counts.sum()).tolist()) if classes else (),
        network=settings.network,
        codec=settings.codec,
        objective=objective.kind,
        begins_with=objective.begins_with,
        answer=objective.answer,
        preconditioning=settings.preconditioning,
        sigma_data=objective.sigma_data,
        reference_noise=objective.reference_noise,
        upscalers=objective.upscalers(settings, name),
        generation=objective.sampling(settings),
        descends_from=run.record.descends_from,
        learned_from=run.record.learned_from,
        sfumato_version=sfumato.__version__,
    )


def guided_early(
    generation: SamplerSettings, size: int, share: float = USUAL_EARLY, strength: float = DETAIL_STRENGTH
) -> SamplerSettings:
    """The same with guidance by early weights, for a model that carries them. size: of what its network sees; share:
    where in the run the weights were kept; strength: how much farther later weights are to guide fine detail."""
    update = {
        "guidance_kind": "autoguidance",
        "guidance_low": GUIDED_FROM,
        "guidance_high": GUIDED_UP_TO * (size / 32) ** 3,
        "guidance_chroma": GUIDED_COLOUR,
    }
    if size >= DETAIL_FROM_SIZE:
        update |= {
            "detail_below": DETAIL_BELOW * size / 64,
            "detail_guidance": round(1 + math.sqrt(strength * share), 2),
        }
    return generation.model_copy(update=update)


def guided_upscaler(config: ModelConfig, crops: int) -> ModelConfig:
    """An upscaler that carries early weights, with guidance by them: at all levels, in colour as in light. crops: that
    it has learned from."""
    guidance = UPSCALER_GUIDANCE if crops >= UPSCALER_GUIDED_AFTER else 1.0
    update = {"guidance_kind": "autoguidance", "guidance": guidance}
    return config.model_copy(update={"has_early": True, "generation": config.generation.model_copy(update=update)})


def calibrated(config: ModelConfig, calibration: Calibration) -> ModelConfig:
    """The same with what a calibration has found."""
    update: dict[str, Any] = {"generation": calibration.settings, "critic": calibration.critic}
    if calibration.reference_noise is not None:
        first, *others = config.upscalers
        generation = first.generation.model_copy(update={"reference_noise": calibration.reference_noise})
        update["upscalers"] = (first.model_copy(update={"generation": generation}), *others)
    return config.model_copy(update=update)


def training_facts(state: TrainingState, batch: int, seconds: float, device: torch.device) -> dict[str, str]:
    """How the model came to be, for its card."""
    known = state.guard.lowest < float("inf")
    return {
        "Training": f"{counted(state.step, 'step')} of {counted(batch, 'picture')} "
        f"in {counted(round(seconds / 60, 1), 'minute')} on {device.type}",
        "Loss": f"{state.guard.lowest:.4f} at best on held-out pictures" if known else "not measured",
        **({"Note": state.noted} if state.noted else {}),
    }
