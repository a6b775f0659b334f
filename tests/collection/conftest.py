"""Pictures to test with, made on the spot, and a Hub to fetch them from."""

import csv
import io
import json
import re
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sfumato.collection import CollectEvent, Collection, Finished, LeftOut, collect
from sfumato.provenance.containers import gif_with
from sfumato.provenance.credentials import Claim, Input, signed


@pytest.fixture
def art(tmp_path: Path, paint: Callable[..., Image.Image]) -> Path:
    """A folder of two classes with three pictures each."""
    folder = tmp_path / "art"
    for number, name in enumerate(("drawing", "painting")):
        (folder / name).mkdir(parents=True)
        for index in range(3):
            paint(10 * number + index).save(folder / name / f"{index}.png")
    return folder


class Gathered:
    """What a run of `collect` said."""

    def __init__(self, events: list[CollectEvent]) -> None:
        self.events = events
        assert isinstance(events[-1], Finished)
        self.finished: Finished = events[-1]
        self.collection: Collection = Collection.open(self.finished.path)
        self.files = [picture.file for picture in self.collection.pictures]
        self.left_out = {event.file: event for event in events if isinstance(event, LeftOut)}
        self.kinds = {file: event.kind for file, event in self.left_out.items()}

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def gather(tmp_path: Path) -> Callable[..., Gathered]:
    """Collect a source into `collection` with one worker, and keep what was said."""

    def run(source: Path, destination: Path | None = None, **options: object) -> Gathered:
        options = {"workers": 1, **options}
        return Gathered(list(collect(source, destination or tmp_path / "collection", **options)))

    return run


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as its client needs to read a data set."""

    repositories: dict[str, dict[str, bytes]]  # by name: the files, by path
    commits: dict[str, str]
    gated: set[str]
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/").split("/")
        self.asked.append(self.path)
        if path[:2] == ["api", "datasets"]:
            self._describe("/".join(path[2:4]), path[4:])
        elif path[:1] == ["datasets"] and path[3:4] == ["resolve"]:
            self._resolve("/".join(path[1:3]), path[4], "/".join(path[5:]))
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path = self.path.partition("?")[0].strip("/").split("/")
        self.asked.append(self.path)
        if path[4:5] == ["paths-info"]:
            wanted = json.loads(body)["paths"]
            files = self.repositories["/".join(path[2:4])]
            self._json([self._entry(file, files[file]) for file in wanted if file in files])
        else:
            self._answer(404, b"{}")

    def _resolve(self, name: str, revision: str, file: str) -> None:
        if not self._is_there(name, revision):
            return
        if name in self.gated:  # what it is may be known to all, but not what is in it
            self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
            return
        headers = {"X-Repo-Commit": self.commits[name]}
        content = self.repositories[name].get(file)
        if content is None:
            self._answer(404, b"", {**headers, "X-Error-Code": "EntryNotFound"})
        else:
            self._answer(200, content, {**headers, "ETag": f'"{len(content)}-{file.replace("/", "-")}"'})

    def _describe(self, name: str, rest: list[str]) -> None:
        if not self._is_there(name, rest[1] if rest[1:] else "main"):
            return
        files, commit = self.repositories[name], self.commits[name]
        if rest[:1] == ["tree"]:
            self._list(files, "/".join(rest[2:]), deep="recursive=true" in self.path.lower())
        else:
            siblings = [{"rfilename": file} for file in files]
            about = {"_id": "1", "id": name, "sha": commit, "siblings": siblings, "private": False, "tags": []}
            card = re.match(rb"---\nlicense: (.*)\n", files.get("README.md", b""))
            self._json(about | ({"cardData": {"license": card[1].decode()}} if card else {}))

    def _list(self, files: dict[str, bytes], below: str, deep: bool) -> None:
        folders = {str(folder) for file in files for folder in PurePosixPath(file).parents} - {"."}
        entries = [{"type": "directory", "path": folder, "oid": "0" * 40, "size": 0} for folder in sorted(folders)]
        entries += [self._entry(file, data) for file, data in files.items()]
        start = f"{below}/" if below else ""
        inside = [entry for entry in entries if str(entry["path"]).startswith(start)]
        self._json([entry for entry in inside if deep or "/" not in str(entry["path"]).removeprefix(start)])

    def _is_there(self, name: str, revision: str) -> bool:
        if name not in self.repositories:
            self._answer(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", "v1", self.commits[name]):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            return True
        return False

    @staticmethod
    def _entry(file: str, data: bytes) -> dict[str, object]:
        return {"type": "file", "path": file, "size": len(data), "oid": f"{len(data):040x}"}

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        start, end = 0, len(content)
        if status == 200 and (span := self.headers.get("Range", "")).startswith("bytes="):
            first, _, last = span.removeprefix("bytes=").partition("-")
            start, end, status = int(first or 0), min(end, int(last or end) + 1), 206
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[start:end])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[type[Hub]]:
    """A Hub on this machine: its `address`, and what lies in it. A module's tests share it, each with its own names."""
    handler = type("OwnHub", (Hub,), {"repositories": {}, "commits": {}, "gated": set(), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    handler.address = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


COPIES = 5  # of each case in the mixed folder
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "cc": "http://creativecommons.org/ns#",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
_PLUS = "http://ns.useplus.org/ldf/vocab/DMI-"
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_BY_HAND = f"{_SOURCE_TYPE}humanEdits"
_SETTINGS = "a tree\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
_WORK = {
    "@context": "http://schema.org/",
    "@type": "CreativeWork",
    "author": [{"@type": "Person", "name": "Dora"}],
    "license": "https://creativecommons.org/licenses/by-sa/4.0/",
}


def packet(head: str = "", **properties: str) -> bytes:
    """An XMP packet; 'dc__creator' is dc:creator."""
    named = "".join(
        f"<{name.replace('__', ':')}>{escape(value)}</{name.replace('__', ':')}>" for name, value in properties.items()
    )
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    rdf = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" {spaces}>'
    return f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/">{rdf}{named}</rdf:Description></rdf:RDF></x:xmpmeta>'.encode()


def iptc(**sets: str) -> bytes:
    """A JPEG's segment with IPTC-IIM: n80 is the by-line."""
    block = b"".join(
        struct.pack(">BBBH", 0x1C, 2, int(number[1:]), len(value.encode())) + value.encode()
        for number, value in sets.items()
    )
    block += bytes(len(block) % 2)
    block = b"Photoshop 3.0\x00" + b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(block)) + block
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


def exif(**tags: str) -> Image.Exif:
    """t315 is the artist, t33432 the copyright."""
    block = Image.Exif()
    block.update({int(tag[1:]): value.encode() for tag, value in tags.items()})
    return block


@dataclass
class Case:
    """How one picture states something. kind: its format; sign: what is done to its bytes at last."""

    kind: str = "JPEG"
    row: Mapping[str, str] = field(default_factory=dict)
    xmp: bytes = b""
    iptc: bytes = b""
    exif: Image.Exif | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    sidecar: bytes = b""
    beside: Mapping[str, str] = field(default_factory=dict)
    sign: Callable[[bytes], bytes] = bytes

    def encoded(self, image: Image.Image) -> bytes:
        """The picture's file."""
        buffer, options = io.BytesIO(), {}
        if self.kind == "PNG":
            info = PngImagePlugin.PngInfo()
            for keyword, text in self.texts.items():
                info.add_text(keyword, text)
            if self.xmp:
                info.add_itxt("XML:com.adobe.xmp", self.xmp.decode())
            options = {"pnginfo": info}
        elif self.kind == "TIFF":
            options = {"tiffinfo": {700: self.xmp}} if self.xmp else {}
        elif self.kind != "GIF" and self.xmp and len(self.xmp) < 60_000:
            options = {"xmp": self.xmp}
        if self.exif is not None:
            options["exif"] = self.exif
        image.save(buffer, self.kind, **options)
        data = buffer.getvalue()
        if self.kind == "GIF":
            data = gif_with(data, self.xmp)
        if self.iptc:
            data = data[:2] + self.iptc + data[2:]
        return self.sign(data)


def changed(data: bytes) -> bytes:
    """With one bit of the picture flipped after it was signed."""
    return data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]


def cases(declared: Callable[..., bytes]) -> dict[str, Case]:
    """The cases by name, which is also the folder where there is a '/' in it."""

    def no(label: str, use: str, name: str = "ai_generative_training") -> Callable[[bytes], bytes]:
        prefix = label.partition(".")[0]
        return lambda data: declared(data, {label: {"entries": {f"{prefix}.{name}": {"use": use}}}})

    def edit(data: bytes) -> bytes:
        generated = declared(data, made="TRAINED_ALGORITHMIC_MEDIA")
        return signed(data, Claim("edit", _BY_HAND, (Input(generated),)))

    cawg, c2pa = "cawg.training-mining", "c2pa.training-mining"
    return {
        "nothing": Case(),
        "table": Case(row={"artist": "Ana", "license": "CC0-1.0", "year": "1888"}),
        "table public domain": Case(row={"artist": "Ana", "license": "public domain"}),
        "table us": Case(row={"license": "public-domain-us"}),
        "table cc by": Case(row={"license": "CC BY"}),
        "table cc by 4": Case(row={"artist": "Ana", "license": "CC-BY 4.0"}),
        "table deed": Case(row={"license": "https://creativecommons.org/licenses/by/4.0/deed.de"}),
        "table words": Case(row={"license": "Fair Use"}),
        "table unknown": Case(row={"artist": "unknown", "license": "not specified"}),
        "table noai": Case(row={"license": "CC0", "tags": "sea, noai"}),
        "table opt out": Case(row={"license": "CC0", "opt_out": "yes"}),
        "more/jsonl": Case(row={"author": "Ana", "rights": "In Copyright", "date": "1999"}),
        "more/museum": Case(row={"author": "Ana", "is_public_domain": "True"}),
        "sidecar xmp": Case(sidecar=packet(dc__creator="Ben", dc__rights="CC BY-SA 4.0")),
        "sidecar no": Case(sidecar=packet(plus__DataMining=f"{_PLUS}PROHIBITED")),
        "sidecar broken": Case(sidecar=packet(dc__creator="Ben")[:-9]),
        "sidecar json": Case(beside={"artist": "Ben", "license": "cc-by-nc-4.0"}),
        "sidecar json no": Case(beside={"trainable": "false"}),
        "sidecars": Case(sidecar=packet(dc__creator="Ben"), beside={"artist": "Cy", "license": "CC0"}),
        "xmp": Case(xmp=packet(dc__creator="Cy", dc__rights="CC BY 4.0", photoshop__DateCreated="1888-05-01")),
        "xmp deed": Case(xmp=packet(xmpRights__WebStatement="http://creativecommons.org/licenses/by/3.0/br/")),
        "xmp page": Case(xmp=packet(xmpRights__WebStatement="https://example.org/terms")),
        "xmp marked": Case(xmp=packet(xmpRights__Marked="False")),
        "xmp reserved": Case(xmp=packet(dc__creator="Cy", dc__rights="© 2020 Cy. All rights reserved.")),
        "xmp plus": Case(xmp=packet(plus__DataMining=f"{_PLUS}PROHIBITED-GENAIMLTRAINING")),
        "xmp plus constraint": Case(xmp=packet(plus__DataMining=f"{_PLUS}PROHIBITED-SEECONSTRAINT")),
        "xmp plus allowed": Case(xmp=packet(plus__DataMining=f"{_PLUS}ALLOWED", dc__rights="CC0")),
        "xmp noai": Case(xmp=packet(dc__subject="noimageai", dc__creator="Cy")),
        "xmp generated": Case(xmp=packet(Iptc4xmpExt__DigitalSourceType=f"{_SOURCE_TYPE}trainedAlgorithmicMedia")),
        "xmp drawn": Case(xmp=packet(Iptc4xmpExt__DigitalSourceType=f"{_SOURCE_TYPE}digitalCreation")),
        "xmp broken": Case(xmp=packet(dc__creator="Cy")[:-9], exif=exif(t315="Ed")),
        "xmp entities": Case(xmp=packet('<!DOCTYPE x [<!ENTITY a "ha">]>', dc__creator="Cy")),
        "xmp long": Case(kind="PNG", xmp=packet(dc__creator="Cy", dc__source="x" * 1_100_000)),
        "xmp png": Case(kind="PNG", xmp=packet(dc__creator="Cy", cc__license="CC0")),
        "xmp webp": Case(kind="WEBP", xmp=packet(dc__creator="Cy", dc__rights="CC0")),
        "xmp gif": Case(kind="GIF", xmp=packet(dc__creator="Cy", dc__rights="CC0")),
        "xmp tiff": Case(kind="TIFF", xmp=packet(dc__creator="Cy", dc__rights="CC0")),
        "xmp avif": Case(kind="AVIF", xmp=packet(dc__creator="Cy", dc__rights="CC0")),
        "iptc": Case(iptc=iptc(n80="Dé", n116="© Dé", n55="19990101")),
        "iptc no": Case(iptc=iptc(n25="noai")),
        "exif": Case(exif=exif(t315="Éd", t33432="CC BY-NC-ND 4.0")),
        "exif notice": Case(exif=exif(t315="Ed", t33432="© Ed")),
        "exif no": Case(exif=exif(t270="please, noai")),
        "png text": Case(kind="PNG", texts={"Author": "Flo", "Copyright": "CC0"}),
        "png settings": Case(kind="PNG", texts={"parameters": _SETTINGS}),
        "png nodes": Case(kind="PNG", texts={"prompt": '{"1": {"class_type": "KSampler"}}'}),
        "c2pa facts": Case(sign=lambda data: declared(data, {"stds.schema-org.CreativeWork": _WORK})),
        "c2pa generated": Case(kind="PNG", sign=lambda data: declared(data, made="TRAINED_ALGORITHMIC_MEDIA")),
        "c2pa edited": Case(kind="PNG", sign=edit),
        "c2pa no": Case(sign=no(cawg, "notAllowed")),
        "c2pa older no": Case(sign=no(c2pa, "notAllowed", "ai_training")),
        "c2pa constrained": Case(sign=no(cawg, "constrained", "data_mining")),
        "c2pa allowed": Case(sign=no(cawg, "allowed")),
        "c2pa broken": Case(sign=lambda data: changed(declared(data, {"stds.schema-org.CreativeWork": _WORK}))),
        "table and xmp": Case(
            row={"artist": "Ana", "license": "CC0"}, xmp=packet(dc__creator="Cy", dc__rights="CC BY 4.0")
        ),
        "xmp and exif": Case(xmp=packet(dc__creator="Cy Moe"), exif=exif(t315="Moe, Cy", t33432="© Moe")),
        "licence and notice": Case(row={"license": "© Ana"}, exif=exif(t33432="CC BY 4.0")),
        "reserved/all": Case(exif=exif(t33432="CC0")),
        "robots/all": Case(exif=exif(t33432="CC0")),
        "open/all": Case(exif=exif(t33432="CC0")),
    }  # fmt: skip


class Mixed:
    """A folder in which a licence and an opt-out are stated in every way there is; `cases` has that of each file."""

    copies = COPIES

    def __init__(self, folder: Path, declared: Callable[..., bytes]) -> None:
        self.folder = folder
        self.cases: dict[str, str] = {}
        self.rows: dict[str, list[dict[str, str]]] = {"": [], "more": []}
        for number, (name, case) in enumerate(cases(declared).items()):
            self._add(number, name, case)
        columns = list(dict.fromkeys(column for row in self.rows[""] for column in row))
        with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.rows[""])
        (folder / "more" / "metadata.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in self.rows["more"]))
        (folder / "reserved" / "tdmrep.json").write_text('[{"location": "/", "tdm-reservation": 1}]')
        (folder / "robots" / "robots.txt").write_text("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n")
        (folder / "open" / "robots.txt").write_text("User-agent: Googlebot\nDisallow: /\n")

    def _add(self, number: int, name: str, case: Case) -> None:
        inner, _, last = name.rpartition("/")
        (self.folder / inner).mkdir(parents=True, exist_ok=True)
        for copy in range(COPIES):
            path = self.folder / inner / f"{last} {copy}.{case.kind.lower()}"
            levels = np.random.default_rng([number, copy]).integers(0, 256, (5, 4, 3), dtype=np.uint8)
            path.write_bytes(case.encoded(Image.fromarray(levels).resize((32, 40))))
            if case.sidecar:
                path.with_suffix(".xmp").write_bytes(case.sidecar)
            if case.beside:
                path.with_suffix(".json").write_text(json.dumps(case.beside))
            if case.row:
                self.rows[inner].append({"file_name": path.name, **case.row})
            self.cases[path.relative_to(self.folder).as_posix()] = name


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory, declared: Callable[..., bytes]) -> Mixed:
    """Three hundred pictures."""
    return Mixed(tmp_path_factory.mktemp("mixed") / "art", declared)
