"""What is said of a pre-trained model: its licence by name, what that lets one do, and what it learned from."""

from sfumato.provenance.bases import TRAINING_UNKNOWN, USES, BaseTerms

KNOWN = BaseTerms(
    name="ana/painter",
    licence="CC-BY-SA-4.0",
    title="CC-BY-SA-4.0",
    link="https://spdx.org/licenses/CC-BY-SA-4.0",
    use="conditions",
    trained_on="pictures of her own",
)


def test_all_that_is_known_is_said() -> None:
    assert KNOWN.sentences == [
        "The licence of the base model ana/painter is CC-BY-SA-4.0; as its publisher states, it was trained on "
        "pictures of her own.",
        USES["conditions"],
    ]
    assert KNOWN.rows["Licence of the base"] == "CC-BY-SA-4.0, https://spdx.org/licenses/CC-BY-SA-4.0"
    assert KNOWN.facts() == {
        "model": "ana/painter",
        "licence": "CC-BY-SA-4.0",
        "title": "CC-BY-SA-4.0",
        "link": "https://spdx.org/licenses/CC-BY-SA-4.0",
        "use": "conditions",
        "trained on": "pictures of her own",
    }


def test_what_is_not_known_is_said_to_be_so() -> None:
    base = BaseTerms(name="model.safetensors")
    assert base.sentences == [
        f"The licence of the base model model.safetensors is not known; {TRAINING_UNKNOWN}.",
        USES["unknown"],
    ]
    assert base.rows["What the base learned from"] == TRAINING_UNKNOWN
    assert base.facts() == {
        "model": "model.safetensors",
        "licence": "unknown",
        "title": "unknown",
        "use": "unknown",
        "trained on": "unknown",
    }
