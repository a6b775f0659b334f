"""sfumato verify: who signed a file, whether it was changed since, and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.errors import SfumatoError
from sfumato.text import printable

if TYPE_CHECKING:
    from sfumato.provenance.trust import Trust
    from sfumato.provenance.verification import Credentials
    from sfumato.works import Work

# What the command leaves with; of several files, the worst.
GOOD: Final = 0
NOT_AS_IT_SHOULD_BE: Final = 1
CANNOT_BE_READ: Final = 2
UNTRUSTED: Final = 3
_FROM_BAD_TO_GOOD: Final = (CANNOT_BE_READ, NOT_AS_IT_SHOULD_BE, UNTRUSTED, GOOD)


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures and videos, of whatever program.")],
    trust: Annotated[
        list[Path] | None,
        typer.Option("--trust", help="Certificates (PEM) of whom you trust beside yourself; may be said again."),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say it as JSON: a list with an object for each file.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Make each work once more from its recipe, and compare the pixels.")
    ] = False,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="With --again: where a model is, if neither here nor beside the work."),
    ] = None,
    device: options.DeviceAgain = "auto",
) -> None:
    """Say who signed a file, whether it was changed since, and what it was made from. Nothing is asked of a network.

    Leaves with 0 only where each signer is trusted (you are), each file unchanged, and none made from a picture whose
    own credentials failed; with 3 where a signer is unknown and all else as it should be; with 2 where a file cannot be
    read; with 1 for all that is otherwise, and where the pixels of --again are others.
    """
    from sfumato.provenance.trust import Trust

    if (models or device != "auto") and not again:
        raise SfumatoError("--model and --device say how works are made again; say --again as well")
    trusted = [Trust.in_file(path) for path in trust or ()]
    console, reports, unread = Console(highlight=False), [], []
    for path in files:
        try:
            report = _report(path, trusted, (models or [], device) if again else None)
        except SfumatoError as error:
            unread.append(str(error))
            report = Report(CANNOT_BE_READ, [], {"file": str(path), "error": str(error), "code": CANNOT_BE_READ})
        reports.append(report)
        if not as_json:
            for line in report.lines:
                say(console, printable(line))
    if as_json:
        typer.echo(json.dumps([report.facts for report in reports], indent=2))
    if unread:
        raise SfumatoError("; ".join(unread))
    raise typer.Exit(_worst({report.code for report in reports}))


@dataclass(frozen=True)
class Report:
    """What is said of a file: lines for people, facts as JSON has them, and its exit code."""

    code: int
    lines: list[str]
    facts: dict[str, Any]


def _report(path: Path, trusted: Sequence[Trust], again: tuple[list[str], str] | None) -> Report:
    """What there is to say of a file. Raises SfumatoError where it cannot be read."""
    from sfumato.provenance.verification import read_credentials

    credentials = read_credentials(path, trusted)
    codes = {_code(credentials)}
    lines = [f"{path}: {sentence(credentials)}", *_details(credentials)]
    facts: dict[str, Any] = {"file": str(path), "credentials": _plain(credentials)}
    work = _work(path)
    facts["recipe"] = None if work is None else work.recipe.model_dump(mode="json")
    if work is not None:
        lines.append(f"  recipe: {_recipe(work)}")
    found = _mark(path)
    lines += _said_of_mark(found, credentials)
    facts["mark"] = None if found is None else {"identity": found, "signed": credentials.mark or None}
    if again is not None:
        same, said = _made_again(path, work, *again)
        codes.add(GOOD if same else NOT_AS_IT_SHOULD_BE)
        lines.append(f"  made again: {said}")
        facts["again"] = {"same": same, "said": said}
    return Report(_worst(codes), lines, {**facts, "code": _worst(codes)})


def _worst(codes: Collection[int]) -> int:
    return next(code for code in _FROM_BAD_TO_GOOD if code in codes)


def _code(credentials: Credentials) -> int:
    return {"trusted": GOOD, "untrusted": UNTRUSTED}.get(credentials.status, NOT_AS_IT_SHOULD_BE)


def sentence(credentials: Credentials) -> str:
    """The verdict, for people."""
    signer, why = credentials.signer, "; ".join(said for _, said in credentials.failures)
    name = repr(signer.name) if signer is not None else ""
    begins, ends = (
        "a day that it does not say" if day is None else f"{day:%Y-%m-%d}"
        for day in ((None, None) if signer is None else (signer.begins, signer.ends))
    )
    by = f"with your key ({name})" if credentials.is_own else f"by {name}"
    return {
        "trusted": f"signed {by}{'' if credentials.is_own else ', whom you trust'}, and unchanged since",
        "untrusted": f"unchanged since it was signed by {name}, who is unknown here: anybody can call themself so; "
        "if you know whose certificate it is, say --trust",
        "input failed": f"signed {by}, and unchanged since; but it was made from a picture whose own credentials fail",
        "expired": f"signed {by}, whose certificate ran out on {ends}",
        "not yet valid": f"signed {by}, whose certificate begins on {begins} only",
        "unusable certificate": f"signed {by}, whose certificate is not one to sign pictures with ({why})",
        "changed": f"changed since it was signed {by if credentials.is_own else f'in the name of {name}'}",
        "invalid": f"signed {by}, and its credentials are not by the rules ({why})",
        "several manifests": "has several credentials side by side, so that none of them counts",
        "unreadable": f"cannot be verified: its credentials are damaged, or all of it is ({why})",
        "elsewhere": f"has no credentials and names a place that has them, which is not asked: {credentials.address}",
        "none": "carries no credentials",
    }[credentials.status]


def _details(credentials: Credentials) -> list[str]:
    if credentials.signer is None:
        return []
    edited = "c2pa.opened" in credentials.actions
    kind = f", as {credentials.source_type}" if credentials.source_type else ""
    lines = [f"  {'edited' if edited else 'created'} with {credentials.program or 'a program of no name'}{kind}"]
    model = credentials.facts.get("model")
    if isinstance(model, dict):
        lines.append(f"  model: weights {model.get('digest')}")
    collections = credentials.facts.get("collections")
    rows = collections if isinstance(collections, list) else [{}] if collections else []
    lines += [f"  learned from: {_collection(each)}" for each in rows if isinstance(each, dict)]
    for each in credentials.inputs:
        fate = f"its credentials fail ({', '.join(each.failures)})" if each.failures else "its credentials hold"
        lines.append(f"  made from: {each.title!r}; {fate if each.has_credentials or each.failures else 'it has none'}")
    return lines


def _collection(collection: dict[str, Any]) -> str:
    licences = collection.get("licences", "unknown")
    counts = licences if isinstance(licences, dict) else {}
    said = ", ".join(f"{name} ({count})" for name, count in counts.items()) or "unknown"
    return f"collection {collection.get('digest', 'unknown')}; licences: {said}"


def _plain(credentials: Credentials) -> dict[str, Any]:
    """As JSON has it: moments as text."""
    return json.loads(json.dumps(asdict(credentials), default=str))  # type: ignore[no-any-return]


def _work(path: Path) -> Work | None:
    """The work that a file is; None for any other, a damaged one too."""
    from sfumato.works import read_work

    try:
        return read_work(path)
    except SfumatoError:
        return None


def _mark(path: Path) -> str | None:
    """The identity of the mark in a picture's pixels; None for a picture without one, and for all other files."""
    from sfumato.images.decoding import open_picture
    from sfumato.watermark import read

    try:
        found = read(open_picture(path, (255, 255, 255)))
    except SfumatoError:
        return None
    return None if found is None else f"{found.identity:08x}"


def _said_of_mark(found: str | None, credentials: Credentials) -> list[str]:
    if found is None:
        return [f"  no mark is found in its pixels, where {credentials.mark} was"] if credentials.mark else []
    if found == credentials.mark:
        return [f"  mark in its pixels: {found}, as was signed"]
    if credentials.status in ("none", "elsewhere"):
        return [
            f"  made with sfumato: its pixels bear the mark {found}, and its credentials were removed; anybody can put "
            "a mark into a picture, so that it proves nothing by itself"
        ]
    if credentials.inputs:
        return [f"  mark in its pixels: {found}, not its own: most likely that of what it was made from"]
    return [f"  mark in its pixels: {found}, which is not what was signed ({credentials.mark or 'none'})"]


def _recipe(work: Work) -> str:
    made, by = work.recipe.first.request, work.recipe.model
    label = "" if made.label is None else f"class {made.label}, "
    return f"{label}seed {made.seed}, number {made.number}, by {by.name!r} (weights {by.digest[:10]})"


def _made_again(path: Path, work: Work | None, models: list[str], device: str) -> tuple[bool, str]:
    """Whether the pixels are the same, and in words."""
    from sfumato.cli.again import compared, model_of
    from sfumato.devices import device_again
    from sfumato.models.reproduction import reproduction
    from sfumato.models.verbs import enlarging_again
    from sfumato.policy.policy import Policy

    if work is None:
        return False, "it cannot be, as it carries no recipe"
    begun, enlargements = work.recipe.first, work.recipe.enlargements
    place = str(device_again(device, work.recipe.environment.device))
    try:
        loaded, *upscalers = [model_of(part, path, models, place) for part in (begun, *enlargements)]
        result = reproduction(loaded, begun, policy=Policy.none()).work()
        for larger, upscaler in zip(enlargements, upscalers, strict=True):
            result = enlarging_again(upscaler, larger, result.as_in(begun), policy=Policy.none()).work()
            begun = larger
    except SfumatoError as error:
        return False, f"it cannot be: {error}"
    return compared(work, result)
