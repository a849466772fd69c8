"""All weights of a network, or of several of one shape, in one row of memory: one operation for an optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import cast

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Stacked:
    """One parameter of every member with its gradient, both `(members, *shape)`."""

    values: Tensor
    gradient: Tensor

    def in_one_row(self) -> nn.Parameter:
        """Return it as one parameter in the same memory, one member behind the other."""
        parameter = nn.Parameter(self.values.view(-1))
        parameter.grad = self.gradient.view(-1)
        return parameter


def flatten_parameters(model: nn.Module) -> nn.Parameter:
    """Move what `model` trains into one long parameter (n_weights,) with its gradient, and return that.

    The network's own parameters become views of it, and so do their gradients. All must be of one type
    and on one device.
    """
    return flatten(_trained(model))


def flatten(parameters: Sequence[nn.Parameter]) -> nn.Parameter:
    """Do so for some parameters of a network."""
    return _flatten([(parameter,) for parameter in parameters])[0]


def flatten_members(models: Sequence[nn.Module]) -> tuple[nn.Parameter, list[Stacked]]:
    """Do so for several networks of one shape; return the long parameter and what it is made of.

    Each parameter of the first network stands before those of the others in its place, and then comes the
    next, so that every one is a single tensor for all.
    """
    return _flatten(list(zip(*(_trained(model) for model in models), strict=True)))


def _flatten(places: Sequence[tuple[nn.Parameter, ...]]) -> tuple[nn.Parameter, list[Stacked]]:
    if not places:
        return nn.Parameter(torch.zeros(0)), []
    flat = nn.Parameter(torch.cat([parameter.detach().reshape(-1) for place in places for parameter in place]))
    flat.grad = torch.zeros_like(flat)
    parts, first = [], 0
    for place in places:
        shape = (len(place), *place[0].shape)
        part = slice(first, first := first + prod(shape))
        parts.append(Stacked(flat.detach()[part].view(shape), flat.grad[part].view(shape)))
        for parameter, values, gradient in zip(place, parts[-1].values, parts[-1].gradient, strict=True):
            parameter.data, parameter.grad = values, gradient
    return flat, parts


def gradient_of(parameter: Tensor) -> Tensor:
    """Return where the gradient of a flattened network's parameter is written."""
    return cast(Tensor, parameter.grad)


def _trained(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
