"""What stands beside the package says what the package is: the image, the citation, the workflows, the forms."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import sfumato

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = set(PROJECT["optional-dependencies"])
EXTRA = re.compile(r"(?:sfumato|\.|\.whl\))\[([a-z,]+)\]")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each a word and what follows it, with continued lines joined."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def test_the_image_copies_what_is_there_and_what_is_not_left_out_of_it() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = [shlex.split(rest)[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    assert copied
    for place in (place for places in copied for place in places):
        assert (ROOT / place).exists()
        assert place in let_in
    for needed in (PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "src"):  # or the wheel is not built
        assert any(needed in places for places in copied)


def test_the_image_takes_the_torch_that_the_package_does_and_extras_that_there_are() -> None:
    text = " ".join(rest for word, rest in instructions() if word == "RUN")
    (torch,) = [line for line in PROJECT["dependencies"] if line.startswith("torch")]
    assert f'"{torch}"' in text
    assert set(EXTRA.findall(text)) <= EXTRAS
    assert ("ENTRYPOINT", '["sfumato"]') in instructions()
    assert [rest for word, rest in instructions() if word == "USER"] != []


def test_the_citation_is_of_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert (citation["version"], citation["license"]) == (sfumato.__version__, PROJECT["license"])
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_scripts_that_are_there_with_extras_that_there_are(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    lines = [step["run"] for step in steps if "run" in step]
    scripts = [script for line in lines for script in re.findall(r"bash (\S+)", line)]
    assert all((ROOT / script).is_file() for script in scripts)
    assert {extra for line in lines for extra in EXTRA.findall(line)} <= EXTRAS
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@(v\d+|release/v1)", step["uses"]) for step in steps if "uses" in step)
    assert workflow["permissions"]["contents"] == "read"


def test_what_a_workflow_runs_runs_here_too() -> None:
    ours = (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(f"bash .ci/{script} " in ours for script in ("docs", "package"))
    released = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    assert "bash .ci/package dist" in [step.get("run") for step in released["jobs"]["package"]["steps"]]


def test_the_site_is_built_so_that_a_link_to_nowhere_is_an_error() -> None:
    (build,) = [line for line in (ROOT / ".ci" / "docs").read_text("utf-8").splitlines() if "mkdocs build" in line]
    assert "--strict" in build
    assert "--quiet" not in build  # what is not said is not counted


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_for_issues_has_what_such_forms_need(path: Path) -> None:
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form["name"]
    assert form["description"]
    fields = form["body"]
    assert all(field["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"} for field in fields)
    assert all(field["attributes"]["label"] for field in fields)
    identifiers = [field["id"] for field in fields]
    assert len(set(identifiers)) == len(identifiers)


def test_every_extra_that_the_pages_name_is_one() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    named = {extra for page in pages for names in EXTRA.findall(page.read_text("utf-8")) for extra in names.split(",")}
    assert named
    assert named <= EXTRAS
