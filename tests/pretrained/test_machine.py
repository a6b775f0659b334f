"""The memory that there is, whatever limits the program runs under."""

from pathlib import Path

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.pretrained.machine import available_bytes, bfloat16_pays, group_bytes, stated_bytes
from sfumato.pretrained.sizes import GB


def group(folder: Path, limit: str, used: int, cache: int, *, version: int = 2) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.max", "memory.current", "inactive_file")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cache}\n")


def process(folder: Path, lines: str) -> Path:
    (folder / "self").mkdir()
    (folder / "self" / "cgroup").write_text(lines)
    return folder / "self"


def test_a_control_group_leaves_its_limit_less_what_is_used_and_not_files_that_were_read(tmp_path: Path) -> None:
    group(tmp_path / "box" / "inner", "1000", 300, 100)
    group(tmp_path / "box", "max", 900, 0)
    assert group_bytes(tmp_path, process(tmp_path, "0::/box/inner\n")) == [800]


def test_the_limit_of_a_group_above_counts_too(tmp_path: Path) -> None:
    group(tmp_path / "box" / "inner", "1000", 300, 0)
    group(tmp_path / "box", "500", 450, 0)
    assert sorted(group_bytes(tmp_path, process(tmp_path, "0::/box/inner\n"))) == [50, 700]


def test_groups_of_the_first_version_are_read_and_one_without_a_limit_is_none(tmp_path: Path) -> None:
    group(tmp_path / "memory" / "box", "2000", 500, 200, version=1)
    group(tmp_path / "memory", str(2**63 - 4096), 500, 0, version=1)
    lines = "5:cpu,cpuacct:/box\n4:memory:/box\n"
    assert group_bytes(tmp_path, process(tmp_path, lines)) == [1700]


def test_a_system_without_control_groups_has_none(tmp_path: Path) -> None:
    assert group_bytes(tmp_path, tmp_path / "self") == []


def test_a_group_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    group(tmp_path, "100", 300, 0)
    assert group_bytes(tmp_path, process(tmp_path, "0::/\n")) == [0]


def test_this_machine_has_memory() -> None:
    assert 0 < available_bytes(torch.device("cpu")) < 1 << 50


def test_stated_memory_is_in_gigabytes_and_within_reason() -> None:
    assert stated_bytes(8) == 8 * GB
    for gigabytes in (0, -1, 1e9, float("nan")):
        with pytest.raises(SfumatoError, match="--memory"):
            stated_bytes(gigabytes)


def test_whether_bfloat16_pays_is_measured_and_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    assert bfloat16_pays(torch.device("cpu"), seconds=0.01) in (True, False)
    assert torch.equal(torch.get_rng_state(), before)
