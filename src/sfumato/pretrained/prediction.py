"""What a checkpoint's network predicts, noise or v, and on which noise levels it was trained: marks that artists' tools
leave in the file, and diffusers does not read.

Epsilon: the noise (Ho et al. 2020, arXiv:2006.11239); v: alpha noise - sigma x0 (Salimans and Ho 2022,
arXiv:2202.00512, appendix D). Zero terminal SNR: the last step is noise alone, for which steps must begin at the last
one, 'trailing' (Lin et al. 2023, arXiv:2305.08891, algorithm 1 and section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from sfumato.pretrained.checkpoint import SD21, UNET, Kind, Layout

# Its standard deviation tells 2.1, which learned v, from 2.1-base, which learned noise: ComfyUI's rule and threshold.
TELLING: Final = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias"
_LEAST_FOR_V: Final = 0.09


@dataclass(frozen=True)
class Prediction:
    """kind: as diffusers' schedulers call it; zero_snr: whether the last noise level is noise alone; said: how that is
    known, or that it was assumed."""

    kind: Literal["epsilon", "v_prediction"]
    zero_snr: bool
    said: str

    def settings(self) -> dict[str, Any]:
        """For a scheduler's configuration."""
        zero = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if self.zero_snr else {}
        return {"prediction_type": self.kind, **zero}


def prediction_of(layout: Layout, kind: Kind, spread: Callable[[str], float | None]) -> Prediction:
    """What a checkpoint of that kind predicts.

    spread: of a tensor by its name, its standard deviation, None where there is no such tensor. It is asked only where
    no mark tells 2.1's two forms apart.
    """
    zero = "ztsnr" in layout.shapes
    if "v_pred" in layout.shapes:
        return _v(zero, "its mark 'v_pred' says")
    for name in ("modelspec.prediction_type", "modelspec.predict_key"):
        said = layout.metadata.get(name, "").strip().lower()
        if said in ("v", "v_prediction", "v-prediction", "velocity"):
            return _v(zero, f"its {name} says")
        if said in ("epsilon", "eps", "noise"):
            return Prediction("epsilon", False, f"its network predicts noise, as its {name} says")
    if layout.metadata.get("modelspec.architecture", "").strip().lower().endswith("-768-v"):
        return _v(zero, "its modelspec.architecture says")
    if kind is SD21 and (deviation := spread(TELLING)) is not None:
        return _by_spread(deviation, zero)
    return Prediction(
        "epsilon", False, f"nothing in it says what its network predicts: noise is assumed, as in {kind.title}"
    )


def _v(zero: bool, source: str) -> Prediction:
    levels = ", with zero terminal SNR ('ztsnr')" if zero else ""
    return Prediction("v_prediction", zero, f"its network predicts v, as {source}{levels}")


def _by_spread(deviation: float, zero: bool) -> Prediction:
    if deviation > _LEAST_FOR_V:
        said = "nothing in it says what its network predicts: v is assumed, as its weights are like those of 2.1 for v"
        return Prediction("v_prediction", zero, said)
    said = "nothing in it says what its network predicts: noise is assumed, as its weights are like those of 2.1-base"
    return Prediction("epsilon", False, said)
