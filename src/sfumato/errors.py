"""The one kind of error that is meant for people, and what other libraries' errors say in its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError

HubFault = Literal["gated", "no such revision", "no such repository", "unreachable", ""]


class SfumatoError(Exception):
    """Something that a person can put right: the text says what, where, and what to do.

    The command line prints it as one sentence and leaves with exit code 2; anything else that is raised is a fault of
    the program and keeps its traceback.
    """


class Fault(NamedTuple):
    """What pydantic finds wrong with one value.

    place: the names and numbers that lead to the value, () for all of them together; said: what is wrong, to stand
    after a colon; value: the one that was given; kind: pydantic's name for the fault ('extra_forbidden').
    """

    place: tuple[str | int, ...]
    said: str
    value: object
    kind: str

    @property
    def name(self) -> str:
        """'network.width'; '' for all values together."""
        return ".".join(map(str, self.place))

    def __str__(self) -> str:
        return f"{self.name}: {self.said}" if self.place else self.said


def faults_of(error: ValidationError) -> list[Fault]:
    """All that pydantic complains of, in its order; there is at least one."""
    faults = []
    for fault in error.errors(include_url=False):
        said = fault["msg"].removeprefix("Value error, ")
        faults.append(Fault(fault["loc"], f"{said[:1].lower()}{said[1:]}", fault["input"], fault["type"]))
    return faults


def hub_fault(error: BaseException) -> HubFault:
    """What kind of failure of a client of the Hugging Face Hub an error is, its causes included; '' for any other.

    It goes by the names of the errors: the clients have changed their HTTP library, and where their errors stand.
    """
    kinds = [{kind.__name__ for kind in type(each).__mro__} for each in _chain(error)]
    names = set().union(*kinds)
    if "GatedRepoError" in names:
        return "gated"
    if "RevisionNotFoundError" in names:
        return "no such revision"
    if names & {"RepositoryNotFoundError", "HFValidationError", "DatasetNotFoundError"}:
        return "no such repository"
    answered = any("HfHubHTTPError" in kind and "LocalEntryNotFoundError" not in kind for kind in kinds)
    transport = {"TransportError", "ConnectionError", "OfflineModeIsEnabled", "LocalEntryNotFoundError"}
    return "unreachable" if not answered and names & transport else ""


def hub_reason(error: BaseException) -> str:
    """Why the client of the Hugging Face Hub failed, in a few words."""
    reasons: dict[HubFault, str] = {
        "gated": "its owner must first grant access, on the repository's page",
        "no such revision": "the repository has no such revision",
        "no such repository": "it has no such repository, or a private one that your login does not open",
        "unreachable": "it cannot be reached from here",
        "": str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__,
    }
    return reasons[hub_fault(error)]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
