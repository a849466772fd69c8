"""Decide which columns of text are numbers, without changing a value.

A column becomes whole numbers or floats only when each of its cells says exactly that number:
no leading zeros or plus signs, nothing beyond 2^53, no more digits than a float keeps, nothing
like 1e5 (which is often an id). Numbers like 1.234,56 and 1,234.56 are recognised where a column
leaves no doubt. Everything else stays as it stands in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from core.tables.cell import MISSING_WORDS

ColumnType = Literal["int", "float", "text"]
Marks = Literal["plain", "decimal_comma", "thousands_comma"]

_INT = r"^-?(0|[1-9][0-9]{0,15})$"
_FLOAT = r"^-?(0|[1-9][0-9]*)?(\.[0-9]+|[0-9]\.)([eE][+-]?[0-9]{1,3})?$|^-?[0-9](\.[0-9]+)?[eE][+-][0-9]{1,3}$"
_COMMA_DECIMAL = r"^-?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]+$"
_COMMA_WHOLE = r"^-?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)$"
_CERTAIN_DECIMAL = r",[0-9]{1,2}$|,[0-9]{4,}$|^-?0,|\.[0-9]{3},|^-?[0-9]{4,},"
_POINT_GROUPED = r"^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$"
_POINT_WHOLE = r"^-?[0-9]+(\.[0-9]+)?$"
_CERTAIN_GROUPED = r",[0-9]{3}(,[0-9]{3})+|,[0-9]{3}\."
MAX_SAFE_INT = 2**53
SAFE_DIGITS = 15


@dataclass(frozen=True)
class ColumnPlan:
    """What a column of text becomes, and how its numbers are marked."""

    type: ColumnType
    marks: Marks = "plain"
    is_blank: bool = False


def plan_column(column: pa.ChunkedArray) -> ColumnPlan:
    """Decide what a column of text becomes, from its distinct cells."""
    texts = pc.utf8_trim_whitespace(pc.unique(column))
    texts = texts.filter(pc.not_equal(texts, ""))
    if len(texts) == 0:
        return ColumnPlan("text", is_blank=True)
    marks = find_marks(texts)
    return ColumnPlan(_find_type(without_marks(texts, marks)), marks)


def apply_plan(column: pa.Array, plan: ColumnPlan) -> pa.Array:
    """Return the cells as the plan says; empty cells, and blank ones among numbers, are null."""
    if plan.type != "text":
        column = pc.utf8_trim_whitespace(column)
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    if plan.marks != "plain":
        column = without_marks(column, plan.marks)
    return column.cast(arrow_type(plan))


def arrow_type(plan: ColumnPlan) -> pa.DataType:
    """Return the Arrow type of a column with this plan."""
    return {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}[plan.type]


def find_marks(texts: pa.Array) -> Marks:
    """Return how the numbers of a column are marked, from its trimmed texts that are not blank."""
    words = pa.array(sorted(MISSING_WORDS))
    texts = texts.filter(pc.invert(pc.is_in(pc.utf8_lower(texts), words)))
    if not pc.any(pc.match_substring(texts, ",")).as_py():
        return "plain"
    if _every(texts, _COMMA_DECIMAL, _COMMA_WHOLE) and _some(texts, _CERTAIN_DECIMAL):
        return "decimal_comma"
    if _every(texts, _POINT_GROUPED, _POINT_WHOLE) and _some(texts, _CERTAIN_GROUPED):
        return "thousands_comma"
    return "plain"


def without_marks(texts: pa.Array, marks: Marks) -> pa.Array:
    """Rewrite numbers with a decimal point and no thousands marks; words for nothing stay."""
    if marks == "plain":
        return texts
    number = pc.match_substring_regex(texts, r"^\s*-?[0-9]")
    if marks == "decimal_comma":
        plain = pc.replace_substring(pc.replace_substring(texts, ".", ""), ",", ".")
    else:
        plain = pc.replace_substring(texts, ",", "")
    return pc.if_else(number, plain, texts)


def _find_type(texts: pa.Array) -> ColumnType:
    is_int = pc.match_substring_regex(texts, _INT)
    if pc.all(is_int).as_py():
        return "int" if _all_safe(texts) else "text"
    is_number = pc.or_(is_int, pc.match_substring_regex(texts, _FLOAT))
    if not pc.all(is_number).as_py() or not _all_safe(texts.filter(is_int)):
        return "text"
    return "float" if _all_exact(texts.filter(pc.invert(is_int))) else "text"


def _all_safe(texts: pa.Array) -> bool:
    if len(texts) == 0:
        return True
    return bool(pc.max(pc.abs(texts.cast(pa.int64()))).as_py() <= MAX_SAFE_INT)


def _all_exact(texts: pa.Array) -> bool:
    """Tell whether each text is the shortest way, or a longer one, to write its float."""
    floats = texts.cast(pa.float64())
    is_plain = pc.less_equal(pc.utf8_length(texts), SAFE_DIGITS + 1)  # the point is one
    is_shortest = pc.equal(floats.cast(pa.string()), texts)
    doubtful = texts.filter(pc.invert(pc.or_(is_plain, is_shortest))).to_pylist()
    return bool(pc.all(pc.is_finite(floats)).as_py()) and all(_is_exact(text) for text in doubtful)


def _is_exact(text: str) -> bool:
    shortest = repr(float(text))
    return shortest == text or Decimal(shortest) == Decimal(text)


def _every(texts: pa.Array, pattern: str, other: str) -> bool:
    fits = pc.or_(pc.match_substring_regex(texts, pattern), pc.match_substring_regex(texts, other))
    return bool(pc.all(fits).as_py())


def _some(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
