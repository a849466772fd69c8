"""Which device a training uses, and the sentence that says why."""

import os
from pathlib import Path

import pytest

from core.runs.preflight.devices import Gpu, ask_driver, describe, find_devices, torch_cuda_version

GPU = Gpu("NVIDIA L4", 24_000_000_000, 21_000_000_000)


def test_it_agrees_with_torch_without_importing_it():
    import torch

    found = find_devices()
    assert found.has_gpu == torch.cuda.is_available()
    assert torch_cuda_version() == torch.version.cuda
    assert found.sentence.endswith(".")


def test_a_gpu_is_used_where_torch_can_and_its_free_memory_is_known():
    found = describe(GPU, "12.8")
    assert found.sentence == "The GPU is used: NVIDIA L4, 21 of 24 GB free."
    assert (found.has_gpu, found.gpu_free_bytes) == (True, 21_000_000_000)


def test_a_gpu_that_torch_cannot_use_is_named_with_the_reason():
    found = describe(GPU, None)
    assert (
        "NVIDIA L4 is not used: the installed PyTorch is built for CPU only. Training runs on the CPU" in found.sentence
    )
    assert (found.has_gpu, found.gpu_free_bytes) == (False, 0)


def test_without_a_gpu_it_says_so():
    assert describe(None, "12.8").sentence.startswith("No GPU is used: this machine shows no NVIDIA GPU.")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('echo "NVIDIA A100, SXM4, 40960, 1024"', Gpu("NVIDIA A100, SXM4", 40960 << 20, 1024 << 20)),
        ('echo "No devices were found"', None),
        ("exit 9", None),
    ],
)
def test_the_driver_is_asked_for_name_and_memory(
    script: str, expected: Gpu | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert ask_driver() == expected
