"""A key is made once, read by its owner alone, and never lost; what stands in its way is said in one sentence."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import SigningKey, make_signing_key, pem_of
from sfumato.provenance.keys import import_key, importable_key, keys_directory, own_key, own_keys, read_key, usable

Certified = Callable[..., SigningKey]
posix = pytest.mark.skipif(os.name == "nt", reason="rights are kept otherwise there")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(keys: Path, text: bytes, rights: int = 0o600, name: str = "signing.pem") -> Path:
    keys.mkdir(mode=0o700, exist_ok=True)
    path = keys / name
    path.write_bytes(text)
    path.chmod(rights)
    return path


def test_keys_lie_where_the_person_says_or_else_in_their_own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_KEYS", "/a/keys")
    assert keys_directory() == Path("/a/keys")
    monkeypatch.delenv("SFUMATO_KEYS")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert keys_directory() == Path("/data/sfumato/keys")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    for elsewhere in ("", "relative/data"):
        monkeypatch.setenv("XDG_DATA_HOME", elsewhere)
        assert keys_directory() == Path("/home/ada/.local/share/sfumato/keys")


def test_without_a_home_a_place_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.delenv("SFUMATO_KEYS")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(SfumatoError, match="no home here to keep a signing key in; name a directory for it"):
        own_key()


@posix
def test_the_home_of_nobody_is_no_place_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_KEYS", "~nobody-of-this-name/keys")
    with pytest.raises(SfumatoError, match=r"SFUMATO_KEYS: ~nobody.*there is no such user here"):
        own_key()
    with pytest.raises(SfumatoError, match=r"SFUMATO_KEYS: ~nobody.*there is no such user here"):
        list(own_keys())


@posix
def test_where_a_link_leads_nowhere_no_key_is_kept_and_none_is_said_to_be(keys: Path) -> None:
    keys.mkdir(mode=0o700)
    (keys / "signing.pem").symlink_to("nowhere")
    for keep in (own_key, lambda: import_key(make_signing_key())):
        with pytest.raises(SfumatoError, match=r"signing.pem: .*cannot be kept there \(a link there leads nowhere\)"):
            keep()
    assert [path.name for path in keys.iterdir()] == ["signing.pem"]


def test_a_key_without_who_vouches_for_it_signs_nothing(keys: Path) -> None:
    whole = make_signing_key()
    put(keys, whole.private_key + pem_of(whole.chain[:1]))
    with pytest.raises(SfumatoError, match=r"signing.pem: holds the certificate of .* alone; put that of its issuer"):
        own_key()


@posix
def test_a_key_is_made_when_it_is_needed_for_its_owner_alone(keys: Path) -> None:
    assert list(own_keys()) == []
    assert not keys.exists(), "looking makes none"
    before = os.umask(0)
    try:
        key = own_key()
    finally:
        os.umask(before)
    assert [(path.name, mode(path)) for path in keys.iterdir()] == [("signing.pem", 0o600)]
    assert mode(keys) == 0o700
    assert own_key() == key
    assert list(own_keys()) == [key]


def test_threads_that_make_it_at_once_have_the_same_one(keys: Path) -> None:
    found: list[str] = []
    threads = [Thread(target=lambda: found.append(own_key().fingerprint)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in keys.iterdir()] == ["signing.pem"]


def test_processes_that_make_it_at_once_have_the_same_one(keys: Path) -> None:
    program = "from sfumato.provenance.keys import own_key; print(own_key().fingerprint)"
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = {process.communicate(timeout=60)[0].strip() for process in running}
    assert found == {own_key().fingerprint}


@pytest.mark.parametrize("fault", [errno.EPERM, errno.EOPNOTSUPP])
def test_where_files_cannot_be_linked_a_key_is_made_all_the_same(
    keys: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def link(*arguments: object, **options: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "link", link)
    key = own_key()
    assert own_key() == key
    assert [path.name for path in keys.iterdir()] == ["signing.pem"]


@posix
@pytest.mark.parametrize("rights", [0o644, 0o640, 0o602, 0o666])
def test_a_key_that_others_may_read_or_change_signs_nothing(keys: Path, rights: int) -> None:
    path = put(keys, make_signing_key().to_pem(), rights)
    with pytest.raises(SfumatoError, match=rf"signing.pem: others may .* \(mode {rights:o}\); .*chmod 600"):
        own_key()
    with pytest.raises(SfumatoError, match="others may"):
        list(own_keys())
    path.chmod(0o600)
    own_key()


@posix
def test_a_key_of_another_user_signs_nothing(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_key()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SfumatoError, match="belongs to another user; name a place of your own in SFUMATO_KEYS"):
        own_key()


@posix
def test_a_directory_in_which_others_may_put_a_key_gets_none(keys: Path) -> None:
    keys.mkdir()
    keys.chmod(0o777)
    with pytest.raises(SfumatoError, match=r"others may change what lies there \(mode 777\)"):
        own_key()
    assert list(keys.iterdir()) == []


def test_what_is_no_key_is_left_as_it_is(keys: Path) -> None:
    path = put(keys, b"my notes\n")
    with pytest.raises(SfumatoError, match=r"signing.pem: holds no certificate"):
        own_key()
    assert path.read_bytes() == b"my notes\n"


@posix
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a directory", "a pipe"])
def test_what_is_no_file_is_not_waited_for(keys: Path, make: Callable[[Path], None]) -> None:
    keys.mkdir()
    make(keys / "signing.pem")
    with pytest.raises(SfumatoError, match="the signing key cannot be read"):
        own_key()


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ((-10, -1), r"'Ada' ran out on \d{4}-\d\d-\d\d, so nothing more .*'sfumato key import'"),
        ((1, 10), r"'Ada' begins on \d{4}-\d\d-\d\d, which is to come; is the clock of this computer right"),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_key_out_of_its_lifetime_says_so(
    keys: Path, certified: Certified, days: tuple[int, int], reason: str
) -> None:
    put(keys, certified(days=days).to_pem())
    with pytest.raises(SfumatoError, match=reason):
        own_key()


def test_a_key_for_another_purpose_says_so(keys: Path, certified: Certified) -> None:
    put(keys, certified("1.3.6.1.5.5.7.3.1").to_pem())
    with pytest.raises(SfumatoError, match="is not for signing; it needs the key usage 'digital signature'"):
        own_key()


def test_a_clock_that_is_an_hour_slow_hinders_nobody() -> None:
    key = make_signing_key()
    assert usable(key, "file", datetime.now(UTC) - timedelta(hours=1)) is key


@pytest.mark.parametrize("fault", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_place_where_nothing_can_be_kept_is_named(keys: Path, monkeypatch: pytest.MonkeyPatch, fault: int) -> None:
    real = os.open

    def fail(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(fault, os.strerror(fault), str(path))
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(SfumatoError, match=r"cannot be kept there \(.+\); name another place in SFUMATO_KEYS"):
        own_key()
    assert list(keys.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_half_written(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SfumatoError, match=r"\(the disk is full\)"):
        own_key()
    assert list(keys.iterdir()) == []


def test_a_key_of_ones_own_takes_over_and_the_one_before_still_counts(keys: Path, certified: Certified) -> None:
    first, second = own_key(), certified(authorities=2)
    path = import_key(importable_key(second.to_pem(), "ada.pem"))
    assert read_key(path) == own_key() == second
    assert list(own_keys()) == [second, first]
    import_key(second)
    import_key(first)
    assert own_key() == first
    assert set(own_keys()) == {first, second}
    if os.name != "nt":
        assert {mode(path) for path in keys.iterdir()} == {0o600}


def test_a_key_of_ones_own_may_be_the_first(keys: Path, certified: Certified) -> None:
    key = certified()
    import_key(key)
    assert own_key() == key


def test_what_would_not_sign_is_not_taken_over(keys: Path, certified: Certified) -> None:
    key = own_key()
    alone = certified()
    for text, reason in (
        (b"nonsense", "^ada.pem: holds no certificate"),
        (certified(days=(-10, -1)).to_pem(), "^ada.pem: .*ran out on"),
        (certified(None).to_pem(), "^ada.pem: .*is not for signing"),
        (alone.private_key + alone.to_pem().split(b"-----BEGIN CERTIFICATE")[0], "holds no certificate"),
        (alone.to_pem().rpartition(b"-----BEGIN CERTIFICATE")[0], "put that of its issuer, 'Authority 0', after it"),
    ):
        with pytest.raises(SfumatoError, match=reason):
            importable_key(text, "ada.pem")
    assert list(own_keys()) == [key]
