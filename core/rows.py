"""The rows that a network sees: a plain tensor, or where that would be large, rows that are made dense by batch.

A one-hot column of a thousand texts is one code a row here, rather than a thousand numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DENSE_BYTES = 1 << 26  # a table up to this size is a plain tensor, which is faster
FLOAT_BYTES = 4

Index = Tensor | NDArray[np.intp] | slice


@dataclass(frozen=True)
class Storage:
    """Encoded rows as they are kept, for n rows of f features from k numbers and t columns of texts.

    `absent` (f,) is a row without any text. `numbers` float32 (n, k) stand at the features `number_at` (k,).
    `codes` int32 (n, t) say which text a cell is: code c sets the feature `code_at[c]` to `code_value[c]`.
    """

    absent: Tensor
    numbers: Tensor
    number_at: Tensor
    codes: Tensor
    code_at: Tensor
    code_value: Tensor

    def dense(self, places: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the rows at `places` (b,) as the network gets them: float32 `(b, f)`, in `out` where it is given."""
        codes = self.codes[places].long()
        x = self.absent.new_empty(len(places), len(self.absent)) if out is None else out
        x.copy_(self.absent.expand_as(x))
        x.scatter_(1, self.number_at.expand(len(places), -1), self.numbers[places])
        return x.scatter_(1, self.code_at[codes], self.code_value[codes])

    def to(self, device: torch.device | str) -> Storage:
        """Return the same rows on `device`."""
        return Storage(*(tensor.to(device) for tensor in self.tensors))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Return all that is kept."""
        return tuple(getattr(self, entry.name) for entry in fields(self))


@dataclass(frozen=True)
class EncodedRows:
    """Some rows of a storage, at `places` (m,) in it, in any order: a float32 tensor `(m, f)` that is only read.

    `rows[index]` are dense; `take` keeps them as they are.
    """

    storage: Storage
    places: Tensor

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        return self.storage.dense(self.places[index].long())

    @property
    def shape(self) -> torch.Size:
        """Return (rows, features)."""
        return torch.Size((len(self.places), len(self.storage.absent)))

    @property
    def dtype(self) -> torch.dtype:
        """Return float32, which the rows are when they are dense."""
        return self.storage.absent.dtype

    @property
    def device(self) -> torch.device:
        """Return where the rows lie."""
        return self.storage.absent.device

    def take(self, index: Index) -> EncodedRows:
        """Return the rows at `index`, which share the storage."""
        return EncodedRows(self.storage, self.places[index])

    def to(self, device: torch.device | str) -> EncodedRows:
        """Return the same rows on `device`."""
        return EncodedRows(self.storage.to(device), self.places.to(device))

    def numpy(self) -> NDArray[np.float32]:
        """Return all rows, dense."""
        return self[:].cpu().numpy()


Rows = Tensor | EncodedRows


def all_rows(storage: Storage) -> EncodedRows:
    """Return every row of a storage."""
    return EncodedRows(storage, torch.arange(len(storage.numbers), dtype=torch.int32))


def is_large(n_rows: int, n_features: int) -> bool:
    """Return whether so many rows would make a tensor that is too large to keep."""
    return n_rows * n_features * FLOAT_BYTES > DENSE_BYTES


def take(x: Rows, index: Index) -> Rows:
    """Return the rows of `x` at `index`, kept as those of `x` are."""
    return x.take(index) if isinstance(x, EncodedRows) else x[index]


def move(sets: Sequence[Rows], device: torch.device) -> list[Rows]:
    """Return sets of rows on `device`; a storage that several of them share is moved once."""
    moved: dict[int, Storage] = {}
    found: list[Rows] = []
    for x in sets:
        if isinstance(x, EncodedRows):
            if id(x.storage) not in moved:
                moved[id(x.storage)] = x.storage.to(device)
            found.append(EncodedRows(moved[id(x.storage)], x.places.to(device)))
        else:
            found.append(x.to(device))
    return found


def parts(x: Rows, n_rows: int) -> Iterator[Tensor]:
    """Yield all rows in order, dense, up to `n_rows` at a time; at least one part, which may be empty.

    Of encoded rows, a part is only there until the next one takes its place.
    """
    starts = range(0, max(1, len(x)), n_rows)
    if not isinstance(x, EncodedRows):
        yield from (x[start : start + n_rows] for start in starts)
        return
    buffer = x.storage.absent.new_empty(min(n_rows, len(x)), x.shape[1])
    for start in starts:
        places = x.places[start : start + n_rows].long()
        yield x.storage.dense(places, buffer[: len(places)])
