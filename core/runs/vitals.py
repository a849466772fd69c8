"""What a worker says of itself while it works: its memory, device and threads."""

from __future__ import annotations

import sys
from typing import Any

import psutil


def vitals() -> dict[str, Any]:
    """Return memory in use in bytes, of the process and on the GPU, and the threads of one operation.

    Asked from another thread than the one that computes, so it never imports torch itself.
    """
    found: dict[str, Any] = {"rss_bytes": psutil.Process().memory_info().rss}
    torch = sys.modules.get("torch")
    if torch is None or getattr(torch.__spec__, "_initializing", False):  # its import has not come to its end
        return found
    found["threads"] = torch.get_num_threads()
    if torch.cuda.is_initialized():
        found["gpu_bytes"] = torch.cuda.memory_reserved()
    return found
