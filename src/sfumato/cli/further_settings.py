"""--set NAME=VALUE: settings of sampling that have no option of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypedDict, get_args

from sfumato.errors import SfumatoError

Name = Literal["guidance_low", "guidance_high", "guidance_chroma", "noise_high", "sigma_min", "sigma_max"]
NAMES: Final[tuple[Name, ...]] = get_args(Name)


class FurtherSettings(TypedDict, total=False):
    guidance_low: float
    guidance_high: float
    guidance_chroma: float
    noise_high: float
    sigma_min: float
    sigma_max: float


def further_settings(given: Sequence[str] | None) -> FurtherSettings:
    """given: texts as 'guidance_high=2.5'. Raises SfumatoError for what is none of `NAMES`, no number, or doubled."""
    settings: FurtherSettings = {}
    for text in given or ():
        written, _, value = text.partition("=")
        name = next((name for name in NAMES if name == written.strip().replace("-", "_")), None)
        if name is None:
            raise SfumatoError(
                f"--set {text}: '{written.strip()}' is none of {', '.join(NAMES)}; what else there is has an option "
                "of its own, see --help"
            )
        if name in settings:
            raise SfumatoError(f"--set {name}: stands there twice; leave one out")
        try:
            settings[name] = float(value)
        except ValueError as error:
            raise SfumatoError(f"--set {text}: '{value.strip()}' is not a number; as in --set {name}=0.5") from error
    return settings
