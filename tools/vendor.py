"""Fetches the studio page's libraries and fonts from npm's registry, by name and version, into the package.

    python tools/vendor.py            fetches what LIBRARIES names, and writes vendor.json
    python tools/vendor.py --check    compares the files in the package with the registry's, and writes nothing

Each package is checked against the registry's own digest (`integrity`, SHA-512) and its licence against the one that
is expected here. vendor.json says of each file where it came from and its SHA-256, which
tests/studio/page/test_vendor.py compares without a network.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import shutil
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "src" / "sfumato" / "studio" / "page"
REGISTRY = "https://registry.npmjs.org"


@dataclass(frozen=True)
class Library:
    """files: what is taken from the package, and its name below vendor/ or fonts/ of the page."""

    name: str
    version: str
    licence: str
    files: dict[str, str]


LIBRARIES = (
    Library(
        "preact",
        "11.2.0",
        "MIT",
        {
            "dist/preact.mjs": "vendor/preact/preact.js",
            "hooks/dist/hooks.mjs": "vendor/preact/hooks.js",
            "LICENSE": "vendor/preact/LICENSE",
        },
    ),
    Library(
        "@preact/signals-core",
        "1.14.5",
        "MIT",
        {"dist/signals-core.mjs": "vendor/signals/signals-core.js"},
    ),
    Library(
        "@preact/signals",
        "2.11.4",
        "MIT",
        {"dist/signals.mjs": "vendor/signals/signals.js", "LICENSE": "vendor/signals/LICENSE"},
    ),
    # Not preact/standalone.mjs: that holds Preact 10.
    Library("htm", "3.1.1", "Apache-2.0", {"dist/htm.mjs": "vendor/htm/htm.js", "LICENSE": "vendor/htm/LICENSE"}),
    Library(
        "uplot",
        "1.6.32",
        "MIT",
        {
            "dist/uPlot.esm.js": "vendor/uplot/uPlot.esm.js",
            "dist/uPlot.min.css": "vendor/uplot/uPlot.min.css",
            "LICENSE": "vendor/uplot/LICENSE",
        },
    ),
    Library(
        "perfect-freehand",
        "1.2.3",
        "MIT",
        {
            "dist/esm/index.mjs": "vendor/perfect-freehand/index.js",
            "LICENSE": "vendor/perfect-freehand/LICENSE",
        },
    ),
    Library(
        "@panzoom/panzoom",
        "4.6.2",
        "MIT",
        {"dist/panzoom.es.js": "vendor/panzoom/panzoom.es.js", "MIT-License.txt": "vendor/panzoom/LICENSE"},
    ),
    Library(
        "@fontsource-variable/noto-sans-thai",
        "5.3.0",
        "OFL-1.1",
        {
            "files/noto-sans-thai-thai-wght-normal.woff2": "fonts/NotoSansThai.woff2",
            "LICENSE": "fonts/LICENSE",
        },
    ),
)


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def package_of(library: Library) -> tuple[dict[str, bytes], str]:
    """The files of a package, by their names in it, and the registry's digest of the whole. Raises SystemExit where
    the package is not what the registry or this list says."""
    record: dict[str, Any] = json.loads(fetched(f"{REGISTRY}/{library.name}/{library.version}"))
    if record["license"] != library.licence:
        raise SystemExit(f"{library.name}: licensed as {record['license']}, not {library.licence}")
    content = fetched(record["dist"]["tarball"])
    integrity: str = record["dist"]["integrity"]
    if integrity != "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode():
        raise SystemExit(f"{library.name}: not the bytes that the registry promises")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = {member.name.partition("/")[2]: member for member in archive.getmembers() if member.isfile()}
        files = {}
        for name in library.files:
            opened = archive.extractfile(members[name])
            assert opened is not None
            files[name] = opened.read()
    return files, integrity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    if not check:
        for name in ("vendor", "fonts"):
            shutil.rmtree(PAGE / name, ignore_errors=True)
    listed = []
    for library in LIBRARIES:
        files, integrity = package_of(library)
        for name, target in library.files.items():
            path = PAGE / target
            if check:
                if path.read_bytes() != files[name]:
                    raise SystemExit(f"{target} is not {name} of {library.name} {library.version}")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[name])
        listed.append(
            {
                "name": library.name,
                "version": library.version,
                "licence": library.licence,
                "integrity": integrity,
                "files": {
                    target: {"from": name, "sha256": hashlib.sha256(files[name]).hexdigest()}
                    for name, target in library.files.items()
                },
            }
        )
    if not check:
        (PAGE / "vendor.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
