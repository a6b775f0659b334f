"""The weights are had once and kept; what is not the published file, or not whole, leaves nothing behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss, read_vgg_file, vgg_shapes
from sfumato.features.vgg_file import FILE, REPOSITORY, kept_file, vgg_file

COMMIT = "c" * 40


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in vgg_shapes().items()}


@pytest.fixture(scope="module")
def published(tensors: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file of the form of the Hub's: the whole model under its own names."""
    path = tmp_path_factory.mktemp("published") / FILE
    rest = {"features.17.weight": torch.ones(2), "pre_logits.fc1.weight": torch.ones(2), "head.fc.bias": torch.ones(2)}
    save_file({**{f"features.{name}": tensor for name, tensor in tensors.items()}, **rest}, path)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the kept file; not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sfumato"


class Hub:
    """A client of the Hub that has one file, or fails."""

    def __init__(self, file: Path) -> None:
        self.file, self.asked, self.error = file, [], None

    def download(self, repository: str, file: str) -> str:
        self.asked.append((repository, file))
        if self.error is not None:
            raise self.error
        return str(self.file)


@pytest.fixture
def hub(published: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(published)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub.download)
    return hub


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        tensor.dtype == other[name].dtype and torch.equal(tensor, other[name]) for name, tensor in one.items()
    )


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_the_published_file_becomes_the_kept_one(
    kind: torch.dtype, published: Path, tensors: dict[str, Tensor], cache: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.safetensors"
    save_file({name: tensor.to(kind) for name, tensor in load_file(published).items()}, path)
    kept = vgg_file(str(path))
    assert kept == kept_file()
    assert left_in(cache) == ["vgg16-features.safetensors"]
    assert same(load_file(kept), tensors)
    assert vgg_file("vgg16") == kept
    assert torch.isfinite(PerceptualLoss.from_file(kept)(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)))


def test_without_a_kept_file_the_ways_to_one_are_named(cache: Path) -> None:
    with pytest.raises(SfumatoError) as caught:
        vgg_file("vgg16")
    for way in ("--perceptual fetch", "553 MB", REPOSITORY, FILE, "--perceptual none"):
        assert way in str(caught.value)
    assert left_in(cache) == []


def test_a_kept_file_that_is_damaged_is_not_used(cache: Path) -> None:
    cache.mkdir(parents=True)
    kept_file().write_bytes(b"half")
    with pytest.raises(SfumatoError, match=r"vgg16-features\.safetensors: cannot be read .*use --perceptual fetch"):
        vgg_file("vgg16")


def test_the_cache_is_in_the_home_folder_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert kept_file() == Path.home() / ".cache" / "sfumato" / "vgg16-features.safetensors"


def test_a_safetensors_file_is_used_where_it_is(tensors: dict[str, Tensor], cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "random.safetensors"
    save_file(tensors, path)
    assert vgg_file(str(path)) == path
    assert same(read_vgg_file(path), tensors)
    assert left_in(cache) == []


def test_a_safetensors_file_of_another_network_is_refused(tmp_path: Path) -> None:
    save_file({"0.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(SfumatoError, match=r"other\.safetensors: .*: it lacks '0\.bias'"):
        vgg_file(str(tmp_path / "other.safetensors"))


@pytest.mark.parametrize("asked", ["vgg19", "art/painting.jpg", ""])
def test_what_is_no_weights_file_is_refused(asked: str) -> None:
    with pytest.raises(SfumatoError, match=rf"--perceptual {asked}: is no \.safetensors file"):
        vgg_file(asked)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_pickle_is_not_opened_and_what_to_do_is_said(is_there: bool, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "vgg16-397923af.pth"
    if is_there:
        path.write_bytes(b"cos\nsystem\n(S'touch exploded'\ntR.")
    with pytest.raises(SfumatoError, match=rf"is a pickle, .*use --perceptual fetch, .*{REPOSITORY}"):
        vgg_file(str(path))
    assert left_in(cache) == []


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"gone\.safetensors: no such file; use --perceptual fetch"):
        vgg_file(str(tmp_path / "gone.safetensors"))


def test_a_whole_model_of_other_shapes_is_refused(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({f"features.{name}": torch.zeros(2, 3) for name in vgg_shapes()}, path)
    with pytest.raises(SfumatoError, match=r"other\.safetensors: .*: it holds '0\.bias' as 2 x 3 in place of 64"):
        vgg_file(str(path))
    assert left_in(cache) == []


def test_the_file_is_fetched_once(hub: Hub, tensors: dict[str, Tensor], cache: Path) -> None:
    kept = vgg_file("fetch")
    assert same(load_file(kept), tensors)
    assert left_in(cache) == ["vgg16-features.safetensors"]
    assert vgg_file("fetch") == vgg_file("vgg16") == kept
    assert hub.asked == [(REPOSITORY, FILE)]


def test_a_damaged_kept_file_is_fetched_anew(hub: Hub, tensors: dict[str, Tensor], cache: Path) -> None:
    cache.mkdir(parents=True)
    kept_file().write_bytes(b"half")
    assert same(load_file(vgg_file("fetch")), tensors)


def test_another_or_half_a_file_from_the_hub_is_refused_and_not_kept(hub: Hub, cache: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(hub.file.read_bytes()[:1_000_000])
    other = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(2)}, other)
    for hub.file, said in ((half, r"half\.safetensors: cannot be read"), (other, r"other\.safetensors: .* it lacks")):
        with pytest.raises(SfumatoError, match=said):
            vgg_file("fetch")
        assert left_in(cache) == []


def test_a_machine_that_is_offline_is_told_what_else_there_is(hub: Hub, cache: Path) -> None:
    hub.error = LocalEntryNotFoundError("nothing here")
    with pytest.raises(
        SfumatoError,
        match=rf"{REPOSITORY} is .*: it cannot be reached .*; try again when .* online, or use --perceptual",
    ):
        vgg_file("fetch")
    assert left_in(cache) == []


def test_a_download_that_is_interrupted_leaves_nothing(hub: Hub, cache: Path) -> None:
    hub.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        vgg_file("fetch")
    assert left_in(cache) == []


def test_a_full_disk_is_said_and_leaves_nothing(hub: Hub, cache: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))  # no file may be larger
    try:
        with pytest.raises(SfumatoError, match=r"VGG16 cannot be kept here \(File too large\); set XDG_CACHE_HOME"):
            vgg_file("fetch")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert left_in(cache) == []


@pytest.mark.parametrize("way", ["fetch", "file"])
def test_a_cache_that_cannot_be_written_is_said_before_anything_is_fetched(
    way: str, hub: Hub, published: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(SfumatoError, match=r"VGG16 cannot be kept here \(.*\); set XDG_CACHE_HOME"):
        vgg_file("fetch" if way == "fetch" else str(published))
    assert hub.asked == []
    assert (tmp_path / "cache").read_text() == "a file in its place"


PROGRAM = "from sfumato.features.vgg_file import vgg_file; print(vgg_file('fetch'))"


@pytest.fixture
def fetched_offline(tmp_path: Path) -> Callable[[], "subprocess.CompletedProcess[str]"]:
    """Fetch with the Hub's own client, in a process that may use no connection."""

    def run() -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
        environment.pop("HF_HUB_CACHE", None)
        return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)

    return run


@pytest.mark.slow
def test_what_the_hubs_client_has_needs_no_network(
    fetched_offline: Callable[[], "subprocess.CompletedProcess[str]"],
    published: Path,
    tensors: dict[str, Tensor],
    tmp_path: Path,
) -> None:
    refused = fetched_offline()
    assert f"SfumatoError: {REPOSITORY} is not to be had from the Hub: it cannot be reached from here" in refused.stderr
    repository = tmp_path / "hub" / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / FILE).write_bytes(published.read_bytes())
    done = fetched_offline()
    assert Path(done.stdout.strip()) == kept_file(), done.stderr
    assert same(load_file(kept_file()), tensors)
