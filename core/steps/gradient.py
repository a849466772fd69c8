"""A loss with its gradient by the network's outputs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.losses import BatchLoss, OverMembers

LossWithGradient = Callable[..., tuple[Tensor, Tensor]]  # (outputs, *targets) -> scalar, (b, output_dim)

_MEAN, _NO_CLASS = 1, -100  # how PyTorch's own losses number "mean", and the class that does not count
_aten = torch.ops.aten


def with_gradient(batch_loss: BatchLoss) -> LossWithGradient:
    """Return `batch_loss` with its gradient: written out for the two most used losses, else by autograd."""
    if type(batch_loss) is nn.MSELoss and batch_loss.reduction == "mean":
        return _squared_error
    if type(batch_loss) is nn.CrossEntropyLoss and batch_loss.reduction == "mean" and not batch_loss.label_smoothing:
        weight = batch_loss.weight
        return lambda outputs, y: _cross_entropy(outputs, y, weight)
    if isinstance(batch_loss, OverMembers):
        return _over_members(batch_loss)
    return lambda outputs, *targets: _by_autograd(batch_loss, outputs, *targets)


def _over_members(batch_loss: OverMembers) -> LossWithGradient:
    inner = with_gradient(batch_loss.hard)

    def loss_with_gradient(outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = inner(*batch_loss.each(outputs, y))
        return loss, gradient.view_as(outputs)

    return loss_with_gradient


def _squared_error(outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    loss = functional.mse_loss(outputs, y)
    return loss, _aten.mse_loss_backward.default(torch.ones_like(loss), outputs, y, _MEAN)


def _cross_entropy(outputs: Tensor, y: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    logs = torch.log_softmax(outputs, 1)
    loss, total = _aten.nll_loss_forward.default(logs, y, weight, _MEAN, _NO_CLASS)
    by_logs = _aten.nll_loss_backward.default(torch.ones_like(loss), logs, y, weight, _MEAN, _NO_CLASS, total)
    return loss, _aten._log_softmax_backward_data.default(by_logs, logs, 1, outputs.dtype)


def _by_autograd(batch_loss: BatchLoss, outputs: Tensor, *targets: Tensor) -> tuple[Tensor, Tensor]:
    leaf = outputs.detach().requires_grad_()
    with torch.enable_grad():
        loss = batch_loss(leaf, *targets)
    return loss.detach(), torch.autograd.grad(loss, leaf)[0]
