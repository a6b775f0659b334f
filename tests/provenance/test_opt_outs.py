import pytest

from sfumato.provenance import opt_outs
from sfumato.provenance.statements import OPT_OUT

PLUS = "http://ns.useplus.org/ldf/vocab/DMI-"


@pytest.mark.parametrize(
    ("text", "is_no"),
    [
        ("noai", True), ("NoImageAI", True), ("sea, noai, hill", True), ("#noai", True), ("noai;noimageai", True),
        ("no ai was used", False), ("sonoaica", False), ("piano-ai", False), ("noaim", False), ("", False),
    ],
)  # fmt: skip
def test_the_words_of_an_opt_out_are_told_from_others(text: str, is_no: bool) -> None:
    assert bool(list(opt_outs.in_words(["other", text], "XMP"))) is is_no


@pytest.mark.parametrize(
    ("name", "value", "is_no"),
    [
        ("plus:DataMining", f"{PLUS}PROHIBITED", True),
        ("plus:DataMining", f"{PLUS}PROHIBITED-AIMLTRAINING", True),
        ("plus:DataMining", f"{PLUS}PROHIBITED-EXCEPTSEARCHENGINEINDEXING", True),
        ("plus:DataMining", f"{PLUS}PROHIBITED-SEECONSTRAINT", True),
        ("plus:DataMining", "DMI-PROHIBITED-GENAIMLTRAINING", True),
        ("plus:DataMining", "no, please", True),
        ("plus:DataMining", f"{PLUS}ALLOWED", False),
        ("plus:DataMining", f"{PLUS}UNSPECIFIED", False),
        ("tdm:reservation", "1", True),
        ("tdm:reservation", "0", False),
        ("dc:subject", "noai", True),
        ("dc:subject", "sea", False),
    ],
)
def test_what_stands_in_xmp_is_read(name: str, value: str, is_no: bool) -> None:
    found = list(opt_outs.in_properties({name: [value]}, "XMP"))
    assert bool(found) is is_no
    assert all(statement.about == OPT_OUT and statement.where == "XMP" for statement in found)


@pytest.mark.parametrize(
    ("label", "entries", "is_no"),
    [
        ("cawg.training-mining", {"cawg.ai_generative_training": {"use": "notAllowed"}}, True),
        ("cawg.training-mining", {"cawg.ai_training": {"use": "constrained", "constraint_info": "ask"}}, True),
        ("cawg.training-mining", {"cawg.data_mining": {"use": "notAllowed"}}, True),
        ("cawg.training-mining__1", {"cawg.data_mining": {"use": "notAllowed"}}, True),
        ("cawg.training-mining", {"cawg.ai_inference": {"use": "notAllowed"}}, False),
        ("cawg.training-mining", {"cawg.ai_training": {"use": "allowed"}}, False),
        ("c2pa.training-mining", {"c2pa.ai_training": {"use": "notAllowed"}}, True),
        ("c2pa.training-mining", {"c2pa.ai_training": {"use": "allowed"}}, False),
        ("c2pa.training-mining", {"c2pa.ai_training": {}}, True),
        ("c2pa.training-mining", [], False),
        ("org.other", {"c2pa.ai_training": {"use": "notAllowed"}}, False),
    ],
)
def test_an_assertion_says_no_unless_it_says_allowed(label: str, entries: object, is_no: bool) -> None:
    assert bool(list(opt_outs.in_assertion(label, {"entries": entries}, "C2PA"))) is is_no


@pytest.mark.parametrize(
    ("name", "value", "is_no"),
    [
        ("optout", "yes", True), ("optout", "no", False), ("noai", "1", True), ("noai", "noai", True),
        ("tdmreservation", "1", True), ("tdmreservation", "0", False), ("trainable", "false", True),
        ("trainable", "true", False), ("aitraining", "Not Allowed", True), ("aitraining", "constrained", True),
        ("title", "no", False), ("optout", "", False),
    ],
)  # fmt: skip
def test_a_column_of_a_table_says_no_in_its_own_way(name: str, value: str, is_no: bool) -> None:
    assert bool(list(opt_outs.in_field(name, value, "metadata.csv"))) is is_no
