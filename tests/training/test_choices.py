import itertools
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.networks import TransformerConfig, UNetConfig
from sfumato.training.choices import layered, parse_choices, read_choices, resolve
from sfumato.training.configuration import TrainingConfig
from sfumato.training.objectives import DenoisingConfig, DistillationConfig, UpscalingConfig
from sfumato.training.presets import preset


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_file_chooses_some_settings_and_leaves_the_others_open(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", 'batch = 7\n[network]\nkind = "transformer"\nwidth = 48\nheads = 4\n')
    choices = read_choices(file)
    assert choices.keys() == {"batch", "network"}
    settings = resolve(choices)
    assert settings.network == TransformerConfig(width=48, heads=4)
    assert settings.seed == TrainingConfig().seed


def test_later_layers_win() -> None:
    layers = ({"batch": 1, "seed": 1, "size": 64}, {"batch": 2, "seed": 2}, {"batch": 3})
    settings = resolve(*layers)
    assert (settings.batch, settings.seed, settings.size) == (3, 2, 64)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batchsize = 3", "there is no setting 'batchsize'"),
        ('batch = "many"', "batch = 'many'"),
        ("batch = 0", "batch = 0"),
        ("ema_std = 0.3", "ema_std = 0.3"),
        ("anneal = 1.5", "schedule.anneal = 1.5"),
        ("[schedule]\nanneal = 1.5", "schedule.anneal = 1.5"),
        ("[schedule]\naneal = 1.5", "there is no setting 'schedule.aneal'; did you mean 'anneal'?"),
        ("class_dropout = 2", "objective.class_dropout = 2"),
        ('objective = "painting"', "there is no objective 'painting'; there are adapting, adversarial, cascade,"),
        ("seed = -1", "seed = -1"),
        ('optimiser = "sgd"', "optimiser.kind = 'sgd'"),
        ('precision = "float16"', "precision = 'float16'"),
        ('network = { kind = "unet", heigth = 3 }', "there is no setting 'network.heigth'"),
        ('network = { kind = "unet", channels = [] }', "network.channels"),
        ('network = { kind = "gan" }', "network"),
        ("network = 3", "network"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path / "a.toml", text)
    with pytest.raises(SfumatoError) as caught:
        read_choices(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("learnin_rate=1", "did you mean 'learning_rate'"),
        ("wurst=1", "there are adapter, balance, batch, cadence, "),
        ("class_dropuot=1", "did you mean 'class_dropout'"),
        (
            "objective.class_dropuot=1",
            "no setting 'objective.class_dropuot' of denoising; did you mean 'class_dropout'",
        ),
        (
            "objective={kind='upscaling', steps=3}",
            "no setting 'objective.steps' of upscaling; there are augmentation, detail, factor, kind",
        ),
        ("optimiser.lerning_rate=1", "no setting 'optimiser.lerning_rate'; did you mean 'learning_rate'"),
        ("kind=1", "there is no setting 'kind'"),
        ("network={kind='unet', chanels=[8]}", "did you mean 'channels'?"),
        ("network={kind='transformer', height=3}", "there are depth, heads, kind, patch, width"),
    ],
)
def test_for_a_setting_that_there_is_not_those_are_named_that_there_are(setting: str, said: str) -> None:
    with pytest.raises(SfumatoError) as caught:
        parse_choices([setting])
    assert said in str(caught.value)


def test_a_file_that_is_no_toml_is_said(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    for path, said in (
        (tmp_path / "missing.toml", "no such file"),
        (tmp_path, "cannot be read"),
        (written(tmp_path / "b.toml", "batch 7"), "cannot be read as TOML"),
        (tmp_path / "latin", "cannot be read as TOML"),
    ):
        with pytest.raises(SfumatoError, match=said):
            read_choices(path)


def test_settings_come_back_from_json_as_they_were() -> None:
    settings = resolve({"network": UNetConfig(channels=(8, 16)), "steps": 5, "minutes": 0.25, "seed": 2**63 - 1})
    assert TrainingConfig.model_validate_json(settings.model_dump_json()) == settings


def test_choices_on_the_command_line_are_toml_or_text() -> None:
    chosen = parse_choices(["batch=7", "learning_rate = 1e-4", "optimiser=adamw", "guard=false", "betas=[0.5, 0.9]"])
    optimiser = {"learning_rate": 1e-4, "kind": "adamw", "betas": [0.5, 0.9]}
    assert chosen == {"batch": 7, "optimiser": optimiser, "guard": False}
    assert parse_choices(['network={kind = "transformer", patch = 8}'])["network"]["patch"] == 8
    assert parse_choices([]) == {}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("batch", "give a name and a value"),
        ("batches=3", "there is no setting 'batches'"),
        ("batch=-3", "batch = -3"),
        ("batch=3\nsize=9", "batch"),
        ("=3", "give a name and a value"),
    ],
)
def test_a_wrong_choice_on_the_command_line_is_named(setting: str, said: str) -> None:
    with pytest.raises(SfumatoError, match="--set") as caught:
        parse_choices([setting])
    assert said in str(caught.value)


def test_a_gan_has_no_perceptual_part() -> None:
    with pytest.raises(SfumatoError, match=r"no setting 'objective\.perceptual' of adversarial; there are kind"):
        resolve({**preset("gan"), "perceptual": "vgg16"})


def test_a_later_length_takes_the_place_of_an_earlier_one() -> None:
    assert layered({"epochs": 150, "batch": 3}, {"minutes": 5}) == {"minutes": 5, "batch": 3}
    assert layered({"minutes": 5, "steps": 0}, {"steps": 7}, {"batch": 3}) == {"steps": 7, "batch": 3}
    assert layered({"epochs": 150}, {"batch": 3, "steps": 0}) == {"epochs": 150, "batch": 3, "steps": 0}
    assert resolve(preset("article"), {"minutes": 5}).epochs == 0


@pytest.mark.parametrize(
    "setting", ["objective.class_dropout=0.2", "class_dropout=0.2", "objective={class_dropout=0.2}"]
)
def test_a_setting_of_a_group_has_its_place_in_its_name_or_is_known_without(setting: str) -> None:
    assert parse_choices([setting]) == {"objective": {"class_dropout": 0.2}}
    assert resolve(parse_choices([setting])).objective == DenoisingConfig(class_dropout=0.2)


def test_a_name_that_stands_at_the_top_is_not_looked_for_in_a_group() -> None:
    assert parse_choices(["steps=9", "objective.steps=2"]) == {"steps": 9, "objective": {"steps": 2}}


def test_groups_of_several_layers_become_one() -> None:
    settings = resolve({"learning_rate": 0.1}, {"optimiser": "adamw"}, {"optimiser": {"betas": (0.5, 0.9)}})
    optimiser = settings.optimiser
    assert (optimiser.kind, optimiser.learning_rate, optimiser.betas) == ("adamw", 0.1, (0.5, 0.9))
    assert layered({"warmup": 0.1}, {"schedule.anneal": 0.5}) == {"schedule": {"warmup": 0.1, "anneal": 0.5}}


def test_settings_of_an_objective_may_stand_in_another_layer_than_its_kind() -> None:
    chosen = parse_choices(["substeps=8"])
    settings = resolve({"objective": {"kind": "distillation", "steps": 2}}, chosen)
    assert settings.objective == DistillationConfig(steps=2, substeps=8)
    with pytest.raises(SfumatoError, match=r"no setting 'objective\.substeps' of denoising"):
        resolve(chosen)


def test_another_objective_comes_without_the_settings_of_the_one_before() -> None:
    before, later = {"objective": DenoisingConfig(class_dropout=0.2)}, {"objective": {"kind": "upscaling", "factor": 2}}
    assert resolve(before, later).objective == UpscalingConfig(factor=2)
    assert resolve(before, {"objective": "denoising"}).objective == DenoisingConfig(class_dropout=0.2)


def test_a_network_of_a_kind_stands_for_itself_and_one_of_no_kind_changes_the_one_before() -> None:
    before = {"network": UNetConfig(channels=(8, 16), width=32, heads=1)}
    assert resolve(before, {"network": {"kind": "unet", "patch": 2}}).network == UNetConfig(patch=2)
    assert resolve(before, {"network.patch": 2}).network == UNetConfig(patch=2, channels=(8, 16), width=32, heads=1)


def test_a_network_keeps_what_is_said_of_it_wherever_its_kind_is_named() -> None:
    said = ["network.width=96", "network.kind=unet", "network.channels=[8, 16]"]
    for order in itertools.permutations(said):
        network = resolve(parse_choices(order)).network
        assert (network.width, network.channels) == (96, (8, 16))
