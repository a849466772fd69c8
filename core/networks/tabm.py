"""TabM-mini (Gorishniy et al., 2025) with piecewise-linear embeddings (2022): k networks that share their weights.

The building blocks are those of the papers' authors (`tabm`, `rtdl_num_embeddings`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rtdl_num_embeddings import PiecewiseLinearEmbeddings
from tabm import EnsembleView, LinearEnsemble, make_tabm_backbone
from torch import Tensor, nn

from core.dropout import Dropout
from core.networks.bounded import Bounded
from core.settled import MOST_BINS

NARROWEST_BIN = 1e-4  # of a number's range
ROWS_FOR_BINS = 100_000

Floats = NDArray[np.float64]


class TabM(Bounded):
    """Inputs `(b, n_numbers + n_binary)` in; in training `(b, k, output_dim)` out, else their mean `(b, output_dim)`.

    Of classes the mean is that of the probabilities, given as logarithms. `bins` are the edges for each of the numbers,
    which come first among the inputs; without an embedding (`d_embedding` 0) they go in as they are.
    """

    def __init__(
        self,
        bins: Sequence[Tensor],
        n_binary: int,
        output_dim: int,
        *,
        k: int,
        hidden_dim: int,
        num_hidden_layers: int,
        dropout: float,
        d_embedding: int,
        on_log: bool = False,
    ) -> None:
        super().__init__(output_dim, on_log=on_log)
        embeds = bool(bins) and d_embedding > 0
        self.n_numbers, self.k, self.d_embedding = len(bins), k, d_embedding if embeds else 0
        self.bin_counts = tuple(len(edges) - 1 for edges in bins) if embeds else ()
        with torch.device("cpu"):  # it looks at its edges, which nothing can on the device `meta`
            self.embedding = (
                PiecewiseLinearEmbeddings(list(bins), d_embedding, activation=False, version="B") if embeds else None
            )
        d_in = len(bins) * (self.d_embedding or 1) + n_binary
        self.view = EnsembleView(k=k)
        self.backbone = make_tabm_backbone(
            d_in=d_in, n_blocks=num_hidden_layers, d_block=hidden_dim, dropout=dropout, k=k,
            arch_type="tabm-mini", start_scaling_init="normal", start_scaling_init_chunks=[d_in],
        )  # fmt: skip
        self._scale_inputs()
        for block in self.backbone.blocks:
            block[-1] = Dropout(dropout) if dropout > 0 else nn.Identity()  # whose masks are cheaper
        self.output = LinearEnsemble(hidden_dim, output_dim, k=k)

    @property
    def n_products(self) -> int:
        """Return how many products a row takes; the shared weights make one for each of the k networks."""
        shared = sum(weight.numel() for weight in self.backbone.blocks.parameters())
        own = sum(weight.numel() for weight in self.output.parameters())
        return self.k * int(shared) + int(own)

    def forward(self, z: Tensor) -> Tensor:
        if self.embedding is not None:
            numbers, binary = z[:, : self.n_numbers], z[:, self.n_numbers :]
            z = torch.cat([self.embedding(numbers).flatten(1), binary], dim=1)
        outputs = self.output(self.backbone(self.view(z)))
        return outputs if self.training else self.bounded(mean_of_members(outputs))

    @torch.no_grad()
    def _scale_inputs(self) -> None:
        """Draw each network's scale of the inputs: one for a whole embedding (the chunks of `tabm`, all at once)."""
        n_numbers, scale = self.n_numbers, self.backbone.affine.weight
        drawn = torch.randn(self.k, scale.shape[1] - n_numbers * (self.d_embedding or 1) + n_numbers)
        embedded = drawn[:, :n_numbers].repeat_interleave(self.d_embedding or 1, 1)
        scale.copy_(torch.cat([embedded, drawn[:, n_numbers:]], dim=1))


def mean_of_members(outputs: Tensor) -> Tensor:
    """Return the mean over k members `(b, k, outputs) -> (b, outputs)`: of numbers, or of classes' probabilities."""
    if outputs.shape[2] == 1:
        return outputs.mean(dim=1)
    return torch.logsumexp(torch.log_softmax(outputs, dim=2), dim=1) - math.log(outputs.shape[1])


def bins_of(numbers: Tensor, most: int = MOST_BINS) -> list[Tensor]:
    """Return the edges of up to `most` bins with equally many rows each, for each column of numbers `(n, columns)`.

    Where many rows hold the same number, so that bins would be empty, these divide the different numbers instead.
    """
    step = -(-len(numbers) // ROWS_FOR_BINS)
    table = numbers[::step].cpu().numpy().astype(np.float64)
    shares = np.linspace(0, 1, max(2, min(most, len(table) - 1)) + 1)
    return [_edges(_quantiles(column, shares)) for column in table.T]


def _quantiles(column: Floats, shares: Floats) -> Floats:
    """Return quantiles of the numbers, and in place of those that fall together, quantiles of the different ones."""
    found = np.unique(np.quantile(column, shares))
    n_spare = len(shares) - len(found)
    spare = np.quantile(np.unique(column), np.linspace(0, 1, n_spare + 2), method="nearest") if n_spare else found
    return np.union1d(found, spare)


def _edges(quantiles: Floats) -> Tensor:
    """Return edges that differ by more than a rounding error, of two bins at least; the outermost stay."""
    low, high = quantiles[0], quantiles[-1]
    if low == high:
        low, high = low - 1, high + 1
    least = NARROWEST_BIN * (high - low)
    edges = [low]
    for edge in quantiles[1:-1]:
        if edge - edges[-1] > least and high - edge > least:
            edges.append(edge)
    inner = edges[1:] or [(low + high) / 2]
    return torch.tensor([low, *inner, high], dtype=torch.float32)
