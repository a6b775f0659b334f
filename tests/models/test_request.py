"""What the command asks for, Python can ask for, and gets the same."""

import inspect

import pytest
from PIL import Image
from sfumato.models.request import requested

from sfumato.cli.generate import generate
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model
from sfumato.models.configuration import SamplerChoices

# The model itself, and what is said of files and of the screen; a model is put on a device when it is loaded, a
# trajectory has a method of its own, and a work's own `save` leaves out its recipe or writes over a file.
NOT_ASKED = {"model", "output", "trajectory", "recipe", "device", "force"}
FURTHER = {"guidance_low", "guidance_high", "guidance_chroma", "noise_high", "sigma_min", "sigma_max"}  # behind --set


def test_every_option_of_the_command_has_its_keyword():
    options = set(inspect.signature(generate).parameters) - NOT_ASKED
    named = set(inspect.signature(Model.generate).parameters) - {"self", "asked"}
    assert options - {"further"} | FURTHER == named | set(SamplerChoices.__annotations__)


@pytest.fixture
def sketch(tmp_path):
    path = tmp_path / "sketch.png"
    Image.linear_gradient("L").resize((40, 40)).convert("RGB").save(path)
    return path


def test_a_palette_and_a_sketch_are_files_pictures_or_words(model, sketch):
    picture = Image.open(sketch)
    asked = [
        requested(model, palette=palette, composition=sketch_given).recipe(0)
        for palette, sketch_given in ((str(sketch), sketch), (sketch, str(sketch)), (picture, picture))
    ]
    assert asked[0] == asked[1] == asked[2]
    assert len(asked[0].palette) > 1
    words = requested(model, palette="#a32,#fff0c0", palette_strength=0.5).recipe(0)
    assert (words.palette, words.palette_strength) == (("#aa3322", "#fff0c0"), 0.5)


def test_what_python_is_asked_is_in_the_works(model, tmp_path):
    (work,) = model.generate(
        1, seed=3, label="waves:0.5,circles:0.5", away="waves", width=48, height=40, tile=True, steps=2,
        sampler="heun", guidance=3, guidance_chroma=0.5, sharpness=0.1, palette="#aa3322",
    )  # fmt: skip
    made = work.recipe
    assert (work.image.size, made.tile, made.steps, made.sampler) == ((48, 40), True, 2, "heun")
    assert (made.label, made.away, made.guidance_chroma, made.palette) == (
        "waves:0.5,circles:0.5", "waves", 0.5, ("#aa3322",),
    )  # fmt: skip


def test_variations_are_of_a_work_or_its_file(model, tmp_path):
    work = model.generate(1, seed=3, steps=2)[0]
    path = work.save(tmp_path / "w.png")
    one, other = (model.generate(1, variations=0.3, of=of, seed=9)[0] for of in (work, path))
    assert one.recipe == other.recipe
    assert one.recipe.turns == ((9, 0, 0.3),)
    assert one.image.tobytes() == other.image.tobytes()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"variations": 0.3}, "belong together"),
        ({"variations": 0.3, "of": "nothing.png"}, "does not exist"),
        ({"palette": "nothing.png"}, "no such file; give a picture, or colours"),
        ({"palette": "teal wall"}, "is no colour"),
        ({"composition": "nothing.png"}, "no such file"),
        ({"width": 8}, "each side has to have 32 or more"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(model, asked, said):
    with pytest.raises(SfumatoError, match=said):
        model.generate(1, **asked)


def test_a_request_alone_is_what_generation_makes_of_it(model):
    assert requested(model, seed=5, label="waves").recipe(2) == Generation.of(model, seed=5, label="waves").recipe(2)
