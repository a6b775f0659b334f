"""An image classifier in an ONNX file, which onnxruntime computes on one thread of the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.text import counted, printable, shortened

_KINDS: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
_SIDES: Final = (8, 2048)  # pixels
_USUAL: Final = "mean = [0.485, 0.456, 0.406] and std = [0.229, 0.224, 0.225] where it learned as ImageNet's do"

Three = float | tuple[float, float, float]


class OnnxOptions(BaseModel):
    """What a policy may say of a classifier, beside what its file says itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    file: Annotated[str, Field(description="its path, in full or from '~'")]
    side: Annotated[int | None, Field(ge=_SIDES[0], le=_SIDES[1], description="pixels, where its input has any")] = None
    layout: Annotated[Literal["NCHW", "NHWC"] | None, Field(description="where its input does not tell")] = None
    colours: Annotated[Literal["RGB", "BGR"], Field(description="their order")] = "RGB"
    white: Annotated[float, Field(gt=0, description="what white is before mean and std: 1, or 255")] = 1.0
    mean: Annotated[Three | None, Field(description="taken off, for each colour in its order")] = None
    std: Annotated[Three | None, Field(description="divided by then")] = None
    answer: Annotated[str, Field(description="the name of its output, where it has several")] = ""
    output: Annotated[int | None, Field(ge=0, description="the class that is scored, from 0")] = None
    apply: Annotated[
        Literal["nothing", "softmax", "sigmoid"], Field(description="what makes probabilities of its numbers")
    ] = "nothing"


class Input:
    """How a picture becomes a model's input: the whole of it, whatever its shape, so that nothing is left unseen."""

    def __init__(self, name: str, shape: Sequence[Any], kind: str, options: OnnxOptions) -> None:
        """shape: of four sizes, those that are no numbers free. Raises SfumatoError where the options leave it open."""
        if len(shape) != 4 or kind not in _KINDS:
            raise SfumatoError(
                f"its input '{name}' is {kind} of shape {_shown(shape)}, and pictures are float, float16 or uint8 of "
                "[N, 3, H, W] or [N, H, W, 3]; give another model"
            )
        if isinstance(shape[0], int) and shape[0] != 1:
            raise SfumatoError(f"it takes {counted(shape[0], 'picture')} at once; export it for one, or for any number")
        self.name, self.kind = name, _KINDS[kind]
        self.channels_first = _layout(shape, options.layout) == "NCHW"
        height, width = shape[2:] if self.channels_first else shape[1:3]
        self.size = _side(width, options.side), _side(height, options.side)
        self.reversed = options.colours == "BGR"
        self.white, self.mean, self.std = _normalisation(options, whole=self.kind is np.uint8)

    def of(self, picture: Image.Image) -> NDArray[Any]:
        """An RGB picture of any size -> [1, 3, H, W] or [1, H, W, 3]."""
        levels = np.asarray(picture.resize(self.size, Image.Resampling.BILINEAR))
        if self.reversed:
            levels = levels[:, :, ::-1]
        if self.kind is not np.uint8:
            levels = (levels.astype(np.float32) * (self.white / 255) - self.mean) / self.std
        ordered = levels.transpose(2, 0, 1) if self.channels_first else levels
        return np.ascontiguousarray(ordered[None], dtype=self.kind)


class OnnxFilter:
    """A classifier's probability of one class."""

    def __init__(self, session: Any, options: OnnxOptions) -> None:
        """session: an onnxruntime.InferenceSession. Raises SfumatoError where the options do not fit its model."""
        inputs = session.get_inputs()
        if len(inputs) != 1:
            raise SfumatoError(f"it has {counted(len(inputs), 'input')}, and a picture is one; give another model")
        self.session, self.options = session, options
        self.input = Input(inputs[0].name, inputs[0].shape, inputs[0].type, options)
        self.answer = _answer([output.name for output in session.get_outputs()], options.answer)

    @classmethod
    def from_file(cls, path: Path, options: OnnxOptions) -> Self:
        """Raises SfumatoError where onnxruntime is not installed, and where it cannot read the file."""
        try:
            import onnxruntime
        except ImportError as error:
            raise SfumatoError(
                f"it needs onnxruntime, which cannot be imported ({error}); pip install 'sfumato[filters]'"
            ) from error
        if not path.is_absolute():
            raise SfumatoError(f"{path}: a policy holds wherever the program runs; write the file's path in full")
        if not path.is_file():
            raise SfumatoError(f"{path}: no such file; correct the path in the policy")
        onnxruntime.disable_telemetry_events()
        try:
            return cls(onnxruntime.InferenceSession(str(path), _one_thread(), ["CPUExecutionProvider"]), options)
        except SfumatoError as error:
            raise SfumatoError(f"{path}: {error}") from error
        except Exception as error:  # which ones it raises differs between its versions
            said = printable(" ".join(shortened(str(error)).split()))
            raise SfumatoError(f"{path}: cannot be read as an ONNX model ({said}); give another file") from error

    def scores(self, pictures: Sequence[Image.Image]) -> list[float]:
        """RGB pictures of any sizes -> [N]. One at a time: a score depends on no other picture."""
        return [self._score(picture) for picture in pictures]

    def _score(self, picture: Image.Image) -> float:
        (answer,) = self.session.run([self.answer], {self.input.name: self.input.of(picture)})
        numbers = np.asarray(answer, dtype=np.float64).ravel()
        score = float(_probabilities(numbers, self.options.apply)[self._class(len(numbers))])
        if np.isfinite(score) and not 0 <= score <= 1:
            raise SfumatoError(
                f"{self.options.file}: its answer {score:g} is no probability; "
                "with apply = 'softmax' or 'sigmoid' it may become one"
            )
        return score

    def _class(self, count: int) -> int:
        index = 0 if count == 1 and self.options.output is None else self.options.output
        if index is None:
            raise SfumatoError(
                f"{self.options.file}: it gives {counted(count, 'number')} for a picture; "
                f"say which is refused with output = 0 to {count - 1}"
            )
        if index >= count:
            raise SfumatoError(f"{self.options.file}: output = {index}, and it gives {counted(count, 'number')}")
        return index


def onnx(**options: Any) -> OnnxFilter:
    """The plug-in: see `OnnxOptions`. Raises SfumatoError, and pydantic's ValidationError for wrong options."""
    asked = OnnxOptions.model_validate(options)
    return OnnxFilter.from_file(local_path(asked.file), asked)


def _one_thread() -> Any:
    """The same numbers however busy the machine is, no threads that a fork would lose, and warnings left unsaid."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _layout(shape: Sequence[Any], said: str | None) -> str:
    found = {name for name, place in (("NCHW", 1), ("NHWC", 3)) if shape[place] == 3}
    if said is None and len(found) == 1:
        return found.pop()
    free = {name for name, place in (("NCHW", 1), ("NHWC", 3)) if not isinstance(shape[place], int)}
    if said is None and found | free:
        raise SfumatoError(f"its input of shape {_shown(shape)} can be read in two ways; say layout = 'NCHW' or 'NHWC'")
    if said not in found | free:
        raise SfumatoError(
            f"its input of shape {_shown(shape)} takes no pictures in three colours"
            + (f" as {said}; correct the layout" if said else "; give another model")
        )
    return said


def _side(own: Any, asked: int | None) -> int:
    if not isinstance(own, int):
        if asked is None:
            raise SfumatoError("its input may have any size; say at which it learned, such as side = 224")
        return asked
    if asked is not None and own != asked:
        raise SfumatoError(f"side = {asked}, and its input has {own}; leave the side out")
    if own > _SIDES[1]:
        raise SfumatoError(f"its input has a side of {own}, and {_SIDES[1]} is the most; give another model")
    return own


def _normalisation(options: OnnxOptions, whole: bool) -> tuple[float, NDArray[Any], NDArray[Any]]:
    """A wrong one makes wrong scores that nobody would notice, so none is guessed."""
    if whole and (options.mean, options.std) != (None, None):
        raise SfumatoError("it takes whole numbers from 0 to 255, with no mean and std; leave them out")
    if not whole and (options.mean is None or options.std is None):
        raise SfumatoError(
            f"say the mean and std of its pictures as who trained it does: {_USUAL}, or 0 and 1 where it takes 0 to 1"
        )
    mean = np.asarray(0 if options.mean is None else options.mean, dtype=np.float32)
    std = np.asarray(1 if options.std is None else options.std, dtype=np.float32)
    if not np.all(std > 0):
        raise SfumatoError(f"std = {options.std}: must be more than 0")
    return options.white, mean, std


def _answer(names: Sequence[str], said: str) -> str:
    if said in names:
        return said
    if said or len(names) != 1:
        raise SfumatoError(f"it has the outputs {', '.join(map(printable, names))}; say which with answer = '...'")
    return names[0]


def _probabilities(numbers: NDArray[np.float64], apply: str) -> NDArray[np.float64]:
    if apply == "softmax":
        powers: NDArray[np.float64] = np.exp(numbers - numbers.max())
        return np.asarray(powers / powers.sum())
    if apply == "sigmoid":
        return np.asarray(np.exp(-np.logaddexp(0, -numbers)))
    return numbers


def _shown(shape: Sequence[Any]) -> str:
    return f"[{', '.join(str(size) if isinstance(size, int) else '?' for size in shape)}]"
