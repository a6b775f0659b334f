"""What a browser sends is seen at once, decoded elsewhere, and no file of it can harm the server."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from sfumato.studio.place import Place
from sfumato.studio.uploads import Upload


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_pictures_are_shown_and_what_stands_beside_them_is_kept(client: TestClient, place: Place) -> None:
    files = [
        ("files", ("1.png", encoded(Image.new("RGB", (300, 200), "red")))),
        ("files", ("broken.jpg", b"\xff\xd8\xff\xe0 and no more")),
        ("files", ("metadata.csv", b"file_name,title\n1.png,Red\n")),
        ("files", ("1.caption", b"red, of an edge")),
    ]
    answer = client.post(
        "/api/uploads", files=files, data={"paths": ["art/1.png", "art/broken.jpg", "metadata.csv", "art/1.caption"]}
    )
    assert answer.status_code == 201
    id = answer.json()["id"]
    red, broken, table, caption = answer.json()["files"]
    assert red == {"number": 0, "path": "art/1.png", "bytes": len(files[0][1][1]), "width": 300, "height": 200,
                   "thumbnail": f"/api/uploads/{id}/0/thumbnail", "error": None}  # fmt: skip
    assert broken["thumbnail"] is None and "truncated" in broken["error"]
    assert {(each["thumbnail"], each["error"]) for each in (table, caption)} == {(None, None)}
    more = client.post("/api/uploads", files=files[:1], data={"upload": id}).json()
    assert (more["id"], more["files"][0]["number"], more["files"][0]["path"]) == (id, 4, "1.png")
    assert len(Upload.open(place, id).listed()) == 5


def test_a_thumbnail_is_small_upright_and_not_sent_twice(client: TestClient) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the left side is up
    levels = np.zeros((40, 80, 3), np.uint8)
    levels[:, :40] = (255, 0, 0)
    data = encoded(Image.fromarray(levels).resize((800, 400), Image.Resampling.NEAREST), "JPEG", exif=turned)
    (file,) = client.post("/api/uploads", files=[("files", ("turned.jpg", data))]).json()["files"]
    assert (file["width"], file["height"]) == (400, 800)
    answer = client.get(file["thumbnail"])
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/webp", "private, no-cache")
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.size == (128, 256)
    assert shown.convert("RGB").getpixel((64, 20))[0] > 200, "the red half is on top"
    again = client.get(file["thumbnail"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    large = client.get(file["thumbnail"].replace("thumbnail", "picture"))
    assert Image.open(io.BytesIO(large.content)).size == (400, 800)


def png(width: int, height: int) -> bytes:
    """A few bytes that say that they are a picture of so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(min(width * height // 8, 3_000_000)), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data", [png(40_000, 40_000), png(2**31 - 1, 1), b"GIF89a\xff\xff\xff\xff", b"\xff\xd8\xff" * 9]
)
def test_a_picture_that_would_fill_the_memory_is_not_decoded(client: TestClient, data: bytes) -> None:
    answer = client.post("/api/uploads", files=[("files", ("bomb.png", data))])
    (file,) = answer.json()["files"]
    assert file["error"] and file["thumbnail"] is None
    for view in ("thumbnail", "picture"):
        shown = client.get(f"/api/uploads/{answer.json()['id']}/0/{view}")
        assert (shown.status_code, shown.json()["error"]["code"]) == (422, "unusable")


def test_a_zip_is_not_unpacked_by_the_server(client: TestClient, place: Place) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escaped.png", bytes(10_000_000))
    answer = client.post("/api/uploads", files=[("files", ("bomb.zip", packed.getvalue()))])
    upload = Upload.open(place, answer.json()["id"])
    assert [path.name for path in upload.files.rglob("*")] == ["bomb.zip"]
    assert not list(place.path.parent.rglob("escaped.png"))


def test_a_disk_without_room_is_said_before_anything_is_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfumato.studio.server.uploads._FREE_BYTES", 1 << 62)
    answer = client.post("/api/uploads", files=[("files", ("1.png", b"x"))])
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")
