"""What other libraries complain of becomes a sentence: pydantic, and the clients of the Hugging Face Hub."""

import pytest
from huggingface_hub import errors
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfumato.errors import HubFault, faults_of, hub_fault, hub_reason


class Part(BaseModel):
    size: int = Field(8, ge=1)


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parts: list[Part] = []

    @model_validator(mode="after")
    def _check(self) -> "Whole":
        if len(self.parts) > 1:
            raise ValueError("There are too many parts")
        return self


def fault(values: dict[str, object]) -> tuple[str, str, object, str]:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(values)
    first = faults_of(caught.value)[0]
    return first.name, str(first), first.value, first.kind


def test_a_fault_names_the_value_and_says_what_is_wrong_with_it() -> None:
    said = "input should be greater than or equal to 1"
    assert fault({"parts": [{"size": 0}]}) == ("parts.0.size", f"parts.0.size: {said}", 0, "greater_than_equal")
    assert fault({"mood": "blue"})[1:] == ("mood: extra inputs are not permitted", "blue", "extra_forbidden")


def test_a_fault_of_all_values_together_has_no_name() -> None:
    assert fault({"parts": [{}, {}]})[:2] == ("", "there are too many parts")


class TransportError(Exception):
    """As the HTTP libraries of the client call theirs."""


def because(cause: Exception) -> Exception:
    try:
        raise ValueError("cannot be loaded") from cause
    except ValueError as error:
        return error


def of_the_client(kind: type[Exception]) -> Exception:
    return kind.__new__(kind)  # without the answer that it is made of


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (of_the_client(errors.GatedRepoError), "gated", "grant access"),
        (of_the_client(errors.RevisionNotFoundError), "no such revision", "no such revision"),
        (of_the_client(errors.RepositoryNotFoundError), "no such repository", "no such repository, or a private one"),
        (errors.LocalEntryNotFoundError("nothing"), "unreachable", "cannot be reached"),
        (because(TransportError("timed out")), "unreachable", "cannot be reached"),
        (because(of_the_client(errors.GatedRepoError)), "gated", "grant access"),
        (ValueError("odd. \nand more"), "", "odd"),
        (ValueError(), "", "ValueError"),
    ],
)
def test_what_the_hubs_clients_fail_of_is_one_of_a_few_kinds(error: Exception, kind: HubFault, said: str) -> None:
    assert hub_fault(error) == kind
    assert said in hub_reason(error)


def test_a_hub_that_answers_can_be_reached_whatever_its_answer_is() -> None:
    answer = of_the_client(errors.HfHubHTTPError)
    answer.__cause__ = ConnectionError("of an earlier try")
    assert hub_fault(answer) == ""
