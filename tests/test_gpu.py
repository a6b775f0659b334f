"""The benchmark for a GPU, on a CPU: the whole script with a tiny network, and what must not pass its self-check."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import nn

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NETWORK = '{kind = "unet", patch = 2, channels = [8], width = 16, depth = 1, heads = 1}'
GENERATOR = '{kind = "generator"}'
TINY = ["--set", f"network={NETWORK}", "--set", "batch=4", "--set", "threads=1"]

YARDSTICK = """\
import json, sys
from pathlib import Path

print("a remark")
pictures = [len(list(Path(folder).iterdir())) for folder in sys.argv[1:3]]
print(json.dumps({"kid": 850.0, "told": sys.argv[3:], "pictures": pictures}))
"""


@pytest.fixture
def gpu(monkeypatch):
    """The script as a module, with turns that take no time."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    spec = importlib.util.spec_from_file_location("gpu_under_test", BENCHMARKS / "gpu.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gpu_under_test", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr("on_gpu.device.BLOCK_SECONDS", 0.0)
    monkeypatch.setitem(sys.modules, "diffusers", None)  # as where it is not installed
    before = torch.get_num_threads()
    yield module
    torch.set_num_threads(before)


@pytest.fixture
def measured(gpu, tiny_dataset, tmp_path, monkeypatch):
    """A function that runs the script: arguments -> exit code and the JSON file's parts."""

    def run(*more: str) -> tuple[int, dict]:
        given = ["--dataset", tiny_dataset.path, "--work", tmp_path / "work", "--device", "cpu", *TINY, *more]
        monkeypatch.setattr(sys, "argv", ["gpu.py", *map(str, given)])
        code = gpu.main()
        return code, json.loads((tmp_path / "work" / "gpu.json").read_text())["parts"]

    return run


@pytest.fixture
def steps(gpu):
    return importlib.import_module("on_gpu.step")


@pytest.fixture
def twins(gpu):
    return importlib.import_module("on_gpu.twins")


@pytest.fixture
def step(gpu, steps, tiny_dataset, tmp_path):
    """A step of the tiny network, in float32."""
    arguments = types.SimpleNamespace(minutes=0, set=[*TINY[1::2], "steps=1"], work=tmp_path, batches=None)
    return steps.Step.of(gpu.Bench(arguments, tiny_dataset, torch.device("cpu")), 4)


def planted(network: nn.Module, name: str, factor: float) -> nn.Module:
    """A twin whose pictures are the same, and one of whose gradients is not."""
    twin = copy.deepcopy(network)
    dict(twin.named_parameters())[name].register_hook(lambda gradient: factor * gradient)
    return twin


def test_every_part_has_its_figures_or_its_sentence(measured, tiny_dataset, tmp_path, capsys) -> None:
    (tmp_path / "yardstick.py").write_text(YARDSTICK)
    every = ["training", "share", "graphs", "diffusers", "sampling", "works"]  # compiling takes too long here
    given = ["--minutes", "0.02", "--works", "3", "--yardstick", str(tmp_path / "yardstick.py")]
    code, parts = measured("--parts", *every, *given)
    assert code == 0
    assert list(parts) == every
    training = parts["training"]
    assert training["steps"] > 0 and training["pictures"] == 4 * training["steps"]
    assert training["pictures_per_second"] == pytest.approx(training["pictures"] / training["seconds"])
    assert training["pictures_per_second_of_late"] > 0
    assert training["held_out_loss"] > 0 and training["peak_memory_bytes"] > 1e7
    assert training["network"]["channels"] == [8] and training["precision"] in ("float32", "bfloat16")
    share = parts["share"]  # which of the two times is longer says only how busy the machine was at each
    per_second = share["teraflop_a_step"] / share["matrix_teraflop_per_second"]
    assert share["share"] == pytest.approx(per_second / (share["ms_a_step"] / 1000)) and 0 < share["share"] < 1.2
    alone = per_second / (share["ms_forward_and_backward"] / 1000)
    assert share["share_of_forward_and_backward_alone"] == pytest.approx(alone) and 0 < alone < 1.2
    assert parts["graphs"]["left_out"] == "needs CUDA"
    assert parts["diffusers"]["left_out"].startswith("diffusers is not installed")
    assert parts["sampling"]["float32"]["works_per_second"] == 16 / parts["sampling"]["float32"]["seconds_for_16"]
    assert parts["works"]["pictures"] == [len(tiny_dataset), 3]
    assert parts["works"]["told"] == ["--size", "64", "--limit", "256", "--background", "255,255,255"]
    printed = capsys.readouterr().out
    assert "| graphs | left out | needs CUDA |" in printed and "| works | kid | 850 |" in printed


def test_a_part_that_fails_loses_the_others_nothing(gpu, measured, monkeypatch) -> None:
    def out_of_memory(bench):
        raise torch.OutOfMemoryError("no room\nfor 7 GiB")

    monkeypatch.setitem(gpu.PARTS, "training", out_of_memory)
    code, parts = measured("--minutes", "0.02", "--parts", "works", "sampling", "share", "training")
    assert code == 1
    assert list(parts) == ["training", "share", "sampling", "works"]  # by worth, however they were named
    assert parts["training"]["failed"] == "OutOfMemoryError: no room for 7 GiB"
    assert parts["share"]["share"] > 0  # it plans for itself
    assert parts["sampling"]["left_out"] == "needs the model that the part 'training' leaves"
    assert parts["works"]["left_out"] == "needs --yardstick"


def test_a_yardstick_that_fails_is_told(gpu, measured, tmp_path) -> None:
    (tmp_path / "yardstick.py").write_text("raise SystemExit('no such network')")
    given = ["--set", "steps=1", "--works", "1", "--yardstick", str(tmp_path / "yardstick.py")]
    code, parts = measured("--parts", "training", "works", *given)
    assert code == 1
    assert "no such network (exit code 1)" in parts["works"]["failed"]


def test_a_folder_of_other_things_is_left_alone(measured, tmp_path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit, match="holds other things"):
        measured()
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["thesis.txt"]


def test_another_objective_is_refused(measured, tmp_path) -> None:
    with pytest.raises(SystemExit, match="only denoising"):
        measured("--set", "objective=adversarial", "--set", "preconditioning=direct", "--set", f"network={GENERATOR}")
    assert not (tmp_path / "work").exists()


def test_every_gradient_of_a_step_is_one_to_hold_another_against(step) -> None:
    """Fresh weights have zeros that would hide what is wrong behind them."""
    gradients = step.gradients()
    norms = {name: gradient.norm().item() for name, gradient in gradients.items()}
    assert all(norm > 0 for norm in norms.values()), norms
    assert all(torch.equal(gradient, gradients[name]) for name, gradient in step.gradients().items())


@pytest.mark.parametrize("name", ["levels.inner.modulation.weight", "levels.before.0.condition.bias", "output.weight"])
@pytest.mark.parametrize("factor", [0.0, 1.02, float("nan")])
def test_a_wrong_gradient_is_refused_and_named(twins, step, name, factor) -> None:
    figures = twins.beside(step, step.through(planted(step.network, name, factor)))
    assert name in figures["refused"]
    assert figures["worst_gradient_of"] == name
    assert "ms_twin" not in figures
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_right_gradients_are_timed(twins, step) -> None:
    figures = twins.beside(step, step.through(copy.deepcopy(step.network)))
    assert figures["worst_gradient_error"] < 1e-4
    assert figures["times_as_fast_as_eager"] == figures["ms_eager"] / figures["ms_twin"] > 0


def test_the_worst_of_the_gradients_is_told_by_its_own_norm(steps) -> None:
    reference = {"large": torch.tensor([3.0, 4.0]), "small": torch.tensor([0.5]), "zero": torch.zeros(1)}
    other = {"large": torch.tensor([3.0, 5.0]), "small": torch.tensor([0.4]), "zero": torch.zeros(1)}
    assert steps.worst_difference(reference, other) == (pytest.approx(0.2), "large")
    other["small"] = torch.tensor([0.25])
    assert steps.worst_difference(reference, other) == (pytest.approx(0.5), "small")
    other["zero"] = torch.tensor([0.0004])  # it is held against a ten-thousandth of the largest norm, 5, at least
    assert steps.worst_difference(reference, other) == (pytest.approx(0.8), "zero")


def test_a_compiled_network_is_checked_at_every_batch(gpu, measured, monkeypatch) -> None:
    """With a compiler that takes no time, and is wrong about the second network that it is given."""
    given = []

    def compile_(network, *, dynamic, options):
        given.append(network)
        return network if len(given) == 1 else planted_in_place(network)

    def planted_in_place(network):
        class Detached(nn.Module):
            def __init__(self):
                super().__init__()
                self.network = network

            def forward(self, x, c_noise, condition):
                network.final.requires_grad_(False)
                try:
                    return network(x, c_noise, condition)
                finally:
                    network.final.requires_grad_(True)

        return Detached()

    monkeypatch.setattr(torch, "compile", compile_)
    code, parts = measured("--parts", "compile", "--set", "steps=1", "--batches", "8", "4")
    assert code == 0
    assert parts["compile"]["batch_4"]["ms_twin"] > 0
    assert "final" in parts["compile"]["batch_8"]["refused"]


def test_what_fails_at_a_larger_batch_keeps_the_smaller_one(gpu, measured, monkeypatch) -> None:
    def compile_(network, **options):
        if given:
            raise RuntimeError("no room")
        given.append(network)
        return network

    given = []
    monkeypatch.setattr(torch, "compile", compile_)
    _, parts = measured("--parts", "compile", "--set", "steps=1", "--batches", "4", "8", "16")
    assert parts["compile"]["batch_4"]["ms_twin"] > 0
    assert parts["compile"]["batch_8"]["failed"] == "RuntimeError: no room"
    assert "batch_16" not in parts["compile"]


def test_a_graphed_network_is_given_what_the_step_gives_it(steps, twins, step, monkeypatch) -> None:
    """Without CUDA: what stands for the capture keeps the inputs' shapes, as a capture does."""

    def capture(network, inputs, *, allow_unused_input):
        captured, forward = [value.clone() for value in inputs], network.forward

        def replay(*given):
            for place, value in zip(captured, given, strict=True):
                place.copy_(value)
            return forward(*captured)

        network.forward = replay

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", capture)
    monkeypatch.setattr(steps.Step, "of", lambda bench, batch: step)
    seen = []
    handle = step.network.register_forward_pre_hook(lambda _, given: seen.append(given))
    step()
    handle.remove()
    assert all(torch.equal(a, b) for a, b in zip(seen[0], step.inputs(), strict=True))
    assert twins.graphed_beside(None, 4)["worst_gradient_error"] < 1e-4


def test_diffusers_network_is_as_large_as_ours(gpu, measured, monkeypatch) -> None:
    """With a network in its place that takes the same settings, and whose size grows as its does."""

    class UNet2DModel(nn.Module):
        def __init__(self, *, sample_size, block_out_channels, **others):
            super().__init__()
            width = block_out_channels[0]
            self.convolution = nn.Conv2d(3, 3, 3, padding=1)
            self.squares = nn.Parameter(torch.zeros(8, width, width))

        def forward(self, x, times):
            assert times.shape == (len(x),) and 0 <= times.min() <= times.max() <= 999
            return types.SimpleNamespace(sample=self.convolution(x) + self.squares.sum())

    fake = types.ModuleType("diffusers")
    fake.UNet2DModel, fake.__version__ = UNet2DModel, "0"
    monkeypatch.setitem(sys.modules, "diffusers", fake)
    code, parts = measured("--parts", "diffusers", "--set", "steps=1")
    figures = parts["diffusers"]
    assert code == 0
    assert figures["parameters_ours"] == 14_548
    assert (figures["width_theirs"], figures["parameters_theirs"]) == (40, 84 + 8 * 40**2)
    assert figures["ms_ours"] > 0 and figures["ms_theirs"] > 0


def test_the_table_shows_every_figure(gpu) -> None:
    parts = {
        "compile": {"batch_24": {"ms_eager": 12.34567, "refused": "no"}, "part_seconds": 1234.5},
        "works": {"n": 16000},
    }
    assert gpu.table({"parts": parts}).splitlines()[2:] == [
        "| compile | batch 24, ms eager | 12.35 |",
        "| compile | batch 24, refused | no |",
        "| compile | part seconds | 1,234 |",
        "| works | n | 16,000 |",
    ]
