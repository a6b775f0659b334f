"""What would leave the server open or out of reach is said before it starts."""

from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.studio.server.settings import Limits, Settings


def test_it_listens_to_this_machine_alone_unless_somebody_says_otherwise() -> None:
    settings = Settings()
    assert (settings.host, settings.is_local) == ("127.0.0.1", True)
    assert settings.allowed_hosts == {"127.0.0.1", "localhost", "::1"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.10"])
def test_another_address_needs_the_names_by_which_it_is_called(host: str) -> None:
    with pytest.raises(SfumatoError, match="--allow-host"):
        Settings(host=host)
    assert "studio.example" in Settings(host=host, hosts=("Studio.Example",)).allowed_hosts


@pytest.mark.parametrize("name", ["", "*", "*.example", "http://studio.example", "a@b", "a,b", "studio.example/"])
def test_a_name_is_one_name(name: str) -> None:
    with pytest.raises(SfumatoError, match="without http"):
        Settings(hosts=(name,))


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_is_a_port(port: int) -> None:
    with pytest.raises(SfumatoError, match="--port"):
        Settings(port=port)


def test_a_root_is_a_folder_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="no such folder"):
        Settings(roots=(tmp_path / "none",))
    assert Settings(roots=(tmp_path,)).roots == (tmp_path,)


def test_programs_leave_some_of_the_queue_to_the_owner() -> None:
    limits = Limits(most_waiting=10)
    assert (limits.waiting_for(owner=True), limits.waiting_for(owner=False)) == (10, 8)
