"""What whoever starts the server decides: where it listens, who may speak to it, and how much they may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sfumato.errors import SfumatoError

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
PORT: Final = 8411
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may send and ask.

    upload_bytes: of one request with files; body_bytes: of any other; api_body_bytes: of those to /v1 and /sdapi, which
    carry pictures; files: of one request; idle_seconds: until the next part of a body has to be there, and until the
    reader has taken the next part of an answer; body_seconds: for the whole of a body, unless it keeps to
    least_bytes_per_second; requests_per_second and burst: of a client, on average and at once; at_once: requests of a
    client that are not answered yet; strangers_per_minute: refused tokens and keys of one address; most_waiting: jobs
    in the queue, of which programs fill four fifths at most.
    """

    upload_bytes: int = 8192 * _MIB
    body_bytes: int = 1 * _MIB
    api_body_bytes: int = 64 * _MIB
    files: int = 500
    idle_seconds: float = 20
    body_seconds: float = 60
    least_bytes_per_second: int = 10_000
    requests_per_second: float = 200
    burst: int = 1000
    at_once: int = 200
    strangers_per_minute: int = 30
    most_waiting: int = 1000

    def waiting_for(self, *, owner: bool) -> int:
        """How many jobs may wait before the owner, or a program, cannot add another."""
        return self.most_waiting if owner else self.most_waiting * 4 // 5


@dataclass(frozen=True, slots=True)
class Settings:
    """host, port: where it listens; hosts: names by which others may call it, beside loopback's; roots: folders on this
    machine whose files may be named; aliases: other names of models, for programs that know one alone, such as
    'gpt-image-1', each with the id or the name of ours."""

    host: str = LOOPBACK[0]
    port: int = PORT
    hosts: tuple[str, ...] = ()
    roots: tuple[Path, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Raises SfumatoError for what nobody could reach, and for roots that are no folders."""
        if not 0 <= self.port < 1 << 16:
            raise SfumatoError(f"--port {self.port}: a port is a number from 0 to {(1 << 16) - 1}; choose another")
        if not self.is_local and not self.hosts:
            raise SfumatoError(
                f"--host {self.host}: others will reach the studio by a name or an address; say which with "
                "--allow-host, as in --allow-host studio.example (only requests that name it are answered)"
            )
        for name in self.hosts:
            if not name or any(letter in name for letter in "/@ *,"):
                raise SfumatoError(f"--allow-host {name}: give one name or address, without http:// and without *")
        for root in self.roots:
            if not root.is_dir():
                raise SfumatoError(f"--root {root}: there is no such folder; give one that is there")

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine reach it."""
        return self.host in LOOPBACK

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """All names in requests that are answered, in small letters, without a port; IPv6 without brackets."""
        return frozenset(name.lower().strip("[]") for name in (*LOOPBACK, *self.hosts))

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies are shared by all ports of a host, so that each studio has its own."""
        return f"sfumato-{self.port}"
