"""Running a network without training it, and the choice of the device it runs on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.errors import ConfigError
from core.rows import Rows, parts

ROWS_PER_PASS = 16_384
CELLS_PER_PASS = 1 << 22  # so that wide rows, made dense by pass, are fewer


def choose_device(device: str | torch.device | None) -> torch.device:
    """Return the device asked for, else CUDA where it is available, else the CPU. Source: REQ-T07."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"Device {device!r} is unknown. Choose cpu or cuda.") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"Device {str(device)!r} was asked for, but no GPU can be used here. Choose cpu.")
    return chosen


def rows_per_pass(width: int) -> int:
    """Return how many rows of `width` features go through a network at once."""
    return max(1, min(ROWS_PER_PASS, CELLS_PER_PASS // max(1, width)))


@torch.no_grad()
def forward(model: Any, x: Rows, device: torch.device) -> Tensor:
    """Run `model` in `eval()` over float32 `(n, input_dim)`; return `(n, output_dim)` on the device."""
    model.to(device)
    model.eval()
    outputs = [model(part.to(device)) for part in parts(x, rows_per_pass(x.shape[1]))]
    return (outputs[0] if len(outputs) == 1 else torch.cat(outputs)).detach()
