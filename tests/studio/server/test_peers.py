"""A connection of this machine tells whose it is, where the system says so."""

import os
import socket
import sys

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sfumato.studio.server import guard
from sfumato.studio.server.peers import user_of
from sfumato.studio.server.services import Services


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_of_mine_is_mine(family: socket.AddressFamily, address: str) -> None:
    try:
        listener = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"{address} is not there")
    with listener, socket.socket(family) as caller:
        caller.connect(listener.getsockname())
        host, port = caller.getsockname()[:2]
        accepted, _ = listener.accept()
        accepted.close()
        assert user_of(host, port) == os.getuid()


@pytest.mark.parametrize("address", ["testclient", "", "127.0.0.1", "::1", "203.0.113.9"])
def test_of_others_nothing_is_known(address: str) -> None:
    assert user_of(address, 1) is None


def test_a_link_that_another_user_has_seen_opens_nothing_for_them(
    app: FastAPI, services: Services, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = services.tokens.new_key()
    other = TestClient(app, base_url=str(client.base_url))
    monkeypatch.setattr(guard, "user_of", lambda *_: os.getuid() + 1)
    answer = other.get(f"/enter?key={key}", follow_redirects=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "another_user")
    monkeypatch.setattr(guard, "user_of", lambda *_: os.getuid())
    assert other.get(f"/enter?key={key}", follow_redirects=False).status_code == 303, "and it is not used up"
