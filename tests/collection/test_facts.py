import pytest

from sfumato.collection.facts import Fact, Ownership, resolved
from sfumato.errors import SfumatoError
from sfumato.provenance.statements import Statement

NO = Statement("opt-out", "noai", "XMP")


def said(about: str, *texts: str) -> list[Statement]:
    """The same fact from several, who are believed in this order."""
    return [Statement(about, text, where) for text, where in zip(texts, ("table", "XMP", "EXIF"), strict=False)]


def test_the_first_who_says_something_counts_and_who_says_otherwise_is_kept() -> None:
    facts = resolved(said("title", "Sea", "sea ", "Hill"))
    assert facts.known == {"title": Fact("Sea", "table")}
    assert facts.conflicts == (Statement("title", "Hill", "EXIF"),)


@pytest.mark.parametrize(
    ("about", "one", "other", "agree"),
    [
        ("creator", "Vincent van Gogh", "van Gogh, Vincent", True),
        ("creator", "ANA", "Ana", True),
        ("creator", "Ana", "Ben", False),
        ("creator", "unknown", "Ben", True),
        ("year", "1888", "1888-05-01", True),
        ("year", "18880501", "1888-05-01", True),
        ("year", "1888", "1889", False),
        ("source", "https://a.org/X", "https://a.org/x", False),
        ("licence", "CC0", "https://creativecommons.org/publicdomain/zero/1.0/", True),
        ("licence", "unknown", "CC0", True),
        ("licence", "© Ana", "CC BY 4.0", True),
        ("licence", "CC BY 4.0", "Copyright 2020", True),
        ("licence", "CC BY", "CC BY 4.0", True),
        ("licence", "CC BY", "CC BY-SA 4.0", False),
        ("licence", "All rights reserved", "CC BY 4.0", False),
        ("licence", "public domain", "CC0", False),
    ],
)
def test_who_means_the_same_agrees(about: str, one: str, other: str, agree: bool) -> None:
    assert (resolved(said(about, one, other)).conflicts == ()) is agree


@pytest.mark.parametrize(
    ("texts", "value", "where"),
    [
        (("© Ana", "CC BY 4.0"), "CC-BY-4.0", "XMP"),
        (("CC BY", "CC BY 4.0"), "CC-BY-4.0", "XMP"),
        (("CC BY", "CC BY-SA 4.0"), "LicenseRef-CC-BY", "table"),
        (("not specified", "© Ana"), "http://rightsstatements.org/vocab/InC/1.0/", "XMP"),
        (("Fair Use", "CC0"), "LicenseRef-Fair-Use", "table"),
    ],
)
def test_of_licences_the_one_that_says_most_counts(texts: tuple[str, ...], value: str, where: str) -> None:
    assert resolved(said("licence", *texts)).known["licence"] == Fact(value, where)


def test_what_nobody_states_is_not_known() -> None:
    assert resolved([]).known == {}
    assert resolved(said("creator", "unknown", "Anonymous")).known == {}
    assert resolved(said("licence", "n/a", "other")).known == {}


def test_a_whole_folder_s_licence_is_that_of_pictures_of_which_nothing_else_says_it() -> None:
    stated = Ownership("CC BY 4.0", " Ana  Bo ")
    assert resolved([], stated).known == {
        "creator": Fact("Ana Bo", "--creator"),
        "licence": Fact("CC-BY-4.0", "--licence"),
    }
    other = resolved([*said("licence", "CC0"), *said("creator", "Ben")], stated)
    assert other.known == {"creator": Fact("Ben", "table"), "licence": Fact("CC0-1.0", "table")}
    assert {each.where for each in other.conflicts} == {"--creator", "--licence"}
    assert resolved([NO], stated).refused == "noai (XMP)", "only what is one's own is"


def test_ones_own_are_the_pictures_that_name_nobody_else() -> None:
    own = Ownership("own", "Ana Bo")
    for statements in ([], said("creator", "Bo, Ana"), said("creator", "Ana"), said("licence", "© 2020 Ana Bo, Rome")):
        facts = resolved([*statements, NO], own)
        assert (facts.known["licence"].value, facts.refused, facts.lifted) == ("own", "", "noai (XMP)")
    for statements in (said("creator", "Ben"), said("creator", "Ana Ruiz"), said("licence", "© 2020 Ben Bo")):
        facts = resolved([*statements, NO], own)
        assert (facts.refused, facts.lifted) == ("noai (XMP)", "")
        assert facts.known.get("licence", Fact("", "")).value != "own"


def test_own_pictures_may_have_another_licence_that_the_file_states() -> None:
    facts = resolved([*said("licence", "CC BY 4.0"), NO], Ownership("own", "Ana"))
    assert facts.known["licence"] == Fact("CC-BY-4.0", "table")
    assert (facts.refused, facts.lifted) == ("", "noai (XMP)")


def test_own_wants_a_name() -> None:
    with pytest.raises(SfumatoError, match="say who you are with --creator"):
        Ownership("own", "  ")
    assert Ownership("unknown").statements == Ownership("", "").statements == []
