"""A pipeline of diffusers is a model like any other: all that can be asked of one can be asked of it.

Two tiny pipelines of random weights stand for all: a U-Net that learned on discrete noise levels, and a transformer
that learned a flow.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.diffusion.randomness import SeededNoise
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, inpaint, interpolated, outpaint, reproduce
from sfumato.models.canvas import masked_canvas, plain_canvas
from sfumato.models.effort import looks, watched_looks
from sfumato.models.nearby import find_loras, find_pipeline
from sfumato.models.progress import PromptWarning
from sfumato.models.sampling import InitialNoise, sampling_of
from sfumato.models.verbs import reimagining
from sfumato.works import Recipe, Work
from sfumato.works.request import CanvasShape, Request

pytest.importorskip("diffusers")

FAMILIES = ("sd15", "flux")
ASKED = {"prompt": "a red fox", "steps": 3, "seed": 3, "guidance": 3.0}
OWN_SPACING = {"sd15": "trailing", "flux": "shifted"}


@pytest.fixture(scope="module", params=FAMILIES)
def model(request: pytest.FixtureRequest, pretrained_folder: Callable[[str], Path]) -> Model:
    return Model.from_pretrained(pretrained_folder(request.param))


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((width, height))


def pixels(work: Work | Image.Image) -> np.ndarray:
    return np.asarray(work if isinstance(work, Image.Image) else work.image)


def same(one: Work, other: Work) -> bool:
    return bool((pixels(one) == pixels(other)).all())


def test_a_work_depends_on_its_prompt_and_seed_and_on_no_other_work(model: Model) -> None:
    alone = model.generate(1, **ASKED, number=1)[0]
    first, second = model.generate(2, **ASKED)
    assert same(second, alone) and not same(first, second)
    assert not same(first, model.generate(1, **ASKED | {"prompt": "a blue fox"})[0])
    assert not same(first, model.generate(1, **ASKED, negative="green")[0])


def test_its_recipe_has_all_that_makes_it_again(model: Model) -> None:
    work = model.generate(1, **ASKED, negative="green", width=96)[0]
    recipe = Recipe.from_json(work.recipe.to_json())
    assert recipe == work.recipe
    assert (recipe.request.prompt, recipe.request.negative) == (ASKED["prompt"], "green")
    assert recipe.model.digest == model.weights_digest and recipe.size == (96, 64)
    assert {"model_index.json", "vae/diffusion_pytorch_model.safetensors"} < recipe.model.files.keys()
    assert same(reproduce(model, recipe), work)


@pytest.mark.parametrize(("width", "height"), [(96, 64), (32, 32), (160, 128)])
def test_pictures_of_other_shapes_are_seen_at_once_and_large_ones_in_windows(
    model: Model, width: int, height: int
) -> None:
    generation = Generation.of(model, **ASKED, width=width, height=height)
    looked = []
    with watched_looks(lambda _, count: looked.append(count)):
        work = generation.work()
    assert work.image.size == (width, height)
    assert sum(looked) == sum(looks(generation))
    assert generation.canvas.is_one_picture(model.config) == (width < 160)


def test_a_tile_repeats_without_a_seam_that_noise_alone_would_not_have(model: Model) -> None:
    work = pixels(model.generate(1, **ASKED, tile=True, width=96, height=96)[0]).astype(int)
    inside = np.abs(np.diff(work, axis=1)).mean()
    across = np.abs(work[:, 0] - work[:, -1]).mean()
    assert across < 2 * inside


def test_a_tile_is_decoded_as_one_and_not_as_a_picture_that_ends(model: Model) -> None:
    """The VAE pads what it decodes with nothing; of latents that are turned, a torus gives the picture turned."""
    canvas, cell = plain_canvas(model.config, CanvasShape(tile=True)), model.codec.factor
    sampling = sampling_of(model, model.config.generation, [InitialNoise(SeededNoise(1, 0))], canvas=canvas)
    latents = torch.randn(
        1, *model.codec.shape(canvas.height, canvas.width), generator=torch.Generator().manual_seed(0)
    )
    with torch.inference_mode():
        one, turned = (sampling.decode(each, True) for each in (latents, latents.roll(1, 3)))
    torch.testing.assert_close(one.roll(cell, 3), turned, rtol=0, atol=1e-4)


def test_colours_and_masses_steer_it(model: Model) -> None:
    # How well they do is measured with a VAE that has learned something; here encoding does not undo decoding.
    plain = model.generate(1, **ASKED)[0]
    for steered in ({"palette": "#dd1111,#551111"}, {"composition": picture(64, 64)}):
        work = model.generate(1, **ASKED, **steered)[0]
        assert not same(work, plain) and same(reproduce(model, work.recipe), work)


def test_variations_lie_between_a_work_and_another(model: Model) -> None:
    work = model.generate(1, **ASKED)[0]
    near, far = (model.generate(1, variations=share, of=work, seed=9)[0] for share in (0.1, 0.9))
    apart = [np.abs(pixels(other).astype(int) - pixels(work)).mean() for other in (near, far)]
    assert 0 < apart[0] < apart[1]
    assert near.recipe.request.prompt == ASKED["prompt"]


def test_a_picture_is_taken_up_in_its_own_shape_and_followed_by_the_strength(model: Model) -> None:
    art = picture(192, 96)
    little, much = (model.reimagine(art, strength=strength, **ASKED | {"steps": 6}) for strength in (0.2, 1.0))
    assert little.image.size[0] > little.image.size[1]
    small = pixels(art.resize(little.image.size)).astype(int)
    assert np.abs(pixels(little) - small).mean() < np.abs(pixels(much) - small).mean()
    edited = reimagining(model, Request.of(**ASKED), art, edit=True, source="a cat").work()
    assert edited.recipe.request.edit.source == "a cat"


def test_what_a_mask_keeps_is_kept_to_the_pixel(model: Model) -> None:
    art, mask = picture(96, 96), np.zeros((96, 96), np.uint8)
    mask[32:64, 32:64] = 255
    made = pixels(inpaint(model, art, Image.fromarray(mask), **ASKED))
    assert (made[mask == 0] == pixels(art)[mask == 0]).all()
    assert (made[mask == 255] != pixels(art)[mask == 255]).mean() > 0.9
    wider = pixels(outpaint(model, picture(64, 64), left=32, **ASKED))
    assert wider.shape == (64, 96, 3) and (wider[:, 32:] == pixels(picture(64, 64))).all()


def test_a_mask_of_another_size_is_refused(model: Model) -> None:
    with pytest.raises(SfumatoError, match=r"48 x 48.*96 x 96|96 x 96.*48 x 48"):
        masked_canvas(model.config, picture(96, 96), Image.new("L", (48, 48), 255))


def test_one_passes_from_work_to_work_between_prompts_too(model: Model) -> None:
    quick = ASKED | {"steps": 2, "guidance": 1.0}
    first = model.generate(1, **quick)[0]
    second = model.generate(1, **quick | {"prompt": "a dog", "seed": 8})[0]
    frames = list(interpolated(model, first.recipe, second.recipe, 2))
    ends = [np.asarray(((frame + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0)) for frame in frames]
    assert (ends[0] == pixels(first)).all() and (ends[-1] == pixels(second)).all()


def test_every_step_can_be_looked_at(model: Model) -> None:
    steps = list(model.trajectory(1, **ASKED))
    assert [step.step for step in steps] == [1, 2, 3]
    assert all(len(step.previews) == len(step.estimates) == 1 for step in steps) and len(steps[-1].works) == 1


def test_schedules_are_those_of_its_family_and_ours(model: Model) -> None:
    family = model.config.network.family
    own, karras = (model.generate(1, **ASKED, schedule=schedule)[0] for schedule in (OWN_SPACING[family], "karras"))
    assert not same(own, karras) and own.recipe.request.sampling.schedule == OWN_SPACING[family]
    other = OWN_SPACING["flux" if family == "sd15" else "sd15"]
    with pytest.raises(SfumatoError, match=f"schedule '{other}'.*no such spacing"):
        model.generate(1, **ASKED, schedule=other)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"label": "waves"}, "has no classes, but reads text; say what to make with --prompt"),
        ({"width": 100}, "multiples of"),
        ({"guidance": 1.0, "negative": "green"}, "it is guidance that leads away from it"),
        ({"guidance_kind": "autoguidance"}, "carries no early weights"),
        ({"copies": "refuse"}, "no index of the pictures"),
    ],
)
def test_what_it_cannot_do_is_one_sentence(model: Model, asked: dict[str, object], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        model.generate(1, **ASKED | asked)


def test_noise_levels_that_would_be_passed_over_are_refused(model: Model) -> None:
    own = OWN_SPACING[model.config.network.family]
    with pytest.raises(SfumatoError, match=f"schedule '{own}' goes through the noise levels of its family"):
        model.generate(1, **ASKED, schedule=own, sigma_max=3.0)
    if model.config.network.family == "sd15":
        with pytest.raises(SfumatoError, match=r"sigma_max 50: the model 'sd15' knows noise up to 14.6"):
            model.generate(1, **ASKED, sigma_max=50.0)
    work = model.generate(1, **ASKED, schedule="karras", sigma_max=3.0)[0]
    assert same(reproduce(model, work.recipe), work)


def test_it_stays_as_it_was_published(model: Model, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="stays as it was published"):
        model.save_pretrained(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_network_that_is_told_a_guidance_is_told_the_one_asked_for(model: Model) -> None:
    if model.config.network.family != "flux":
        with pytest.raises(SfumatoError, match="is told none; use --guidance"):
            model.generate(1, **ASKED, distilled_guidance=2.0)
        return
    one, other = (model.generate(1, **ASKED, distilled_guidance=told)[0] for told in (1.0, 8.0))
    assert not same(one, other)
    assert '"distilled_guidance": 8.0' in other.recipe.to_json()


def test_a_pipeline_is_found_again_by_its_files_wherever_it_lies(
    pretrained_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    import shutil

    named = Model.from_pretrained(pretrained_folder("sd15")).reference
    shutil.copytree(pretrained_folder("flux"), tmp_path / "a")
    assert find_pipeline(named, [tmp_path]) is None
    shutil.copytree(pretrained_folder("sd15"), tmp_path / "below" / "renamed")
    assert find_pipeline(named, [tmp_path]) == tmp_path / "below" / "renamed"
    (tmp_path / "below" / "renamed" / "unet" / "config.json").write_text("{}")
    assert find_pipeline(named, [tmp_path]) is None


def test_loras_are_found_only_where_all_are(tmp_path: Path) -> None:
    import hashlib

    from sfumato.works.recipe import LoraReference

    (tmp_path / "ink.safetensors").write_bytes(b"ink")
    ink = LoraReference(name="ink", digest=hashlib.sha256(b"ink").hexdigest(), weight=0.5)
    wash = LoraReference(name="wash", digest=hashlib.sha256(b"wash").hexdigest())
    assert find_loras([ink], [tmp_path]) == [tmp_path / "ink.safetensors"]
    assert find_loras([ink, wash], [tmp_path]) is None


def test_words_beyond_what_the_text_encoder_takes_are_named(model: Model) -> None:
    long = "a red fox " * 60 + "in the snow"
    with pytest.warns(PromptWarning, match="longer than the model reads: from '.*' on it is not seen"):
        model.generate(1, **ASKED | {"prompt": long})


def test_each_work_and_the_record_say_that_it_is_not_known_what_the_model_learned_from(model: Model) -> None:
    work = model.generate(1, **ASKED)[0]
    (learned,) = work.learned_from
    assert learned.base is not None
    assert (learned.base.name, learned.base.trained_on) == (model.config.name, "")
    assert model.record is not None
    assert model.record.facts["What the base learned from"] == "what it was trained on is not known"


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (60, 64, "makes pictures whose sides are multiples of "),
        (8, 8, "8 x 8 pixels; each side has to have 16 or more"),
        (320, 32, "each side has to have 64 or more"),
    ],
)
def test_a_size_that_it_cannot_make_is_told_by_what_is_wrong_with_it(
    model: Model, width: int, height: int, said: str
) -> None:
    with pytest.raises(SfumatoError, match=said):
        plain_canvas(model.config, CanvasShape(width=width, height=height))
