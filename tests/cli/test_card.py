"""Cards as a person asks for them."""

import json
from collections.abc import Callable
from pathlib import Path


def test_a_card_is_printed_or_written_and_never_over_what_is_there(
    sfumato: Callable, run: Path, tmp_path: Path
) -> None:
    printed = sfumato("card", run)
    assert printed.code == 0 and printed.err == ""
    assert printed.out.startswith("---\n") and "# run\n" in printed.out
    file = tmp_path / "new" / "card.md"
    assert sfumato("card", run, "--format", "eu", "-o", file).code == 0
    assert file.read_text("utf-8").startswith("# Public summary of training content")
    file.write_text("mine")
    answer = sfumato("card", run, "-o", file)
    assert answer.code == 2 and str(file) in answer.err
    assert file.read_text() == "mine"
    assert sfumato("card", run, "--format", "croissant", "-o", file, "--force").code == 0
    assert json.loads(file.read_text("utf-8"))["@type"] == "sc:Dataset"
    assert [path.name for path in file.parent.iterdir()] == ["card.md"]


def test_a_mistake_is_one_sentence(sfumato: Callable, tmp_path: Path) -> None:
    answer = sfumato("card", tmp_path / "nowhere")
    assert answer.code == 2 and "no such directory" in answer.err and "Traceback" not in answer.err
    answer = sfumato("card", tmp_path, "--format", "pdf")
    assert answer.code == 2 and "hub" in answer.err


def test_after_training_the_terms_are_said(trained: tuple) -> None:
    run, answer = trained
    assert f"Licences of 20 pictures: 20 public domain or free; more of it: sfumato card {run}" in answer.out
