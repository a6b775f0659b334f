"""Requests made up from the OpenAPI of the studio, right and wrong ones, against a server that listens: none may find a
fault of the program, and none may hang.

    python .ci/studio_api.py [--examples 10] [--full] [--seed 0] [--only REGEX]

Jobs are taken and failed at once: what they do is no matter of this, and requests that wait for their works get on.
"""

import argparse
import contextlib
import io
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from PIL import Image

from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import LANES
from sfumato.studio.place import Place
from sfumato.studio.server.app import create_app
from sfumato.studio.server.serving import listening, server_of
from sfumato.studio.server.settings import Limits, Settings
from sfumato.studio.uploads import Upload

# A stream without end; it is looked at by itself.
STREAM = "/api/events"
UNLIMITED = Limits(requests_per_second=1e6, burst=10**6, at_once=10**4, strangers_per_minute=10**6)
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance,ignored_auth"


@contextlib.contextmanager
def studio(folder: Path) -> Iterator[tuple[str, str]]:
    """A studio that listens: its address, and the owner's token."""
    place = Place(folder / "studio")
    with contextlib.closing(Database.open(place)) as database:
        listener, settings = listening(Settings(port=0, limits=UNLIMITED))
        app = create_app(place, database, settings)
        app.openapi()  # which takes a while, once
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
        picture.seek(0)
        Upload.begin(place).add([(picture, "art/teal.png")])
        server, ends = server_of(app), threading.Event()
        threads = [
            threading.Thread(target=server.run, args=([listener],)),
            threading.Thread(target=fail, args=(database, ends)),
        ]
        for thread in threads:
            thread.start()
        while not server.started:
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{settings.port}", app.state.services.tokens.owner
        finally:
            ends.set()
            server.should_exit = True
            app.state.services.following.close()
            for thread in threads:
                thread.join()
            listener.close()


def fail(database: Database, ends: threading.Event) -> None:
    """Take every job, and fail it."""
    queue = Queue(database)
    while not ends.wait(0.02):
        for lane in dict.fromkeys(LANES.values()):
            while (claim := queue.claim(lane, "nobody")) is not None:
                claim.fail("nobody works here")


def look_at_stream(address: str, token: str) -> None:
    """The endless stream begins at once, goes on, and ends when its listener goes."""
    headers = {"Authorization": f"Bearer {token}"}
    for query in ("", "?after=0", "?after=9007199254740991", "?after=0&job=1"):
        with httpx.stream("GET", f"{address}{STREAM}{query}", headers=headers, timeout=5) as answer:
            assert answer.status_code in (200, 404), (query, answer.status_code)
            assert next(answer.iter_raw()), query
    for query in ("?after=-1", "?after=x", "?job=0", f"?after={2**53}"):
        answer = httpx.get(f"{address}{STREAM}{query}", headers=headers, timeout=5)
        assert answer.status_code == 422, (query, answer.status_code)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10, help="of each operation")
    parser.add_argument(
        "--full", action="store_true", help="every border of every field too: some ten thousand requests"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="operations whose path this pattern finds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, studio(Path(temporary)) as (address, token):
        look_at_stream(address, token)
        command = [
            "schemathesis", "run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {token}",
            "--exclude-path", STREAM, "--checks", CHECKS, "--phases", f"examples,{'coverage,' * arguments.full}fuzzing",
            "--max-examples", str(arguments.examples), "--seed", str(arguments.seed), "--request-timeout", "20",
            "--workers", "2", "--no-shrink", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
            *(["--include-path-regex", arguments.only] if arguments.only else []),
        ]  # fmt: skip
        return subprocess.run(command, cwd=temporary).returncode


if __name__ == "__main__":
    sys.exit(main())
