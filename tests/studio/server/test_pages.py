"""The page is served whole, and a browser may run nothing that is not the package's own."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from sfumato.studio.server.pages import content_policy, page_files


def test_the_page_has_a_policy_by_which_its_import_map_is_known(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    (inline,) = re.findall(r"<script type=\"importmap\">(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy and "http" not in policy
    for part in ("default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"):
        assert part in policy


def test_only_inline_scripts_are_known_by_their_digests() -> None:
    policy = content_policy('<script src="/a.js"></script><script type="importmap">{}</script><script>x</script>')
    digests = [base64.b64encode(hashlib.sha256(each).digest()).decode() for each in (b"{}", b"x")]
    assert re.findall("'sha256-(.*?)'", policy) == digests


def test_every_file_of_the_page_is_served_as_what_it_is(client: TestClient) -> None:
    files = page_files()
    assert {"/", "/app.js", "/style.css"} <= files.keys()
    for path, file in files.items():
        answer = client.get(path, headers={"Accept-Encoding": "identity"})
        assert (answer.content, answer.headers["content-type"]) == (file.data, file.media_type), path
        assert client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_text_is_packed_where_the_browser_can_unpack_it(client: TestClient) -> None:
    with client.stream("GET", "/style.css", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed) == page_files()["/style.css"].data and len(packed) < 20_000


def test_only_files_of_known_kinds_belong_to_the_page(tmp_path: Path) -> None:
    for name in ("index.html", "a.js", ".hidden.js", "a.py", "a.js.map", "noending"):
        (tmp_path / name).write_text("x")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.css").write_text("x")
    assert page_files(tmp_path).keys() == {"/", "/a.js", "/parts/b.css"}


@pytest.mark.parametrize("path", ["/none.js", "/parts", "/parts/", "/index.html/", "/../app.py", "/__init__.py"])
def test_there_is_nothing_else(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)
