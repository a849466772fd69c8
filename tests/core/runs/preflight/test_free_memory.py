"""Free memory is what the machine has, cut by the limits of the control groups above the process."""

from pathlib import Path

import psutil
import pytest

from core.runs.preflight.free_memory import memory_available

UNLIMITED = 9_223_372_036_854_771_712


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


@pytest.fixture
def membership(tmp_path: Path) -> Path:
    path = tmp_path / "cgroup"
    path.write_text("0::/app/job\n")
    return path


def test_without_control_groups_it_is_what_the_machine_has(tmp_path: Path):
    available = psutil.virtual_memory().available
    assert memory_available(tmp_path / "none", tmp_path) == pytest.approx(available, rel=0.2)


def test_a_limit_above_counts_and_the_cache_of_files_is_not_in_use(tmp_path: Path, membership: Path):
    write(tmp_path / "app" / "job", memory__max="max", memory__current=500, memory__stat="inactive_file 0")
    stat = "anon 7\ninactive_file 3000000\nactive_file 9"
    write(tmp_path / "app", memory__max=10_000_000, memory__current=8_000_000, memory__stat=stat)
    assert memory_available(membership, tmp_path) == 5_000_000


def test_the_tightest_of_several_limits_counts_and_none_is_negative(tmp_path: Path, membership: Path):
    write(tmp_path / "app" / "job", memory__max=2_000, memory__current=3_000, memory__stat="inactive_file 0")
    write(tmp_path / "app", memory__max=10_000, memory__current=3_000, memory__stat="inactive_file 0")
    assert memory_available(membership, tmp_path) == 0


def test_version_1_has_other_names_and_a_huge_number_for_no_limit(tmp_path: Path, membership: Path):
    membership.write_text("5:cpu,cpuacct:/app\n4:memory:/app\n0::/\n")
    files = {"memory__usage_in_bytes": 600, "memory__stat": "inactive_file 1\ntotal_inactive_file 100"}
    write(tmp_path / "memory", memory__limit_in_bytes=UNLIMITED, **files)
    write(tmp_path / "memory" / "app", memory__limit_in_bytes=1_000, **files)
    assert memory_available(membership, tmp_path) == 500
