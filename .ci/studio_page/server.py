"""A studio of its own: the real server on a temporary directory, which is gone with it afterwards."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Studio:
    """url: of the page; entry: the link that opens it once; directory: where files may be put beside the studio."""

    url: str
    entry: str
    directory: Path


@contextmanager
def studio() -> Iterator[Studio]:
    with tempfile.TemporaryDirectory(prefix="sfumato-page-") as directory:
        here = Path(directory)
        own = {f"SFUMATO_{name}": str(here / name.lower()) for name in ("KEYS", "STATE", "STUDIO")}
        command = [sys.executable, "-m", "sfumato", "studio", "--port", "0", "--no-browser"]
        process = subprocess.Popen(
            command, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            entry = _entry(process)
            yield Studio(entry.partition("/enter")[0], entry, here)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _entry(process: subprocess.Popen[str]) -> str:
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http\S+/enter\?key=\S+", line):
            return found[0]
    raise SystemExit("the studio did not open:\n" + "".join(said))
