"""What is said of a file that a stranger may have written harms no page, and promises nothing that was not found."""

import io
import math

from PIL import Image

from sfumato.studio.server.work_details import asked_plainly, credentials_in_words, finding_in
from sfumato.works import Recipe
from sfumato.works.edits import Refine
from sfumato.works.recipe import Environment, ModelReference
from sfumato.works.request import Palette, Request


def recipe(**asked: object) -> Recipe:
    return Recipe(
        model=ModelReference(name="coast", digest="ab" * 32),
        request=Request.of(**{"seed": 7, "width": 64, "height": 64, **asked}),
        environment=Environment(sfumato_version="1.0", torch_version="2.10"),
    )


def test_a_strangers_comparison_is_bounded_and_harmless() -> None:
    rows = [{"file": "\x1b[31m" + "x" * 10_000, "creator": 7, "similarity": similarity} for similarity in (2, math.nan)]
    found = finding_in({"found": "near copy", "nearest": [*rows, "no row", *rows]}, None)
    assert [each.similarity for each in found.nearest] == [None, None]
    assert all(len(each.file) < 5000 and "\x1b" not in each.file for each in found.nearest)
    assert all(each.picture is None for each in found.nearest)


def test_what_was_not_compared_is_said_to_be_that() -> None:
    for facts in (None, "near copy", {"found": "original"}, {"found": "not compared"}, []):
        assert finding_in(facts, None).found == "not compared"


def test_a_file_without_credentials_has_nobody_who_signed_it() -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "PNG")
    words, _ = credentials_in_words(file.getvalue())
    assert (words.status, words.signer, words.is_own, words.details) == ("none", None, False, [])


def test_what_was_asked_for_is_plain_and_numbers_are_exact_in_a_browser() -> None:
    whole = recipe(seed=2**60 + 1, label="waves")
    request = whole.request.model_copy(
        update={"edit": Refine(picture="12" * 32), "palette": Palette(colours=("#aa3322",))}
    )
    asked = asked_plainly(whole.model_copy(update={"request": request}))
    assert asked == {"seed": str(2**60 + 1), "label": "waves", "width": 64, "height": 64}
