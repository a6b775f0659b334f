"""One sheet of many settings: its cells are the very works that `generate` makes, and it says what they cost."""

import json

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner

from sfumato.cli.grid import grid
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, ModelConfig, build_denoiser
from sfumato.models.effort import watched_looks
from sfumato.networks import UNetConfig
from sfumato.provenance.mark import GRID_KEY
from sfumato.works.viewing import enlarged

CLASSES = ("waves", "birds, small", "[red]")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The directory of a small model with weights that are not zero, so that every setting leaves its mark."""
    config = ModelConfig(
        name="tiny",
        size=32,
        classes=CLASSES,
        class_shares=(0.5, 0.25, 0.25),
        network=UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
        has_early=True,
    )
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        denoiser, early = build_denoiser(config), build_denoiser(config)
    for module in (denoiser, early):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    made = Model(config, denoiser, dict(early.network.state_dict()), "# a card\n")
    return made.save_pretrained(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def drawn(model, here):
    """drawn("--vary", "steps=1,2"): what the command says, which writes grid.png. Raises its SfumatoError."""
    app = typer.Typer()
    app.command()(grid)

    def run(*arguments, of=model):
        result = CliRunner().invoke(app, [str(of), *map(str, arguments)])
        if isinstance(result.exception, SfumatoError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


def record_of(path):
    with Image.open(path) as file:
        file.load()
        return json.loads(file.text[GRID_KEY]), file.text["XML:com.adobe.xmp"]


def place(sheet, picture):
    """Where a picture hangs, (top, left), four times as large."""
    pixels, sought = np.asarray(sheet), np.asarray(enlarged(picture, 4))
    corners = np.argwhere((pixels[:-127, :-127] == sought[0, 0]).all(-1))
    found = [(y, x) for y, x in corners.tolist() if np.array_equal(pixels[y : y + 128, x : x + 128], sought)]
    assert len(found) == 1
    return found[0]


def test_the_cells_are_what_generate_makes_each_in_its_row_and_column(drawn, model, here):
    said = drawn("--vary", "guidance=1,3", "--vary", "steps=2,3,4", "-n", 2, "--seed", 5, "--class", "waves")
    assert "2 works for each of 6 settings: grid.png" in said
    with Image.open("grid.png") as file:
        sheet = file.convert("RGB")
    loaded = Model.from_pretrained(model)
    places = np.array(
        [
            [
                [
                    place(sheet, work.image)
                    for work in loaded.generate(2, seed=5, label="waves", guidance=guidance, steps=steps)
                ]
                for steps in (2, 3, 4)
            ]
            for guidance in (1, 3)
        ]
    )
    tops, lefts = places[..., 0, 0], places[..., 0, 1]
    assert (tops == tops[:, :1]).all() and tops[0, 0] < tops[1, 0]
    assert (lefts == lefts[:1]).all() and (np.diff(lefts[0]) > 0).all()
    assert [path.name for path in here.iterdir()] == ["grid.png"]


def test_one_setting_makes_columns_in_which_a_row_follows_one_work(drawn, model):
    drawn("--vary", "sampler=euler,heun", "--steps", 2)
    with Image.open("grid.png") as file:
        sheet = file.convert("RGB")
    loaded = Model.from_pretrained(model)
    euler, heun = (
        [place(sheet, work.image) for work in loaded.generate(4, steps=2, sampler=name)] for name in ("euler", "heun")
    )
    assert [top for top, _ in euler] == [top for top, _ in heun] == sorted({top for top, _ in euler})
    assert len({left for _, left in euler}) == len({left for _, left in heun}) == 1


def test_the_file_says_how_to_make_it_again_and_that_it_was_generated(drawn, model):
    drawn("--vary", "seed=3,7", "--vary", "sharpness=0,0.1", "--steps", 2, "--class", "waves", "-n", 1)
    record, xmp = record_of("grid.png")
    assert "trainedAlgorithmicMedia" in xmp
    assert record["rows"] == {"name": "seed", "values": [3, 7]}
    assert record["columns"] == {"name": "sharpness", "values": [0.0, 0.1]}
    assert record["model"] == {"name": "tiny", "digest": Model.from_pretrained(model).weights_digest}
    request, settings = record["request"], record["request"]["sampling"]
    assert (settings["steps"], request["label"]) == (2, "waves")
    assert not {"seed", "sharpness"} & (request.keys() | settings.keys())
    # All of it, as it stands in the file, leads to the last cell.
    again = Generation.of(
        Model.from_pretrained(model),
        label=request["label"],
        seed=7,
        sharpness=0.1,
        **settings,
    )
    with Image.open("grid.png") as file:
        place(file.convert("RGB"), next(again.works(1)).image)


@pytest.mark.parametrize(
    ("options", "evaluations"),
    [
        (("--vary", "guidance=1,2", "--vary", "steps=1,3"), [[1, 3], [2, 6]]),
        (("--vary", "sampler=euler,heun", "--steps", 3, "--guidance", 1), [[4, 6]]),
        (("--vary", "guidance_kind=classifier_free,autoguidance", "--steps", 2, "--guidance", 2), [[4, 4]]),
        (("--vary", "guidance_low=0,1000", "--steps", 2, "--guidance", 2), [[4, 2]]),
        (("--vary", "class=waves;waves:0.5,[red]:0.5", "--steps", 2, "--guidance", 1), [[2, 4]]),
    ],
)
def test_evaluations_are_what_the_sampler_asked_of_networks(drawn, options, evaluations):
    drawn(*options, "-n", 17)  # two batches, and still as many for each work
    assert record_of("grid.png")[0]["evaluations"] == evaluations


def test_the_table_has_a_line_for_each_value_that_changes_the_cost(drawn):
    lines = drawn("--vary", "seed=0,1", "--vary", "steps=1,2", "--guidance", 1, "-n", 1).splitlines()
    cells = [[part.strip() for part in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert [row[:2] for row in cells] == [["1", "1"], ["2", "2"]]
    assert all(float(row[2]) >= 0 for row in cells)
    assert "changes nothing" not in "".join(lines)
    (row,) = [
        [part.strip() for part in line.split("│")[1:-1]]
        for line in drawn("--vary", "seed=0,1", "--steps", 2, "--guidance", 1, "--force").splitlines()
        if line.startswith("│")
    ]
    assert row[0] == "2"


def test_a_setting_that_changes_nothing_is_named(drawn):
    said = drawn("--vary", "guidance_kind=classifier_free,autoguidance", "--vary", "seed=0,1", "--guidance", 1, "-n", 1)
    assert "guidance kind changes nothing here: all its works are the same" in said
    assert "seed changes nothing" not in said


def test_classes_of_any_name_are_varied(drawn, model):
    said = drawn("--vary", "class=waves;birds, small;[red]", "--vary", "precision=float32,bfloat16", "--steps", 1)
    assert "bfloat16" in said
    record, _ = record_of("grid.png")
    assert record["rows"]["values"] == list(CLASSES)
    with Image.open("grid.png") as file:
        sheet = file.convert("RGB")
    loaded = Model.from_pretrained(model)
    tops = [place(sheet, loaded.generate(1, label=label, steps=1)[0].image)[0] for label in CLASSES]
    assert tops == sorted(tops)


def test_a_class_may_be_called_like_markup(drawn):
    lines = drawn("--vary", "class=[red];[red]:1,waves:3", "--steps", 1, "--guidance", 1).splitlines()
    cells = [[part.strip() for part in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert [row[:2] for row in cells] == [["[red]", "1"], ["[red]:1,waves:3", "2"]]


def test_a_large_sheet_has_one_work_of_each(drawn):
    seeds = ",".join(map(str, range(9)))
    assert "4 works for each of 9 settings" in drawn("--vary", f"seed={seeds}", "--steps", 1)
    said = drawn("--vary", f"seed={seeds}", "--vary", "guidance=1,2", "--steps", 1, "--force")
    assert "1 work for each of 18 settings" in said


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--vary", "magic=1"), "'magic' cannot be varied; choose one of seed, prompt, class"),
        (("--vary", "steps=1,2", "--steps", 4), "--steps says one value for all"),
        (("--vary", "steps=2,0"), "steps 0"),
        (("--vary", "guidance=1,nan"), "guidance nan"),
        (("--vary", "sampler=euler,magic"), "sampler 'magic'.*heun"),
        (("--vary", "seed=0,-1"), "seed -1"),
        (("--vary", "class=waves,cubism"), "class 'cubism'.*waves"),
        (("--vary", "guidance_low=1,2000"), "guidance_low 2000 is above guidance_high 1000"),
        (("--vary", "steps=1", "--vary", "seed=1", "--vary", "guidance=1"), "vary one or two"),
        (("--vary", "steps=1,2", "-o", "grid.jpg"), "grid.jpg: a grid is kept as PNG"),
        (("--vary", "steps=1,2", "-n", 3000), "6,000 works of 32 px: their sheet of 98 million pixels"),
    ],
)
def test_what_cannot_be_shown_is_said_before_anything_is_made(drawn, here, options, fault):
    looks = []
    with watched_looks(lambda denoiser, count: looks.append(count)), pytest.raises(SfumatoError, match=fault) as caught:
        drawn(*options)
    assert "\n" not in str(caught.value)
    assert looks == [] and list(here.iterdir()) == []


def test_a_sheet_is_not_written_over_unasked(drawn, here, unsigned):
    drawn("--vary", "seed=0,1", "--steps", 1)
    before, shown = (here / "grid.png").read_bytes(), unsigned(here / "grid.png")
    with pytest.raises(SfumatoError, match=r"grid.png: is there already; choose another -o, or say --force"):
        drawn("--vary", "seed=2,3", "--steps", 1)
    assert (here / "grid.png").read_bytes() == before
    drawn("--vary", "seed=2,3", "--steps", 1, "--force")
    assert unsigned(here / "grid.png") != shown


def test_the_same_command_makes_the_same_file(drawn, here, unsigned):
    for name in ("a.png", "b.png"):
        drawn("--vary", "seed=0,1", "--steps", 1, "-o", name)
    assert unsigned(here / "a.png") == unsigned(here / "b.png")
