"""What a worker says of itself while it works: its memory, device and threads."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import psutil


def vitals() -> dict[str, Any]:
    """Return memory in use in bytes, of the process with those it has started and on the GPU, and its threads.

    Asked from another thread than the one that computes, so it never imports torch itself.
    """
    found: dict[str, Any] = {"rss_bytes": _memory()}
    torch = sys.modules.get("torch")
    if torch is None or getattr(torch.__spec__, "_initializing", False):  # its import has not come to its end
        return found
    found["threads"] = torch.get_num_threads()
    if torch.cuda.is_initialized():
        found["gpu_bytes"] = torch.cuda.memory_reserved()
    return found


def _memory() -> int:
    """Return what this process and those that it has started have in memory; a blend is trained in several."""
    process = psutil.Process()
    total = int(process.memory_info().rss)
    for other in process.children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            total += other.memory_info().rss
    return total
