"""What a studio lays open, in sentences: 'sfumato studio --check'."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sfumato.policy.policy import Policy
from sfumato.studio.place import Place
from sfumato.studio.server.settings import Settings
from sfumato.studio.server.tokens import Tokens, tokens_file
from sfumato.text import at_home, counted


@dataclass(frozen=True, slots=True)
class Said:
    """is_risk: something that its owner should know before others reach the studio."""

    text: str
    is_risk: bool = False


def exposed(place: Place, settings: Settings, database: str | None) -> list[Said]:
    """All that others could reach, and by what. database: its URL without the password, None for the place's own.

    Raises SfumatoError where the tokens or the policy cannot be read.
    """
    tokens = Tokens.open(place)
    found = [_address(settings), _names(settings), *_roots(settings)]
    programs = f", and those of {', '.join(tokens.programs)}" if tokens.programs else ", and no program has one"
    found.append(Said(f"Every request needs a token: the owner's{programs} ({tokens_file(place)})."))
    found.append(_directory(place))
    found.append(Said(f"The database is {database or place.database}."))
    policy = Policy.current()
    limits = settings.limits
    found.append(
        Said(
            "No policy is in force: works are not limited." if policy.origin is None else f"In force is {policy.said}."
        )
    )
    found.append(
        Said(
            f"An upload has at most {limits.upload_bytes / (1 << 30):,.0f} GB, and a client asks "
            f"{counted(limits.requests_per_second, 'time')} a second at most; {counted(limits.most_waiting, 'job')} "
            "wait in the queue at most."
        )
    )
    return found


def _address(settings: Settings) -> Said:
    where = f"{settings.host}, port {settings.port}"
    if settings.is_local:
        return Said(f"It listens at {where}: programs of this machine alone reach it.")
    return Said(
        f"It listens at {where}: every machine of the network reaches it, and without HTTPS in front of it whoever is "
        "in between reads the token and the pictures.",
        is_risk=True,
    )


def _names(settings: Settings) -> Said:
    return Said(f"Requests are answered that call it {', '.join(sorted(settings.allowed_hosts))}.")


def _roots(settings: Settings) -> list[Said]:
    if not settings.roots:
        return [Said("No folder of this machine can be named on the page (--root names one).")]
    home = at_home(Path("~"))
    found = []
    for root in settings.roots:
        resolved = root.resolve()
        wide = resolved in (home.resolve(), resolved.parent)
        much = ", which is very much: name the folders of pictures alone" if wide else ""
        found.append(
            Said(f"Pictures in {resolved} and below can be read by whoever has the owner's token{much}.", wide)
        )
    return found


def _directory(place: Place) -> Said:
    try:
        mode = place.path.stat().st_mode
    except OSError:
        return Said(f"Its directory will be {place.path}, for its owner alone.")
    if os.name != "nt" and mode & 0o077:
        return Said(f"Its directory {place.path} can be read by others of this machine: 'chmod 700' it.", is_risk=True)
    return Said(f"Its directory is {place.path}, which its owner alone can read.")
