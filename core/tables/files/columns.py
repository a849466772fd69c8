"""Decide which columns of text are numbers, without changing a value.

A column becomes whole numbers or floats only when each of its cells says exactly that number:
no leading zeros or plus signs, nothing beyond 2^53, no more digits than a float keeps, nothing
like 1e5 (which is often an id). A unit, a percent sign or brackets are taken off where all cells have
the same. Everything else stays as it stands in the file, unless it was chosen to be numbers: then
whatever stands around a number is taken off, and what is none becomes missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from core.tables.files.marks import (
    HEAD,
    NO_MARKS,
    MarksFound,
    are_numbers,
    chosen_marks,
    find_marks,
    given,
    settled,
    table_decimal,
    without_marks,
)
from core.tables.files.wrapping import Wrapping, find_wrapping, unwrapped
from core.tables.numbers import PLAIN, Marks, read_number, word_key
from core.tables.options import AUTOMATIC, ColumnOptions, ReadOptions

ColumnType = Literal["int", "float", "text"]

_INT = r"^-?(0|[1-9][0-9]{0,15})$"
_FLOAT = r"^-?(0|[1-9][0-9]*)?(\.[0-9]+|[0-9]\.)([eE][+-]?[0-9]{1,3})?$|^-?[0-9](\.[0-9]+)?[eE][+-][0-9]{1,3}$"
_DIGITS = "(?P<number>[0-9](?:[0-9.,' \u00a0\u202f\u2019]*[0-9])?)"
MAX_SAFE_INT = 2**53
SAFE_DIGITS = 15


@dataclass(frozen=True)
class ColumnPlan:
    """What a column of text becomes, and how its numbers are marked.

    `missing` are the distinct cells that count as missing by choice; `parsed` tells that each number
    is read out of its cell. `wrapping` is taken off each cell. `is_ambiguous` tells that the marks can be
    read in two ways, `is_mixed` that some numbers have a decimal comma and some a decimal point.
    """

    type: ColumnType
    marks: Marks = PLAIN
    is_blank: bool = False
    missing: tuple[str, ...] = ()
    parsed: bool = False
    is_ambiguous: bool = False
    is_mixed: bool = False
    wrapping: Wrapping | None = None


def plan_column(column: pa.ChunkedArray | pa.Array, options: ColumnOptions | None = None) -> ColumnPlan:
    """Decide what a column of text becomes, from its distinct cells alone."""
    found = look_at(column, options or ColumnOptions(), AUTOMATIC)
    return found.plan or plan_under(column, found, settled(found.marks, None))


@dataclass(frozen=True)
class Look:
    """A first look at a column: its plan, or where its marks have to be settled by the table, what they can be."""

    missing: tuple[str, ...]
    marks: MarksFound = NO_MARKS
    plan: ColumnPlan | None = None
    wrapping: Wrapping | None = None


def plan_columns(columns: Sequence[pa.ChunkedArray], names: Sequence[str], options: ReadOptions) -> list[ColumnPlan]:
    """Decide what the columns of a table become: each by its own cells, doubtful ones by the others too."""
    looks = [look_at(column, options.of_column(name), options) for column, name in zip(columns, names, strict=True)]
    decimal = table_decimal(look.marks for look in looks)
    return [look.plan or plan_under(columns[at], look, settled(look.marks, decimal)) for at, look in enumerate(looks)]


def look_at(column: pa.ChunkedArray | pa.Array, own: ColumnOptions, options: ReadOptions) -> Look:
    """Look at the distinct cells of a column; `own` are the choices for it, `options` those for the table."""
    is_open = own.type is None and not own.missing_words and options.decimal is None and options.thousands is None
    if is_open and isinstance(column, pa.ChunkedArray) and _are_whole(column):
        return Look((), plan=ColumnPlan("int"))
    texts, missing = _present(column, own)
    if len(texts) == 0:
        return Look(missing, plan=ColumnPlan("text", is_blank=not missing, missing=missing))
    if own.type is not None:
        as_text = ColumnPlan("text", missing=missing)
        return Look(missing, plan=as_text if own.type == "text" else _number_plan(texts, missing, options))
    look = _look_under(texts, missing, None, options)
    if look.plan is None or look.plan.type != "text" or look.plan.marks != PLAIN:
        return look
    wrapping = find_wrapping(given(texts.slice(0, HEAD))) and find_wrapping(given(texts))
    if wrapping is not None and wrapping.is_formula:
        return Look(missing, plan=ColumnPlan("text", missing=missing, wrapping=wrapping))
    return look if wrapping is None else _look_under(texts, missing, wrapping, options)


def _look_under(texts: pa.Array, missing: tuple[str, ...], wrapping: Wrapping | None, options: ReadOptions) -> Look:
    """Look at cells from which `wrapping` is taken off."""
    found = _marks_of(texts if wrapping is None else unwrapped(texts, wrapping), options)
    if not found.is_certain and found.could_be:
        return Look(missing, found, wrapping=wrapping)
    return Look(missing, found, _plan(texts, found.marks, missing, wrapping, is_mixed=found.is_mixed))


def plan_under(column: pa.ChunkedArray | pa.Array, look: Look, marks: Marks | None) -> ColumnPlan:
    """Return the plan of a column whose marks are settled; None: they can be read in two ways, so it stays text."""
    texts, _ = _present(column, ColumnOptions(missing_words=look.missing))
    if marks is None:
        return ColumnPlan("text", missing=look.missing, is_ambiguous=True)
    return _plan(texts, marks, look.missing, look.wrapping)


def apply_plan(column: pa.Array, plan: ColumnPlan) -> pa.Array:
    """Return the cells as the plan says; empty cells, and blank ones among numbers, are null."""
    if plan.missing:
        column = pc.if_else(pc.is_in(column, pa.array(plan.missing)), pa.scalar(None, pa.string()), column)
    if plan.parsed:
        return _parsed(column, plan.marks)
    if plan.type != "text":
        column = pc.utf8_trim_whitespace(column)
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    return _plain_numbers(column, plan).cast(arrow_type(plan))


def arrow_type(plan: ColumnPlan) -> pa.DataType:
    """Return the Arrow type of a column with this plan."""
    return {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}[plan.type]


def unread_cells(column: pa.ChunkedArray | pa.Array, plan: ColumnPlan) -> pa.Array:
    """Return for each cell of a column that was chosen to be numbers whether it holds something that is none."""
    values = apply_plan(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column, plan)
    cells = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    given = pc.and_(cells.is_valid(), pc.not_equal(pc.utf8_trim_whitespace(cells), ""))
    if plan.missing:
        given = pc.and_(given, pc.invert(pc.is_in(cells, pa.array(plan.missing))))
    return pc.and_(pc.fill_null(given, False), values.is_null())


def _present(column: pa.ChunkedArray | pa.Array, own: ColumnOptions) -> tuple[pa.Array, tuple[str, ...]]:
    """Return the distinct cells that are neither blank nor missing by choice, trimmed, and those missing by choice."""
    distinct = pc.unique(column).drop_null()
    missing: tuple[str, ...] = ()
    if own.missing_words:
        keys = {word_key(word) for word in own.missing_words}
        missing = tuple(text for text in distinct.to_pylist() if text.strip() and word_key(text) in keys)
        distinct = distinct.filter(pc.invert(pc.is_in(distinct, pa.array(missing, pa.string()))))
    texts = pc.utf8_trim_whitespace(distinct)
    return texts.filter(pc.not_equal(texts, "")), missing


def _marks_of(texts: pa.Array, options: ReadOptions) -> MarksFound:
    """Return the marks of a column, the chosen ones where they are chosen and fit."""
    if options.decimal is None and options.thousands is None:
        return find_marks(texts)
    return MarksFound((chosen_marks(texts, options.decimal, options.thousands),), is_certain=True)


def _plan(
    texts: pa.Array, marks: Marks, missing: tuple[str, ...], wrapping: Wrapping | None, is_mixed: bool = False
) -> ColumnPlan:
    """Return the plan of a column under settled marks.

    Where not all of its cells are numbers, those that are lose their marks all the same, as long as each of them
    is exact; else nothing is changed.
    """
    plan = ColumnPlan("text", marks, missing=missing, wrapping=wrapping)
    numbers = texts if wrapping is None else unwrapped(texts, wrapping)
    kind = _find_type(without_marks(numbers, marks))
    if kind != "text":
        return replace(plan, type="float" if wrapping is not None and wrapping.power else kind)
    untouched = ColumnPlan("text", missing=missing, is_mixed=is_mixed)
    if marks == PLAIN and wrapping is None:
        return untouched
    numbers = given(numbers) if wrapping is not None else numbers.filter(are_numbers(numbers, marks))
    is_exact = len(numbers) > 0 and _find_type(without_marks(numbers, marks)) != "text"
    return plan if is_exact else untouched


def _plain_numbers(texts: pa.Array, plan: ColumnPlan) -> pa.Array:
    """Return the cells with their numbers as Arrow reads them; what is no number stays."""
    if plan.wrapping is None:
        return without_marks(texts, plan.marks)
    bare = without_marks(unwrapped(texts, plan.wrapping), plan.marks)
    if not plan.wrapping.power:
        return bare
    numbers = pc.if_else(are_numbers(bare, PLAIN), bare, pa.scalar(None, bare.type))
    power, nothing = pa.scalar(f"e{plan.wrapping.power}", bare.type), pa.scalar("", bare.type)
    shares = pc.binary_join_element_wise(numbers, power, nothing).cast(pa.float64())
    return pc.coalesce(shares.cast(bare.type), bare)


def _number_plan(texts: pa.Array, missing: tuple[str, ...], options: ReadOptions) -> ColumnPlan:
    """Return the plan of a column that was chosen to be numbers: exact ones where all are, else what can be read."""
    bare = pc.extract_regex(texts, _DIGITS).drop_null()
    numbers = bare.field("number") if len(bare) else texts
    marks = (*_marks_of(numbers, options).could_be, PLAIN)[0]
    kind = _find_type(without_marks(texts, marks))
    parsed = kind == "text"
    return ColumnPlan("float" if parsed else kind, marks, missing=missing, parsed=parsed)


def _parsed(column: pa.Array, marks: Marks) -> pa.Array:
    encoded = column.dictionary_encode()
    numbers = pa.array([read_number(text, marks) for text in encoded.dictionary.to_pylist()], pa.float64())
    return numbers.take(encoded.indices)


def _find_type(texts: pa.Array) -> ColumnType:
    is_int = pc.match_substring_regex(texts, _INT)
    if pc.all(is_int).as_py():
        return "int" if _all_safe(texts) else "text"
    is_number = pc.or_(is_int, pc.match_substring_regex(texts, _FLOAT))
    if not pc.all(is_number).as_py() or not _all_safe(texts.filter(is_int)):
        return "text"
    return "float" if _all_exact(texts.filter(pc.invert(is_int))) else "text"


def _are_whole(column: pa.ChunkedArray) -> bool:
    """Tell whether all cells are whole numbers, part by part: the distinct ones of a long column of ids are many."""
    is_any = False
    for chunk in column.chunks:
        texts = pc.utf8_trim_whitespace(chunk.drop_null())
        texts = texts.filter(pc.not_equal(texts, ""))
        if not pc.all(pc.match_substring_regex(texts, _INT)).as_py() or not _all_safe(texts):
            return False
        is_any = is_any or len(texts) > 0
    return is_any


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
