"""Pipelines: what a person asks for in one command, from pictures to a page, as one stream of events.

A pipeline is a generator. Closing it cancels: training ends after its step with a model and a checkpoint, and what
is half done goes again. Its events are plain values (see `events`); whoever reads them opens what they name.
"""

from sfumato.pipeline.cards import card
from sfumato.pipeline.comparison import compare
from sfumato.pipeline.decisions import edit, forget, keep, remove, restore
from sfumato.pipeline.demonstration import demonstrate
from sfumato.pipeline.evaluation import evaluate
from sfumato.pipeline.events import Event, record
from sfumato.pipeline.pictures import collect
from sfumato.pipeline.representation import report
from sfumato.pipeline.training import distill, resume, train_on

__all__ = [
    "Event",
    "card",
    "collect",
    "compare",
    "demonstrate",
    "distill",
    "edit",
    "evaluate",
    "forget",
    "keep",
    "record",
    "remove",
    "report",
    "restore",
    "resume",
    "train_on",
]
