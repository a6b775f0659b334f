"""The options that say where pictures come from, and which of them may be learned from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.collection import Ownership, PicturePolicy


@dataclass(frozen=True)
class RightsOptions:
    """What a person states of all pictures, and what is wanted of each."""

    licence: Annotated[
        str | None,
        typer.Option(
            metavar="LICENCE",
            help="That of all pictures of which nothing else says it: own, CC-BY-4.0, 'public domain', ...; unknown "
            "takes back what was said before.",
        ),
    ] = None
    creator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who made all pictures of which nothing else says it.")
    ] = None
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LICENCES",
            help="Leave out pictures with other licences than these, as in own,CC0-1.0,PDM-1.0,CC-BY-4.0, and those "
            "whose licence is not known; any takes it back.",
        ),
    ] = None
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="With --allow: take pictures whose licence is not known too.")
    ] = False
    no_generated: Annotated[
        bool, typer.Option("--no-generated", help="Leave out pictures that say that a model made them.")
    ] = False
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="A policy file (TOML) whose table 'pictures' says the same."),
    ] = None

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are typed."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return [f"--{name.replace('_', '-')}" for name, value in values.items() if value not in (None, False)]

    @property
    def choices(self) -> dict[str, Any]:
        """For the pipelines that collect. Raises SfumatoError for a licence that is none, and the like."""
        return {"ownership": self._ownership(), "policy": self._policy()}

    def _ownership(self) -> Ownership | None:
        from sfumato.collection import Ownership

        if self.licence is None and self.creator is None:
            return None
        return Ownership(self.licence or "", self.creator or "")

    def _policy(self) -> PicturePolicy | None:
        from sfumato.collection import PicturePolicy

        options = [name for name in self.given if name in ("--allow", "--allow-unknown", "--no-generated")]
        if self.policy is not None:
            if options:
                raise SfumatoError(f"--policy says all of it in a file; leave out {' and '.join(options)}")
            from sfumato.policy.limits import Limits

            return Limits.read(self.policy).pictures.policy
        if self.allow is None and self.allow_unknown:
            raise SfumatoError("--allow-unknown goes with --allow; without it pictures of any licence are taken")
        if not options:
            return None
        allow = None if self.allow is None else [name for part in self.allow for name in part.split(",")]
        return PicturePolicy.of(allow, unknown=self.allow_unknown or None, generated=not self.no_generated)
