"""sfumato verify: who signed a file, whether it was changed since, and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.errors import SfumatoError
from sfumato.text import printable, shortened

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.provenance.trust import Trust
    from sfumato.provenance.verification import Credentials
    from sfumato.works import Work

# What the command leaves with; of several files, the worst.
GOOD: Final = 0
NOT_AS_IT_SHOULD_BE: Final = 1
CANNOT_BE_READ: Final = 2
UNTRUSTED: Final = 3
LONGEST: Final = 4000  # letters of a line, as strangers may have written it
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
    picture: Annotated[
        Path | None, typer.Option(help="With --again, of one file: the picture that it was made from.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="With --again, of one file: the mask of what was made anew in that picture.")
    ] = None,
    device: options.DeviceAgain = "auto",
) -> None:
    """Say who signed a file, whether it was changed since, and what it was made from. Nothing is asked of a network.

    Leaves with 0 only where each signer is trusted (you are), each file unchanged, and none made from a picture whose
    own credentials failed; with 3 where a signer is unknown and all else as it should be; with 2 where a file cannot be
    read; with 1 for all that is otherwise, and where the pixels of --again are others.
    """
    from sfumato.provenance.trust import Trust

    if (models or picture or mask or device != "auto") and not again:
        raise SfumatoError("--model, --picture, --mask and --device say how works are made again; say --again as well")
    if (picture or mask) and len(files) > 1:
        raise SfumatoError("--picture and --mask belong to one work; verify one file at a time with them")
    trusted = [Trust.in_file(path) for path in trust or ()]
    with_what = Again.of(models or [], device, picture, mask) if again else None
    console, reports, unread = Console(highlight=False), [], []
    for path in files:
        try:
            report = _report(path, trusted, with_what)
        except SfumatoError as error:
            unread.append(str(error))
            report = Report(CANNOT_BE_READ, [], {"file": str(path), "error": str(error), "code": CANNOT_BE_READ})
        reports.append(report)
        if not as_json:
            for line in report.lines:
                say(console, printable(shortened(line, LONGEST)))
    if as_json:
        typer.echo(json.dumps([report.facts for report in reports], indent=2))
    if unread:
        raise SfumatoError("; ".join(unread))
    raise typer.Exit(_worst({report.code for report in reports}))


@dataclass(frozen=True)
class Again:
    """What works are made again with."""

    models: Sequence[str]
    device: str
    picture: Image.Image | None = None
    mask: Image.Image | None = None

    @classmethod
    def of(cls, models: Sequence[str], device: str, picture: Path | None, mask: Path | None) -> Again:
        """Raises SfumatoError where a picture cannot be read."""
        from sfumato.cli.inpaint import opened_mask
        from sfumato.images.decoding import open_picture

        shown = None if picture is None else open_picture(picture)
        return cls(models, device, shown, None if mask is None else opened_mask(mask))

    def compared(self, path: Path, work: Work | None) -> tuple[bool, str]:
        """Whether the pixels of a work are the same once more, and in words."""
        from sfumato.cli.again import model_of
        from sfumato.devices import device_again
        from sfumato.models.again import made_again
        from sfumato.policy.policy import Policy
        from sfumato.works.comparing import compared

        if work is None:
            return False, "it cannot be, as it carries no recipe"
        place = str(device_again(self.device, work.recipe.environment.device))
        try:
            result = made_again(
                work.recipe,
                lambda part: model_of(part, path, self.models, place),
                lambda generation: generation.work(),
                picture=self.picture,
                mask=self.mask,
                policy=Policy.none(),
            )
        except SfumatoError as error:
            return False, f"it cannot be: {error}"
        return compared(work, result)


@dataclass(frozen=True)
class Report:
    """What is said of a file: lines for people, facts as JSON has them, and its exit code."""

    code: int
    lines: list[str]
    facts: dict[str, Any]


def _report(path: Path, trusted: Sequence[Trust], again: Again | None) -> Report:
    """What there is to say of a file. Raises SfumatoError where it cannot be read."""
    from sfumato.works.examining import examined

    found = examined(path, trusted)
    codes, lines = {_code(found.credentials)}, found.lines
    facts = {"file": str(path), **found.facts}
    if again is not None:
        same, said = again.compared(path, found.work)
        codes.add(GOOD if same else NOT_AS_IT_SHOULD_BE)
        lines.append(f"made again: {said}")
        facts["again"] = {"same": same, "said": said}
    code = _worst(codes)
    return Report(code, [f"{path}: {found.sentence}", *(f"  {line}" for line in lines)], {**facts, "code": code})


def _worst(codes: Collection[int]) -> int:
    return next(code for code in _FROM_BAD_TO_GOOD if code in codes)


def _code(credentials: Credentials) -> int:
    return {"trusted": GOOD, "untrusted": UNTRUSTED}.get(credentials.status, NOT_AS_IT_SHOULD_BE)
