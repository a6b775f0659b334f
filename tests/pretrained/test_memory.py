"""What is chosen for how much memory, on models whose sizes are known."""

from collections.abc import Callable, Iterable

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.pretrained import memory
from sfumato.pretrained.memory import MemoryPlan, plan
from sfumato.pretrained.single_file import CONFIGURATIONS
from sfumato.pretrained.sizes import GB, Sizes, sizes_of

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
BOTH = ("torchao", "bitsandbytes")
Choose = Callable[..., MemoryPlan]


@pytest.fixture(scope="module")
def sdxl() -> Sizes:
    return sizes_of(CONFIGURATIONS / "sdxl")


@pytest.fixture(scope="module")
def chosen(sdxl: Sizes) -> Choose:
    def choose(device: torch.device, gigabytes: float, side: int = 1024, **more: object) -> MemoryPlan:
        settings = {"bfloat16": device.type == "cuda", "libraries": ()} | more
        return plan(sdxl, device, round(gigabytes * GB), side, side, **settings)  # type: ignore[arg-type]

    return choose


@pytest.mark.parametrize(
    ("gigabytes", "libraries", "expected"),
    [
        (24, (), ("all", "bfloat16", 0)),
        (10, (), ("encoders", "bfloat16", 0)),
        (8, (), ("encoders", "bfloat16", 512)),
        (5, (), ("layers", "bfloat16", 0)),
        (2, (), ("layers", "bfloat16", 512)),
        (5, ("torchao",), ("encoders", "int8", 512)),
        (3.5, BOTH, ("all", "4-bit", 256)),
        (24, BOTH, ("all", "bfloat16", 0)),
    ],
)
def test_on_a_gpu_the_fastest_that_fits_is_chosen(
    gigabytes: float, libraries: Iterable[str], expected: tuple[str, str, int], chosen: Choose
) -> None:
    found = chosen(CUDA, gigabytes, libraries=libraries)
    assert (found.turns, found.storage, found.tile) == expected
    assert found.peak_bytes <= found.memory_bytes


def test_on_the_cpu_float32_is_left_only_where_it_does_not_fit_or_bfloat16_is_faster(chosen: Choose) -> None:
    assert (chosen(CPU, 40).dtype, chosen(CPU, 40).turns) == ("float32", "all")
    assert (chosen(CPU, 15).dtype, chosen(CPU, 15).turns) == ("float32", "encoders")
    assert (chosen(CPU, 10).dtype, chosen(CPU, 10).storage) == ("bfloat16", "bfloat16")
    assert chosen(CPU, 40, bfloat16=True).dtype == "bfloat16"


def test_four_bits_and_single_layers_are_for_cuda_alone(chosen: Choose) -> None:
    with pytest.raises(SfumatoError):
        chosen(CPU, 4, libraries=BOTH)
    assert chosen(CPU, 6, libraries=BOTH).storage == "int8"


def test_parts_that_leave_the_cpu_are_read_when_they_are_needed(chosen: Choose) -> None:
    assert not chosen(CPU, 40).waits("network")
    found = chosen(CPU, 15)
    assert [found.waits(role) for role in ("network", "encoder", "codec")] == [True, False, False]
    assert not chosen(CUDA, 8).waits("network")


def test_the_sentence_says_what_fits_and_what_was_chosen(chosen: Choose) -> None:
    assert chosen(CUDA, 8).sentence == (
        "sdxl, 3.47 B parameters, 1024 x 1024 px: about 6.5 of 8 GB on the GPU, in bfloat16, the text encoders loaded "
        "only while they read a prompt, decoded in tiles of 512 px"
    )
    assert "in bfloat16 with weights in int8" in chosen(CUDA, 5, libraries=("torchao",)).sentence


def test_more_pictures_at_a_time_need_more(chosen: Choose) -> None:
    one, many = chosen(CUDA, 24), chosen(CUDA, 24, pictures=32)
    assert many.peak_bytes > one.peak_bytes
    assert ", 32 at a time: " in many.sentence


def test_what_does_not_fit_is_refused_with_what_would(chosen: Choose) -> None:
    said = r"needs about .* GB of memory at the least, and there are 7; 1024 x 1024 px, one at a time, would fit"
    with pytest.raises(SfumatoError, match=said):
        chosen(CPU, 7, 3072, pictures=64)
    with pytest.raises(SfumatoError, match=r"it would fit with torchao: pip install 'torchao>=0\.15'"):
        chosen(CPU, 5.5)
    with pytest.raises(SfumatoError, match="give a smaller model, or with --memory"):
        chosen(CPU, 1)


def test_a_gpu_s_computer_needs_room_for_the_weights_that_wait(chosen: Choose) -> None:
    assert chosen(CUDA, 8, host_bytes=16 * GB).turns == "encoders"
    assert chosen(CUDA, 24, host_bytes=5 * GB, libraries=BOTH).storage == "int8"
    with pytest.raises(SfumatoError, match="the computer's memory before they go to the GPU, and 5 GB are free"):
        chosen(CUDA, 24, host_bytes=5 * GB)


@pytest.mark.parametrize(
    ("version", "there"), [("0.18.0", ["torchao"]), ("0.9", []), ("whatever", []), (None, [])], ids=str
)
def test_a_library_counts_only_in_a_version_that_works(
    version: str | None, there: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(name: str) -> str:
        if name != "torchao" or version is None:
            raise memory.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(memory.metadata, "version", found)
    assert list(memory._installed()) == there
