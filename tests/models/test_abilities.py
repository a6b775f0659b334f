"""What a model can be asked for, and what it cannot is said before anything is made. A model that reads text, here one
that hears only how long a prompt is, makes each work by its own prompt, of which the policy hears first."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from sfumato.diffusion import ClassCondition
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model
from sfumato.models.configuration import PretrainedNetwork
from sfumato.models.reproduction import changes_work, reproduction
from sfumato.models.verbs import reimagining
from sfumato.policy.limits import Limits
from sfumato.policy.policy import Policy
from sfumato.works.prompts import Prompts, chosen
from sfumato.works.request import Request

NewModel = Callable[..., Model]
ASKED: dict[str, Any] = {"steps": 2, "sampler": "euler", "guidance": 1.0}


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("circles", "red, blue"), 'ask for one of its classes with --class: circles, "red, blue"$'),
        ((), "it has no classes either, so leave the prompt out$"),
    ],
)
def test_a_model_that_reads_no_text_says_what_it_knows(
    new_model: NewModel, classes: tuple[str, ...], said: str
) -> None:
    model = new_model(classes=classes, class_shares=(1.0,) * len(classes))
    with pytest.raises(SfumatoError, match=rf"^prompt 'a \\x1b\[31mfox': the model 'tiny' reads no text; {said}"):
        Generation.of(model, prompt="a \x1b[31mfox")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"schedule": "leading"}, "schedule 'leading': is one of pre-trained models, and 'tiny' is none; .* flow$"),
        ({"sigma_max": 10_001.0}, "sigma_max 10001: the model 'tiny' begins with 10,000 at most; its own is 40$"),
    ],
)
def test_what_pretrained_models_alone_have_is_refused(new_model: NewModel, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        Generation.of(new_model(), **asked)


class Ears:
    """An encoder that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []

    def condition(
        self, prompt: str, height: int, width: int, negative: str | None = None, distilled_guidance: float | None = None
    ) -> ClassCondition:
        self.told.append((prompt, negative))
        return ClassCondition.of([len(prompt) % 2])

    def cut(self, prompt: str) -> str:
        return ""


@pytest.fixture
def reader(new_model: NewModel) -> Model:
    own = new_model()
    network = PretrainedNetwork(family="sd15", parameters=1, multiple=8)
    config = own.config.model_copy(update={"network": network, "classes": (), "class_shares": ()})
    family = SimpleNamespace(guidance=SimpleNamespace(distilled=None))
    spacing = SimpleNamespace(names=(), default="karras")
    pretrained: Any = SimpleNamespace(encoder=Ears(), spacing=spacing, family=family)
    return Model(config, own.denoiser, weights_digest="0" * 64, pretrained=pretrained)


def policy(**limits: object) -> Policy:
    return Policy(Limits.model_validate({"prompts": limits}))


def test_a_work_has_the_same_prompt_alone_and_in_a_series(reader: Model) -> None:
    generation = Generation.of(
        reader, prompt=r"a {red|blue|green} \{fox\}", negative="snow", seed=3, **ASKED | {"guidance": 2.0}
    )
    works = list(generation.works(5))
    made = [work.recipe.request.prompt for work in works]
    assert made == [chosen(r"a {red|blue|green} \{fox\}", position, 3) for position in range(5)]
    assert len(set(made)) > 1
    (alone,) = generation.works(1, first=3)
    assert alone.recipe == works[3].recipe
    assert alone.image.tobytes() == works[3].image.tobytes()
    assert {told for told, _ in reader.pretrained.encoder.told} <= {
        f"a {hue} {{fox}}" for hue in ("red", "blue", "green")
    }  # type: ignore[union-attr]
    assert {negative for _, negative in reader.pretrained.encoder.told} == {"snow"}  # type: ignore[union-attr]


def test_a_recipe_makes_the_work_again(reader: Model) -> None:
    generation = Generation.of(reader, prompt=r"{a|bc|def\|g} \{x\}", seed=3, **ASKED)
    for work in generation.works(3):
        again = reproduction(reader, work.recipe).work()
        assert again.recipe == work.recipe
        assert again.image.tobytes() == work.image.tobytes()


def test_works_go_through_the_prompts_of_a_file(reader: Model) -> None:
    generation = Generation.of(reader, prompts=Prompts(("fox", "owl {old|young}", "hare")), seed=1, **ASKED)
    made = [work.recipe.request.prompt for work in generation.works(5)]
    assert [prompt and prompt.split()[0] for prompt in made] == ["fox", "owl", "hare", "fox", "owl"]
    assert generation.with_seed(2).recipe(3).request.prompt == "fox"


def test_the_policy_hears_of_every_prompt_before_anything_is_made(reader: Model) -> None:
    prompts = Prompts(("fox", "hare", "g\u043ere"))
    generation = Generation.of(reader, prompts=prompts, policy=policy(refused=["gore"]), **ASKED)
    with pytest.raises(SfumatoError, match=r"^prompt 'g\u043ere': the policy does not allow 'gore' in it"):
        next(generation.events(3))
    assert reader.pretrained.encoder.told == []  # type: ignore[union-attr]
    assert len(list(generation.works(2))) == 2
    below = {**ASKED, "guidance": 0.5, "negative": "gore"}
    with pytest.raises(
        SfumatoError, match=r"^guidance 0\.5: below 1 it leads to the negative prompt 'gore': the policy"
    ):
        Generation.of(reader, prompt="fox", policy=policy(refused=["gore"]), **below)
    above = Generation.of(reader, prompt="fox", policy=policy(refused=["gore"]), **below | {"guidance": 3.0})
    assert above.request.negative == "gore"  # to lead away from it is what it is for


def test_a_policy_keeps_prompts_out_of_recipes_and_they_are_asked_for(reader: Model) -> None:
    asked = {**ASKED, "guidance": 2.0, "seed": 3}
    secret = policy(record="digest")
    work = Generation.of(reader, prompt="{a|bc} fox", negative="snow", policy=secret, **asked).work()
    said = work.recipe.to_json()
    assert "fox" not in said
    assert "snow" not in said
    assert "fox" not in work.recipe.parameters_text()
    with pytest.raises(SfumatoError, match=r"^the work's file holds the SHA-256 of its prompt alone \([0-9a-f]{10}\)"):
        reproduction(reader, work.recipe, policy=secret)
    with pytest.raises(
        SfumatoError, match=r"of its negative alone .* say what it was with 'sfumato again WORK --negative'$"
    ):
        reproduction(reader, work.recipe, Request.of(prompt="{a|bc} fox"), policy=secret)
    again = reproduction(reader, work.recipe, Request.of(prompt="{a|bc} fox", negative="snow"), policy=secret).work()
    assert again.recipe == work.recipe
    assert again.image.tobytes() == work.image.tobytes()
    made = work.recipe.model_copy(update={"attempt": 2})
    for prompt, attempt in (("{a|bc} fox", 2), ("an owl", 0)):
        told = Request.of(prompt=prompt, negative="snow")
        assert changes_work(made.request, told) == (attempt == 0)
        assert reproduction(reader, made, told, policy=secret).attempt == attempt


def test_the_words_that_a_picture_was_edited_from_are_kept_out_too(reader: Model) -> None:
    picture = Image.new("RGB", (32, 32), (90, 120, 200))
    secret = policy(record="digest")
    asked = Request.of(prompt="an owl", **ASKED)
    work = reimagining(reader, asked, picture, edit=True, source="a fox", policy=secret).work()
    assert "fox" not in work.recipe.to_json()
    with pytest.raises(
        SfumatoError, match=r"of its source alone .* edit the picture anew with 'sfumato reimagine --edit"
    ):
        reproduction(reader, work.recipe, Request.of(prompt="an owl"), picture=picture, policy=secret)


def test_a_work_is_not_made_again_from_words_that_a_policy_does_not_allow(reader: Model) -> None:
    work = Generation.of(reader, prompt="a {fox|fox}", **ASKED).work()
    with pytest.raises(SfumatoError, match=r"^prompt 'a fox': the policy does not allow 'fox' in it"):
        reproduction(reader, work.recipe, policy=policy(refused=["fox"]))


def test_classes_are_not_what_it_is_asked_for(reader: Model) -> None:
    with pytest.raises(
        SfumatoError, match=r"class 'waves': the model 'tiny' has no classes, but reads text; .* --prompt"
    ):
        Generation.of(reader, label="waves")
    with pytest.raises(SfumatoError, match="prompt, letter 1: "):
        Generation.of(reader, prompt="{a|b")
    with pytest.raises(SfumatoError, match="the policy allows certain classes alone"):
        Generation.of(reader, prompt="waves", policy=Policy(Limits(classes=("waves",))))
