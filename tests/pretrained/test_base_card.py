"""The card of a base model says its licence in several ways, or not at all."""

import pytest

from sfumato.pretrained.base_card import read_base_card


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ("license: other\nlicense_name: flux-1-dev\nlicense_link: LICENSE.md", "flux-1-dev"),
        ("license: other\nlicense_link: https://x.org/l", "https://x.org/l"),
        ("license: other", ""),
        ("license:\n- mit\n- cc-by-4.0", "mit, cc-by-4.0"),
        ("tags: [art]", ""),
        ("license: [3]", ""),
        ("license: {a: b}", ""),
        ("license: 'two\n\n lines'", "two lines"),
        ("license: [unclosed", ""),
        ("- a list", ""),
    ],
)
def test_the_licence_is_as_its_front_matter_states_it(front, licence, tmp_path):
    text = f"---\n{front}\n---\n# A model\nlicense: mit\n"
    (tmp_path / "README.md").write_text(text)
    card = read_base_card(tmp_path)
    assert card.licence == licence
    assert card.text == text


def test_no_card_and_one_without_front_matter_say_nothing(tmp_path, caplog):
    assert read_base_card(tmp_path) == ("", "")
    (tmp_path / "README.md").write_bytes(b"# A model \xff")
    assert read_base_card(tmp_path) == ("# A model \ufffd", "")
    (tmp_path / "README.md").write_bytes(b"x" * (2 << 20))
    assert read_base_card(tmp_path) == ("", "")
    assert not caplog.records
