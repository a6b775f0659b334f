"""Programs that speak to Stable Diffusion web UI make works of the studio's models.

What they send, by their sources in November 2026:

- Open WebUI (backend/open_webui/routers/images.py): GET options before each use; POST options with all of it and
  another sd_model_checkpoint, an administrator's choice among the ``title``s of sd-models; and txt2img with {prompt,
  batch_size, width, height}, steps and negative_prompt where they are set, and what an administrator adds. Its
  authorisation is 'Basic', of a text USER:PASSWORD, and an empty header without one. It reads ``images`` and ``info``.
- SillyTavern (src/endpoints/stable-diffusion.js and its page's stable-diffusion/index.js): GET options, samplers,
  schedulers, upscalers, latent-upscale-modes (``name`` of each), sd-models (``title``) and sd-vae (``model_name``); to
  choose a model POST options, and then GET progress until progress is 0 and state.job_count is 0; txt2img with what
  `SILLY_TAVERN` holds, and fields of its own (url, auth); POST interrupt where its user stops. 'Basic' too.
- LibreChat (api/app/clients/tools/structured/StableDiffusion.js): txt2img with what `LIBRE_CHAT` holds; it reads
  images[0], and of ``info``, a JSON text, width, height, seed and the last line of infotexts[0].
"""

import base64
import io
import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

SILLY_TAVERN = {
    "url": "http://localhost:8411", "auth": "any:secret", "prompt": "waves", "negative_prompt": "lowres, bad anatomy",
    "sampler_name": "Euler a", "scheduler": "karras", "steps": 20, "cfg_scale": 7, "width": 512, "height": 512,
    "restore_faces": False, "enable_hr": False, "hr_upscaler": "Latent", "hr_scale": 1, "hr_additional_modules": [],
    "denoising_strength": 0.7, "hr_second_pass_steps": 0, "override_settings": {"CLIP_stop_at_last_layers": 1},
    "override_settings_restore_afterwards": True, "clip_skip": 1, "save_images": True, "send_images": True,
    "do_not_save_grid": False, "do_not_save_samples": False,
}  # fmt: skip
LIBRE_CHAT = {
    "prompt": "stone", "negative_prompt": "ugly, deformed", "cfg_scale": 4.5, "steps": 22, "width": 1024, "height": 1024
}  # fmt: skip


@pytest.fixture
def client(live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{live.url}/sdapi/v1", auth=("any", live.token), timeout=20) as found:
        yield found


def picture_in(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text, validate=True)))


def encoded(colour: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (48, 48), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_what_sillytavern_sends_is_answered(live, client):
    answer = client.post("/txt2img", json=SILLY_TAVERN)
    assert answer.status_code == 200
    assert picture_in(answer.json()["images"][0]).size == (512, 512)
    asked = live.asked[-1]["asked"]
    assert {name: asked[name] for name in ("label", "steps", "sampler", "schedule")} == {
        "label": "waves", "steps": 20, "sampler": "euler_ancestral", "schedule": "karras"
    }  # fmt: skip
    assert "guidance" not in asked  # its scale is that of other models
    assert answer.headers["x-sfumato-ignored"] == "auth, cfg_scale, denoising_strength, negative_prompt, url"


def test_what_librechat_sends_is_answered_with_what_it_reads(client):
    answer = client.post("/txt2img", json=LIBRE_CHAT).json()
    info = json.loads(answer["info"])
    assert picture_in(answer["images"][0].split(",", 1)[0]).size == (1024, 1024)
    assert (info["width"], info["height"]) == (32, 32)
    assert isinstance(info["seed"], int)
    assert info["infotexts"][0].split("\n").pop().startswith("Steps: ")
    assert answer["parameters"] == {**LIBRE_CHAT, "init_images": None, "mask": None}


def test_what_open_webui_sends_is_answered(live, client):
    title = client.get("/sd-models").json()[0]["title"]
    options = client.get("/options").json()
    assert client.post("/options", json={**options, "sd_model_checkpoint": title}).status_code == 200
    body = {"prompt": "waves", "batch_size": 2, "width": 64, "height": 64, "steps": 50}
    answer = client.post("/txt2img", json=body).json()
    assert [picture_in(image).size for image in answer["images"]] == [(64, 64)] * 2
    assert json.loads(answer["info"])["all_seeds"] == [live.asked[-1]["asked"]["seed"]] * 2


def test_a_seed_makes_the_same_work_and_minus_one_another(client):
    body = {"prompt": "waves", "seed": 11}
    first, again, other = (
        client.post("/txt2img", json=sent).json()["images"][0] for sent in (body, body, {**body, "seed": -1})
    )
    assert picture_in(first).tobytes() == picture_in(again).tobytes() != picture_in(other).tobytes()


def test_a_prompt_of_other_words_is_refused_with_the_classes(client):
    answer = client.post("/txt2img", json={"prompt": "best quality, masterpiece, waves"})
    assert answer.status_code == 400
    assert "'best quality', 'masterpiece'" in answer.json()["error"]["message"]
    assert 'waves, stone, "red, blue"' in answer.json()["error"]["message"]


def test_a_picture_is_refined_and_a_mask_is_followed(live, client):
    body = {"init_images": [f"data:image/png;base64,{encoded('red')}"], "denoising_strength": 0.3, "prompt": "waves"}
    assert client.post("/img2img", json=body).status_code == 200
    assert (live.asked[-1]["kind"], live.asked[-1]["strength"]) == ("reimagine", 0.3)
    for inverted, anew in ((0, "white"), (1, "black")):
        masked = {**body, "mask": encoded("white"), "inpainting_mask_invert": inverted}
        assert client.post("/img2img", json=masked).status_code == 200
        assert (live.asked[-1]["kind"], live.asked[-1]["anew"]) == ("inpaint", anew)
    upload = live.asked[-1]["picture"]["upload"]
    files = list((live.services.place.uploads / upload / "files").iterdir())
    assert len(files) == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"init_images": ["http://169.254.169.254/latest"]}, "no addresses are opened"),
        ({"init_images": ["!!!"]}, "is no picture in base64"),
        ({"init_images": []}, "init_images"),
        ({"init_images": [""], "denoising_strength": 2}, "denoising_strength"),
    ],
)
def test_what_is_no_picture_is_refused(client, body, said):
    answer = client.post("/img2img", json={"prompt": "waves", **body})
    assert answer.status_code in (400, 422)
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [{"steps": 0}, {"width": 100_000}, {"batch_size": 300}, {"seed": -2}, {"prompt": 7}])
def test_what_is_out_of_range_is_refused(client, body):
    assert client.post("/txt2img", json={"prompt": "waves", **body}).status_code == 422
    assert client.post("/txt2img", json={"prompt": "waves", "batch_size": 30, "n_iter": 30}).status_code == 400


@pytest.mark.parametrize(
    "strange", [r'"\ud800"', "NaN", "-Infinity", '{"\\ud800": [1e999]}', '"' + "x" * 100_000 + '"']
)
def test_a_field_that_nobody_knows_can_hold_anything(client, strange):
    for name in ("x", "x\\ud800", "override_settings"):
        body = f'{{"prompt": "waves", "{name}": {strange}}}'
        answer = client.post("/txt2img", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400, 422), answer.text


def test_how_far_a_request_is_can_be_asked_and_it_can_be_interrupted(live, client, monkeypatch):
    monkeypatch.setattr(live, "pause", 0.2)
    monkeypatch.setattr(live, "steps", 50)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(client.post("/txt2img", json={"prompt": "waves"})))
    asking.start()
    seen = _progress(client, lambda said: said["state"]["sampling_step"] >= 1)
    assert 0 < seen["progress"] < 1
    assert seen["state"]["sampling_steps"] == 51
    assert picture_in(seen["current_image"]).size == (64, 64)
    assert client.get("/progress", params={"skip_current_image": True}).json()["current_image"] is None
    assert client.post("/interrupt").status_code == 200
    asking.join()
    assert answers[0].json()["images"] == []
    assert json.loads(answers[0].json()["info"])["infotexts"] == []


def test_the_progress_of_nobody_is_none(client):
    said = client.get("/progress").json()
    assert (said["progress"], said["state"]["job_count"]) == (0.0, 0)


def test_pictures_are_left_out_where_they_are_not_wanted(client):
    assert client.post("/txt2img", json={"prompt": "waves", "send_images": False}).json()["images"] == []


def test_a_wrong_password_opens_nothing(live):
    for auth in (("any", "wrong"), (live.token, "")):
        assert httpx.get(f"{live.url}/sdapi/v1/options", auth=auth).status_code == 401
    assert httpx.get(f"{live.url}/sdapi/v1/options", headers={"Authorization": ""}).status_code == 401
    assert httpx.get(f"{live.url}/api/jobs", auth=("any", live.token)).status_code == 401


def _progress(client, is_far):
    for _ in range(200):
        said = client.get("/progress").json()
        if is_far(said):
            return said
        time.sleep(0.05)
    raise AssertionError(said)
