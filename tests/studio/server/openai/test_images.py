"""OpenAI's own client makes works, edits and variations, and is told in its errors what a model cannot do.

What programs send, by their sources in November 2026:

- Open WebUI (backend/open_webui/routers/images.py): POST {base}/images/generations with {model, prompt, n, size,
  response_format: 'b64_json'} and whatever an administrator adds; it takes ``url`` first, which it fetches with the
  same Authorization, and else ``b64_json``. Edits as multipart: model, prompt, n, size, background, response_format,
  and one ``image`` or several ``image[]``. It sends no mask.
- LibreChat (api/app/clients/tools/structured/OpenAIImageTools.js): its own client's images.generate with model
  'gpt-image-1', prompt, n, background 'auto', output_format, quality 'auto', size 'auto' and, for JPEG and WebP,
  output_compression; it reads data[0].b64_json. Edits as multipart to /images/edits: model, prompt, quality, size and
  ``image[]``.
- SillyTavern's OpenAI source speaks to api.openai.com alone; to a server of one's own it speaks as to Stable Diffusion
  web UI.
"""

import base64
import io
import time
from collections.abc import Iterator

import httpx
import openai
import pytest
from PIL import Image

from sfumato.studio.jobs.specs import Generate
from sfumato.studio.server.tokens import new_token


@pytest.fixture
def client(live) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key=live.token, max_retries=0, timeout=20) as found:
        yield found


def picture_in(image) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(image.b64_json)))


def file_of(colour: str, size: tuple[int, int] = (48, 48), mode: str = "RGB") -> tuple[str, bytes, str]:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return f"{colour}.png", file.getvalue(), "image/png"


def test_a_prompt_of_a_class_makes_works_that_carry_their_recipe(live, client):
    answer = client.images.generate(prompt="waves", model="coast", n=2, extra_body={"seed": 7})
    assert [image.url for image in answer.data] == [None, None]
    pictures = [picture_in(image) for image in answer.data]
    assert [picture.size for picture in pictures] == [(32, 32)] * 2
    assert all("sfumato" in picture.text["parameters"] for picture in pictures)
    assert pictures[0].tobytes() != pictures[1].tobytes()
    assert (answer.size, answer.output_format, answer.background) == ("32x32", "png", "opaque")
    assert live.asked[-1]["asked"] == {"seed": 7, "label": "waves"}
    assert [image.model_extra["seed"] for image in answer.data] == [7, 7]
    assert live.services.queue.jobs(limit=1)[0].client == "owner"


def test_a_mixture_is_asked_for_in_words(live, client):
    answer = client.images.generate(prompt='Stone:3 and "red, blue"', model="coast-1")
    assert live.asked[-1]["asked"]["label"] == 'stone:0.75,"red, blue":0.25'
    assert answer.data[0].revised_prompt == 'stone:0.75,"red, blue":0.25'


def test_a_small_models_work_is_made_in_its_own_size_and_shown_enlarged(live, client):
    answer = client.images.generate(prompt="waves", size="256x512")
    assert live.asked[-1]["asked"].get("width") == 32
    assert live.asked[-1]["asked"].get("height") == 64
    assert picture_in(answer.data[0]).size == (256, 512)
    assert answer.size == "256x512"
    client.images.generate(prompt="waves", size="48x40")
    assert (live.asked[-1]["asked"]["width"], live.asked[-1]["asked"]["height"]) == (48, 40)


@pytest.mark.parametrize(("form", "name"), [("jpeg", "JPEG"), ("webp", "WEBP")])
def test_another_form_is_sent_smaller_with_more_compression(client, form, name):
    sizes = []
    for compression in (20, 95):
        answer = client.images.generate(
            prompt="waves", output_format=form, output_compression=compression, extra_body={"seed": 3}
        )
        assert picture_in(answer.data[0]).format == name
        sizes.append(len(answer.data[0].b64_json))
    assert sizes[0] < sizes[1]


def test_quality_is_a_number_of_steps(live, client):
    own = 16
    for quality, steps in (("low", own // 2), ("high", 2 * own)):
        answer = client.images.generate(prompt="waves", quality=quality)
        assert live.asked[-1]["asked"]["steps"] == steps
        assert answer.quality == quality


def test_an_address_leads_to_the_picture_for_who_has_the_token(live, client):
    url = client.images.generate(prompt="waves", response_format="url", size="64x64").data[0].url
    assert url.startswith(live.url)
    with httpx.Client() as http:
        assert http.get(url).status_code == 401
        answer = http.get(url, headers={"Authorization": f"Bearer {live.token}"})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (64, 64)


def test_partial_images_come_before_the_completed_one(live, client, monkeypatch):
    monkeypatch.setattr(live, "pause", 0.15)
    events = list(client.images.generate(prompt="waves", stream=True, partial_images=2, size="128x128"))
    *partial, completed = events
    assert 1 <= len(partial) <= 2  # a work that is made between two looks shows less of its way
    assert {event.type for event in partial} == {"image_generation.partial_image"}
    assert completed.type == "image_generation.completed"
    assert [event.partial_image_index for event in partial] == list(range(len(partial)))
    assert {picture_in(event).size for event in events} == {(128, 128)}
    assert {event.size for event in events} == {"128x128"}
    assert completed.usage.total_tokens == 0


def test_where_works_may_be_refused_nothing_is_shown_of_them_on_the_way(live, client, monkeypatch, tmp_path):
    (tmp_path / "policy.toml").write_text('copies = "refuse"\n')
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    monkeypatch.setattr(live, "pause", 0.1)
    seen = []
    with pytest.raises(openai.APIError, match="near cop"):  # this model has nothing to compare with
        seen.extend(client.images.generate(prompt="waves", stream=True, partial_images=3))
    assert seen == []


def test_an_error_in_a_stream_reaches_the_client(live, client, monkeypatch):
    monkeypatch.setattr(live, "failing", "the picture cannot be made")
    with pytest.raises(openai.APIError, match="the picture cannot be made"):
        list(client.images.generate(prompt="waves", stream=True))


def test_several_pictures_and_a_mask_are_sent_and_the_first_is_edited(live, client):
    mask = file_of("black", mode="RGBA")
    pictures = [file_of("red"), file_of("blue"), file_of("green")]
    answer = client.images.with_raw_response.edit(image=pictures, mask=mask, prompt="stone", model="coast", n=2)
    spec = live.asked[-1]
    assert (spec["kind"], spec["anew"], spec["count"]) == ("inpaint", "transparent", 2)
    assert len(answer.parse().data) == 2
    assert answer.headers["x-sfumato-ignored"] == "image[2]"
    upload = spec["picture"]["upload"]
    sent = sorted(path.name for path in (live.services.place.uploads / upload / "files").iterdir())
    assert sent == ["black.png", "blue.png", "green.png", "red.png"]
    assert [spec[name]["file"] for name in ("picture", "palette", "mask")] == [0, 1, 3]


def test_an_edit_without_a_mask_refines_the_picture_and_can_be_streamed(live, client):
    events = list(client.images.edit(image=file_of("red"), prompt="waves", stream=True, input_fidelity="high"))
    assert [event.type for event in events] == ["image_edit.completed"]
    assert (live.asked[-1]["kind"], live.asked[-1]["strength"]) == ("reimagine", 0.4)


def test_variations_begin_with_the_picture(live, client):
    with pytest.deprecated_call():  # OpenAI's own models make none any more
        answer = client.images.create_variation(image=file_of("red"), n=3, model="coast")
    assert len(answer.data) == 3
    assert live.asked[-1]["kind"] == "reimagine"
    assert "label" not in live.asked[-1]["asked"]


@pytest.fixture
def http(live) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {live.token}"}
    with httpx.Client(base_url=f"{live.url}/v1", headers=headers, timeout=20) as found:
        yield found


def test_what_open_webui_sends_is_answered(live, http):
    body = {"model": "coast-1", "prompt": "waves", "n": 1, "size": "512x512", "response_format": "b64_json"}
    (image,) = http.post("/images/generations", json=body).json()["data"]
    assert Image.open(io.BytesIO(base64.b64decode(image["b64_json"]))).size == (512, 512)
    form = {"model": "coast-1", "prompt": "stone", "n": "1", "response_format": "b64_json"}
    for files in ([("image", file_of("red"))], [("image[]", file_of("red")), ("image[]", file_of("blue"))]):
        answer = http.post("/images/edits?api-version=2025-04-01-preview", data=form, files=files)
        assert "b64_json" in answer.json()["data"][0]
        assert len(
            list((live.services.place.uploads / live.asked[-1]["picture"]["upload"] / "files").iterdir())
        ) == len(files)


def test_what_librechat_sends_is_answered(live, http):
    body = {
        "model": "gpt-image-1", "prompt": "waves", "n": 1, "background": "auto", "output_format": "webp",
        "output_compression": 100, "quality": "auto", "size": "auto",
    }  # fmt: skip
    answer = http.post("/images/generations", json=body)
    image = base64.b64decode(answer.json()["data"][0]["b64_json"])
    assert Image.open(io.BytesIO(image)).format == "WEBP"
    assert "x-sfumato-ignored" not in answer.headers
    form = {"model": "gpt-image-1", "prompt": "stone", "quality": "auto", "size": "auto"}
    answer = http.post("/images/edits", data=form, files=[("image[]", file_of("red"))])
    assert answer.json()["data"][0]["b64_json"]
    assert live.asked[-1]["model"] == "coast-1"


@pytest.mark.parametrize("strange", [r'"\ud800"', "NaN", '{"\\ud800": [1e999]}', '"' + "x" * 100_000 + '"'])
def test_a_field_that_nobody_knows_can_hold_anything(http, strange):
    for name in ("x", "x\\ud800", "prompt", "user"):
        body = f'{{"prompt": "waves", "{name}": {strange}}}'
        answer = http.post("/images/generations", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    ("data", "files", "param"),
    [
        ({"prompt": "waves"}, [], "image"),
        ({}, [("image", file_of("red"))], "prompt"),
        ({"prompt": "waves", "n": "many"}, [("image", file_of("red"))], "n"),
    ],
)
def test_a_form_without_a_part_is_refused_by_its_field(http, data, files, param):
    answer = http.post("/images/edits", data=data, files=files or [("other", b"x")])
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_what_a_model_of_classes_cannot_do_is_said_with_its_classes(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(prompt="a lighthouse at dusk, masterpiece")
    assert "reads no text" in caught.value.message
    assert 'waves, stone, "red, blue"' in caught.value.message
    assert (caught.value.code, caught.value.param) == ("invalid_prompt", "prompt")


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"n": 11}, "n"),
        ({"size": "large"}, "size"),
        ({"size": "9999x9999"}, "size"),
        ({"background": "transparent"}, "background"),
        ({"extra_body": {"partial_images": 4}}, "partial_images"),
        ({"output_compression": 101}, "output_compression"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_field(client, asked, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(prompt="waves", **asked)
    assert caught.value.param == param


def test_a_model_that_is_not_there_is_not_found_and_ours_are_named(client):
    with pytest.raises(openai.NotFoundError, match="there is no model 'dall-e-3' here; the models: coast-1"):
        client.images.generate(prompt="waves", model="dall-e-3")


def test_a_full_queue_says_when_to_come_again(live, client, monkeypatch):
    monkeypatch.setattr(live, "idle", True)
    waiting = [live.services.queue.add(Generate(model="coast-1")) for _ in range(5)]
    try:
        with pytest.raises(openai.RateLimitError) as caught:
            client.images.generate(prompt="waves")
    finally:
        for job in waiting:
            live.services.queue.control(job.id, "cancel")
    assert 0 < int(caught.value.response.headers["retry-after"]) < 120


def test_fields_that_do_nothing_are_named(client):
    answer = client.images.with_raw_response.generate(
        prompt="waves", style="vivid", moderation="low", output_compression=50, user="me"
    )
    assert answer.headers["x-sfumato-ignored"] == "moderation, output_compression, style"


def test_what_fails_is_an_answer_with_its_reason(live, client, monkeypatch):
    monkeypatch.setattr(live, "failing", "palette: the picture is damaged; give another")
    with pytest.raises(openai.BadRequestError, match="the picture is damaged"):
        client.images.generate(prompt="waves")


@pytest.mark.parametrize("stream", [False, True])
def test_the_job_of_a_client_that_has_gone_is_cancelled(live, monkeypatch, stream):
    monkeypatch.setattr(live, "pause", 0.2)
    monkeypatch.setattr(live, "steps", 20)
    body = {"prompt": "waves", "stream": stream, "partial_images": 1}
    with pytest.raises(httpx.ReadTimeout), httpx.Client(timeout=0.5) as http:
        headers = {"Authorization": f"Bearer {live.token}"}
        http.post(f"{live.url}/v1/images/generations", json=body, headers=headers)
    job = live.services.queue.jobs(limit=1)[0]
    for _ in range(100):
        job = live.services.queue.job(job.id)
        if job.state == "cancelled":
            return
        time.sleep(0.05)
    raise AssertionError(job.state)


def test_a_program_sees_the_works_that_it_asked_for_and_no_others(live, client):
    theirs = client.images.generate(prompt="waves").data[0].model_extra["work"]
    token = new_token(live.services.place, "open-webui")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=live.url, headers=headers, timeout=20) as http:
        body = {"prompt": "waves", "response_format": "url"}
        own = http.post("/v1/images/generations", json=body).json()["data"][0]
        assert http.get(own["url"]).status_code == 200
        assert http.get(f"/v1/images/works/{theirs}.png").status_code == 404
        assert live.services.queue.jobs(limit=1)[0].client == "open-webui"
