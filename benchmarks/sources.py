"""How long it takes to ask pictures where they come from: pictures with XMP, IPTC and EXIF and a table of them are made
and collected, by this version and by another one.

    python benchmarks/sources.py --pictures 100000 --against /a/worktree/of/main

A picture is a few soft patches, which decode faster than any art; with --detail 64 it has as many bytes a pixel as art
from museums. Of more than 4,000 pictures many show the same, and no two files are equal.

Prints seconds of each and of the processors, their ratios, the most memory that collecting took (without its decoding
processes), and the seconds of a second run. The versions take turns; the median of their ratios counts.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" \
xmpRights:WebStatement="https://creativecommons.org/licenses/by/4.0/"><dc:creator><rdf:Seq>\
<rdf:li>Artist {artist}</rdf:li></rdf:Seq></dc:creator>\
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Title {number}</rdf:li></rdf:Alt></dc:title>\
</rdf:Description></rdf:RDF></x:xmpmeta>{padding}<?xpacket end="w"?>"""
MOST_DISTINCT = 4000
COLLECTING = """
import json, resource, sys, time
from sfumato.collection import Collection, collect
began = time.perf_counter()
for event in collect(sys.argv[1], sys.argv[2]):
    pass
seconds = time.perf_counter() - began
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
own, decoding = (each.ru_utime + each.ru_stime for each in used)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "CPU": own + decoding, "own": own, "MB": memory}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--detail", type=int, default=8, help="patches along a side")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--against", type=Path, help="the root of another version's source tree")
    asked = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as place:
        art = Path(place, "art")
        make(art, asked.pictures, asked.side, asked.detail)
        ratios: dict[str, list[float]] = {"seconds": [], "CPU": []}
        for _ in range(asked.turns):
            found = {}
            for version in filter(None, (asked.against, here)):
                out = Path(place, "collection")
                shutil.rmtree(out, ignore_errors=True)
                first, again = collect(version, art, out), collect(version, art, out)
                said = f"{first['seconds']:.1f} s, of the CPU {first['CPU']:.1f} s (not decoding: {first['own']:.1f} s)"
                print(f"{version}: {said}, {first['MB']:.0f} MB; again {again['seconds']:.1f} s", flush=True)
                found[version] = first
            if asked.against:
                for name, values in ratios.items():
                    values.append(found[here][name] / found[asked.against][name])
        if asked.against:
            said = ", ".join(f"{median(values):.3f} of the {name}" for name, values in ratios.items())
            print(f"median ratio {said}; {asked.pictures:,} pictures of {asked.side} px, {asked.turns} turns")


def make(folder: Path, count: int, side: int, detail: int = 8) -> None:
    """JPEGs in a hundred folders; every one with XMP and EXIF, every third with IPTC too, and a table."""
    generator = np.random.default_rng(0)
    rows = ["file_name,artist,license"]
    plain: list[bytes] = []
    for number in range(count):
        if len(plain) < MOST_DISTINCT:
            levels = generator.integers(0, 256, (detail, detail, 3), dtype=np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(levels).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
            plain.append(buffer.getvalue())
        data = plain[number % MOST_DISTINCT]
        exif = Image.Exif()
        exif.update({315: f"Artist {number % 97}".encode(), 33432: "© Museum".encode()})
        packet = PACKET.format(artist=number % 97, number=number, padding=" " * 2000).encode()
        said = app1(b"Exif\x00\x00" + exif.tobytes().removeprefix(b"Exif\x00\x00"))
        said += app1(b"http://ns.adobe.com/xap/1.0/\x00" + packet)
        if number % 3 == 0:
            said += iptc((80, b"Artist %d" % (number % 97)), (116, b"CC BY 4.0"))
        inner = folder / f"{number % 100:02}"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f"{number:06}.jpg").write_bytes(data[:2] + said + data[2:])
        rows.append(f"{inner.name}/{number:06}.jpg,Artist {number % 97},CC-BY-4.0")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def app1(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def iptc(*sets: tuple[int, bytes]) -> bytes:
    block = b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value for number, value in sets)
    block += bytes(len(block) % 2)
    block = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(block)) + block
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


def collect(version: Path, art: Path, out: Path) -> dict[str, float]:
    environment = os.environ | {"PYTHONPATH": str(version / "src")}
    command = [sys.executable, "-c", COLLECTING, str(art), str(out)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
