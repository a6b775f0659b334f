"""What follows from the card of a pre-trained model, from its file, or from its name alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.pretrained.terms import base_terms
from sfumato.provenance.bases import BaseTerms


def card(front: str) -> str:
    return f"---\n{front}\n---\n# A model\n"


@pytest.mark.parametrize(
    ("front", "licence", "title", "use"),
    [
        ("license: apache-2.0", "Apache-2.0", "Apache-2.0", "any"),
        ("license: creativeml-openrail-m", "LicenseRef-CreativeML-Open-RAIL-M", "CreativeML Open RAIL-M", "conditions"),
        (
            "license: openrail++",
            "LicenseRef-CreativeML-Open-RAIL-plus-plus-M",
            "CreativeML Open RAIL++-M",
            "conditions",
        ),
        ("license: cc-by-sa-4.0", "CC-BY-SA-4.0", "CC-BY-SA-4.0", "conditions"),
        ("license: cc-by-nc-4.0", "CC-BY-NC-4.0", "CC-BY-NC-4.0", "non-commercial"),
        (
            "license: other\nlicense_name: stabilityai-ai-community\nlicense_link: LICENSE.md",
            "LicenseRef-Stability-AI-Community-License",
            "Stability AI Community License",
            "conditions",
        ),
        (
            "license: other\nlicense_name: flux-1-dev-non-commercial-license\nlicense_link: LICENSE.md",
            "LicenseRef-FLUX-Non-Commercial-License",
            "FLUX Non-Commercial License",
            "non-commercial",
        ),
        ("license: other\nlicense_name: qwen-research", "LicenseRef-Qwen-Research-License", "Qwen Research License",
         "research"),
        ("license: other\nlicense_name: my-terms", "LicenseRef-my-terms", "my-terms", "unknown"),
        ("license: other", "unknown", "", "unknown"),
        ("license: [1, 2]", "unknown", "", "unknown"),
        ("tags: [art]", "unknown", "", "unknown"),
    ],
)  # fmt: skip
def test_a_card_states_the_licence(front: str, licence: str, title: str, use: str) -> None:
    found = base_terms("ana/painter", card=card(front))
    assert (found.name, found.licence, found.title, found.use) == ("ana/painter", licence, title, use)


def test_where_a_licence_can_be_read_is_an_address() -> None:
    own = "license: other\nlicense_name: flux-dev-non-commercial-license\nlicense_link: "
    assert base_terms("a/b", card=card(f"{own}https://example.org/licence")).link == "https://example.org/licence"
    assert base_terms("a/b", card=card(f"{own}LICENSE.md")).link.startswith("https://huggingface.co/black-forest-labs/")
    assert base_terms("a/b", card=card(f"{own}javascript:alert(1)")).link.startswith("https://huggingface.co/")
    assert base_terms("a/b", card=card("license: mit")).link == "https://spdx.org/licenses/MIT"


@pytest.mark.parametrize(
    "stated", ["CreativeML Open RAIL++-M License", "openrail++", "the CreativeML OpenRAIL++-M License"]
)
def test_a_single_file_states_it_in_words(stated: str) -> None:
    assert base_terms("model.safetensors", stated).title == "CreativeML Open RAIL++-M"


def test_the_card_counts_before_the_file_and_the_file_before_the_name() -> None:
    name = "black-forest-labs/FLUX.1-dev"
    assert base_terms(name).use == "non-commercial"
    assert base_terms(name, "mit").licence == "MIT"
    assert base_terms(name, "mit", card("license: apache-2.0")).licence == "Apache-2.0"


def test_of_a_few_models_the_training_is_published_and_of_the_others_it_is_not_known() -> None:
    assert "CommonCatalog" in base_terms("common-canvas/CommonCanvas-XL-C").trained_on
    assert base_terms("common-canvas/CommonCanvas-XL-C").licence == "CC-BY-SA-4.0"
    assert base_terms("stabilityai/stable-diffusion-xl-base-1.0").trained_on == ""
    assert base_terms("ana/painter", card=card("datasets: [ana/waves, ana/hills]")).trained_on == "ana/waves, ana/hills"
    many = ", ".join(f"a/{number}" for number in range(13))
    assert base_terms("ana/painter", card=card(f"datasets: [{many}]")).trained_on.endswith("a/9 and 3 more")


def test_a_damaged_card_says_nothing() -> None:
    assert base_terms("a/b", card="---\nlicense: [\n---\n") == BaseTerms(name="a/b")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_whatever_strangers_wrote_becomes_values_of_one_line(name: str, licence: str, front: str) -> None:
    found = base_terms(name, licence, card(front))
    assert BaseTerms.model_validate_json(found.model_dump_json()) == found
    assert all("\n" not in value and len(value) <= 1000 for value in found.model_dump().values())
