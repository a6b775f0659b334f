"""A museum by its name: from the command line to a collection, and to a training."""

import sys

import pytest

from sfumato.cli.app import main
from sfumato.collection import MUSEUMS, Collection, Finished, Reference
from sfumato.collection.museums import registry
from sfumato.collection.museums.met import Met
from sfumato.collection.museums.pace import Rate
from sfumato.pipeline import collect


@pytest.fixture
def met(visit, records, monkeypatch, tmp_path):
    """The stand-in for the Met is the Met, and waits are short."""
    standing = visit("met", records.works(6, flawed=1)).standing
    museum = lambda: Met(standing.api, standing.images, Rate(0.0))  # noqa: E731
    monkeypatch.setattr("sfumato.collection.museums.fetching.MUSEUMS", {"met": museum})
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return standing


def run(monkeypatch, capsys, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["sfumato", *words])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    return left.value.code or 0, " ".join((said.out + said.err).split())


def test_all_names_lead_to_a_museum_with_hosts_of_its_own_by_https():
    assert tuple(registry.MUSEUMS) == MUSEUMS
    for name in MUSEUMS:
        museum = registry.MUSEUMS[name]()
        assert all(host.origin.startswith("https://") for host in museum.hosts)
        assert all(host.rate.interval >= 1 for host in museum.hosts)
        assert Reference.parse(f"{name}:van gogh") == Reference(name, "van gogh")


def test_the_command_line_collects_from_a_museum_and_says_what_of(met, monkeypatch, capsys, tmp_path):
    code, said = run(monkeypatch, capsys, "collect", "met:", "--query", "sunflowers", "--limit", "5", "-o", "c")
    assert code == 0
    assert "Fetching met:sunflowers" in said
    assert "CC0-1.0" in said
    collection = Collection.open(tmp_path / "c")
    assert (len(collection.pictures), collection.origin.reference) == (5, "met:sunflowers")
    asked = len(met.asked)
    assert run(monkeypatch, capsys, "collect", "met:sunflowers", "--limit", "5", "-o", "c")[0] == 0
    assert len(met.asked) == asked
    code, said = run(monkeypatch, capsys, "collect", "met:harbour", "-o", "c")
    assert code == 2
    assert "is a collection of met:sunflowers, not of met:harbour" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("collect", "met:", "-o", "c"), "met: is asked for nothing yet; say what, as in: met: --query sunflowers"),
        (("collect", "met:a", "--query", "b", "-o", "c"), "asks for 'a' already; leave out --query"),
        (("collect", "art", "--query", "b", "-o", "c"), "--query and --limit are for museums (met:, artic:,"),
        (("collect", "hf:a/b", "--limit", "9", "-o", "c"), "hf:a/b: --query and --limit are for museums"),
        (("collect", "met:a", "--limit", "0", "-o", "c"), "--limit"),
        (("collect", f"met:{'a' * 220}", "-o", "c"), "is not what a museum can be asked for"),
        (("train", "art", "--query", "b", "-o", "r"), "--query and --limit are for museums"),
        (("train", "--resume", "--query", "b", "-o", "r"), "leave out --query"),
        (("train", "met:", "-o", "r"), "is asked for nothing yet"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_leaves_nothing(met, monkeypatch, capsys, tmp_path, words, said):
    (tmp_path / "art").mkdir()
    code, printed = run(monkeypatch, capsys, *words)
    assert (code, said in printed) == (2, True), printed
    assert {path.name for path in tmp_path.iterdir()} <= {"art", "asked", "state"}
    assert met.asked == []


def test_a_collection_is_not_asked_for_something_else(met, monkeypatch, capsys, tmp_path):
    *_, finished = collect("met:", tmp_path / "c", workers=1, query="sunflowers", limit=3)
    assert isinstance(finished, Finished)
    assert finished.origin.licence == "CC0-1.0"
    assert len(finished.origin.version) == len("2026-11-29")
    code, said = run(monkeypatch, capsys, "train", "c", "--query", "b", "-o", "r")
    assert (code, "are for museums" in said) == (2, True)
