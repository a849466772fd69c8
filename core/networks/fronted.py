"""An added network as a model keeps it: a front that remakes encoded rows, and behind it what was trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.networks.front import Front
from core.networks.realmlp import RealMLP
from core.networks.shape import AddedShape
from core.networks.tabm import TabM
from core.settled import layers_of_realmlp

Body = TabM | RealMLP


class Fronted(nn.Module):
    """Encoded rows float32 `(b, input_dim)` in, `(b, output_dim)` out."""

    def __init__(self, front: Front, body: Body) -> None:
        super().__init__()
        self.front, self.body = front, body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.front(x))  # type: ignore[no-any-return]


def build_fronted(
    shape: AddedShape, output_dim: int, hidden_dim: int, num_hidden_layers: int, dropout: float
) -> Fronted:
    """Build the network of a model of mode `tabm` or `realmlp`, with nothing in it yet; torch's random state stays.

    On the device `meta` it takes no memory but for the embeddings of the numbers.
    """
    n_numbers, n_binary = shape.front.n_numbers, shape.front.n_binary
    with torch.random.fork_rng(devices=[]):
        body: Body
        if shape.family == "realmlp":
            width, depth = layers_of_realmlp(hidden_dim, num_hidden_layers)
            n_inputs = n_numbers + n_binary
            body = RealMLP(n_inputs, output_dim, hidden_dim=width, num_hidden_layers=depth, dropout=dropout)
        else:
            bins = [torch.linspace(0, 1, count + 1, device="cpu") for count in shape.bins]
            body = TabM(
                bins or [torch.empty(0)] * n_numbers, n_binary, output_dim,
                k=shape.k, hidden_dim=hidden_dim, num_hidden_layers=num_hidden_layers, dropout=dropout,
                d_embedding=shape.d_embedding, on_log=shape.on_log,
            )  # fmt: skip
        return Fronted(Front(shape.front), body)


def shape_of(network: Fronted) -> AddedShape:
    """Return the sizes of a network, from which `build_fronted` builds one like it."""
    body, front = network.body, network.front.shape
    if isinstance(body, RealMLP):
        return AddedShape(front, 1, 0, (), "realmlp")
    return AddedShape(front, body.k, body.d_embedding, body.bin_counts, on_log=body.on_log)
