"""What is chosen about reading a file. What is left open, the reader decides by looking at the whole file."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self, get_args

from core.errors import ConfigError
from core.tables.numbers import word_key
from core.types import MAX_WORD_CHARS, MAX_WORDS

DateOrder = Literal["day_first", "month_first", "year_first"]
CellType = Literal["number", "text"]
LongRows = Literal["refuse", "leave_out"]
Duplicates = Literal["keep", "leave_out"]
StrayRows = Literal["leave_out", "keep"]

NO_HEADER = 0
QUOTES = ('"', "'", "")
DECIMALS = (".", ",")
THOUSANDS = ("", ",", ".", " ", "'")
MAX_HEADER_ROW = 1_000


@dataclass(frozen=True)
class ColumnOptions:
    """What is chosen for one column.

    `type` is number (units and signs around it are taken off, what is none becomes missing) or text
    (as it stands in the file). `missing_words` are cells that count as missing here, `kept_words` those that are
    texts of their own, although they count as missing elsewhere: NA, none, n/a.
    """

    type: CellType | None = None
    date_order: DateOrder | None = None
    missing_words: tuple[str, ...] = ()
    kept_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadOptions:
    """What is chosen for a file; None, or nothing, leaves a decision to the reader.

    `separator` and `quote` may be empty: one column, and no quotation marks. `thousands` may be empty:
    no mark. `header_row` is the line (of a sheet, the row) with the names, from 1; 0 where there are none.
    `missing_words` are cells that count as missing in every column, beside the words for nothing that
    do by themselves, and `kept_words` those of the latter that are texts in every column. `long_rows` says what
    becomes of rows with more cells than there are columns, `duplicates` of rows equal to one above them, and
    `stray_rows` of those that are no rows of the table: its names once more, comments, and remarks and blank rows
    below it.
    """

    sheet: str | None = None
    encoding: str | None = None
    separator: str | None = None
    quote: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header_row: int | None = None
    missing_words: tuple[str, ...] = ()
    kept_words: tuple[str, ...] = ()
    long_rows: LongRows = "refuse"
    duplicates: Duplicates = "keep"
    stray_rows: StrayRows = "leave_out"
    columns: Mapping[str, ColumnOptions] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without what is left open."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        chosen["columns"] = {name: _chosen(asdict(column)) for name, column in self.columns.items()}
        chosen["columns"] = {name: column for name, column in chosen["columns"].items() if column}
        return _chosen(chosen)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` gave. Raises ConfigError for anything else."""
        try:
            columns = {str(k): ColumnOptions(**_with_tuples(v)) for k, v in dict(values.get("columns", {})).items()}
            return cls(**(_with_tuples(values) | {"columns": columns})).checked()
        except (TypeError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"The choices about reading are not understood: {error}.") from error

    def checked(self) -> Self:
        """Return these options. Raises ConfigError, in one sentence, for a choice that is none."""
        _check_encoding(self.encoding)
        if self.separator is not None and (len(self.separator) > 1 or self.separator in ("\n", "\r", '"')):
            raise ConfigError(f"{self.separator!r} cannot separate cells. Choose a single character.")
        _check_among("quotation mark", self.quote, QUOTES)
        _check_among("decimal mark", self.decimal, DECIMALS)
        _check_among("thousands mark", self.thousands, THOUSANDS)
        _check_among("way with long rows", self.long_rows, get_args(LongRows))
        _check_among("way with stray rows", self.stray_rows, get_args(StrayRows))
        _check_among("way with equal rows", self.duplicates, get_args(Duplicates))
        if self.thousands and self.thousands == self.decimal:
            raise ConfigError("The thousands mark and the decimal mark are the same. Choose two different ones.")
        if self.quote and self.quote == self.separator:
            raise ConfigError("The quotation mark and the separator are the same. Choose two different ones.")
        row = self.header_row
        if row is not None and (not isinstance(row, int) or not 0 <= row <= MAX_HEADER_ROW):
            raise ConfigError(f"The header cannot be in row {row}. Choose a row from 1 to {MAX_HEADER_ROW:,}, or none.")
        _check_words(self.missing_words, self.kept_words)
        for name, column in self.columns.items():
            _check_among(f"type of column {name!r}", column.type, get_args(CellType))
            _check_among(f"date order of column {name!r}", column.date_order, get_args(DateOrder))
            _check_words(column.missing_words, column.kept_words)
        return self

    def of_column(self, name: str) -> ColumnOptions:
        """Return what is chosen for the column `name`, with what is chosen for all of them and not otherwise for it."""
        own = self.columns.get(name, ColumnOptions())
        return replace(
            own,
            missing_words=(*other_words(self.missing_words, own.kept_words), *own.missing_words),
            kept_words=(*other_words(self.kept_words, own.missing_words), *own.kept_words),
        )

    @property
    def date_orders(self) -> dict[str, DateOrder]:
        """Return the chosen order of day, month and year of each column that has one."""
        return {name: column.date_order for name, column in self.columns.items() if column.date_order is not None}

    @property
    def key(self) -> str:
        """Return a text that is the same for the same choices; an empty one where nothing is chosen."""
        chosen = self.as_dict()
        if set(chosen) <= {"sheet"}:
            return f"sheet={self.sheet}" if self.sheet is not None else ""
        return json.dumps(chosen, sort_keys=True, ensure_ascii=True)


def other_words(words: Iterable[str], unlike: Iterable[str]) -> tuple[str, ...]:
    """Return those of `words` that say none of `unlike`."""
    keys = {word_key(word) for word in unlike}
    return tuple(word for word in words if word_key(word) not in keys)


AUTOMATIC = ReadOptions()
UNCHOSEN = ColumnOptions()


def _chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value not in ((), {})}


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _check_among(what: str, value: object, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise ConfigError(f"{value!r} is no {what}. Choose among: {', '.join(map(repr, known))}.")


def _check_encoding(encoding: str | None) -> None:
    if encoding is None:
        return
    try:
        "".encode(codecs.lookup(encoding).name)  # refuses what encodes no text, such as base64
    except (LookupError, ValueError, UnicodeError) as error:
        raise ConfigError(f"{encoding!r} is no known encoding of text. Choose another.") from error


def _check_words(missing: tuple[str, ...], kept: tuple[str, ...]) -> None:
    for what, words in (("Words for missing", missing), ("Words to keep", kept)):
        if len(words) > MAX_WORDS or any(not isinstance(word, str) or len(word) > MAX_WORD_CHARS for word in words):
            raise ConfigError(f"{what} are at most {MAX_WORDS} texts of {MAX_WORD_CHARS} characters each.")
    both = [word for word in kept if word not in other_words(kept, missing)]
    if both:
        raise ConfigError(f"{both[0]!r} cannot both count as missing and be kept as a value. Choose one of the two.")
