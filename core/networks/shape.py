"""The sizes of an added network, as plain numbers: all that its tensors' shapes follow from. It does not know torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

Family = Literal["tabm", "realmlp"]
FAMILIES: tuple[Family, ...] = get_args(Family)

# From the recipe of Gorishniy et al. (2025) and Holzmüller et al. (2024) as this project's notes put it together;
# none was chosen by a test table.
MOST_FLAGS = 32  # levels of a text that become one input each
MOST_CODES = 64  # different whole numbers that become one input each, beside their number
ROWS_A_CODE = 5  # on average, that they need for it
MOST_VALUES = 100_000  # different whole numbers, beyond those, that are encoded by the target like levels
ROWS_A_VALUE = 3  # on average, that they need for it
LEAST_GAPS = 0.01  # of the rows, so that a gap becomes an input
MOST_TARGETS = 16  # classes, the commonest, that levels are encoded by


@dataclass(frozen=True)
class FrontShape:
    """How many of each kind of input a front makes of an encoded row.

    `numbers` are scaled, `gaps` say where a number is missing, `flags` are texts with few levels and numbers of two
    values, `codes` are whole numbers of few values, one input a value. `levels` holds, for each column of many texts,
    how many it has, and `values` the same for whole numbers of many; each such column becomes `encodings` numbers.
    """

    numbers: int
    gaps: int
    flags: int
    codes: int
    levels: tuple[int, ...]
    encodings: int
    values: tuple[int, ...] = ()

    @property
    def tables(self) -> tuple[int, ...]:
        """Return how many levels each encoded column has: texts, then whole numbers."""
        return self.levels + self.values

    @property
    def n_encoded(self) -> int:
        """Return the inputs that stand for columns of many texts or whole numbers."""
        return len(self.tables) * self.encodings

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
    """A front and the network of a `family` behind it: `k` members; for each number its `bins`, as `d_embedding`.

    Without an embedding, `d_embedding` is 0; only TabM has one, and more than one member. One `on_log` puts out a
    logarithm, of which the number is made.
    """

    front: FrontShape
    k: int
    d_embedding: int
    bins: tuple[int, ...]
    family: Family = "tabm"
    on_log: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values: dict[str, Any] = _plain(asdict(self))
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises KeyError or TypeError for anything else."""
        front = {entry.name: values["front"][entry.name] for entry in fields(FrontShape)}
        front["levels"], front["values"] = tuple(front["levels"]), tuple(front["values"])
        rest = {name: values[name] for name in ("k", "d_embedding", "family", "on_log")}
        return cls(FrontShape(**front), bins=tuple(values["bins"]), **rest)


@dataclass(frozen=True)
class BlendShape:
    """The networks of a blend."""

    members: tuple[AddedShape, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"members": [member.as_dict() for member in self.members]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises KeyError or TypeError for anything else."""
        return cls(tuple(AddedShape.from_dict(member) for member in values["members"]))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
