"""Collections that cards are made of: one in which everything occurs, and one of hostile names."""

from collections.abc import Callable
from typing import Any

import pytest

from sfumato.cards.subject import Known, Subject
from sfumato.collection.holdings import Credit, DataSet, Holdings, Tally, Years
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.models import ModelConfig
from sfumato.models.record import ModelRecord
from sfumato.networks import UNetConfig
from sfumato.provenance.sources import LearnedFrom

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
PDM = "https://creativecommons.org/publicdomain/mark/1.0/"
LICENCES = {"unknown": 9, PDM: 7, "CC-BY-SA-4.0": 5, "CC-BY-NC-SA-3.0": 4, "own": 3, "LicenseRef-ask-me": 2}


@pytest.fixture
def holdings() -> Callable[..., Holdings]:
    """(fields that differ) -> what a collection of 30 pictures holds."""

    def make(**changes: Any) -> Holdings:
        licences = changes.get("licences", LICENCES)
        total = max(sum(licences.values()), 30)
        fields: dict[str, Any] = {
            "collection": "a" * 64,
            "pictures": sum(licences.values()),
            "bytes": 12_345_678,
            "sides": (64, 200, 4000),
            "classes": Tally(counts={"waves": total - 8, "glass": 6, "": 2}),
            "creators": Tally(counts={"Ana Bo": total - 11, "Cy Moe": 4, "": 7}),
            "hosts": Tally(counts={"museum.org": total - 13, "": 13}),
            "licences": LICENCES,
            "years": Years(earliest=-500, latest=1901, known=total - 6),
            "origin": DataSet(reference="hf:ana/art/small@main", version="abc123", licence="cc-by-4.0"),
            "owner": "Ana Bo",
            "captions": 3,
            "near_duplicates": 2,
            "generated": 1,
            "conflicts": 4,
            "lifted": 2,
            "left_out": {"exact duplicate": 5, "made by a model": 6, "not to be learned from": 8, "taken out": 11},
            "policy": PicturePolicy.of(["CC0-1.0", "PDM-1.0"], unknown=True, generated=False),
            "credits": (
                Credit(creator="Ana Bo", licence="CC-BY-SA-4.0", pictures=5, titles=("Sea", "Sky"),
                       sources=("https://museum.org/1",)),
                Credit(creator="", licence="CC-BY-NC-SA-3.0", pictures=4),
            ),
        }  # fmt: skip
        return Holdings.model_validate(fields | changes)

    return make


@pytest.fixture
def config() -> Callable[..., ModelConfig]:
    """(fields that differ) -> the configuration of a model of that collection."""

    def make(**changes: Any) -> ModelConfig:
        fields = {
            "name": "mine",
            "size": 32,
            "network": NETWORK.model_dump(),
            "learned_from": [LearnedFrom(collection="a" * 64, licences=LICENCES)],
        }
        return ModelConfig.model_validate(fields | changes)

    return make


@pytest.fixture
def model(config: Callable[..., ModelConfig], holdings: Callable[..., Holdings]) -> Subject:
    record = ModelRecord(description="A model of art", tag="diffusion", trained=27, held_out=3, holdings=(holdings(),))
    return Subject.of_model(config(), record, weights="b" * 64)


@pytest.fixture
def collection(holdings: Callable[..., Holdings]) -> Subject:
    held = holdings()
    return Subject("art", collections=(Known(held.collection, held.licences, held),), table=("c" * 64, 1234))


HOSTILE = (
    "x | y\n\n# Title\n<script>alert(1)</script> ![p](http://e.com/p.png) `code` **b**",
    "---\nlicense: mit\n---\n",
    '", "license": "mit", "x": "',
    "[a](javascript:alert(1)) http://evil.example www.evil.example me@evil.example",
    "&lt;b&gt; \\ ~~ ]]> */ {{ 7*7 }} ${x} %s",
    "\u202egnp.exe\u2028new line\x1b[1m",
)


@pytest.fixture
def hostile(config: Callable[..., ModelConfig], holdings: Callable[..., Holdings]) -> tuple[Subject, Subject]:
    """A model and a collection in which every text that others wrote wants to be more than text."""
    counts = Tally(counts=dict.fromkeys(HOSTILE, 1))
    licences = {"CC-BY-4.0": len(HOSTILE)}
    held = holdings(
        pictures=len(HOSTILE), licences=licences, classes=counts, creators=counts, hosts=counts, owner=HOSTILE[1],
        years=None, origin=DataSet(reference=HOSTILE[2], version=HOSTILE[3], licence=HOSTILE[0]),
        left_out={HOSTILE[0]: 3}, policy=PicturePolicy((HOSTILE[0],)), owners=counts,
        credits=[
            Credit(creator=name, licence="CC-BY-4.0", pictures=1, titles=(name,), sources=(name, f"https://e.com/{name}"))
            for name in HOSTILE
        ],
    )  # fmt: skip
    made = config(
        name=HOSTILE[1] + HOSTILE[5], descends_from=[HOSTILE[0]], classes=HOSTILE,
        class_shares=[1.0] * len(HOSTILE), sfumato_version=HOSTILE[0],
        learned_from=[LearnedFrom(collection="a" * 64, licences=licences)],
    )  # fmt: skip
    record = ModelRecord(
        description=HOSTILE[0],
        tag=HOSTILE[1],
        facts={HOSTILE[0]: HOSTILE[1]},
        holdings=(held,),
        base_model="owner/name",
    )
    return (
        Subject.of_model(made, record, weights="b" * 64, gone={HOSTILE[0]: 2}),
        Subject(HOSTILE[1], collections=(Known(held.collection, licences, held),), table=("c" * 64, 1234)),
    )


@pytest.fixture(scope="session")
def crowd() -> Holdings:
    """What 100,000 pictures of as many creators hold."""
    names = [f"Creator {number}" for number in range(100_000)]
    return Holdings(
        collection="d" * 64,
        pictures=100_000,
        bytes=10**10,
        sides=(64, 64, 64),
        classes=Tally.of(f"class {number % 50_000}" for number in range(100_000)),
        creators=Tally.of(names),
        hosts=Tally.of(f"host-{number % 30_000}.org" for number in range(100_000)),
        licences={"CC-BY-4.0": 100_000},
        credits=tuple(Credit(creator=name, licence="CC-BY-4.0", pictures=1, titles=("A",)) for name in names[:10_000]),
        credits_beyond=90_000,
        owners=Tally.of(names),
    )
