"""The ways to make a training step, and which one a training takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from core.losses import BatchLoss
from core.rows import Rows
from core.steps.adam import quick_update, trained_by
from core.steps.added import explicit_added
from core.steps.explicit import Layer, explicit
from core.steps.gradient import with_gradient
from core.steps.graphed import GraphedStep

Step = Callable[[Tensor], Tensor]  # indices of a batch's rows (b,) -> its loss, a scalar on the device


class ExplicitStep:
    """A step by backpropagation that is written out, for our own networks on a CPU."""

    def __init__(
        self,
        layers: Layer,
        optimizer: torch.optim.Optimizer,
        x: Rows,
        targets: Sequence[Tensor],
        batch_loss: BatchLoss,
        clip_norm: float = 0.0,
    ) -> None:
        self._layers, self._update = layers, quick_update(optimizer)
        self._clip_norm, self._trained = clip_norm, trained_by(optimizer)
        self._x, self._targets = x, targets
        self._loss = with_gradient(batch_loss)

    @torch.no_grad()
    def __call__(self, batch: Tensor) -> Tensor:
        outputs = self._layers.forward(self._x[batch])
        loss, gradient = self._loss(outputs, *(target[batch] for target in self._targets))
        self._layers.backward(gradient)
        if self._clip_norm:
            nn.utils.clip_grad_norm_(self._trained, self._clip_norm)
        self._update()
        return loss


class AutogradStep:
    """A step for any network on any device, one operation after the other."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        x: Rows,
        targets: Sequence[Tensor],
        batch_loss: BatchLoss,
        clip_norm: float = 0.0,
    ) -> None:
        self._model, self._optimizer, self._update = model, optimizer, quick_update(optimizer)
        self._clip_norm, self._trained = clip_norm, trained_by(optimizer)
        self._x, self._targets, self._loss = x, targets, batch_loss

    def __call__(self, batch: Tensor) -> Tensor:
        loss = self._loss(self._model(self._x[batch]), *(target[batch] for target in self._targets))
        self._optimizer.zero_grad(set_to_none=False)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._clip_norm:
            nn.utils.clip_grad_norm_(self._trained, self._clip_norm)
        self._update()
        return loss.detach()


def step_for(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Rows,
    targets: Sequence[Tensor],
    batch_loss: BatchLoss,
    batch_size: int,
    clip_norm: float = 0.0,
) -> Step:
    """Return how a network that `flatten_parameters` has seen is trained on `x` (n, f) where `x` is.

    On a CPU backpropagation is written out for our own networks; on a GPU a full batch is a CUDA graph; any other
    network there is left to autograd. A gradient longer than `clip_norm` is shortened to it; 0 leaves all as they are.
    """
    layers = explicit(model) or explicit_added(model) if x.device.type == "cpu" else None
    if layers is not None:
        return ExplicitStep(layers, optimizer, x, targets, batch_loss, clip_norm)
    eager = AutogradStep(model, optimizer, x, targets, batch_loss, clip_norm)
    return GraphedStep(eager, batch_size) if x.device.type == "cuda" else eager
