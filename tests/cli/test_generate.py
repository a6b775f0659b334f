"""Works as a person asks for them: in one folder, with their recipe, never over what is there."""

import json
import re

import pytest
from PIL import Image

from sfumato.models import Model
from sfumato.models.critic import MEASURES, Critic
from sfumato.works import Work, read_work
from sfumato.works.request import Slerp


@pytest.fixture(scope="module")
def made(sfumato, run, tmp_path_factory):
    """A folder of eighteen works with sheet and video, and what the command said."""
    folder = tmp_path_factory.mktemp("made") / "works"
    answer = sfumato("generate", run, "-n", 18, "--seed", 7, "--steps", 3, "--trajectory", "-o", folder)
    assert answer.code == 0, answer.err
    return folder, answer


def test_the_folder_holds_the_works_alone_and_the_sheet_stands_beside_it(made):
    folder, answer = made
    assert sorted(path.name for path in folder.glob("*.png")) == [f"{index:04d}.png" for index in range(18)]
    beside = {path.name for path in folder.parent.iterdir()}
    assert beside == {"works", "works-sheet.png", "works-trajectory.webp"}
    assert f"18 works in {folder}, all on one sheet in {folder}-sheet.png" in answer.out
    said = r"none of 18 works is a near copy \(.*\); 00\d\d\.png is nearest, to \S+\.png by sfumato .* \(0\.\d\d\)"
    assert re.search(said, answer.out)
    assert answer.err == ""


def test_the_video_goes_from_noise_to_picture_and_ends_in_the_works(made):
    folder, _ = made
    with Image.open(f"{folder}-trajectory.webp") as video:
        assert video.n_frames == 3


def test_a_file_says_how_it_was_made_and_that_it_was_generated(made, run):
    folder, _ = made
    with Image.open(folder / "0003.png") as picture:
        texts = dict(picture.text)
        assert picture.size == (32, 32)
    recipe = json.loads(texts["sfumato"])
    request = recipe["request"]
    assert (request["seed"], request["number"], request["sampling"]["steps"]) == (7, 3, 3)
    assert recipe["model"]["name"] == "run"
    assert recipe["model"]["digest"] == Model.from_pretrained(run).weights_digest
    assert "Steps: 3, Sampler: " in texts["parameters"]
    assert "trainedAlgorithmicMedia" in texts["XML:com.adobe.xmp"]


def test_the_command_makes_what_python_makes(made, run):
    folder, _ = made
    works = Model.from_pretrained(run).generate(5, seed=7, steps=3)
    for index, work in enumerate(works):
        kept = read_work(folder / f"{index:04d}.png")
        assert kept.recipe == work.recipe
        assert kept.image.tobytes() == work.image.tobytes()


def test_one_work_of_one_class_with_every_option(sfumato, run, here):
    answer = sfumato(
        *("generate", run, "-n", 1, "--class", "waves", "--guidance", 1.5, "--guidance-kind", "autoguidance"),
        *("--steps", 2, "--sampler", "heun", "--schedule", "flow", "--precision", "bfloat16", "--device", "cpu"),
        *("-o", "deep/down/one"),
    )
    assert answer.code == 0, answer.err
    assert "1 work in deep/down/one" in answer.out
    recipe = read_work(here / "deep" / "down" / "one" / "0000.png").recipe
    assert (
        recipe.request.label,
        recipe.request.sampling.sampler,
        recipe.request.sampling.schedule,
        recipe.request.sampling.precision,
    ) == ("waves", "heun", "flow", "bfloat16")
    assert (recipe.request.sampling.guidance, recipe.request.sampling.guidance_kind) == (1.5, "autoguidance")
    assert not (here / "deep" / "down" / "one-trajectory.webp").exists()


def test_a_second_time_it_goes_on_with_the_works_that_follow(sfumato, run, here, tree, unsigned):
    assert sfumato("generate", run, "-n", 2, "--steps", 1, "-o", "w").code == 0
    before = tree(here)
    answer = sfumato("generate", run, "-n", 3, "--steps", 1, "-o", "w")
    assert answer.code == 0, answer.err
    said = "3 works added to w (0002.png to 0004.png: numbers 2 to 4 of seed 0), all on one sheet in w-sheet-0002.png"
    assert said in answer.out
    after = tree(here)
    assert all(after[name] == before[name] for name in before.keys() - {"w/.sfumato.jsonl"})
    assert sfumato("generate", run, "-n", 5, "--steps", 1, "-o", "once").code == 0
    for name in [f"000{index}.png" for index in range(5)]:
        assert unsigned(here / "w" / name) == unsigned(here / "once" / name)


def test_a_seed_that_was_used_goes_on_and_another_begins(sfumato, run, here, unsigned):
    one, two = (("generate", run, "--steps", 1, "-o", "w", "-n", count, "--seed", 7) for count in (2, 1))
    assert sfumato(*one).code == 0
    assert "1 work added to w (0002.png: number 2 of seed 7)" in sfumato(*two).out
    assert "(0003.png: number 0 of seed 7)" in sfumato(*two, "--guidance", 3).out  # another request
    assert "(0004.png: number 3 of seed 7)" in sfumato(*two).out
    assert "(0005.png: number 5 of seed 0)" in sfumato(*two[:-2]).out
    pictures = {unsigned(path) for path in (here / "w").glob("*.png")}
    assert len(pictures) == 6


def test_a_file_that_keeps_its_seed_to_itself_stands_in_the_way_of_a_seed_alone(sfumato, run, here, tree):
    asked = ("generate", run, "-n", 1, "--steps", 1, "-o", "w", "--no-recipe")
    assert sfumato(*asked).code == 0
    before = tree(here)
    answer = sfumato(*asked, "--seed", 0)
    assert answer.code == 2
    assert "w/0000.png: does not say of which seed it is" in answer.err
    assert tree(here) == before
    assert "(0001.png: number 1 of seed 0)" in sfumato(*asked).out


@pytest.mark.parametrize("more", [[], ["--seed", 5], ["--trajectory"]])
def test_what_was_killed_half_way_goes_on_with_the_same_command(sfumato, run, here, monkeypatch, unsigned, more):
    asked = ("generate", run, "-n", 18, "--steps", 1, *more, "-o")
    assert sfumato(*asked, "once").code == 0
    save, saved = Work.save, []

    def killed(work, path, **options):
        if len(saved) == 17:
            raise KeyboardInterrupt
        saved.append(path)
        return save(work, path, **options)

    monkeypatch.setattr(Work, "save", killed)
    assert sfumato(*asked, "w").code == 130
    monkeypatch.undo()
    assert len(list((here / "w").glob("*.png"))) == 17
    stood = {path.name: path.stat().st_mtime_ns for path in (here / "w").glob("*.png")}
    answer = sfumato(*asked, "w")
    assert answer.code == 0, answer.err
    assert "18 works in w, all on one sheet in w-sheet.png" in answer.out
    for name in [f"w/{index:04d}.png" for index in range(18)]:
        assert unsigned(here / name) == unsigned(here / name.replace("w/", "once/"))
    assert all((here / "w" / name).stat().st_mtime_ns == moment for name, moment in stood.items())
    assert unsigned(here / "w-sheet.png") == unsigned(here / "once-sheet.png")
    assert (here / "w-trajectory.webp").exists() == bool(more == ["--trajectory"])
    assert "added to w (0018.png" in sfumato(*asked, "w").out  # it is finished


def test_with_force_the_first_works_are_written_over(sfumato, run, here, tree):
    assert sfumato("generate", run, "-n", 3, "--steps", 1, "-o", "w").code == 0
    before = tree(here)
    answer = sfumato("generate", run, "-n", 2, "--steps", 1, "--seed", 5, "-o", "w", "--force")
    assert "1 other file in w left as before" in answer.out
    after = tree(here)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in ("w/0000.png", "w/0001.png", "w-sheet.png"))
    assert after["w/0002.png"] == before["w/0002.png"]


def test_a_sheet_that_cannot_be_written_is_said_before_anything_is_made(sfumato, run, here, tree):
    (here / "w-sheet.png").mkdir()
    for force in ([], ["--force"]):
        answer = sfumato("generate", run, "-n", 1, "--steps", 1, "-o", "w", *force)
        assert answer.code == 2
        assert "w-sheet.png: is a directory" in answer.err
    assert tree(here) == {"w-sheet.png": None}


def test_more_works_than_a_sheet_shows(sfumato, run, here, monkeypatch):
    monkeypatch.setattr("sfumato.cli.series.ON_SHEET", 4)
    answer = sfumato("generate", run, "-n", 6, "--steps", 1, "-o", "w")
    assert "6 works in w, the first 4 on one sheet in w-sheet.png" in answer.out
    assert len(list((here / "w").glob("*.png"))) == 6


def test_a_mixture_of_classes_and_a_negative_one(sfumato, run, here):
    answer = sfumato(
        *(
            "generate",
            run,
            "-n",
            1,
            "--steps",
            2,
            "--class",
            "waves:0.7,circles:0.3",
            "--negative",
            "circles",
            "-o",
            "w",
        )
    )
    assert answer.code == 0, answer.err
    recipe = read_work(here / "w" / "0000.png").recipe
    assert (recipe.request.label, recipe.request.negative) == ("waves:0.7,circles:0.3", "circles")


def test_variations_of_a_work_name_it_in_their_recipes(sfumato, run, here):
    assert sfumato("generate", run, "-n", 2, "--steps", 2, "--seed", 4, "--keep-empty", "-o", "w").code == 0
    answer = sfumato(
        *("generate", run, "-n", 3, "--variations", 0.3, "--of", "w/0001.png", "--seed", 9, "-o", "variations")
    )
    assert answer.code == 0, answer.err
    recipes = [read_work(path).recipe for path in sorted((here / "variations").glob("*.png"))]
    requests = [recipe.request for recipe in recipes]
    assert [(request.seed, request.number, request.slerps) for request in requests] == [
        (4, 1, (Slerp(seed=9, number=number, fraction=0.3),)) for number in range(3)
    ]
    assert {recipe.request.sampling.steps for recipe in recipes} == {2}


def test_without_a_recipe_no_setting_is_anywhere_in_the_file(sfumato, run, here):
    answer = sfumato(
        *("generate", run, "-n", 1, "--steps", 2, "--seed", 31337, "--class", "waves", "--no-recipe", "-o", "w")
    )
    assert answer.code == 0, answer.err
    with Image.open(here / "w" / "0000.png") as picture:
        assert list(picture.text) == ["XML:com.adobe.xmp"]
        assert "trainedAlgorithmicMedia" in picture.text["XML:com.adobe.xmp"]
    content = (here / "w" / "0000.png").read_bytes()
    assert not any(secret in content for secret in (b"31337", b"waves", b"dpmpp", b"parameters", b"Steps"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--variations 0.3", "variations and the work that they are of belong together"),
        ("--of w/0000.png", "variations and the work that they are of belong together"),
        ("--variations 1.5 --of w/0000.png", "variations 1.5: from 0 (the work itself) to 1"),
        ("--variations 0.5 --of nothing.png", "nothing.png does not exist"),
        ("--class waves:0.5,cubism", "class 'cubism'"),
        ("--negative cubism", "class 'cubism'"),
        ("--negative waves --guidance 1", "guidance that leads away"),
        ("--sharpness 0.5", "--sharpness: input should be less than or equal to 0.2"),
    ],
)
def test_a_control_that_cannot_be_had_is_one_sentence(sfumato, run, here, tree, typed, said):
    assert sfumato("generate", run, "-n", 1, "--steps", 1, "-o", "w").code == 0
    before = tree(here)
    answer = sfumato("generate", run, "-n", 1, "-o", "other", *typed.split())
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert tree(here) == before


def test_works_of_another_size_that_repeat_and_are_steered(sfumato, run, here):
    Image.new("RGB", (30, 20), "teal").save(here / "sketch.png")
    answer = sfumato(
        *("generate", run, "-n", 2, "--steps", 2, "--width", 48, "--height", 40, "--tile", "-o", "w"),
        *("--palette", "sketch.png", "--composition", "sketch.png", "--composition-strength", 0.5),
    )
    assert answer.code == 0, answer.err
    work = read_work(here / "w" / "0001.png")
    assert work.image.size == (48, 40)
    assert work.recipe.request.canvas.tile
    assert (work.recipe.request.palette.colours, work.recipe.request.palette.weights) == (("#008080",), (1.0,))
    assert (work.recipe.request.composition.levels, work.recipe.request.composition.strength) == ("008080" * 64, 0.5)
    assert "the pixels are the same" in sfumato("again", "w/0001.png", "--model", run).out


def test_a_sheet_that_is_not_ours_is_left_where_works_were_moved_beside_it(sfumato, run, here):
    assert sfumato("generate", run, "-n", 1, "--steps", 1, "-o", "w").code == 0
    (here / "elsewhere").mkdir()
    (here / "w").rename(here / "elsewhere" / "w")
    sheet = here / "elsewhere" / "w-sheet.png"
    sheet.write_text("mine")
    answer = sfumato("generate", run, "-n", 1, "--steps", 1, "-o", "elsewhere/w", "--force")
    assert answer.code == 2
    assert "w-sheet.png was not made by sfumato" in answer.err
    assert sheet.read_text() == "mine"
    (here / "w-sheet.png").replace(sheet)
    assert sfumato("generate", run, "-n", 1, "--steps", 1, "-o", "elsewhere/w", "--force").code == 0


def test_a_model_with_classes_answers_a_prompt_with_them(sfumato, run, here):
    (here / "prompts.txt").write_text("a fox\n", "utf-8")
    for asked in (("--prompt", "a fox"), ("--prompts", "prompts.txt")):
        answer = sfumato("generate", run, *asked, "-o", "out")
        assert answer.code == 2
        assert answer.err.startswith("error: prompt 'a fox': the model 'run' reads no text; ask for one of its classes")
        assert answer.err.count("\n") == 1
        assert not (here / "out").exists()


def test_the_best_of_several_is_kept_and_more_follow(sfumato, run, tmp_path):
    answer = sfumato("generate", run, "-n", 2, "--best-of", 3, "-o", tmp_path / "works")
    assert answer.code == 2
    assert "has no critic to choose by" in answer.err
    answer = sfumato("generate", run, "-n", 2, "--best-of", 3, "--trajectory", "-o", tmp_path / "works")
    assert answer.code == 2
    assert "leave one of the two out" in answer.err
    model = Model.from_pretrained(run)
    critic = Critic(weights=(*[0.0] * (MEASURES - 1), 1.0))
    model.config = model.config.model_copy(update={"critic": critic})
    place, folder = model.save_pretrained(tmp_path / "critical"), tmp_path / "works"
    asked = ("generate", place, "--best-of", 3, "--steps", 2, "--keep-empty", "-o", folder)
    assert sfumato(*asked, "-n", 3).code == 0
    assert sfumato(*asked, "-n", 3).code == 0
    recipes = [read_work(folder / f"{index:04d}.png").recipe for index in range(6)]
    assert [recipe.request.position for recipe in recipes] == list(range(6))
    assert {recipe.attempt for recipe in recipes} > {0}
    assert all(recipe.request.series_seed == recipe.attempt for recipe in recipes)
    *_, last = Model.from_pretrained(place).generate(6, best_of=3, steps=2, keep_empty=True)
    assert last.recipe == recipes[5]
    answer = sfumato("again", folder / "0005.png", "--model", place, "-o", tmp_path / "again.png")
    assert answer.code == 0, answer.err
    with Image.open(tmp_path / "again.png") as made, Image.open(folder / "0005.png") as kept:
        assert made.tobytes() == kept.tobytes()


def test_works_that_are_all_but_empty_are_drawn_again_unless_they_are_to_be_kept(sfumato, run, tmp_path):
    """After one step works are means of pictures, and nothing is to be seen in them."""
    asked = ("generate", run, "--steps", 1, "-n", 2)
    answer = sfumato(*asked, "-o", tmp_path / "again")
    assert answer.code == 0, answer.err
    assert "6 works all but empty, and drawn again with later seeds" in answer.out
    answer = sfumato(*asked, "--keep-empty", "-o", tmp_path / "kept")
    assert answer.code == 0, answer.err
    assert "all but empty" not in answer.out
    made = {name: [read_work(tmp_path / name / f"000{n}.png").recipe for n in (0, 1)] for name in ("again", "kept")}
    assert [recipe.attempt for recipe in made["kept"]] == [0, 0]
    assert [recipe.attempt for recipe in made["again"]] == [3_000_000, 3_000_000]
    # More of them follow, of the seed that was asked for.
    assert sfumato(*asked, "-o", tmp_path / "again").code == 0
    later = [read_work(tmp_path / "again" / f"000{n}.png").recipe for n in (2, 3)]
    assert [recipe.request.position for recipe in later] == [2, 3]
    assert [work.recipe for work in Model.from_pretrained(run).generate(4, steps=1)] == [*made["again"], *later]
    kept = Model.from_pretrained(run).generate(2, steps=1, keep_empty=True)
    assert [work.recipe for work in kept] == made["kept"]
    # Each is made again by its recipe alone, though it is all but empty.
    answer = sfumato("again", tmp_path / "again" / "0001.png", "--model", run, "-o", tmp_path / "again.png")
    assert answer.code == 0, answer.err
    with Image.open(tmp_path / "again.png") as one, Image.open(tmp_path / "again" / "0001.png") as other:
        assert one.tobytes() == other.tobytes()
