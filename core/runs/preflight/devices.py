"""Whether a GPU can be used, in one sentence, found out without importing torch.

The driver is asked through `nvidia-smi`; whether the installed PyTorch can use it is read from
the text of its `version.py`.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.runs.launch import cpu_budget

_QUERY = ["--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
_CUDA = re.compile(r"^cuda[^=]*=\s*['\"]([\d.]+)['\"]", re.MULTILINE)
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Devices:
    """What a training can run on here, and why; `gpu_free_bytes` is 0 where no GPU is used."""

    has_gpu: bool
    sentence: str
    gpu_free_bytes: int = 0


@dataclass(frozen=True)
class Gpu:
    """The first GPU that the driver shows."""

    name: str
    total_bytes: int
    free_bytes: int


def find_devices() -> Devices:
    """Return whether a GPU is used, with the reason. Takes up to two seconds: cache it."""
    return describe(ask_driver(), torch_cuda_version())


def describe(gpu: Gpu | None, cuda_version: str | None) -> Devices:
    """Return what follows from the GPU that is there and the CUDA that the installed torch was built for."""
    if gpu is None:
        return Devices(False, f"No GPU is used: this machine shows no NVIDIA GPU. {_cpu_words()}")
    if not cuda_version:
        reason = f"The {gpu.name} is not used: the installed PyTorch is built for CPU only."
        return Devices(False, f"{reason} {_cpu_words()}")
    free, total = gpu.free_bytes / 1e9, gpu.total_bytes / 1e9
    return Devices(True, f"The GPU is used: {gpu.name}, {free:.0f} of {total:.0f} GB free.", gpu.free_bytes)


def torch_cuda_version() -> str | None:
    """Return the CUDA version that the installed torch was built for, None for a CPU build."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    version_file = Path(spec.origin).with_name("version.py")
    found = _CUDA.search(version_file.read_text(encoding="utf-8")) if version_file.exists() else None
    return found.group(1) if found else None


def ask_driver() -> Gpu | None:
    """Return the first NVIDIA GPU, None where there is none or its driver does not answer in time."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        answer = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=2, check=True)
        name, total, free = (part.strip() for part in answer.stdout.splitlines()[0].rsplit(",", 2))
        return Gpu(name, int(float(total) * _MEBIBYTE), int(float(free) * _MEBIBYTE))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _cpu_words() -> str:
    cores = cpu_budget()
    return f"Training runs on the CPU ({cores} {'core' if cores == 1 else 'cores'})."
