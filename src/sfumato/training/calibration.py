"""After a training: the guidance and the sampler's settings with which works come nearest to the pictures.

How far guidance by an early average of the weights should go, which of them should guide, and how much of the noise a
network takes away too much, depends on how long it has learned and on what. So works are made with each early average
and guidance, few with each and more with those that do well, all of the same noise; then with other settings of the
pair that was found. Plain statistics of pixels are compared, see `Statistics`: no network of features takes part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.models import Generation, Model, SamplerSettings
from sfumato.models.configuration import ModelConfig
from sfumato.models.critic import Critic
from sfumato.models.emptiness import empty_below
from sfumato.models.estimates import effective_guidance
from sfumato.models.sampling import BATCH
from sfumato.policy.policy import Policy
from sfumato.random import keyed_generator
from sfumato.text import counted
from sfumato.training.configuration import TrainingConfig
from sfumato.training.critic import FEWEST_WORKS, fitted_critic
from sfumato.training.halving import Budget, best, rounds_cost
from sfumato.training.statistics import Statistics

GUIDANCES = (1.5, 2.0, 3.0, 4.0)
# The earlier an average, the farther it is from the model, and the less guidance by it does as much: what was best
# after trainings of two lengths lay about guidance - 1 = sqrt(8 share), see benchmarks/log.md.
USUAL_STRENGTH = 8.0
CONTRASTS = (0.5, 0.0)  # shares of the guidance that go to contrast, beside all of it
SHARPNESS = (0.015, 0.03)  # beside none
# A batch of works takes about as long as five per cent of a training takes that shows so many pictures.
SHOWN_A_BATCH = 1600
FEWEST_BATCHES, MOST_BATCHES = 8, 160
LEAST_SECONDS = 180.0  # of a training: a shorter one has better uses for its time
PICTURES, FEWEST_HELD_OUT, AT_ONCE = 1024, 256, 128
LONGEST_SIDE = 128  # of pictures of which so many are measured, fewer of larger ones
EARLY_TRIALS, LATE_TRIALS = 1, 2  # batches of works in the first round, of pairs and of their variants


@dataclass(frozen=True)
class Candidate:
    """early_share: where in the run the early average was kept that guides, None where none was; settings: how works
    are sampled."""

    early_share: float | None
    settings: SamplerSettings


@dataclass(frozen=True)
class Calibration:
    """settings: with which works come nearest to the pictures; sentence: what was chosen and how, for the card;
    early_share: where in the run the early average was kept that guides, None for the usual one; reference_noise: of
    what a cascade's first upscaler enlarges, None where it was not looked for; critic: what tells works with these
    settings from pictures, None where there were too few."""

    settings: SamplerSettings
    sentence: str
    early_share: float | None = None
    reference_noise: float | None = None
    critic: Critic | None = None


@dataclass
class Trials:
    """The works that were made with each candidate, batch by batch. models: by the share of their early average;
    pictures: what works should look like."""

    models: Mapping[float | None, Model]
    pictures: Statistics
    budget: Budget
    made: dict[Candidate, list[Statistics]] = field(default_factory=dict)

    def more(self, candidate: Candidate, batches: int) -> bool:
        """See to it that there are so many batches with it; False where the budget does not allow it."""
        made = self.made.setdefault(candidate, [])
        cost = candidate.settings.steps / SamplerSettings().steps
        while len(made) < batches:
            if not self.budget.spend(partial(self._make, candidate), cost):
                return False
        return True

    def _make(self, candidate: Candidate) -> None:
        """One batch more. Every candidate's begin with the same noise."""
        made, model = self.made[candidate], self.models[candidate.early_share]
        made.append(Statistics.of(_works(model, candidate.settings, BATCH, BATCH * len(made))))

    def loss(self, candidate: Candidate, batches: int) -> float:
        """How far its first so many batches are from the pictures."""
        return self.pictures.distance(Statistics.joined(self.made[candidate][:batches]))

    @property
    def works(self) -> int:
        return BATCH * sum(map(len, self.made.values()))


def calibrate(
    models: Mapping[float | None, Model],
    pictures: Statistics,
    batches: int,
    seconds_left: Callable[[], float] | None = None,
) -> Calibration | None:
    """Make up to ``batches`` batches of works, and choose; None where there was no time for any.

    models: one that is to be calibrated, guided by each of the early averages that were kept, by their shares of the
    run, the usual one first; pictures: what works should look like; seconds_left: where a time is to be kept, how much
    of it is left; there are then fewer works.
    """
    trials = Trials(models, pictures, Budget(batches, seconds_left))
    candidates = pairs(models)
    if not trials.more(candidates[0], EARLY_TRIALS):  # which tells how long the others take
        return None
    count = len(candidates)
    # A third of the trials is for the variants of what is found.
    while count > 1 and rounds_cost(count, EARLY_TRIALS) > 2 * trials.budget.affordable() // 3:
        count -= 1
    found = best(candidates[:count], trials.more, trials.loss, EARLY_TRIALS)
    found = best([found, *sharper(found)], trials.more, trials.loss, LATE_TRIALS)
    contrasts = with_less_contrast(found, models[found.early_share])
    found = best([found, *contrasts], trials.more, trials.loss, LATE_TRIALS)
    trials.more(found, FEWEST_WORKS // BATCH)
    critic = fitted_critic(pictures, Statistics.joined(trials.made[found]))
    return Calibration(found.settings, _sentence(found, trials), found.early_share, critic=critic)


def pairs(models: Mapping[float | None, Model]) -> list[Candidate]:
    """Each guidance by each early average: first what is usual, then the likeliest; of a model that nothing can guide
    its own settings. models: the usual one first, their settings as they are where nothing is calibrated."""
    usual, *_ = (Candidate(share, model.config.generation) for share, model in models.items())
    if effective_guidance(models[usual.early_share], usual.settings.model_copy(update={"guidance": 2.0})) == "none":
        return [usual]
    others = [
        Candidate(share, model.config.generation.model_copy(update={"guidance": guidance}))
        for share, model in models.items()
        for guidance in GUIDANCES
    ]
    return [usual, *sorted((one for one in others if one != usual), key=_unlikeliness)]


def _unlikeliness(candidate: Candidate) -> float:
    share = 0.25 if candidate.early_share is None else candidate.early_share
    return abs(math.log((candidate.settings.guidance - 1) / math.sqrt(USUAL_STRENGTH * max(share, 1e-3))))


def with_less_contrast(found: Candidate, model: Model) -> list[Candidate]:
    """The same pair with less of its guidance in contrast; nothing of a model that is not guided."""
    if effective_guidance(model, found.settings) == "none":
        return []
    return _varied(found, [{"guidance_contrast": contrast} for contrast in CONTRASTS])


def sharper(found: Candidate) -> list[Candidate]:
    """The same with more sharpness."""
    return _varied(found, [{"sharpness": sharpness} for sharpness in SHARPNESS])


def _varied(found: Candidate, changes: Sequence[Mapping[str, float]]) -> list[Candidate]:
    return [Candidate(found.early_share, found.settings.model_copy(update=change)) for change in changes]


def batches_after(settings: TrainingConfig, steps: int) -> int:
    """How many batches of works to make after so many steps; 0 after a training too short to tell by so few, and for an
    objective whose models are sampled in one way only."""
    batches = min(MOST_BATCHES, steps * settings.batch // SHOWN_A_BATCH)
    return batches if batches >= FEWEST_BATCHES and settings.objective.samples_freely else 0


def pictures_of(dataset: Dataset, class_shares: tuple[float, ...], labels: Tensor) -> Iterator[Tensor]:
    """Up to PICTURES pictures, as many of each class as its share, in parts [N, 3, size, size].

    Of those that were held out, and of all where they are too few: what a hundred pictures are like is chance, and what
    is measured of a set says nothing of single pictures, so that copies are not nearer than other works.
    labels: [N], the place of each picture's class among the shares, -1 of none.
    """
    pool = dataset.held_out if len(dataset.held_out) >= FEWEST_HELD_OUT else torch.arange(len(dataset))
    count = min(len(pool), max(AT_ONCE, int(PICTURES * min(1.0, (LONGEST_SIDE / dataset.size) ** 2))))
    generator = keyed_generator("calibration", 0)
    if not class_shares:
        chosen = torch.randperm(len(pool), generator=generator)[:count]
    else:
        each = labels[pool].clamp(min=0)
        weights = torch.tensor(class_shares, dtype=torch.float64)[each] / torch.bincount(each)[each]
        chosen = torch.multinomial(weights, count, replacement=True, generator=generator)
    for part in torch.split(pool[chosen], AT_ONCE):
        yield dataset.images(part)


def measured(dataset: Dataset, class_shares: tuple[float, ...], labels: Tensor) -> Statistics:
    """What works should look like: the statistics of `pictures_of`."""
    return Statistics.joined(map(Statistics.of, pictures_of(dataset, class_shares, labels)))


def with_emptiness(config: ModelConfig, dataset: Dataset, labels: Tensor) -> ModelConfig:
    """The same of a model that knows how empty its pictures are, where it makes works of noise alone. dataset: of as
    small pictures as its own network makes; labels: as in `pictures_of`."""
    if config.begins_with != "noise" or config.takes_prompts:
        return config
    return config.model_copy(update={"empty_below": empty_below(pictures_of(dataset, config.class_shares, labels))})


def _works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
    generation = Generation.of(model, policy=Policy.none(), **settings.model_dump())
    return generation.pictures(count, first).float().clamp(-1, 1)


def _sentence(found: Candidate, trials: Trials) -> str:
    settings = found.settings
    by = "" if found.early_share is None else f" by the weights of {found.early_share:.0%} of the run"
    share = f"{settings.guidance_contrast:.0%}" if settings.guidance_contrast else "none"
    muted = "" if settings.guidance_contrast == 1 else f", {share} of it in contrast"
    detail = (
        f"; below sigma {settings.detail_below:g} guidance {settings.guidance_of_detail:g}, "
        "sharpness 0 and no fresh noise"
        if settings.detail_below
        else ""
    )
    tried = sum(map(bool, trials.made.values()))
    return (
        f"guidance {settings.guidance:g}{by}{muted}, sharpness {settings.sharpness:g}: so "
        "works came nearest to the pictures in colours, edges, grain and variety, of "
        f"{counted(tried, 'setting')} with {counted(trials.works, 'work')} in all{detail}"
    )
