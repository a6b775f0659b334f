"""What a model cannot be asked for is said before anything is made, and what to ask instead."""

from collections.abc import Callable
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model

NewModel = Callable[..., Model]


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
