"""The first stage of an added network: it remakes rows as the specification encodes them into inputs made for networks.

It has no weights of its own, only what was fitted on the training rows, so that a model file holds it as tensors.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.networks.shape import FrontShape

SMOOTH_CLIP = 3.0  # Holzmüller et al., 2024, "Better by default", section 3
FAR_OUT = 1e9  # whose square is finite


class Front(nn.Module):
    """Encoded rows `(n, input_dim)` in, inputs for a network `(n, n_numbers + n_binary)` out, float32 both.

    A cell that was missing is told by its exact value, `gap_value`, which no other cell has
    (`core.encoder.Encoder.with_gaps_marked`).
    """

    number_at: Tensor
    gap_at: Tensor
    gap_value: Tensor
    flag_at: Tensor
    flag_above: Tensor
    code_at: Tensor
    code_value: Tensor
    code_within: Tensor
    level_at: Tensor
    level_above: Tensor
    value_at: Tensor
    value_gap: Tensor
    value_within: Tensor
    value_code: Tensor
    encoding: Tensor
    center: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, shape: FrontShape) -> None:
        super().__init__()
        self.shape = shape
        n_levels = sum(shape.levels)
        places = {
            "number_at": shape.numbers, "gap_at": shape.gaps, "flag_at": shape.flags, "code_at": shape.codes,
            "level_at": n_levels,
        }  # fmt: skip
        for name, size in places.items():
            self.register_buffer(name, torch.zeros(size, dtype=torch.long))
        values = {
            "gap_value": shape.gaps, "flag_above": shape.flags, "code_value": shape.codes, "code_within": shape.codes,
            "level_above": n_levels,
            "center": shape.n_numbers, "scale": shape.n_numbers, "low": shape.n_numbers, "high": shape.n_numbers,
        }  # fmt: skip
        for name, size in values.items():
            self.register_buffer(name, torch.zeros(size))
        if shape.values:
            self.register_buffer("value_at", torch.zeros(len(shape.values), dtype=torch.long))
            self.register_buffer("value_gap", torch.zeros(len(shape.values)))
            self.register_buffer("value_within", torch.zeros(len(shape.values)))
            self.register_buffer("value_code", torch.zeros(sum(shape.values)))
        self.register_buffer("encoding", torch.zeros(sum(shape.tables) + len(shape.tables), shape.encodings))

    def forward(self, x: Tensor) -> Tensor:
        """Return the inputs: numbers, then what is 0 or 1."""
        return torch.cat([self.numbers(self.raw_numbers(x)), self.binary(x)], dim=1)

    def raw_numbers(self, x: Tensor) -> Tensor:
        """Return the numbers and the encodings of levels, before they are scaled `(n, n_numbers)`."""
        return torch.cat([x[:, self.number_at], *self._encoded(x)], dim=1)

    def numbers(self, raw: Tensor) -> Tensor:
        """Return numbers within what training has seen, scaled, and what is far out drawn in smoothly."""
        scaled = (torch.minimum(torch.maximum(raw, self.low), self.high) - self.center) * self.scale
        scaled = scaled.clamp(-FAR_OUT, FAR_OUT)
        return scaled / torch.sqrt(1 + (scaled / SMOOTH_CLIP) ** 2)

    def binary(self, x: Tensor) -> Tensor:
        """Return what is 0 or 1 `(n, n_binary)`."""
        gaps = x[:, self.gap_at] == self.gap_value
        flags = x[:, self.flag_at] > self.flag_above
        codes = (x[:, self.code_at] - self.code_value).abs() <= self.code_within
        return torch.cat([gaps, flags, codes], dim=1).to(x.dtype)

    def levels(self, x: Tensor) -> Tensor:
        """Return which level of each column of many a row has, 0 where missing or unknown: long `(n, columns)`."""
        hits = (x[:, self.level_at] > self.level_above).to(x.dtype)
        found = [_rank(hit) for hit in hits.split_with_sizes(self.shape.levels, dim=1)] if self.shape.levels else []
        found += self._ranked_values(x)
        return torch.stack(found, dim=1) if found else torch.zeros(len(x), 0, dtype=torch.long, device=x.device)

    def tables(self) -> tuple[Tensor, ...]:
        """Return the encodings of each column of many levels `(levels + 1, encodings)`; the first is of level 0."""
        if not self.shape.tables:
            return ()
        return self.encoding.split_with_sizes([count + 1 for count in self.shape.tables])

    def extra_repr(self) -> str:
        return repr(self.shape)

    def _encoded(self, x: Tensor) -> list[Tensor]:
        """Return the encodings of each column of many levels `(n, encodings)`."""
        return [table[level] for table, level in zip(self.tables(), self.levels(x).unbind(1), strict=True)]

    def _ranked_values(self, x: Tensor) -> list[Tensor]:
        """Return which of its whole numbers a cell is, from 1 on, for each column of many: 0 for a gap and others."""
        if not self.shape.values:
            return []
        cells = x[:, self.value_at]
        is_known = cells != self.value_gap
        columns = zip(
            cells.unbind(1), is_known.unbind(1), self.value_code.split_with_sizes(self.shape.values),
            self.value_within, strict=True,
        )  # fmt: skip
        return [_nearest(column, codes, within) * known for column, known, codes, within in columns]


def _nearest(cells: Tensor, codes: Tensor, within: Tensor) -> Tensor:
    """Return the place, from 1 on, of the nearest of the ordered `codes` `(n,)`, 0 where none is `within` that much."""
    above = torch.searchsorted(codes, cells.contiguous()).clamp_max(len(codes) - 1)
    below = (above - 1).clamp_min(0)
    nearest = torch.where((cells - codes[below]).abs() < (codes[above] - cells).abs(), below, above)
    return (nearest + 1) * ((cells - codes[nearest]).abs() <= within)


def _rank(hit: Tensor) -> Tensor:
    """Return the place, from 1 on, of the 1 in each row of `hit` (n, levels), 0 where there is none."""
    ranks = torch.arange(1, hit.shape[1] + 1, dtype=hit.dtype, device=hit.device)
    return (hit @ ranks).long().clamp_max(hit.shape[1])
