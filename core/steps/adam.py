"""Adam on a few flat parameters, without the bookkeeping that PyTorch does for many."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Adam, AdamW

from core.steps.flat import gradient_of

_UPDATES: dict[type[torch.optim.Optimizer], Callable[..., object]] = {
    Adam: torch._fused_adam_,
    AdamW: torch._fused_adamw_,
}


def trained_by(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Return what an optimizer changes."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def quick_update(optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """Return what does the same as `optimizer.step`, in a quarter of its time for a fused Adam of flat parameters."""
    if type(optimizer) not in _UPDATES or any(len(group["params"]) != 1 for group in optimizer.param_groups):
        return optimizer.step
    return FusedUpdate(optimizer)


class FusedUpdate:
    """One step of a fused Adam or AdamW of one parameter a group, which keeps its state (Kingma and Ba, 2015).

    The arithmetic is one call into PyTorch; what `step` does around it takes longer than that with a
    network of 20,000 weights.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer, self._update = optimizer, _UPDATES[type(optimizer)]
        self._parts = [(group, group["params"][0]) for group in optimizer.param_groups]

    def __call__(self) -> None:
        """Change the parameters by their gradients."""
        if not self._optimizer.state:  # the first step makes it
            self._optimizer.step()
            return
        for group, parameter in self._parts:
            state = self._optimizer.state[parameter]
            steps = [state["step"]]
            torch._foreach_add_(steps, 1)
            self._update(
                [parameter], [gradient_of(parameter)], [state["exp_avg"]], [state["exp_avg_sq"]], [], steps,
                lr=group["lr"], beta1=group["betas"][0], beta2=group["betas"][1],
                weight_decay=group["weight_decay"], eps=group["eps"], amsgrad=False, maximize=False,
            )  # fmt: skip
