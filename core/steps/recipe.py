"""How an added mode trains its network: the optimizer and its rate. The specified modes have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from core.networks.realmlp import NTKLinear
from core.steps.flat import flatten
from core.steps.quickstart import defer_compiler
from core.waves import Waves


@dataclass(frozen=True)
class Recipe:
    """Adam whose rate rises and falls in `waves`, by the share of the training that is done: of its epochs or its time.

    `weight_decay` is for the weights of linear layers only; `is_decoupled` makes it that of AdamW (Loshchilov and
    Hutter, 2019). `rates` are factors for parameters by the last part of their name. A longer gradient than `clip_norm`
    is shortened to it; 0 leaves all as they are. `clock` says which share of the time is over, where there is a limit.
    """

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    is_decoupled: bool = False
    clip_norm: float = 0.0
    waves: Waves | None = None
    clock: Callable[[], float] | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return Adam over all that `model` trains, which is moved into one long parameter for each way of training."""
        defer_compiler()
        linear = {id(module.weight) for module in model.modules() if isinstance(module, (nn.Linear, NTKLinear))}
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            decay = self.weight_decay if id(parameter) in linear else 0.0
            rate = self.learning_rate * self.rates.get(name.rpartition(".")[2], 1.0)
            groups.setdefault((decay, rate), []).append(parameter)
        kind = torch.optim.AdamW if self.is_decoupled else torch.optim.Adam
        return kind(
            [
                {"params": [flat := flatten(parameters)], "weight_decay": decay, "lr": _rate_on(flat.device, rate),
                 "initial_lr": rate}
                for (decay, rate), parameters in groups.items()
            ],
            betas=self.betas, fused=True,
        )  # fmt: skip

    def done(self, epochs_done: float) -> float:
        """Return which share of the training is done where that is the share of its epochs."""
        return min(1.0, max(epochs_done, self.clock()) if self.clock else epochs_done)

    def factor(self, epochs_done: float) -> float:
        """Return what the rate is multiplied by when a share of the epochs is over."""
        return 1.0 if self.waves is None else self.waves.rate(self.done(epochs_done))

    def set_rate(self, optimizer: torch.optim.Optimizer, factor: float) -> None:
        """Give the optimizer the rate of a step."""
        for group in optimizer.param_groups:
            rate = group["initial_lr"] * factor
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def _rate_on(device: torch.device, rate: float) -> float | Tensor:
    """Return a rate that a recorded step on a GPU reads anew each time."""
    return torch.tensor(rate, device=device) if device.type == "cuda" else rate
