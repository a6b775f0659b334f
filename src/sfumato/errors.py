"""The one kind of error that is meant for people, and what other libraries' errors say in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError


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


def hub_reason(error: Exception) -> str:
    """Why the client of the Hugging Face Hub failed, in a few words."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "its owner must first grant access, on the repository's page"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "it has no such repository, or a private one that your login does not open"
    if isinstance(error, errors.RevisionNotFoundError):
        return "the repository has no such revision"
    # The client has changed its HTTP library before; all of them have one of these two above their errors of transport.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, errors.LocalEntryNotFoundError) or kinds & {"TransportError", "ConnectionError"}:
        return "it cannot be reached from here"
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
