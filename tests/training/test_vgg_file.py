"""The weights are had once and kept; what is not the published file, or not whole, leaves nothing behind."""

import hashlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.networks.vgg import vgg_shapes
from sfumato.training import vgg_file as module
from sfumato.training.perceptual import PerceptualLoss
from sfumato.training.vgg_file import kept_file, read_vgg_file, vgg_file


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in vgg_shapes().items()}


@pytest.fixture(scope="module")
def published(tensors: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file of the form of torchvision's, which is in torch's older format."""
    path = tmp_path_factory.mktemp("published") / "vgg16-397923af.pth"
    rest = {"features.17.weight": torch.ones(2), "classifier.0.weight": torch.ones(2)}
    whole = {**{f"features.{name}": tensor for name, tensor in tensors.items()}, **rest}
    torch.save(whole, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the kept file; not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "cache" / "sfumato"


def trust(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be the file with the published digest."""
    monkeypatch.setattr(module, "DIGEST", hashlib.sha256(path.read_bytes()).hexdigest()[:8])


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        tensor.dtype == other[name].dtype and torch.equal(tensor, other[name]) for name, tensor in one.items()
    )


class Site:
    """A web server of this machine with one file. sent: how much of it is; status: of its answers."""

    def __init__(self, content: bytes) -> None:
        self.content, self.sent, self.status, self.requests = content, len(content), 200, 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests += 1
                self.send_response(site.status)
                self.send_header("Content-Length", str(len(site.content)))
                self.end_headers()
                self.wfile.write(site.content[: site.sent])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/vgg16-397923af.pth"


@pytest.fixture
def site(published: Path) -> Iterator[Site]:
    site = Site(published.read_bytes())
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


@pytest.mark.parametrize("older_format", [True, False])
def test_the_published_file_becomes_the_kept_one(
    older_format: bool,
    published: Path,
    tensors: dict[str, Tensor],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "mine.pth"
    whole = torch.load(published)
    if not older_format:
        whole = {name: tensor.double() for name, tensor in whole.items()}
    torch.save(whole, path, _use_new_zipfile_serialization=not older_format)
    trust(path, monkeypatch)
    # A module in the folder where the user is must not be taken for the process's own.
    (tmp_path / "torch.py").write_text("raise SystemExit('the wrong torch')")
    monkeypatch.chdir(tmp_path)
    kept = vgg_file("mine.pth")
    assert kept == kept_file()
    assert left_in(cache) == ["vgg16-features.safetensors"]
    assert same(load_file(kept), tensors)
    assert vgg_file("vgg16") == kept
    assert torch.isfinite(PerceptualLoss.from_file(kept)(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)))


def test_without_a_kept_file_the_ways_to_one_are_named(cache: Path) -> None:
    with pytest.raises(SfumatoError) as caught:
        vgg_file("vgg16")
    for way in ("--perceptual fetch", "528 MB from download.pytorch.org", "vgg16-397923af.pth", "--perceptual none"):
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
    with pytest.raises(SfumatoError, match=r"other\.safetensors: lacks '0\.bias'"):
        vgg_file(str(tmp_path / "other.safetensors"))


@pytest.mark.parametrize("asked", ["vgg19", "art/painting.jpg", ""])
def test_what_is_no_weights_file_is_refused(asked: str) -> None:
    with pytest.raises(SfumatoError, match=rf"--perceptual {asked}: is no \.pth or \.safetensors file"):
        vgg_file(asked)


def test_another_pth_is_refused_by_its_digest_and_not_opened(
    published: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_START", "raise SystemExit('it was opened')")
    found = hashlib.sha256(published.read_bytes()).hexdigest()
    with pytest.raises(SfumatoError, match=f"SHA-256 is {found}, .* 397923af, .*the true one is at {module.ADDRESS}"):
        vgg_file(str(published))
    assert left_in(cache) == []


def test_a_pth_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"gone\.pth: cannot be read \(No such file"):
        vgg_file(str(tmp_path / "gone.pth"))


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return self.path.touch, ()


def test_a_pickle_that_would_run_a_program_is_not_let_to(
    tensors: dict[str, Tensor], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, exploded = tmp_path / "bomb.pth", tmp_path / "exploded"
    whole = {f"features.{name}": tensor for name, tensor in tensors.items()}
    torch.save({**whole, "classifier.0.weight": Bomb(exploded)}, path)
    torch.load(path, weights_only=False)
    assert exploded.exists()  # the bomb is a real one
    exploded.unlink()
    trust(path, monkeypatch)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # undoes torch's default, and must not undo ours
    with pytest.raises(SfumatoError, match=r"bomb\.pth: its tensors cannot be read \(UnpicklingError: Weights only lo"):
        vgg_file(str(path))
    assert not exploded.exists()
    assert left_in(cache) == []


def test_a_pth_of_other_shapes_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "other.pth"
    torch.save({f"features.{name}": torch.zeros(2, 3) for name in vgg_shapes()}, path)
    trust(path, monkeypatch)
    with pytest.raises(SfumatoError, match=r"other\.pth: has '0\.bias' of 2 x 3, not 64"):
        vgg_file(str(path))
    assert left_in(cache) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to die of")
def test_the_death_of_the_process_is_one_sentence(
    published: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(published, monkeypatch)
    monkeypatch.setattr(module, "_START", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})")
    with pytest.raises(SfumatoError, match=r"the process that reads it died \(signal 9\)"):
        vgg_file(str(published))
    assert left_in(cache) == []


def test_the_file_is_fetched_once(
    site: Site, tensors: dict[str, Tensor], published: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(published, monkeypatch)
    seen: list[tuple[int, int]] = []
    kept = vgg_file("fetch", address=site.address, progress=lambda *now: seen.append(now))
    size = len(site.content)
    assert same(load_file(kept), tensors)
    assert left_in(cache) == ["vgg16-features.safetensors"]
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) > 1
    assert seen[-1] == (size, size)
    assert {in_all for _, in_all in seen} == {size}
    assert vgg_file("fetch", address=site.address) == vgg_file("vgg16") == kept
    assert site.requests == 1


def test_a_damaged_kept_file_is_fetched_anew(
    site: Site, tensors: dict[str, Tensor], published: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    kept_file().write_bytes(b"half")
    trust(published, monkeypatch)
    assert same(load_file(vgg_file("fetch", address=site.address)), tensors)


def test_a_download_that_breaks_off_is_said_and_leaves_nothing(
    site: Site, published: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(published, monkeypatch)
    site.sent = 2_500_000
    with pytest.raises(SfumatoError, match=r"broke off after 2\.5 of 6\.9 MB; try again"):
        vgg_file("fetch", address=site.address)
    assert left_in(cache) == []


def test_another_file_from_the_address_is_refused_and_not_kept(site: Site, cache: Path) -> None:
    with pytest.raises(SfumatoError, match=f"what {site.address} sent: its SHA-256 is "):
        vgg_file("fetch", address=site.address)
    assert left_in(cache) == []


def test_a_server_without_the_file_is_named(site: Site, cache: Path) -> None:
    site.status = 404
    with pytest.raises(SfumatoError, match=r"pth: the server answers 404 \(Not Found\); use --perceptual FILE"):
        vgg_file("fetch", address=site.address)
    assert left_in(cache) == []


def test_a_machine_that_is_offline_is_told_what_else_there_is(cache: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but it does not listen: connections are refused
        address = f"http://127.0.0.1:{free.getsockname()[1]}/vgg.pth"
        with pytest.raises(
            SfumatoError, match=r"cannot be fetched \(.*; try again when .* online, or use --perceptual"
        ):
            vgg_file("fetch", address=address)
    assert left_in(cache) == []


def test_a_download_that_is_interrupted_leaves_nothing(site: Site, cache: Path) -> None:
    def interrupt(done: int, in_all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vgg_file("fetch", address=site.address, progress=interrupt)
    assert left_in(cache) == []


def test_a_full_disk_is_said_and_leaves_nothing(site: Site, cache: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))  # no file may be larger
    try:
        with pytest.raises(SfumatoError, match=r"cannot hold the file to be fetched, .* \(File too large\); make room"):
            vgg_file("fetch", address=site.address)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert left_in(cache) == []


@pytest.mark.parametrize("way", ["fetch", "pth"])
def test_a_cache_that_cannot_be_written_is_said_before_anything_is_fetched(
    way: str, site: Site, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(published, monkeypatch)
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(SfumatoError, match=r"VGG16 cannot be kept here \(.*\); set XDG_CACHE_HOME"):
        vgg_file("fetch" if way == "fetch" else str(published), address=site.address)
    assert site.requests == 0
    assert (tmp_path / "cache").read_text() == "a file in its place"
