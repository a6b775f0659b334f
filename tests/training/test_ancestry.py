"""A model carries the index of all that it learned from, whatever way it came to be."""

import pytest
import torch

from sfumato.likeness import Likeness
from sfumato.models import Model
from sfumato.training import prepare_run, train
from sfumato.training.ancestry import run_likeness


@pytest.fixture
def trained(begin):
    run = begin("first", steps=2)
    list(train(run))
    return run


def test_a_model_knows_its_training_pictures(trained, tiny_dataset):
    model = Model.from_pretrained(trained.path)
    assert len(model.likeness) == len(tiny_dataset.train)
    (finding,) = model.likeness.judge(tiny_dataset.images(tiny_dataset.train[:1]))
    assert finding.nearest[0].file == tiny_dataset.files[int(tiny_dataset.train[0])]
    assert "Near copies" in model.card


def test_it_goes_where_the_model_goes(trained, tmp_path):
    model = Model.from_pretrained(trained.path)
    model.save_pretrained(tmp_path / "saved")
    assert len(Model.from_pretrained(tmp_path / "saved").likeness) == len(model.likeness)
    model.likeness = None
    model.save_pretrained(tmp_path / "without")
    assert Model.from_pretrained(tmp_path / "without").likeness is None


def test_it_is_made_once_and_again_where_it_was_damaged(trained, tiny_dataset, monkeypatch):
    made = (trained.path / "likeness.safetensors").read_bytes()
    (trained.path / "likeness.safetensors").write_bytes(made[:500])
    with trained.at_work():
        run_likeness(trained, tiny_dataset)
    assert (trained.path / "likeness.safetensors").read_bytes() == made
    monkeypatch.setattr("sfumato.training.ancestry.learned_from", None)
    with trained.at_work():
        assert len(run_likeness(trained, tiny_dataset)) == len(tiny_dataset.train)


@pytest.fixture
def child(trained, tiny_dataset, tiny_settings, tmp_path):
    """A run that begins with the trained one's weights."""
    return prepare_run(tmp_path / "child", tiny_dataset, {**tiny_settings, "steps": 1}, weights_from=str(trained.path))[
        0
    ]


def without_first(dataset):
    """The same pictures, of which the first is held out."""
    from sfumato.dataset import Dataset

    other = Dataset.open(dataset.path)
    other.held_out = torch.cat((other.held_out, other.train[:1]))
    other.train = other.train[1:]
    return other


def test_a_descendant_knows_what_its_parent_learned_from(child, tiny_dataset):
    with child.at_work():
        likeness = run_likeness(child, without_first(tiny_dataset))
    assert [len(part) for part in likeness.parts] == [len(tiny_dataset.train) - 1, len(tiny_dataset.train)]
    assert not likeness.foreign


def test_what_an_older_parent_learned_from_is_not_known(trained, child, tiny_dataset):
    (trained.model / "likeness.safetensors").unlink()
    list(train(child))
    likeness = Model.from_pretrained(child.path).likeness
    assert likeness.foreign
    assert len(likeness) == len(tiny_dataset.train)


def test_the_weights_do_not_depend_on_it(begin, monkeypatch):
    weights = []
    for name in ("one", "other"):
        run = begin(name, steps=3)
        list(train(run))
        weights.append((run.model / "model.safetensors").read_bytes())
        monkeypatch.setattr("sfumato.training.loop.run_likeness", lambda *arguments: Likeness(()))
    assert weights[0] == weights[1]
