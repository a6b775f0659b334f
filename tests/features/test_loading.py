"""A network is named, and is had from the Hub's cache, a directory or a file; every fault is one sentence."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.features.inception import INPUT_SIDE, SMALLEST_SIDE, InceptionFeatures, InceptionV3
from sfumato.features.loading import DINOV2, INCEPTION, features_named, read_features

COMMIT = "0123456789" * 4
PROGRAM = """
import json, sys, torch
from sfumato.errors import SfumatoError
from sfumato.features.loading import features_named
said = []
for name in sys.argv[1:]:
    try:
        features = features_named(name)
        said.append([features.name, list(features(torch.zeros(1, 3, 32, 32)).shape)])
    except SfumatoError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def told(names: list[str], home: Path, **environment: str) -> list[Any]:
    """What comes of the names where the Hub's client keeps its files at home: it reads that when it is imported."""
    settings = {"HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1", "HF_TOKEN": "hf_none"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *names],
        capture_output=True,
        text=True,
        env=os.environ | settings | environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[Any] = json.loads(done.stdout)
    assert not any(isinstance(one, str) and "\n" in one for one in said)
    return said


def cached(home: Path, repository: str) -> Path:
    """An empty snapshot of a repository, as the Hub's client keeps it."""
    folder = home / "hub" / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    return folder / "snapshots" / COMMIT


def test_a_path_is_a_file_or_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "net.safetensors", inception())
    monkeypatch.setenv("HOME", str(tmp_path))
    assert features_named("~/net.safetensors").name == "Inception v3 at 299 px"
    pytest.importorskip("transformers")
    with pytest.raises(SfumatoError, match=r"holds no config.json, so it is no DINOv2"):
        features_named(str(tmp_path))


@pytest.mark.parametrize("name", ["nowhere", "nowhere/net.safetensors", "facebook/dinov2-small", "Inception"])
def test_what_there_is_not_is_said_with_all_that_can_be_given(name: str) -> None:
    with pytest.raises(SfumatoError, match=f"^{name}: no such file; give 'inception', 'dinov2', hf:OWNER/NAME"):
        features_named(name)


def test_transformers_is_asked_for_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    for name in ("dinov2", "hf:owner/name"):
        with pytest.raises(SfumatoError, match=rf"^{name}: DINOv2 needs transformers.*sfumato\[features\]"):
            features_named(name)


@pytest.mark.parametrize("name", ["hf:", "hf:dinov2", "hf:/name", "hf:a/b/c"])
def test_a_name_that_is_none_on_the_hub_is_said(name: str) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(SfumatoError, match=f"^{name}: is not a repository on the Hub; give 'inception'"):
        features_named(name)


@pytest.mark.slow
def test_what_was_fetched_once_needs_no_network(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28, "patch_size": 14}
    with torch.random.fork_rng():
        dinov2 = transformers.Dinov2Model(transformers.Dinov2Config(**sizes))
        inception = {name: tensor.half() for name, tensor in InceptionV3().state_dict().items()}
    for repository in (DINOV2, "owner/name"):
        dinov2.save_pretrained(cached(tmp_path, repository))
    save_file(inception, cached(tmp_path, INCEPTION) / "model.safetensors")
    names = ["dinov2", "hf:owner/name", "inception", "hf:owner/other"]
    *found, missing = told(names, tmp_path, HF_HUB_OFFLINE="1")
    assert found == [
        ["DINOv2 (facebook/dinov2-small) at 224 px", [1, 16]],
        ["DINOv2 (owner/name) at 224 px", [1, 16]],
        ["Inception v3 at 299 px", [1, 2048]],
    ]
    assert missing.startswith("hf:owner/other: owner/other is not to be had from the Hub: it cannot be reached")


class Empty(BaseHTTPRequestHandler):
    """A Hub that has no repository."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def empty_hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
def test_what_the_hub_has_not_is_one_sentence(empty_hub: str, tmp_path: Path) -> None:
    (said,) = told(["inception"], tmp_path, HF_ENDPOINT=empty_hub, HF_HUB_OFFLINE="0")
    assert said.startswith(f"inception: {INCEPTION} is not to be had from the Hub: it has no such repository")
    (said,) = told(["inception"], tmp_path, HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0")
    assert "it cannot be reached from here; check its name and the connection" in said


def test_transformers_is_imported_when_it_is_asked_for_alone() -> None:
    program = "import sys, sfumato.features.loading; print('transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return inception()


def saved(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> Path:
    save_file(tensors, path, metadata=metadata)
    return path


def test_a_description_stands_in_the_file_or_beside_it(tensors, tmp_path):
    description = json.dumps({"side": 80})
    inside = saved(tmp_path / "inside.safetensors", tensors, {"sfumato": description})
    beside = saved(tmp_path / "beside.safetensors", tensors)
    beside.with_suffix(".json").write_text(description)
    for path in (inside, beside):
        assert read_features(path).name == "Inception v3 at 80 px"


def test_what_is_no_such_file_is_said(tensors, tmp_path):
    with pytest.raises(SfumatoError, match="no such file"):
        read_features(tmp_path / "nowhere.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
        read_features(tmp_path / "text.safetensors")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"side": 8}', "side: input should be greater than or equal to 32"),
        ('{"wurst": 1}', "wurst: extra inputs are not permitted"),
        ("{", "cannot be read as JSON|invalid JSON"),
    ],
)
def test_a_wrong_description_is_said(text, said, tensors, tmp_path):
    inside = saved(tmp_path / "inside.safetensors", tensors, {"sfumato": text})
    beside = saved(tmp_path / "beside.safetensors", tensors)
    beside.with_suffix(".json").write_text(text)
    for path in (inside, beside):
        with pytest.raises(SfumatoError, match=said):
            read_features(path)


def inception(seed: int = 0) -> dict[str, torch.Tensor]:
    """Numbers of the network as torchvision and timm name them, with a classifier and what batch norms count."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tensors = {name: tensor.half() for name, tensor in InceptionV3().state_dict().items()}
    tensors["fc.weight"], tensors["fc.bias"] = torch.zeros(10, 2048), torch.zeros(10)
    tensors["AuxLogits.fc.bias"] = torch.zeros(10)
    tensors["Conv2d_1a_3x3.bn.num_batches_tracked"] = torch.tensor(7)
    return tensors


def test_inception_is_known_by_its_tensors_and_needs_no_classifier(tmp_path):
    tensors = inception()
    path = saved(tmp_path / "model.safetensors", tensors)
    features = read_features(path)
    assert isinstance(features, InceptionFeatures)
    assert (features.name, len(features.digest)) == ("Inception v3 at 299 px", 64)
    weight = features.network.get_submodule("Mixed_7c.branch1x1.conv").weight
    assert torch.equal(weight, tensors["Mixed_7c.branch1x1.conv.weight"].float())
    path.with_suffix(".json").write_text('{"side": 80}')
    small = read_features(path)
    assert small.name == "Inception v3 at 80 px"
    rows = small(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert rows.shape == (2, 2048) and rows.isfinite().all() and rows.abs().max() > 0


def test_tensors_that_are_not_inceptions_are_said(tmp_path):
    name = "Conv2d_1a_3x3.bn.bias"
    for tensors, said in (
        ({"Conv2d_1a_3x3.conv.weight": torch.zeros(32, 3, 3, 3)}, f"lacks '{name}'"),
        ({name: torch.zeros(33)}, f"holds '{name}' as 33 in place of 32"),
        ({name: torch.zeros(32), "Conv2d_0": torch.zeros(1)}, "holds 'Conv2d_0', which does not belong there"),
    ):
        with pytest.raises(SfumatoError, match=f"is no Inception v3: it {said}"):
            read_features(saved(tmp_path / "net.safetensors", tensors))


def test_a_side_that_is_too_small_for_a_network_is_said(tmp_path):
    described = {"sfumato": '{"side": 64}'}
    with pytest.raises(SfumatoError, match="a side of 64, and Inception v3 sees nothing below 75"):
        read_features(saved(tmp_path / "net.safetensors", {"any": torch.zeros(1)}, described))


def test_it_sees_its_smallest_picture():
    with torch.random.fork_rng():
        features = InceptionFeatures(InceptionV3(), side=SMALLEST_SIDE)
    assert features(torch.zeros(1, 3, 32, 32)).shape[0] == 1
    assert SMALLEST_SIDE <= INPUT_SIDE
