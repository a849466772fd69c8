"""How much memory a new process may take: what the machine has free, cut by the control group's limit."""

from __future__ import annotations

from pathlib import Path

import psutil

MEMBERSHIP = Path("/proc/self/cgroup")
CGROUP = Path("/sys/fs/cgroup")

_NO_LIMIT = 1 << 60  # version 1 writes a number near 2^63 where there is none
_VERSIONS = {  # the limit, what is used of it, and the part of that which is only a cache of files
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def memory_available(membership: Path = MEMBERSHIP, root: Path = CGROUP) -> int:
    """Return the bytes that a process may take without another having to give any back."""
    return max(0, min([int(psutil.virtual_memory().available), *_left_in_groups(membership, root)]))


def _left_in_groups(membership: Path, root: Path) -> list[int]:
    """Return what each control group above this process has left, of those that have a limit."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    left: list[int] = []
    for line in lines:
        _, controllers, inside = line.split(":", 2)
        if controllers == "":
            left += _left_above(root, inside, 2)
        elif "memory" in controllers.split(","):
            left += _left_above(root / "memory", inside, 1)
    return left


def _left_above(root: Path, inside: str, version: int) -> list[int]:
    group = root / inside.strip("/")
    folders = [group, *(folder for folder in group.parents if folder.is_relative_to(root))]
    return [left for folder in folders if (left := _left_in(folder, version)) is not None]


def _left_in(folder: Path, version: int) -> int | None:
    limit_name, used_name, cache_name = _VERSIONS[version]
    try:
        limit = (folder / limit_name).read_text(encoding="ascii").strip()
        used = int((folder / used_name).read_text(encoding="ascii"))
        cache = _figure(folder / "memory.stat", cache_name)
    except (OSError, ValueError):
        return None
    return None if limit == "max" or int(limit) >= _NO_LIMIT else int(limit) - used + cache


def _figure(path: Path, name: str) -> int:
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0
