"""Adapting pre-trained models: what is encoded, what learns, the one loop, and the model that comes out."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato import pipeline
from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.disk import replace_file
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model
from sfumato.pretrained.lora.trainable import remove_trainable_lora
from sfumato.training import Run, adapting_plan, encoding, examples, resolve, train
from sfumato.training.adapting_plan import fitting, plan_adapting
from sfumato.training.adapting_preparation import material_of
from sfumato.training.encoded import EncodedPictures
from sfumato.training.encoding import encode
from sfumato.training.events import Evaluated, Finished, Saved
from sfumato.training.examples import EncodedExamples
from sfumato.training.low_rank import AdaptedDenoiser
from sfumato.training.objectives.adapting import Adapting, NoiseLevels

CPU = torch.device("cpu")
CHOICES = {
    "adapter": {"rank": 2},
    "steps": 6,
    "threads": 1,
    "learning_rate": 3e-3,
    "cadence": {"evaluations": 2, "snapshots": 0, "checkpoint_every": 2, "log_every": 1},
}


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Runs set torch's number of threads; other tests keep theirs."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures in two shapes, of which two have captions of their own."""
    folder = tmp_path_factory.mktemp("art") / "sea"
    folder.mkdir()
    for number in range(12):
        size = (96, 64) if number % 3 else (80, 80)
        patches = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    for number in range(2):
        (folder / f"{number}.txt").write_text("a wave", "utf-8")
    (folder / "metadata.csv").write_text("file_name,title\n" + "".join(f"{n}.png,Wave {n}\n" for n in range(2, 12)))
    return folder


@pytest.fixture(scope="module")
def gathered(art: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Collection, Dataset]:
    place = tmp_path_factory.mktemp("gathered")
    list(collect(art, place / "collection", workers=1))
    list(prepare(Collection.open(place / "collection"), place / "dataset", size=32, workers=1))
    return Collection.open(place / "collection"), Dataset.open(place / "dataset")


@pytest.fixture(scope="module")
def base(pretrained_folder: Callable[[str], Path]) -> Callable[[str], Model]:
    """(family) -> its tiny model, opened once."""
    opened: dict[str, Model] = {}

    def model(family: str) -> Model:
        if family not in opened:
            opened[family] = Model.from_pretrained(pretrained_folder(family), device="cpu")
        return opened[family]

    return model


def finished(events):
    """What a generator returns."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def encoded(gathered, base, tmp_path_factory) -> Callable[[str], EncodedPictures]:
    """(family) -> the pictures as its model encodes them."""
    made: dict[str, EncodedPictures] = {}

    def pictures(family: str) -> EncodedPictures:
        if family not in made:
            collection, dataset = gathered
            material, _ = material_of(fitting(CHOICES, base(family)), base(family), dataset, collection)
            place = tmp_path_factory.mktemp("encoded") / "encoded"
            made[family] = finished(encode(material, dataset, collection, base(family).pretrained, place))
        return made[family]

    return pictures


# ---- what is computed once


def test_latents_and_words_are_those_of_the_models_own_codec_and_encoder(base, encoded, gathered):
    pretrained, pictures = base("sd15").pretrained, encoded("sd15")
    assert len(set(pictures.shapes)) == 2
    for index in (0, 5):
        shape = pictures.shapes[index]
        latents = pictures.latents([index])
        assert latents.shape == (1, 4, shape.height // 8, shape.width // 8)
        wanted = pretrained.encoder.condition(pictures.captions[index])
        condition = pictures.conditions([index])
        assert all(torch.equal(condition.given[name], leaf) for name, leaf in wanted.given.items())
        assert all(torch.equal(condition.nothing[name], leaf) for name, leaf in wanted.nothing.items())
    files = gathered[1].files
    assert pictures.captions[files.index("0.png")] == "a wave"
    assert pictures.captions[files.index("5.png")] == "Wave 5"


def test_an_encoding_that_was_ended_goes_on_and_comes_out_the_same(base, encoded, gathered, tmp_path, monkeypatch):
    collection, dataset = gathered
    monkeypatch.setattr(encoding, "file_of", lambda index: f"{index // 4:05d}.safetensors")
    monkeypatch.setattr(encoding, "IN_A_FILE", 4)
    material, _ = material_of(fitting(CHOICES, base("sd15")), base("sd15"), dataset, collection)
    pretrained, looked = base("sd15").pretrained, []
    wholly = finished(encode(material, dataset, collection, pretrained, tmp_path / "whole"))
    begun = encode(material, dataset, collection, pretrained, tmp_path / "begun")
    for _ in begun:
        if list((tmp_path / "begun").glob("0*.safetensors")):
            break
    begun.close()
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "begun").glob("0*.safetensors")}
    assert 0 < len(kept) < 3
    codec = type(pretrained.codec).encode
    monkeypatch.setattr(type(pretrained.codec), "encode", lambda self, x: looked.append(1) or codec(self, x))
    resumed = finished(encode(material, dataset, collection, pretrained, tmp_path / "begun"))
    assert len(looked) == len(dataset) - 4 * len(kept)
    assert resumed.files == wholly.files
    assert {name: (tmp_path / "begun" / name).stat().st_mtime_ns for name in kept} == kept


def test_other_captions_are_encoded_anew_and_a_changed_file_is_noticed(base, encoded, gathered, tmp_path):
    collection, dataset = gathered
    place = tmp_path / "encoded"
    shutil.copytree(encoded("sd15").path, place)
    material, _ = material_of(fitting(CHOICES | {"trigger": "sks"}, base("sd15")), base("sd15"), dataset, collection)
    again = finished(encode(material, dataset, collection, base("sd15").pretrained, place))
    assert all(caption.startswith("sks, ") for caption in again.captions)
    assert again.digest != encoded("sd15").digest
    name = min(again.files)
    replace_file(place / name, (place / name).read_bytes()[:-1] + b"x")
    with pytest.raises(SfumatoError, match=name):
        EncodedPictures.open(place).verify()


def test_batches_are_of_one_shape_and_each_picture_that_is_judged_is_looked_at_once(base, encoded, gathered):
    _, dataset = gathered
    settings = plan_adapting(fitting(CHOICES, base("sd15")), base("sd15"), dataset, encoded("sd15"), CPU).settings
    shown = EncodedExamples(dataset, encoded("sd15"), settings, CPU)
    latents, condition = shown.batch(3)
    assert len(latents) == len(condition) == settings.batch
    chosen = torch.tensor([0, 1, 2, 1, 5])
    parts = list(shown.some(chosen))
    assert sorted(torch.cat([places for places, _, _ in parts]).tolist()) == [0, 1, 2, 3, 4]
    for places, latents, _ in parts:
        assert torch.equal(latents, encoded("sd15").latents(chosen[places].tolist()))


def test_a_plan_for_a_time_counts_what_looking_takes_and_leaves_no_layers_behind(base, encoded, gathered, monkeypatch):
    monkeypatch.setattr(adapting_plan, "MEASURED_SECONDS", 0.01)
    choices = fitting({"adapter": {"rank": 2}, "minutes": 5.0, "threads": 1}, base("sd15"))
    made = plan_adapting(choices, base("sd15"), gathered[1], encoded("sd15"), CPU, ("captions: 12",))
    assert "; captions: 12: about" in made.sentence
    assert made.sentence.endswith(f"times each of {len(gathered[1].train)}")
    assert made.settings.cadence.evaluations >= 4
    assert made.settings.optimiser.kind == "adamw"
    assert not any("lora" in name for name in base("sd15").pretrained.network.state_dict())


# ---- what learns


@pytest.mark.parametrize("family", ["sd15", "zero_snr", "z_image"])
def test_the_loss_is_that_of_what_the_network_predicts_and_only_the_layers_learn(family, base, encoded):
    model = base(family)
    before = {name: tensor.clone() for name, tensor in model.pretrained.network.state_dict().items()}
    denoiser = AdaptedDenoiser.fresh(model.pretrained, 2, 2.0, (), 0)
    objective = Adapting(denoiser, NoiseLevels.of(model.pretrained), 0.0)
    assert all("lora" in name for name, _ in objective.named_parameters())
    clean, condition = encoded(family).latents([0]), encoded(family).conditions([0])
    loss = objective(clean, condition, torch.Generator().manual_seed(1)).total
    generator = torch.Generator().manual_seed(1)
    sigma = objective.noise.sample(1, generator)
    torch.rand(1, generator=generator)
    noise = torch.randn(clean.shape, generator=generator)
    replayed, preconditioning = model.pretrained.denoiser.network, denoiser.preconditioning
    noisy = clean + sigma.view(-1, 1, 1, 1) * noise
    scale = preconditioning.scalings(sigma)[2].view(-1, 1, 1, 1)
    predicted = replayed(scale * noisy, preconditioning.c_noise(sigma), condition.inputs)
    if family == "sd15":
        target = noise
    elif family == "zero_snr":
        target = scale * noise - sigma.view(-1, 1, 1, 1) * scale * clean
    else:
        target = preconditioning.sign * (noise - clean)
    torch.testing.assert_close(loss, (predicted - target).square().mean((1, 2, 3)), rtol=2e-3, atol=1e-4)
    loss.mean().backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())
    remove_trainable_lora(model.pretrained.network)
    after = model.pretrained.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_flows_learn_at_the_times_that_their_family_is_shifted_to():
    levels = NoiseLevels(None, 3.0).sample(20_000, torch.Generator().manual_seed(0))
    times = levels / (1 + levels)
    # The median of t = sigmoid(0), shifted: 3 * 0.5 / (1 + 2 * 0.5).
    assert abs(times.median().item() - 0.75) < 0.01
    known = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert set(NoiseLevels(known, 1.0).sample(100, torch.Generator().manual_seed(0)).tolist()) == {1.0, 2.0, 3.0}


def test_computing_activations_twice_changes_nothing_in_what_is_learned(base, encoded):
    gradients = []
    for checkpointing in (False, True):
        choices = fitting(CHOICES | {"objective": {"kind": "adapting", "checkpointing": checkpointing}}, base("sd15"))
        objective = resolve(choices).build_objective(0, base=base("sd15"))
        loss = objective(
            encoded("sd15").latents([0]), encoded("sd15").conditions([0]), torch.Generator().manual_seed(1)
        )
        loss.total.mean().backward()
        gradients.append([parameter.grad.clone() for parameter in objective.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


# ---- the one loop


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(run: Path) -> list[dict]:
    events = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [{name: value for name, value in event.items() if name != "clock"} for event in events]


@pytest.fixture(scope="module")
def trained(art, pretrained_folder, tmp_path_factory) -> tuple[Path, list, dict[str, str]]:
    """A run to its end; its events; and what the base's files were before."""
    place = tmp_path_factory.mktemp("runs") / "alone"
    folder = pretrained_folder("sd15")
    before = digests(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examples, "LOOKS", 8)
        events = []
        for event in pipeline.train_on(art, place, CHOICES, weights_from=str(folder), device=CPU):
            events.append(event)
            if isinstance(event, Saved) and event.step == 4:
                shutil.copytree(place, place.parent / "killed" / place.name)  # as a kill leaves it
    return place, events, before


def test_a_run_says_what_it_learns_and_leaves_the_base_as_it_was(trained, pretrained_folder):
    place, events, before = trained
    assert isinstance(events[-1], Finished)
    assert digests(pretrained_folder("sd15")) == before
    record = Run.open(place).record
    assert "adapts 'sd15' (Stable Diffusion 1" in record.plan
    assert "captions: 2 from picture.txt, 10 from the template" in record.plan
    assert "12 pictures in 2 shapes of about 64 x 64 pixels" in record.plan
    assert record.base.kind == "diffusers"
    assert any(isinstance(event, Evaluated) for event in events)


def test_a_run_that_was_killed_goes_on_and_ends_in_the_same_bits(trained, monkeypatch):
    place, _, _ = trained
    monkeypatch.setattr(examples, "LOOKS", 8)
    killed = place.parent / "killed" / place.name
    assert isinstance(list(train(Run.open(killed), device=CPU))[-1], Finished)
    assert (killed / "model/adapter.safetensors").read_bytes() == (place / "model/adapter.safetensors").read_bytes()
    assert lines(killed) == lines(place)


@pytest.fixture(scope="module")
def adapted(trained) -> Model:
    return Model.from_pretrained(trained[0], device="cpu")


def test_the_model_makes_works_that_are_not_those_of_the_base_and_are_judged(adapted, base):
    model = adapted
    asked = {"prompt": "a wave", "seed": 1, "steps": 2}
    work = Generation.of(model, **asked).work()
    of_base = Generation.of(base("sd15"), **asked).work()
    assert work.image.size == (64, 64)
    assert work.image.tobytes() != of_base.image.tobytes()
    assert work.finding is not None
    assert work.recipe.model.base.digest == model.adaptation.base.digest


def test_a_model_that_is_saved_again_is_the_same_and_one_without_its_base_says_where_to_look(adapted, tmp_path):
    again = Model.from_pretrained(adapted.save_pretrained(tmp_path / "a/b/c/again"), device="cpu")
    assert again.reference == adapted.reference
    config = json.loads((tmp_path / "a/b/c/again/config.json").read_text())
    config["base"]["place"] = "./nowhere"
    (tmp_path / "a/b/c/again/config.json").write_text(json.dumps(config))
    with pytest.raises(SfumatoError, match="--base"):
        Model.from_pretrained(tmp_path / "a/b/c/again", device="cpu")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flip": True}, "mirrored"),
        ({"balance": "class"}, "balance"),
        ({"crop": "random"}, "crop"),
        ({"objective": {"kind": "adapting", "caption": "{artist}"}}, "--caption"),
    ],
)
def test_what_adapting_cannot_do_is_said_before_anything_is_written(changes, said, base, gathered):
    with pytest.raises(SfumatoError, match=said):
        material_of(fitting(CHOICES | changes, base("sd15")), base("sd15"), gathered[1], gathered[0])


def test_a_pre_trained_model_is_not_trained_as_a_whole(art, pretrained_folder, tmp_path):
    with pytest.raises(SfumatoError, match="add --adapt"):
        list(pipeline.train_on(art, tmp_path / "run", {"steps": 1}, weights_from=str(pretrained_folder("sd15"))))
    assert not (tmp_path / "run").exists()


def test_a_base_that_was_moved_is_found_near_under_any_name_and_else_it_is_said(trained, base, tmp_path):
    shared = tmp_path / "a" / "b" / "shared"
    copied = shutil.copytree(trained[0] / "model", shared / "ink")
    config = json.loads((copied / "config.json").read_text())
    config["base"]["place"] = "../sd15"
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(SfumatoError, match=r"needs its base 'sd15', which is not where it was, nor near.*--base"):
        Model.from_pretrained(copied)
    shutil.copytree(base("sd15").place, shared / "renamed")
    assert Model.from_pretrained(copied).weights_digest == Model.from_pretrained(trained[0]).weights_digest
