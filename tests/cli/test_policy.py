"""The limits that works keep to, as a person sees them and runs into them."""

import json

import pytest
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model
from sfumato.provenance.mark import GRID_KEY
from sfumato.provenance.verification import read_credentials
from sfumato.works import Work, contact_sheet, read_work
from sfumato.works.refusal import Refusal


@pytest.fixture(scope="module")
def scores(run):
    """Those of the first six works of seed 7: how near each is to what was learned from."""
    works = Model.from_pretrained(run).generate(6, seed=7, steps=3)
    return [work.finding.score for work in works]


@pytest.fixture
def limited(tmp_path, monkeypatch):
    """limited(text): a policy file of this text is in force."""

    def write(text):
        path = tmp_path / "policy.toml"
        path.write_text(text)
        monkeypatch.setenv("SFUMATO_POLICY", str(path))
        return path

    return write


@pytest.fixture
def refuses(monkeypatch):
    """refuses(3, 4): works of these numbers are refused, whatever they are like."""
    judged = Generation._judged

    def refuse(*numbers):
        def _judged(self, positions, *pictures):
            works, refused = judged(self, positions, *pictures)
            more = [work.recipe.request for work in works if work.recipe.request.number in numbers]
            again = int(self.attempt < self.policy.limits.retries)
            others = tuple(Refusal(asked.seed, asked.number, "as the test has it", again) for asked in more)
            return tuple(work for work in works if work.recipe.request not in more), refused + others

        monkeypatch.setattr(Generation, "_judged", _judged)

    return refuse


def test_without_a_file_it_says_so(sfumato):
    answer = sfumato("policy")
    assert answer.code == 0
    assert answer.out.startswith("no policy file: works are not limited (SHA-256 ")
    assert "near copies of what was learned from: mark" in answer.out


def test_it_shows_every_limit(sfumato, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'copies = "refuse"\ncopy_threshold = 0.5\nretries = 2\nclasses = ["waves"]\nworks_per_hour = 1\n'
        'longest_side = 1024\n[words]\nallowed = ["waves"]\nrefused = ["nude"]\n'
        '[prompts]\nrefused = ["gore"]\nmost_letters = 500\nrecord = "digest"\n'
    )
    answer = sfumato("policy", path)
    assert answer.out.splitlines()[1:] == [
        "near copies of what was learned from: refuse, over a score of 0.5",
        "a work that is refused is made again with the next seed: 2 times",
        "classes: waves",
        "words: waves",
        "words refused: nude",
        "in prompts refused: gore",
        "500 letters of a prompt at most",
        "prompts are not kept in files, only their SHA-256",
        "1 work an hour at most",
        "1,024 pixels a side at most",
    ]


def test_a_spelling_mistake_makes_nothing(sfumato, run, tmp_path, limited):
    path = limited("copys = 'refuse'")
    for typed in (("policy",), ("generate", run, "-n", 1, "-o", tmp_path / "works")):
        answer = sfumato(*typed)
        assert answer.code == 2
        assert f"{path}: is no policy: there is no limit 'copys', do you mean 'copies'?" in answer.err
    assert not (tmp_path / "works").exists()


def test_refused_works_are_missing_counted_and_explained(sfumato, run, tmp_path, limited, scores):
    nearest = scores.index(max(scores))
    limited(f"copies = 'refuse'\ncopy_threshold = {sorted(scores)[-2]}\n")
    folder = tmp_path / "works"
    answer = sfumato("generate", run, "-n", 6, "--seed", 7, "--steps", 3, "--trajectory", "-o", folder)
    assert answer.code == 0, answer.err
    assert f"1 work refused, and not saved: number {nearest} of seed 7 (near copy of " in answer.out
    assert f"5 works in {folder}" in answer.out
    names = {f"{number:04d}.png" for number in range(6)} - {f"{nearest:04d}.png"}
    assert {path.name for path in folder.glob("*.png")} == names
    # What follows goes on after all of them.
    limited("")
    answer = sfumato("generate", run, "-n", 1, "--seed", 7, "--steps", 3, "-o", folder)
    assert "0006.png: number 6 of seed 7" in answer.out


def test_what_lies_where_a_work_was_refused_is_none_of_those_that_were_made(sfumato, run, tmp_path, refuses):
    folder = tmp_path / "works"
    sfumato("generate", run, "-n", 4, "--steps", 1, "--seed", 3, "-o", folder)
    before = (folder / "0002.png").read_bytes()
    refuses(2)
    answer = sfumato("generate", run, "-n", 4, "--steps", 1, "-o", folder, "--force")
    assert f"3 works in {folder}, all on one sheet" in answer.out
    assert f"1 other file in {folder} left as before" in answer.out
    assert (folder / "0002.png").read_bytes() == before
    assert read_credentials(tmp_path / "works-sheet.png").facts["comparison"]["works"] == 3
    with Image.open(tmp_path / "works-sheet.png") as sheet:
        assert sheet.size == contact_sheet([Image.new("RGB", (32, 32))] * 3).size


def test_where_the_first_works_are_refused_no_animation_is_said_to_be_there(sfumato, run, tmp_path, refuses):
    refuses(*range(16))
    answer = sfumato("generate", run, "-n", 17, "--steps", 1, "--trajectory", "-o", tmp_path / "works")
    assert f"1 work in {tmp_path / 'works'}" in answer.out
    assert "no animation is written: it shows the first works, and all of these were refused" in answer.out
    assert not (tmp_path / "works-trajectory.webp").exists()


def test_a_sheet_does_not_say_of_works_that_lay_there_that_they_were_compared(sfumato, run, tmp_path, monkeypatch):
    asked = ("generate", run, "-n", 18, "--steps", 1, "-o", tmp_path / "works")
    save = Work.save

    def killed(work, path, **options):
        if path.name == "0016.png":
            raise KeyboardInterrupt
        return save(work, path, **options)

    monkeypatch.setattr(Work, "save", killed)
    assert sfumato(*asked).code == 130
    monkeypatch.undo()
    answer = sfumato(*asked)
    assert "none of 2 works is a near copy" in answer.out
    said = read_credentials(tmp_path / "works-sheet.png").facts["comparison"]
    assert (said["works"], said["compared"]) == (18, 2)


def test_a_work_that_was_made_again_stands_in_the_place_of_the_refused_one(sfumato, run, tmp_path, limited, scores):
    nearest = scores.index(max(scores))
    limited(f"copies = 'refuse'\nretries = 9\ncopy_threshold = {sorted(scores)[-2]}\n")
    folder = tmp_path / "works"
    answer = sfumato("generate", run, "-n", 6, "--seed", 7, "--steps", 3, "-o", folder)
    assert answer.code == 0, answer.err
    assert "refused, and made again with the next seed" in answer.out
    recipe = read_work(folder / f"{nearest:04d}.png").recipe
    assert recipe.attempt >= 1
    assert recipe.request.seed == 7 + recipe.attempt
    again = sfumato("again", folder / f"{nearest:04d}.png", "--model", run)
    assert "the pixels are the same" in again.out
    # What follows is of the seed that was asked for, and no number comes twice.
    limited("")
    sfumato("generate", run, "-n", 1, "--seed", 7, "--steps", 3, "-o", folder)
    assert read_work(folder / "0006.png").recipe.request.number == 6


def test_where_all_are_refused_it_is_an_error_and_nothing_is_written(sfumato, run, tmp_path, limited):
    limited("copies = 'refuse'\ncopy_threshold = -1\n")
    folder = tmp_path / "works"
    answer = sfumato("generate", run, "-n", 2, "--steps", 1, "--keep-empty", "-o", folder)
    assert answer.code == 2
    assert "2 works refused, and not saved: number 0 of seed 0 (near copy of " in answer.err
    assert answer.err.endswith("; ask for others with --seed or --retries\n")
    assert not list(folder.glob("*.png"))
    assert not (tmp_path / "works-sheet.png").exists()
    answer = sfumato("reimagine", run, next((run / "snapshots").glob("*.png")), "-o", tmp_path / "again.png")
    assert answer.code == 2
    assert "1 work refused, and not saved" in answer.err
    assert not (tmp_path / "again.png").exists()


def test_a_person_can_ask_for_no_near_copies(sfumato, run, tmp_path, limited):
    limited("copy_threshold = -1\n")
    answer = sfumato("generate", run, "-n", 1, "--steps", 1, "--copies", "refuse", "-o", tmp_path / "works")
    assert answer.code == 2
    assert "1 work refused" in answer.err


def test_near_copies_are_named_where_they_are_marked(sfumato, run, tmp_path, limited):
    limited("copy_threshold = -1\n")
    answer = sfumato("generate", run, "-n", 2, "--steps", 1, "-o", tmp_path / "works")
    assert answer.code == 0
    assert "2 of 2 works are near copies (0000.png: near copy of " in answer.out


def test_a_grid_says_in_the_place_of_a_work_that_it_is_refused(sfumato, run, tmp_path, limited, scores):
    limited(f"copies = 'refuse'\ncopy_threshold = {sorted(scores)[-2]}\n")
    asked = ("grid", run, "--vary", "steps=3", "-n", 6, "--seed", 7, "-o", tmp_path / "grid.png")
    answer = sfumato(*asked)
    assert answer.code == 0, answer.err
    assert "1 work refused" in answer.out


def test_a_grid_compares_works_of_one_seed_alone_and_counts_what_they_cost(sfumato, run, tmp_path, limited, refuses):
    costs = []
    for text, numbers in (("", ()), ("retries = 2", (1,))):
        limited(text)
        refuses(*numbers)
        path = tmp_path / f"grid-{len(costs)}.png"
        answer = sfumato("grid", run, "--vary", "steps=1,2", "-n", 2, "-o", path)
        assert answer.code == 0, answer.err
        with Image.open(path) as grid:
            costs.append(json.loads(grid.text[GRID_KEY])["evaluations"])
    assert costs[0] == costs[1]
    assert "2 works refused, and not saved: number 1 of seed 0" in answer.out
    assert "made again" not in answer.out


def test_a_grid_of_which_all_is_refused_is_not_written(sfumato, run, tmp_path, limited):
    limited("copies = 'refuse'\ncopy_threshold = -1\nretries = 2")
    answer = sfumato("grid", run, "--vary", "steps=1,2", "-n", 1, "-o", tmp_path / "grid.png")
    assert answer.code == 2
    assert "2 works refused, and not saved" in answer.err
    assert answer.err.strip().endswith("; ask for others with --seed")
    assert not (tmp_path / "grid.png").exists()


def test_what_is_refused_when_it_is_made_again_has_no_other_in_its_place(sfumato, run, generated, limited):
    limited("copies = 'refuse'\ncopy_threshold = -1\nretries = 2")
    answer = sfumato("again", generated / "0000.png", "--model", run)
    assert answer.code == 2
    assert "1 work refused, and not saved: number 0 of seed 7" in answer.err
    assert answer.err.strip().endswith("the limits that hold now let none out: 'sfumato policy' shows them")


def test_a_way_is_not_begun_without_its_filters(sfumato, run, generated, tmp_path, limited, monkeypatch):
    limited("[[filters]]\nname = 'nowhere'\n")
    begun = []
    monkeypatch.setattr("sfumato.models.interpolation._Way.pictures", begun.append)
    asked = ("interpolate", generated / "0000.png", generated / "0001.png", "--model", run)
    answer = sfumato(*asked, "-o", tmp_path / "way.webp")
    assert answer.code == 2
    assert "the filter 'nowhere' is not installed" in answer.err
    assert begun == []


def test_a_way_of_which_a_picture_is_refused_is_not_written(sfumato, run, tmp_path, limited):
    folder = tmp_path / "works"
    sfumato("generate", run, "-n", 2, "--steps", 1, "-o", folder)
    limited("copies = 'refuse'\ncopy_threshold = -1\n")
    asked = ("interpolate", folder / "0000.png", folder / "0001.png", "--model", run, "--frames", 2)
    answer = sfumato(*asked, "-o", tmp_path / "way.webp")
    assert answer.code == 2
    assert "picture 1 of 2 on the way was refused: near copy of " in answer.err
    assert not (tmp_path / "way.webp").exists()


@pytest.fixture
def fresh_index(tmp_path, monkeypatch):
    """No work was saved yet."""
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))


def test_no_more_works_are_begun_than_may_be_saved_in_an_hour(sfumato, run, tmp_path, limited, fresh_index):
    limited("works_per_hour = 4")
    asked = ("generate", run, "--steps", 1, "-o", tmp_path / "works", "-n")
    answer = sfumato(*asked, 5)
    assert answer.code == 2
    assert "the policy allows 4 works an hour, and this would be 5 works at once" in answer.err
    assert not list((tmp_path / "works").glob("*.png"))
    assert sfumato(*asked, 3).code == 0
    answer = sfumato(*asked, 2)
    assert answer.code == 2
    assert "the policy allows 4 works an hour, and the last hour has 3; the next can be saved at " in answer.err
    # What a sheet shows that is in no file of its own counts too.
    assert sfumato("grid", run, "--vary", "steps=1", "-n", 1, "-o", tmp_path / "grid.png").code == 0
    assert sfumato(*asked, 1).code == 2


def test_what_python_saves_is_counted(run, tmp_path, limited, fresh_index):
    limited("works_per_hour = 1")
    model = Model.from_pretrained(run)
    first, second = (model.generate(1, seed=seed, steps=1)[0] for seed in (1, 2))
    first.save(tmp_path / "1.png")
    with pytest.raises(SfumatoError, match="the policy allows 1 work an hour"):
        second.save(tmp_path / "2.png")
    with pytest.raises(SfumatoError, match="the policy allows 1 work an hour"):
        model.generate(1, steps=1)
    assert not (tmp_path / "2.png").exists()
