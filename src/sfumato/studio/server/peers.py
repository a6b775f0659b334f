"""Which person of this machine is at the other end of a connection over loopback."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path
from typing import Final

_TABLES: Final = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_LOCAL, _UID = 1, 7  # columns, see proc_net_tcp.rst of the kernel


def user_of(address: str, port: int) -> int | None:
    """The number of the user whose program speaks from there; None where the system does not say so (Linux alone
    does)."""
    try:
        ip = ipaddress.ip_address(address)
        lines = _TABLES[ip.version].read_text("ascii").splitlines()[1:]
    except (OSError, ValueError):
        return None
    # Each four bytes of an address are a number in the machine's own order.
    words = struct.unpack(f"={len(ip.packed) // 4}I", ip.packed)
    wanted = f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"
    for line in lines:
        fields = line.split()
        if len(fields) > _UID and fields[_LOCAL] == wanted:
            return int(fields[_UID])
    return None
