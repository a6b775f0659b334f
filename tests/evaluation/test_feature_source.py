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
from sfumato.evaluation.feature_source import DINOV2, INCEPTION, features_named
from sfumato.evaluation.inception import InceptionV3
from sfumato.evaluation.mobilenet import MobileNetV2

COMMIT = "0123456789" * 4
PROGRAM = """
import json, sys, torch
from sfumato.errors import SfumatoError
from sfumato.evaluation.feature_source import features_named
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
    with torch.random.fork_rng():
        save_file(MobileNetV2().state_dict(), tmp_path / "net.safetensors")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert features_named("~/net.safetensors").name == "MobileNetV2 at 128 px"
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
    with pytest.raises(SfumatoError, match=f"^{name}: is no repository on the Hub; give 'inception'"):
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
    program = "import sys, sfumato.evaluation.feature_source; print('transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
