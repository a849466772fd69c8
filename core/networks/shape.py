"""The sizes of an added network, as plain numbers: all that its tensors' shapes follow from. It does not know torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

# From the recipe of Gorishniy et al. (2025) and Holzmüller et al. (2024) as this project's notes put it together;
# none was chosen by a test table.
MOST_FLAGS = 32  # levels of a text that become one input each
MOST_CODES = 64  # different whole numbers that become one input each, beside their number
ROWS_A_CODE = 5  # on average, that they need for it
LEAST_GAPS = 0.01  # of the rows, so that a gap becomes an input
MOST_TARGETS = 16  # classes, the commonest, that levels are encoded by


@dataclass(frozen=True)
class FrontShape:
    """How many of each kind of input a front makes of an encoded row.

    `numbers` are scaled, `gaps` say where a number is missing, `flags` are texts with few levels and numbers of two
    values, `codes` are whole numbers of few values, one input a value. `levels` holds, for each column of many texts,
    how many it has; each becomes `encodings` numbers.
    """

    numbers: int
    gaps: int
    flags: int
    codes: int
    levels: tuple[int, ...]
    encodings: int

    @property
    def n_encoded(self) -> int:
        """Return the inputs that stand for columns of many texts."""
        return len(self.levels) * self.encodings

    @property
    def n_numbers(self) -> int:
        """Return the inputs that are numbers; they come first."""
        return self.numbers + self.n_encoded

    @property
    def n_binary(self) -> int:
        """Return the inputs that are 0 or 1."""
        return self.gaps + self.flags + self.codes


@dataclass(frozen=True)
class AddedShape:
    """A front and the network behind it: `k` members; for each number its `bins`, each number as `d_embedding`.

    Without an embedding, `d_embedding` is 0 and `bins` are empty.
    """

    front: FrontShape
    k: int
    d_embedding: int
    bins: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values: dict[str, Any] = _plain(asdict(self))
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises KeyError or TypeError for anything else."""
        front = {entry.name: values["front"][entry.name] for entry in fields(FrontShape)}
        front["levels"] = tuple(front["levels"])
        return cls(FrontShape(**front), values["k"], values["d_embedding"], tuple(values["bins"]))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
