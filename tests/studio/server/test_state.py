"""One answer holds all that the page needs when it is loaded."""

import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

import sfumato
from sfumato.studio.server.services import Services


def test_the_page_is_told_all_at_once_and_from_which_event_on_to_listen(client: TestClient, services: Services) -> None:
    ended = [client.post("/api/jobs", json={"kind": "generate", "model": "waves"}).json()["id"] for _ in range(40)]
    for id in ended:
        services.queue.control(id, "cancel")
    waiting = client.post("/api/jobs", json={"kind": "generate", "model": "waves"}).json()
    state = client.get("/api/state").json()
    assert (state["version"], state["seq"]) == (sfumato.__version__, services.journal.last())
    assert state["jobs"][0] == waiting
    assert [job["id"] for job in state["jobs"][1:]] == ended[:9:-1], "and the last thirty that are over"
    assert (state["collections"], state["models"], state["trainings"], state["roots"]) == ([], [], [], [])
    assert state["limits"]["files"] == 500


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("th-TH,th;q=0.9,en;q=0.8", "th"), ("de-DE,de,en;q=0.5,th;q=0.3", "en"), ("", "en"), ("fr", "en"), ("TH", "th")],
)
def test_the_page_speaks_the_browsers_language(client: TestClient, accepted: str, language: str) -> None:
    assert client.get("/api/state", headers={"Accept-Language": accepted}).json()["language"] == language


def test_the_server_knows_no_torch() -> None:
    """So that it answers in a moment after it was started, and while the machine trains."""
    program = (
        "import sys\n"
        "import sfumato.cli.studio, sfumato.studio.server.app as app, sfumato.studio.server.serving\n"
        "import sfumato.studio.workers.supervisor, sfumato.studio.server.exposure\n"
        "from importlib import import_module\n"
        "for name in app.ROUTERS: import_module(f'sfumato.studio.server.{name}')\n"
        "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
