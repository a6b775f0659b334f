"""Whom to trust is said in certificates: signers by name, or all for whom an authority vouches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import SigningKey, make_signing_key, pem_of
from sfumato.provenance.trust import Trust

STRANGER = make_signing_key()


def test_signers_and_authorities_are_told_apart(tmp_path: Path, certified: Callable[..., SigningKey]) -> None:
    path, key = tmp_path / "trust.pem", certified(authorities=3)
    path.write_bytes(key.chain_pem)
    assert Trust.in_file(path) == Trust(key.authorities, key.chain[:1])
    path.write_bytes(pem_of(key.authorities[1:]))
    assert Trust.in_file(path) == Trust(key.authorities[1:], ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"nobody", "holds no certificate"),
        (None, r"cannot be read \(No such file"),
        ("leaf", "holds nobody who vouches"),
    ],
)
def test_whom_to_trust_has_to_be_said_in_certificates(tmp_path: Path, text: Any, reason: str) -> None:
    path = tmp_path / "trust.pem"
    if text is not None:
        path.write_bytes(pem_of(STRANGER.chain[:1]) if text == "leaf" else text)
    with pytest.raises(SfumatoError, match=rf"trust.pem: .*{reason}"):
        Trust.in_file(path)
