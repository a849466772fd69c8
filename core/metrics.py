"""The final figures of a training, and the figure that guessing reaches on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from core.inference import forward
from core.losses import Criterion
from core.rows import Rows


def loss_on(model: Any, x: Rows, y: Tensor, criterion: Criterion, device: torch.device) -> float:
    """Return the criterion over all rows in `eval()`; `x` float32 `(n, f)`, `y` as `target_tensor` makes it."""
    with torch.no_grad():
        return float(criterion(forward(model, x, device), y.to(device)))


def metric_name(task: str) -> str:
    """Return the name of the task's metric: accuracy (a share), or rmse (in the target's unit)."""
    return "accuracy" if task == "classification" else "rmse"


def metric_of(task: str, outputs: Tensor, y: Tensor, target_scaler: Any) -> float:
    """Score outputs `(n, output_dim)` against `y`: accuracy, or RMSE in the target's unit. Source: REQ-T15."""
    if task == "classification":
        return float((outputs.argmax(dim=1).cpu() == y.cpu()).double().mean())
    return _rmse(_in_target_unit(outputs, target_scaler), _in_target_unit(y, target_scaler))


def baseline_of(task: str, y_train: Tensor, y_test: Tensor, target_scaler: Any) -> float:
    """Score always guessing the most frequent class, or the mean, of the training rows."""
    if task == "classification":
        most_frequent = torch.bincount(y_train.cpu()).argmax()
        return float((y_test.cpu() == most_frequent).double().mean())
    guess = torch.full_like(y_test.cpu(), float(y_train.double().mean()))
    return _rmse(_in_target_unit(guess, target_scaler), _in_target_unit(y_test, target_scaler))


def held_out_loss(
    model: Any, x: Rows, y: Tensor, criterion: Criterion, device: torch.device
) -> Callable[[], float] | None:
    """Return a callable that gives the loss on validation rows, or None where there are none."""
    return (lambda: loss_on(model, x, y, criterion, device)) if len(x) else None


def _in_target_unit(scaled: Tensor, target_scaler: Any) -> Tensor:
    numbers = scaled.cpu().double()
    return numbers if target_scaler is None else torch.as_tensor(target_scaler.inverse_transform(numbers.numpy()))


def _rmse(predicted: Tensor, actual: Tensor) -> float:
    return float(((predicted - actual) ** 2).mean().sqrt())
