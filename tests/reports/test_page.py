"""What the program's pages share: they fetch nothing, trust no text from outside, and show pixels as they are."""

import base64
import io
import re
from itertools import count

import pytest
from PIL import Image, PngImagePlugin

from sfumato.reports.page import HANGING_SIZE, TEMPLATES, Row, capitalised, data_uri, displayed, png, render

EVIL = "<script>alert('\"&{x}')</script>"
ESCAPED = "&lt;script&gt;alert(&#39;&#34;&amp;{x}&#39;)&lt;/script&gt;"


def part(call: str, **given: object) -> str:
    """What a macro of parts.html makes of this: part("facts(entries)", entries={})."""
    name = call.partition("(")[0]
    source = f'{{% from "parts.html" import {name} with context %}}{{{{ {call} }}}}'
    return TEMPLATES.from_string(source).render(next_room=count(1).__next__, **given)


def page(*, title: str = "", header: str = "", rooms: str = "", footer: str = "", style: str = "") -> str:
    """A page of these blocks; the texts are given, not part of the template."""
    blocks = {"title": title, "header": header, "rooms": rooms, "footer": footer, "style": style}
    source = '{% extends "base.html" %}' + "".join(
        f"{{% block {name} %}}{{{{ {name}_ }}}}{{% endblock %}}" for name in blocks
    )
    return TEMPLATES.from_string(source).render({f"{name}_": text for name, text in blocks.items()})


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition("base64,")[2].partition('"')[0])))


def test_a_page_forbids_itself_to_fetch_or_run_anything() -> None:
    html = page(title="A title", header="Hello", rooms="one", footer="end")
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert "<title>A title</title>" in html
    assert html.index("Hello") < html.index("<main>\none") < html.index("<footer>end")
    assert "url(" not in html and "@import" not in html and "http" not in html.replace("http-equiv", "")


def test_a_page_has_the_shared_style_and_then_its_own() -> None:
    html = page(style=".mine { color: red; }")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "prefers-color-scheme: dark" in style and "@media print" in style
    assert style.strip().endswith(".mine { color: red; }")


def test_text_from_outside_is_only_text() -> None:
    square = Image.new("RGB", (4, 4))
    parts = [
        page(title=EVIL),
        page(header=EVIL),
        part("facts(entries)", entries={EVIL: EVIL}),
        part("commands(steps)", steps=[(EVIL, "note")]),
        part("commands(steps)", steps=[("sfumato", EVIL)]),
        part("picture('data:,', 1, 1, alt)", alt=EVIL),
        part("hung(image, alt)", image=square, alt=EVIL),
        part("wall(images, what)", images=[square], what=EVIL),
        part("strip(image, alt)", image=square, alt=EVIL),
        part("table(heads, rows)", heads=[EVIL], rows=[]),
        *(part("table(heads, rows)", heads=["", ""], rows=[row]) for row in
          (Row(EVIL, []), Row("", [EVIL]), Row("", [], note=EVIL), Row("", [], said=EVIL))),
    ]  # fmt: skip
    for html in parts:
        assert "<script" not in html
        assert ESCAPED in html


def test_every_template_escapes_what_it_is_given() -> None:
    assert TEMPLATES.autoescape is True
    sources = {name: TEMPLATES.loader.get_source(TEMPLATES, name)[0] for name in TEMPLATES.list_templates()}  # type: ignore[union-attr]
    assert {"base.html", "parts.html", "evaluation.html", "comparison.html", "demonstration.html"} < sources.keys()
    assert not [name for name, source in sources.items() if re.search(r"\|\s*safe|autoescape", source)]


def test_rooms_are_numbered_in_their_order_and_name_their_sections() -> None:
    source = (
        '{% from "parts.html" import room with context %}'
        '{% call room("Works") %}<p>Some text</p>\n<p>content</p>{% endcall %}{% call room("More") %}{% endcall %}'
    )
    html = TEMPLATES.from_string(source).render(next_room=count(1).__next__)
    assert 'aria-labelledby="room-1"' in html and '<h2 id="room-1">Works</h2>' in html
    assert "Room 1" in html and "<p>Some text</p>\n<p>content</p>" in html
    assert '<h2 id="room-2">More</h2>' in html


def test_facts_and_commands_keep_their_order() -> None:
    html = part("facts(entries)", entries={"b": "1", "a": "2"})
    assert html == "<dl>\n<dt>b</dt><dd>1</dd>\n<dt>a</dt><dd>2</dd>\n</dl>"
    steps = part("commands(steps)", steps=[("first", "one"), ("second", "two")])
    assert "".join(steps.split("\n")) == "<ol><li><pre>first</pre>one</li><li><pre>second</pre>two</li></ol>"


def test_a_wall_counts_its_pictures() -> None:
    images = [Image.new("RGB", (4, 4), (n, n, n)) for n in range(3)]
    html = part("wall(images, 'a square', 'wall real')", images=images)
    assert html.startswith('<div class="wall real">')
    assert [f'alt="a square, {n} of 3"' in html for n in (1, 2, 3)] == [True] * 3


def test_what_is_said_in_a_table_stands_over_the_columns_without_a_value() -> None:
    html = part("table(heads, rows)", heads=["a", "b", "c"], rows=[Row("name", ["1"], note="small", said="words")])
    assert '<th scope="row">name<small>small</small></th><td>1</td><td class="said" colspan="2">words</td>' in html


@pytest.mark.parametrize(("side", "shown"), [(32, 128), (48, 96), (64, 128), (100, 100)])
def test_a_small_picture_hangs_at_a_whole_multiple_with_its_own_pixels(side: int, shown: int) -> None:
    image = Image.effect_noise((side, side), 50).convert("RGB")
    html = part("hung(image, 'noise')", image=image)
    assert f'width="{shown}" height="{shown}"' in html
    assert ('class="small"' in html) == (shown > side) == displayed(image).is_enlarged
    assert decoded(html).tobytes() == image.tobytes()


def test_a_large_picture_keeps_its_shape_and_twice_the_pixels_at_which_it_hangs() -> None:
    html = part("hung(image, 'wide')", image=Image.new("RGB", (1000, 500)))
    assert f'width="{HANGING_SIZE}" height="{HANGING_SIZE // 2}"' in html and "class" not in html
    assert decoded(html).size == (2 * HANGING_SIZE, HANGING_SIZE)
    assert 'width="60" height="30"' in part("hung(image, 'wide', 60)", image=Image.new("RGB", (1000, 500)))


def test_a_strip_can_be_scrolled_by_keyboard_and_keeps_its_size() -> None:
    html = part("strip(image, 'a strip')", image=Image.new("RGB", (900, 300)))
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


def test_only_the_first_letter_becomes_a_capital() -> None:
    assert capitalised("the GAN") == "The GAN" and capitalised("") == ""


def test_a_template_that_asks_for_what_it_is_not_given_is_an_error() -> None:
    with pytest.raises(Exception, match="evaluation"):
        render("evaluation.html")
