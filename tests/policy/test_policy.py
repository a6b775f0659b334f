"""Which policy is in force, and what it refuses, in sentences."""

import os
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.policy import policy
from sfumato.policy.limits import Limits, Words
from sfumato.policy.policy import Policy, policy_file


def of(**limits: object) -> Policy:
    return Policy(Limits.model_validate(limits), Path("policy.toml"))


def test_without_a_file_there_are_no_limits() -> None:
    assert Policy.current() == Policy()
    assert Policy.current().limits == Limits()


def test_its_file_is_named_or_lies_with_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computers, own, named = (tmp_path / name / "sfumato" / "policy.toml" for name in ("etc", "home", "named"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"relative:{computers.parents[1]}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own.parents[1]))
    assert policy_file() is None
    for path, side in ((computers, 10), (own, 20), (named, 30)):
        path.parent.mkdir(parents=True)
        path.write_text(f"longest_side = {side}")
        if path is named:
            monkeypatch.setenv("SFUMATO_POLICY", str(named))
        assert Policy.current() == Policy(Limits(longest_side=side), path)
    named.unlink()
    with pytest.raises(SfumatoError, match="there is no such policy file"):
        Policy.current()


def test_what_is_empty_or_no_whole_path_is_as_if_it_were_not_set(tmp_path: Path, monkeypatch) -> None:
    looked_at: list[Path] = []
    monkeypatch.setattr(policy, "_may_be_there", looked_at.append)
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative", "relative:too"):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        monkeypatch.setenv("XDG_CONFIG_DIRS", value)
        assert policy_file() is None
    there = [tmp_path / ".config" / "sfumato" / "policy.toml", Path("/etc/xdg/sfumato/policy.toml")]
    assert looked_at == 3 * there


def test_a_policy_that_cannot_be_seen_is_not_passed_over(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def locked(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "lstat", locked)
    assert policy_file() == tmp_path / "sfumato" / "policy.toml"


def test_the_classes_of_large_models_are_looked_through_once(monkeypatch) -> None:
    bounded, names = of(words={"refused": ["nude"]}), tuple(f"class {number}" for number in range(500))
    assert len(bounded.allowed_classes(names)) == 500
    monkeypatch.setattr(Words, "fault", None)
    assert len(bounded.asked(retries=1).allowed_classes(names)) == 500


def test_a_link_to_a_policy_that_is_gone_does_not_lift_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "sfumato").mkdir()
    (tmp_path / "sfumato" / "policy.toml").symlink_to("elsewhere.toml")
    with pytest.raises(SfumatoError, match="there is no such policy file"):
        Policy.current()


@pytest.mark.skipif(os.name == "nt", reason="there anybody has a home")
def test_the_home_of_nobody_holds_no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_POLICY", "~nobody-of-this-name/policy.toml")
    with pytest.raises(SfumatoError, match=r"SFUMATO_POLICY: ~nobody.*no such user here.*nothing is made without"):
        Policy.current()


def test_its_digest_is_that_of_the_limits_alone() -> None:
    assert of(copies="refuse").digest == Policy(Limits(copies="refuse")).digest
    assert len({of(**one).digest for one in ({}, {"copies": "refuse"}, {"words": {"refused": ["x"]}})}) == 3


def test_a_person_can_ask_for_more_and_not_for_less_than_the_owner() -> None:
    assert of().asked("refuse", 2).limits == Limits(copies="refuse", retries=2)
    assert of(copies="refuse", retries=5).asked("mark").limits == Limits(copies="refuse", retries=5)
    assert of(retries=5).asked(retries=0).limits.retries == 0
    with pytest.raises(SfumatoError, match="copies 'hide': choose mark or refuse"):
        of().asked("hide")
    with pytest.raises(SfumatoError, match="retries 101"):
        of().asked(retries=101)
    for wrong in (1.5, "2", float("nan")):
        with pytest.raises(SfumatoError, match="a whole number from 0 to 100"):
            of().asked(retries=wrong)


def test_sizes_are_bounded() -> None:
    of(longest_side=64).check_size(64, 32)
    with pytest.raises(SfumatoError, match=r"the policy \(policy.toml\) allows 64 pixels a side .* be 32 x 65"):
        of(longest_side=64).check_size(32, 65)


def test_classes_are_bounded_by_name_and_by_words() -> None:
    names = ("waves", "cafe\u0301", "nude")
    assert of(classes=["café"]).allowed_classes(names) == [1]
    bounded = Policy(Limits(words=Words(refused=("nude",))))
    assert bounded.allowed_classes(names) == [0, 1]
    assert of().allowed_classes(()) == []
    bounded.check_classes(["waves"])
    with pytest.raises(SfumatoError, match="'nude': the policy does not allow 'nude'"):
        bounded.check_classes(["waves", "nude"])
    with pytest.raises(SfumatoError, match=r"class .waves.: .* allows café alone"):
        of(classes=["café"]).check_classes(["waves"])
    with pytest.raises(SfumatoError, match="allows none of the model's classes"):
        of(classes=["portraits"]).allowed_classes(names)
    with pytest.raises(SfumatoError, match="the model knows no classes"):
        of(classes=["café"]).allowed_classes(())


@pytest.mark.parametrize(
    ("limits", "text", "said"),
    [
        (
            {"prompts": {"refused": ["gore", "blood"]}},
            "a fox, gore",
            r"^prompt 'a fox, gore': the policy \(policy\.toml\) does not allow 'gore' in it, by its rule \[prompts\]; "
            "ask for something else$",
        ),
        ({"words": {"refused": ["portrait of"]}}, "a portrait of a man", r"'portrait of' in it, by its rule \[words\]"),
        ({"words": {"allowed": ["fox", "red"]}}, "a red fox", r"does not allow 'a' in it, by its rule \[words\]"),
        (
            {"prompts": {"most_letters": 5}},
            "a \x1b[31m fox",
            r"^prompt 'a \\x1b\[31m fox': has 11 letters, and the policy .* allows 5 in a prompt; shorten it$",
        ),
    ],
)
def test_a_prompt_that_is_refused_is_said_with_the_rule(limits: dict[str, object], text: str, said: str) -> None:
    with pytest.raises(SfumatoError, match=said) as error:
        of(**limits).check_prompt(text)
    assert "blood" not in str(error.value)
    of(**limits).check_prompt("fox")
    with pytest.raises(SfumatoError, match=r"^negative prompt '"):
        of(**limits).check_prompt(text, said="negative prompt")


def test_a_policy_without_rules_for_prompts_has_the_digest_that_it_had_before_there_were_any() -> None:
    assert Policy().digest == "091c783924e7ddaf5e7b7c4011e9d308e5096299ca54416b2d436f0dabb7905a"
    assert of(prompts={}).digest == Policy().digest != of(prompts={"record": "digest"}).digest
