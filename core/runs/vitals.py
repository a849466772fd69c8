"""What a worker says of itself while it works: its memory, device and threads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil


def vitals() -> dict[str, Any]:
    """Return the bytes of memory in use and the threads that compute, of this process and those it has started.

    A blend is trained in several processes, each beside the first with one thread.
    Asked from another thread than the one that computes, so it never imports torch itself.
    """
    process = psutil.Process()
    others = process.children(recursive=True)
    found: dict[str, Any] = {"rss_bytes": _memory(process, others)}
    torch = sys.modules.get("torch")
    if torch is None or getattr(torch.__spec__, "_initializing", False):  # its import has not come to its end
        return found
    found["threads"] = torch.get_num_threads() + len(others)
    if torch.cuda.is_initialized():
        found["gpu_bytes"] = torch.cuda.memory_reserved()
    return found


def _memory(process: psutil.Process, others: Sequence[psutil.Process]) -> int:
    total = int(process.memory_info().rss)
    for other in others:
        with suppress(psutil.Error):  # it has just ended
            total += other.memory_info().rss
    return total
