"""A model is found in its directory, in a run, or on the Hub; where there is none, one sentence says what to do."""

import json
import os
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.models import Model, locate_model
from sfumato.models.place import model_in_zip, models_in_zip

COMMIT = "0123456789" * 4


def test_a_model_a_run_and_a_path_from_home_are_found(saved, tmp_path, monkeypatch):
    assert locate_model(saved) == saved
    run = tmp_path / "run"
    run.mkdir()
    saved.rename(run / "model")
    assert locate_model(run) == locate_model(str(run)) == run / "model"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate_model("~/run") == run / "model"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "nowhere: no such directory; give the one"),
        ("../nowhere", "no such directory; give the one"),
        ("./nowhere", "no such directory; give the one"),
        ("a/b/c", "no such directory; give the one"),
        ("-x/y", "no such directory; give the one"),
        ("https://huggingface.co/owner/name", "no such directory; give the one"),
        ("café/été", "no such directory; give the one"),
        ("", r"^\.: holds no model.safetensors"),
        ("weights.pt", "a pickle can run any program"),
        ("missing/weights.CKPT", "a pickle can run any program"),
        ("config.json", "is a file; give the directory"),
        ("~no-such-person/run", "~no-such-person/run: there is no such user here"),
        ("a\x00b", r"'a\\x00b': is not a path"),
        ("x" * 300, "x{300}: cannot be read"),
        ("y" * 5000, r"^y{300}\.\.\.: cannot be read"),
        ("pipe", "pipe: is neither a directory nor a file"),
        ("circle", "circle: is neither a directory nor a file, or a link that leads nowhere"),
        ("circle/model", "circle/model: cannot be read"),
        ("empty", "empty: holds no config.json"),
        ("half", "half: holds no model.safetensors"),
        ("other_half", "other_half: holds no config.json"),
        ("begun", "is a run without a model yet; go on with 'sfumato train --resume -o begun'"),
    ],
)
def test_where_there_is_no_model_one_sentence_says_what_to_do(name, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "half", "other_half", "begun/checkpoints"):
        Path(folder).mkdir(parents=True)
    for file in ("weights.pt", "config.json", "half/config.json", "other_half/model.safetensors", "begun/run.json"):
        Path(file).write_text("{}")
    os.mkfifo("pipe")
    Path("circle").symlink_to("circle")
    with pytest.raises(SfumatoError, match=said) as caught:
        locate_model(name)
    assert "\n" not in str(caught.value)


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as its client needs to upload a small repository and to fetch it again."""

    repositories: dict[str, dict[str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/").split("/")
        if path[:2] == ["api", "models"]:
            self._describe(path)
        elif path[2:3] == ["resolve"] and path[4] in self.repositories.get("/".join(path[:2]), {}):
            content = self.repositories["/".join(path[:2])][path[4]]
            self._answer(200, content, {"ETag": f'"{len(content)}-{path[4]}"', "X-Repo-Commit": COMMIT})
        else:
            self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path = self.path.partition("?")[0].strip("/")
        if path == "api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.repositories[name] = {"asked": body}
            self._json({"url": f"http://{self.headers['Host']}/{name}"})
        elif path == "api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            files = json.loads(body)["files"]
            self._json({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif "/commit/" in path:  # the last call of an upload
            self._commit("/".join(path.split("/")[2:4]), body)
        else:
            self._answer(404, b"{}")

    def _commit(self, name: str, body: bytes) -> None:
        import base64

        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.repositories[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        url = f"http://{self.headers['Host']}/{name}/commit/{COMMIT}"
        self._json({"success": True, "commitOid": COMMIT, "commitUrl": url, "hookOutput": ""})

    def _describe(self, path: list[str]) -> None:
        name = "/".join(path[2:4])
        if name not in self.repositories:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif path[4:5] == ["revision"] and path[5] not in ("main", COMMIT):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif path[4:5] == ["tree"]:
            files = self.repositories[name].items()
            self._json([{"type": "file", "path": file, "size": len(data), "oid": "0" * 40} for file, data in files])
        else:
            files = [{"rfilename": file} for file in self.repositories[name]]
            self._json({"_id": "1", "id": name, "modelId": name, "sha": COMMIT, "siblings": files, "private": False})

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[tuple[str, dict[str, dict[str, bytes]]]]:
    """The address of a Hub on this machine, and what lies in it."""
    handler = type("OwnHub", (Hub,), {"repositories": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.repositories
    server.shutdown()
    server.server_close()
    thread.join()


def with_hub(address: str, cache: Path, program: str, **environment: str) -> str:
    """The output of a program whose Hub is at this address: the client reads that when it is imported."""
    settings = {
        "HF_ENDPOINT": address,
        "HF_HOME": str(cache),
        "HF_TOKEN": "hf_none",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | settings | environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ERRORS = """
import json, sfumato
from sfumato.errors import SfumatoError
said = []
for call in CALLS:
    try:
        call()
    except SfumatoError as error:
        said.append(str(error))
print(json.dumps(said))
"""


@pytest.mark.slow
def test_a_model_goes_to_the_hub_and_comes_back(hub, saved, tmp_path):
    address, repositories = hub
    program = f"""
import sfumato
mine = sfumato.Model.from_pretrained({str(saved)!r})
print(mine.push_to_hub("owner/mine"))
back = sfumato.Model.from_pretrained("owner/mine")
print(back.weights_digest == mine.weights_digest, back.config == mine.config, back.card == mine.card)
"""
    said = with_hub(address, tmp_path / "hf", program).splitlines()
    assert said == [f"{address}/owner/mine/commit/{COMMIT}", "True True True"]
    asked = json.loads(repositories["owner/mine"].pop("asked"))
    assert asked.get("private") or asked.get("visibility") == "private"
    assert repositories["owner/mine"] == {path.name: path.read_bytes() for path in saved.iterdir()}
    # What was fetched once needs no network.
    offline = "import sfumato; print(sfumato.Model.from_pretrained('owner/mine').config.name)"
    assert with_hub(address, tmp_path / "hf", offline, HF_HUB_OFFLINE="1") == "tiny\n"


@pytest.mark.slow
def test_what_the_hub_refuses_is_one_sentence(hub, saved, tmp_path):
    address, repositories = hub
    repositories["owner/cards"] = {"README.md": b"# nothing else"}
    load = "sfumato.Model.from_pretrained"
    calls = f"""(
    lambda: {load}("owner/none"),
    lambda: {load}("owner/cards", revision="v9"),
    lambda: {load}("owner/cards"),
    lambda: {load}("owner/bad--name"),
    lambda: {load}({str(saved)!r}).push_to_hub("bad--name"),
)"""
    said = json.loads(with_hub(address, tmp_path / "hf", ERRORS.replace("CALLS", calls)))
    missing, revision, card, name, upload = said
    assert missing.startswith("owner/none: no such directory here, and not to be had from the Hub: it has no such")
    assert "no such revision" in revision
    assert card.startswith("owner/cards: holds no config.json")
    assert name.startswith("owner/bad--name: no such directory here")
    assert upload.startswith("bad--name: cannot be uploaded")
    assert not any("\n" in sentence for sentence in said)


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_is_one_sentence(saved, tmp_path):
    calls = f"""(
    lambda: sfumato.Model.from_pretrained("owner/name"),
    lambda: sfumato.Model.from_pretrained({str(saved)!r}).push_to_hub("owner/name"),
)"""
    nobody = "http://127.0.0.1:9"
    fetched, pushed = json.loads(with_hub(nobody, tmp_path / "hf", ERRORS.replace("CALLS", calls)))
    assert fetched.startswith("owner/name: no such directory here")
    assert "cannot be reached" in fetched
    assert pushed.startswith("owner/name: cannot be uploaded: it cannot be reached")


def packed(place, **folders):
    """A zip with each directory's files in the folder of its name ('' as _)."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        for folder, source in folders.items():
            for path in source.iterdir():
                file.write(path, (folder.replace("__", "/") + "/" if folder != "_" else "") + path.name)
    return place


@pytest.mark.parametrize("folder", ["_", "model", "run__model", "a__b__c"])
def test_a_model_in_a_zip_comes_back_to_the_bit(model, saved, tmp_path, folder):
    path = packed(tmp_path / "m.zip", **{folder: saved})
    loaded = Model.from_pretrained(path)
    assert loaded.config == model.config
    assert loaded.card == model.card
    assert loaded.weights_digest == Model.from_pretrained(saved).weights_digest == model_in_zip(path).digest()
    ours, theirs = (each.denoiser.network.state_dict() for each in (model, loaded))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_zip_is_known_by_its_content_too_and_what_was_unpacked_goes_away(saved, tmp_path, monkeypatch):
    place = tmp_path / "unpacked"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    packed(tmp_path / "model", model=saved)
    Model.from_pretrained(tmp_path / "model")
    assert list(place.iterdir()) == []


def test_of_a_run_its_own_model_is_meant(saved, new_model, tmp_path):
    teacher = new_model(5).save_pretrained(tmp_path / "teacher")
    path = packed(tmp_path / "run.zip", run__model=saved, run__teacher=teacher)
    with zipfile.ZipFile(path, "a") as file:  # as macOS packs
        for name in ("config.json", "model.safetensors"):
            file.writestr(f"__MACOSX/run/model/{name}", b"\x00\x05\x16\x07")
    assert model_in_zip(path).folder == "run/model"
    assert {each.folder for each in models_in_zip(path)} == {"run/model", "run/teacher"}


def test_of_several_models_none_is_guessed(saved, tmp_path):
    with pytest.raises(SfumatoError, match=r"holds 2 models \(a, b\); unpack it and give the directory of one"):
        Model.from_pretrained(packed(tmp_path / "two.zip", a=saved, b=saved))
    with pytest.raises(SfumatoError, match=r"holds no model \(config.json and model.safetensors in one folder\)"):
        Model.from_pretrained(packed(tmp_path / "none.zip"))


def test_paths_that_lead_out_of_a_zip_lead_nowhere(saved, tmp_path):
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as file:
        for path in saved.iterdir():
            file.write(path, f"../../{path.name}")
            file.write(path, f"/tmp/never/{path.name}")
    model = models_in_zip(tmp_path / "out.zip")[0]
    with model.unpacked() as directory:
        assert {path.name for path in directory.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert not (tmp_path.parent.parent / "config.json").exists()
    assert not Path("/tmp/never").exists()


def test_a_bomb_is_not_unpacked(saved, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.write(saved / "config.json", "config.json")
        with file.open("model.safetensors", "w", force_zip64=True) as weights:
            for _ in range(64):
                weights.write(bytes(1 << 20))
    began = time.process_time()
    with pytest.raises(SfumatoError, match=r"model.safetensors would unpack to 67 MB, and such a model's has \d+ MB"):
        Model.from_pretrained(tmp_path / "bomb.zip")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("damage", ["cut", "bytes", "members", "empty", "pipe"])
def test_a_zip_that_is_none_is_one_sentence(saved, tmp_path, damage):
    path = packed(tmp_path / "m.zip", _=saved)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    if damage == "bytes":
        data[200:400] = bytes(200)
    if damage == "members":
        data[-10:-6] = struct.pack("<I", 2**31)  # so many bytes of names
    path.write_bytes(b"" if damage == "empty" else data)
    if damage == "pipe":
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(SfumatoError, match=r"m\.zip") as caught:
        Model.from_pretrained(path)
    assert "\n" not in str(caught.value)


def test_an_error_names_the_zip_and_not_where_it_lay_for_a_moment(saved, new_model, tmp_path):
    other = new_model(network={"kind": "unet", "channels": [16], "width": 16, "depth": 1, "heads": 1})
    other.save_pretrained(tmp_path / "other")
    (saved / "model.safetensors").write_bytes((tmp_path / "other" / "model.safetensors").read_bytes())
    with pytest.raises(SfumatoError, match=r"m\.zip/run/model/model\.safetensors: .* do not belong together"):
        Model.from_pretrained(packed(tmp_path / "m.zip", run__model=saved))
