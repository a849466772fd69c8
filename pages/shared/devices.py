"""Whether a GPU can be used, in one sentence, found out without importing torch.

The driver is asked through `nvidia-smi`; whether the installed PyTorch can use it is read from
the text of its `version.py`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_QUERY = ["--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
_CUDA = re.compile(r"^cuda[^=]*=\s*['\"]([\d.]+)['\"]", re.MULTILINE)


@dataclass(frozen=True)
class Devices:
    """What a training can run on here, and why."""

    has_gpu: bool
    sentence: str


def find_devices() -> Devices:
    """Return whether a GPU is used, with the reason. Takes up to two seconds: cache it."""
    gpu = _first_gpu()
    if gpu is None:
        return Devices(False, f"No GPU is used: this machine shows no NVIDIA GPU. {_cpu_words()}")
    name, total, free = gpu
    if not torch_cuda_version():
        return Devices(False, f"The {name} is not used: the installed PyTorch is built for CPU only. {_cpu_words()}")
    return Devices(True, f"The GPU is used: {name}, {free / 1024:.0f} of {total / 1024:.0f} GB free.")


def torch_cuda_version() -> str | None:
    """Return the CUDA version that the installed torch was built for, None for a CPU build."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    version_file = Path(spec.origin).with_name("version.py")
    found = _CUDA.search(version_file.read_text(encoding="utf-8")) if version_file.exists() else None
    return found.group(1) if found else None


def _first_gpu() -> tuple[str, float, float] | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=2, check=True)
        name, total, free = (part.strip() for part in answer.stdout.splitlines()[0].split(","))
        return name, float(total), float(free)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _cpu_words() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"Training runs on the CPU ({cores} {'core' if cores == 1 else 'cores'})."
