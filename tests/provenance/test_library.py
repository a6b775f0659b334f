"""The C2PA library is loaded from where it was installed, and asks nobody anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.provenance import library
from sfumato.provenance.certificates import make_signing_key, pem_of
from sfumato.provenance.library import context, media_type


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp41", "video/mp4"),
        (b"BM", None),
        (b"", None),
        (b"a text", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(data: bytes, kind: str | None) -> None:
    assert media_type(data) == kind


def test_it_is_not_loaded_from_the_directory_one_stands_in(tmp_path: Path) -> None:
    for name in ("libc2pa_c.so", "libc2pa_c.dylib", "c2pa_c.dll"):
        (tmp_path / name).write_text("somebody else's")
    program = (
        "import os; from sfumato.provenance.library import c2pa; c2pa().sdk_version(); "
        "assert 'C2PA_LIBRARY_NAME' not in os.environ"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)


def test_threads_that_load_it_at_once_all_have_it_whole() -> None:
    program = (
        "import sys, time; from concurrent.futures import ThreadPoolExecutor; "
        "from sfumato.provenance.library import c2pa; sys.setswitchinterval(1e-5); "
        "later = lambda n: (time.sleep(n / 50), hasattr(c2pa(), 'C2paError'))[1]; "
        "print(all(ThreadPoolExecutor(16).map(later, range(16))))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True"


def test_a_context_is_made_once_for_those_whom_one_trusts_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_contexts", {})
    assert context(b"") is context(b"")
    for _ in range(12):
        context(pem_of(make_signing_key().authorities))
    assert 0 < len(library._contexts) <= 8


def test_importing_the_room_loads_neither_the_library_nor_cryptography() -> None:
    program = (
        "import sys, sfumato.provenance.verification, sfumato.provenance.credentials; "
        "print([name for name in ('c2pa', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
