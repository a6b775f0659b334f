"""What the page asks for is what `Request` and the jobs understand: its plain functions, run by Node where that is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sfumato.models.classes import class_mixture
from sfumato.models.configuration import ModelConfig
from sfumato.studio.jobs.specs import SPEC
from sfumato.works.labels import written_name

PAGE = Path(__file__).parent.parent / "src/sfumato/studio/page"
CLASSES = ("painting", "red, blue", 'the "old"', "etching:late", " spaced ")
MODEL = {"id": "waves", "kind": "classes", "classes": CLASSES, "size": 64}
SETTINGS = {
    "shares": {},
    "prompt": "",
    "without": "",
    "negative": "",
    "seed": 7,
    "number": 0,
    "count": 4,
    "width": None,
    "height": None,
    "tile": False,
    "base": False,
    "print": "",
    "upscaler": None,
    "steps": None,
    "guidance": None,
    "sharpness": None,
    "palette": [],
    "paletteStrength": 0.75,
    "compositionStrength": 1,
    "way": "remake",
    "strength": 0.6,
    "fillStrength": 1,
    "holds": False,
    "source": "",
    "margins": {"left": 8, "top": 0, "right": 0, "bottom": 0},
}
UPLOADED = {"upload": "sent", "file": 0}

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="the page's modules are run by Node")


def said(expression: str, *, of: str = "views/create/spec.js", **values: Any) -> Any:
    """What an expression of the functions of one of the page's modules is worth."""
    module = (PAGE / of).as_uri()
    names = ", ".join(values)
    program = (
        f"const page = await import({json.dumps(module)});"
        f"const {{{names}}} = {json.dumps(values)};"
        f"console.log(JSON.stringify({expression}))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", program], capture_output=True, text=True, timeout=30, check=True
    )
    return json.loads(done.stdout)


def test_a_mixture_that_is_set_on_the_page_is_the_one_that_a_model_reads() -> None:
    shares = {name: 10 * (place + 1) for place, name in enumerate(CLASSES)}
    labels = said(
        "[page.labelOf(shares), ...Object.keys(shares).map((name) => page.labelOf({[name]: 50}))]", shares=shares
    )
    config = ModelConfig.model_construct(classes=CLASSES, class_shares=(0.2,) * len(CLASSES), name="waves")
    total = sum(shares.values())
    assert class_mixture(labels[0], config) == pytest.approx(
        {place: share / total for place, share in enumerate(shares.values())}
    )
    assert labels[1:] == [written_name(name) for name in CLASSES]


def test_a_mixture_is_told_by_the_names_of_its_classes() -> None:
    shares = {name: 10 * (place + 1) for place, name in enumerate(CLASSES)}
    told = "parts/mixture.js"
    label = said("page.labelOf(shares)", shares=shares)
    assert said("page.mixtureOf(label)", of=told, label=label) == [
        [name, pytest.approx(share / sum(shares.values()))] for name, share in shares.items()
    ]
    assert said("labels.map(page.mixtureOf)", of=told, labels=["painting", '"red, blue"', "a:0,b:0"]) == [None] * 3
    assert said("labels.map(page.plain)", of=told, labels=["painting", '"red, blue"']) == ["painting", "red, blue"]


def test_a_mixture_comes_back_from_its_words() -> None:
    shares = {name: 10 * (place + 1) for place, name in enumerate(CLASSES)}
    assert said("page.sharesOf(page.labelOf(shares), classes)", shares=shares, classes=CLASSES) == shares
    assert said("page.sharesOf('unknown:0.5,painting:0.5,', classes)", classes=CLASSES) == {"painting": 50}
    assert said("page.sharesOf(undefined, classes)", classes=CLASSES) == {}


@pytest.mark.parametrize(
    ("way", "strength", "verb", "kind"),
    [
        ("remake", 0.6, "remake", "reimagine"),
        ("remake", 1, "make", "generate"),
        ("fill", 0.6, "fill", "inpaint"),
        ("extend", 0.6, "extend", "outpaint"),
        ("enlarge", 0.6, "enlarge", "upscale"),
    ],
)
def test_each_way_to_use_a_picture_is_a_job_that_can_be_asked(way: str, strength: float, verb: str, kind: str) -> None:
    settings = SETTINGS | {"way": way, "strength": strength, "upscaler": "larger"}
    given = {"picture": UPLOADED, "mask": UPLOADED | {"file": 1}, "composition": UPLOADED, "palette": UPLOADED}
    named, spec = said(
        "[page.verbOf(settings, {}), page.specOf(settings, model, {}, given)]",
        settings=settings,
        model=MODEL,
        given=given,
    )
    assert (named, SPEC.validate_python(spec).kind) == (verb, kind)


def test_what_is_not_set_is_left_to_the_model() -> None:
    spec = said("page.specOf(settings, model, null, {})", settings=SETTINGS, model=MODEL)
    assert spec == {"kind": "generate", "model": "waves", "count": 4, "asked": {"seed": 7}}


def test_a_print_says_all_of_the_size_and_small_works_are_asked_of_models_that_enlarge_them() -> None:
    settings = SETTINGS | {"print": " a4@300 ", "base": True, "width": 128, "tile": True}
    cascade = MODEL | {"base_size": 16}
    spec = said("page.specOf(settings, model, null, {})", settings=settings, model=cascade)
    assert spec["print_size"] == "a4@300"
    assert spec["asked"] == {"seed": 7}
    spec = said("page.specOf(settings, model, null, {})", settings=settings | {"print": ""}, model=cascade)
    assert spec["asked"] == {"seed": 7, "stage": "base", "width": 128, "tile": True}
    spec = said("page.specOf(settings, model, null, {})", settings=SETTINGS | {"base": True}, model=MODEL)
    assert spec["asked"] == {"seed": 7}


def test_the_best_of_four_is_asked_of_models_that_can_choose() -> None:
    settings, chooses = SETTINGS | {"best": True}, MODEL | {"chooses": True}
    spec = said("page.specOf(settings, model, null, {})", settings=settings, model=chooses)
    assert SPEC.validate_python(spec).best_of == 4
    assert "best_of" not in said("page.specOf(settings, model, null, {})", settings=settings, model=MODEL)
    spec = said(
        "page.specOf(settings, model, {}, given)", settings=settings, model=chooses, given={"picture": UPLOADED}
    )
    assert "best_of" not in spec


def test_classes_of_another_model_are_not_asked_of_this_one() -> None:
    settings = SETTINGS | {"shares": {"painting": 70, "of another": 30}, "negative": "of another"}
    spec = said("page.specOf(settings, model, null, {})", settings=settings, model=MODEL)
    assert spec["asked"] == {"seed": 7, "label": "painting"}


def test_a_photograph_is_worked_at_the_scale_of_the_model_and_a_work_at_its_own() -> None:
    large, work, small = said("[[4000, 3000], [64, 64], [40, 30]].map(([w, h]) => page.workingSizes(w, h, 64)[0])")
    assert large == {"width": 85, "height": 64}
    assert work == {"width": 64, "height": 64}
    assert small == {"width": 85, "height": 64}
