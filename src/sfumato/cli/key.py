"""sfumato key: the key by which works are signed here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.provenance.certificates import SigningKey

ACTIONS: Final = ("show", "export", "import")
MOST_BYTES: Final = 1 << 20


def key(
    action: Annotated[
        str,
        typer.Argument(help="show it, export its certificate for others, or import one of your own to sign with."),
    ] = "show",
    file: Annotated[
        Path | None,
        typer.Argument(help="The PEM file to write, or to read: a private key and its certificates, your own first."),
    ] = None,
    *,
    private: Annotated[
        Path | None, typer.Option("--private", help="With import: the private key, where it is in a file of its own.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Show the key by which your works are signed, give its certificate to others, or sign with one of your own.

    The key is made with your first work, lies on this computer alone and vouches for itself: to other people's programs
    the signer is unknown until they trust its certificate. One that an authority issued to you is known to all who know
    the authority.
    """
    from sfumato.provenance.keys import own_key

    console = Console(highlight=False)
    if action not in ACTIONS:
        raise SfumatoError(f"key {action}: the action is {', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}")
    if (file is None) != (action == "show"):
        raise SfumatoError(
            f"key {action}: " + ("takes no file" if file else f"say which file, as in 'sfumato key {action} my.pem'")
        )
    if private is not None and action != "import":
        raise SfumatoError("--private: goes with 'sfumato key import'")
    if action == "import":
        assert file is not None
        said = _imported(file, private)
    elif action == "export":
        assert file is not None
        said = _exported(own_key(), file, force=force)
    else:
        said = _shown(own_key())
    for line in said:
        say(console, line)


def _shown(found: SigningKey) -> list[str]:
    from sfumato.provenance.keys import NAME, keys_directory

    by = "made by sfumato, and vouched for by nobody else" if found.is_self_made else f"issued by {found.issuer}"
    unknown = "To other people's programs this signer is unknown until they trust its certificate: "
    return [
        f"Works are signed as {found.name!r} ({found.algorithm.upper()}), {by}.",
        f"Certificate: {found.fingerprint}, to {found.certificate.not_valid_after_utc:%Y-%m-%d}.",
        f"The key: {keys_directory() / NAME}; whoever has that file can sign as you, so keep copies to yourself.",
        (unknown if found.is_self_made else "For those who do not know the issuer: ")
        + "'sfumato key export my.pem' writes it, and 'sfumato verify --trust my.pem' takes it.",
        *(["'sfumato key import' signs with a certificate that an authority issued to you."] * found.is_self_made),
    ]


def _exported(found: SigningKey, file: Path, *, force: bool) -> list[str]:
    from sfumato.disk import write_whole_text
    from sfumato.provenance.keys import keys_directory

    if file.resolve().parent == keys_directory().resolve():
        raise SfumatoError(f"{file}: lies where your keys are kept, and one of them may be lost; choose another place")
    write_whole_text(file, found.chain_pem.decode("ascii"), force=force)
    return [
        f"{file}: the certificate of {found.name!r}, without the private key. Give it to whom you like, in a way by "
        "which they know that it is from you; 'sfumato verify --trust' takes it."
    ]


def _imported(file: Path, private: Path | None) -> list[str]:
    from sfumato.disk import read_named_file
    from sfumato.provenance.certificates import parse_private_key
    from sfumato.provenance.keys import import_key, importable_key
    from sfumato.provenance.verification import check_signs

    text = b"\n".join(read_named_file(path, MOST_BYTES) for path in (private, file) if path is not None)
    if private is not None:
        parse_private_key(text, private)
    found = importable_key(text, file)
    check_signs(found)
    place = import_key(found)
    return [
        f"Works are signed with {file} from now on (kept as {place}); what was signed before still counts as yours."
    ]
