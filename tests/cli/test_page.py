"""What the program's pages share: they fetch nothing, trust no text from outside, and show pixels as they are."""

import base64
import io

import pytest
from PIL import Image, PngImagePlugin

from sfumato.cli.page import (
    HANGING_SIZE,
    commands_list,
    data_uri,
    document,
    facts_list,
    hung,
    picture,
    png,
    room,
    strip_on_plinth,
    wall,
)

EVIL = "<script>alert('\"&{x}')</script>"


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition("base64,")[2].partition('"')[0])))


def test_a_document_forbids_itself_to_fetch_or_run_anything() -> None:
    html = document("A title", header="<h1>Hello</h1>", rooms=["<p>one</p>", "<p>two</p>"], footer="<p>end</p>\n")
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert "<title>A title</title>" in html
    assert html.index("<h1>Hello</h1>") < html.index("<p>one</p>\n<p>two</p>") < html.index("<footer><p>end</p>")
    assert "url(" not in html and "@import" not in html and "http" not in html.replace("http-equiv", "")


def test_a_document_has_the_shared_style_and_then_its_own() -> None:
    html = document("", header="", rooms=[], footer="", style=".mine { color: red; }")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "prefers-color-scheme: dark" in style and "@media print" in style
    assert style.endswith(".mine { color: red; }")


def test_text_from_outside_is_only_text() -> None:
    parts = [
        document(EVIL, header="", rooms=[], footer=""),
        facts_list({EVIL: EVIL}),
        commands_list([(EVIL, "note")]),
        picture("data:,", (1, 1), EVIL, ""),
        wall([Image.new("RGB", (4, 4))], EVIL),
        strip_on_plinth(Image.new("RGB", (4, 4)), EVIL),
    ]
    for html in parts:
        assert "<script" not in html
        assert "&lt;script&gt;alert(&#x27;&quot;&amp;{x}&#x27;)&lt;/script&gt;" in html


def test_a_room_names_its_section() -> None:
    html = room(3, "Works", "Some <b>text</b>", "<p>content</p>")
    assert 'aria-labelledby="room-3"' in html and '<h2 id="room-3">Works</h2>' in html
    assert "Room 3" in html and "<p>Some <b>text</b></p>\n<p>content</p>" in html


def test_facts_and_commands_keep_their_order() -> None:
    assert facts_list({"b": "1", "a": "2"}) == "<dl>\n<dt>b</dt><dd>1</dd>\n<dt>a</dt><dd>2</dd>\n</dl>"
    steps = commands_list([("first", "one"), ("second", "<code>two</code>")])
    assert steps == "<ol><li><pre>first</pre>one</li>\n<li><pre>second</pre><code>two</code></li></ol>"


def test_a_wall_counts_its_pictures() -> None:
    html = wall([Image.new("RGB", (4, 4), (n, n, n)) for n in range(3)], "a square", "wall real")
    assert html.startswith('<div class="wall real">')
    assert [f'alt="a square, {n} of 3"' in html for n in (1, 2, 3)] == [True] * 3


@pytest.mark.parametrize(("side", "shown"), [(32, 128), (48, 96), (64, 128), (100, 100)])
def test_a_small_picture_hangs_at_a_whole_multiple_with_its_own_pixels(side: int, shown: int) -> None:
    image = Image.effect_noise((side, side), 50).convert("RGB")
    html = hung(image, "noise")
    assert f'width="{shown}" height="{shown}"' in html
    assert ('class="small"' in html) == (shown > side)
    assert decoded(html).tobytes() == image.tobytes()


def test_a_large_picture_keeps_its_shape_and_twice_the_pixels_at_which_it_hangs() -> None:
    html = hung(Image.new("RGB", (1000, 500)), "wide")
    assert f'width="{HANGING_SIZE}" height="{HANGING_SIZE // 2}"' in html and "class" not in html
    assert decoded(html).size == (2 * HANGING_SIZE, HANGING_SIZE)
    assert 'width="60" height="30"' in hung(Image.new("RGB", (1000, 500)), "wide", 60)


def test_a_strip_can_be_scrolled_by_keyboard_and_keeps_its_size() -> None:
    html = strip_on_plinth(Image.new("RGB", (900, 300)), "a strip")
    assert 'class="plinth" tabindex="0"' in html and 'width="900" height="300"' in html


def test_a_picture_brings_none_of_its_metadata() -> None:
    image = Image.new("RGBA", (8, 8), "red")
    image.info["parameters"] = "private"
    image.info["icc_profile"] = b"private"
    opened = decoded(png(image))
    assert isinstance(opened, PngImagePlugin.PngImageFile)
    opened.load()
    assert opened.mode == "RGB" and opened.info == {} and opened.text == {}


def test_a_data_uri_holds_the_bytes() -> None:
    assert data_uri("image/gif", b"GIF8") == "data:image/gif;base64,R0lGOA=="
