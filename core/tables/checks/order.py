"""Are the rows in an order of time that a random choice of test rows would ignore?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.tables.checks.check import Action, Check
from core.tables.checks.scores import Answers, score_numbers
from core.tables.checks.view import TableView
from core.tables.understand.names import CALENDAR, name_words
from core.tables.understand.phrases import percent, plural, quoted
from core.tables.understand.sample import SampledColumn, level_text

Floats = NDArray[np.float64]

MIN_ROWS = 50
MIN_TIMES = 10
SORTED = 0.02  # steps back, of the steps between rows: the rows are sorted, perhaps in blocks
ALIKE = 0.3  # correlation of the target in neighbouring rows
DRIFT = {True: 0.65, False: 0.1}  # AUC, or share of the variance, that the time alone tells
STRONG_DRIFT = {True: 0.7, False: 0.4}
PARTS = 10


@dataclass(frozen=True)
class _Course:
    """How the target goes along some order of the rows: correlation of neighbours, and what the place tells."""

    alike: float
    drift: float
    is_classification: bool

    @property
    def is_strong(self) -> bool:
        """Tell whether neighbouring rows say something about each other."""
        return self.alike >= ALIKE or self.drift >= DRIFT[self.is_classification]

    @property
    def words(self) -> str:
        """Say how strong it is."""
        what = "AUC" if self.is_classification else "R²"
        return f"correlation of neighbours {self.alike:.2f}, {what} of the time alone {max(0.0, self.drift):.2f}"


def check_order(view: TableView) -> Check:
    """Look for an order of time among the rows, by a column of dates or by the target itself."""
    answers = Answers.of(view.sample_target, view.question.is_classification)
    if view.question.time_column is not None:
        return Check(
            "time_order", "fixed", f"The test rows are the latest ones by {quoted(view.question.time_column)}",
            "The model is judged by rows that are later than all it learned from, as it will be used.",
            (view.question.time_column,), (), Action("order_by_time", (view.question.time_column,), is_undo=True),
        )  # fmt: skip
    if not answers.are_usable or len(answers.rows) < MIN_ROWS:
        return Check(
            "time_order", "passed", "No order of time was looked for", "There are too few rows with an answer."
        )
    for name in _time_columns(view):
        times = _times(view, name)[answers.rows]
        if (found := _by_time(view, answers, name, times)) is not None:
            return found
    if _time_columns(view):
        return Check(
            "time_order", "passed", "The order of time does not seem to matter",
            f"The rows are not sorted by {quoted(_time_columns(view)[0])}, and {quoted(view.question.target)} does not "
            "change with it.",
        )  # fmt: skip
    return _by_place(view, answers)


def _by_time(view: TableView, answers: Answers, name: str, times: Floats) -> Check | None:
    """Return that the rows are in the order of the dates in a column, or that the target changes with it."""
    known = ~np.isnan(times)
    if known.sum() < MIN_ROWS or len(np.unique(times[known])) < MIN_TIMES:
        return None
    in_file = _course(answers, np.flatnonzero(known), times)
    in_time = _course(answers, np.flatnonzero(known)[np.argsort(times[known], kind="stable")], times)
    is_sorted = _is_sorted(times[known])
    course = max(in_file if is_sorted else in_time, in_time, key=lambda one: one.alike)
    if not is_sorted and not course.is_strong:
        return None
    target, column = quoted(view.question.target), quoted(name)
    title = f"The rows are in the order of {column}" if is_sorted else f"{target} changes with {column}"
    start = _sorted_words(times[known])
    also = f", and {target} depends on the time ({course.words})" if course.is_strong else ""
    return Check(
        "time_order", "look", title,
        f"{start}{also}; test rows drawn at random would lie between training rows, and the model would look better "
        "than it is on later rows.",
        (name,), (), Action("order_by_time", (name,)),
    )  # fmt: skip


def _sorted_words(times: Floats) -> str:
    steps = np.diff(times)
    if not _is_sorted(times):
        return "The rows are not sorted by it"
    n_back = min(int((steps > 0).sum()), int((steps < 0).sum()))
    return "They are sorted by it" if n_back == 0 else f"They are sorted by it in {plural(n_back + 1, 'block')}"


def _by_place(view: TableView, answers: Answers) -> Check:
    """Return that the target changes along the rows, which nothing else explains, or that it does not."""
    target = quoted(view.question.target)
    course = _course(answers, np.arange(len(answers.rows)), answers.rows.astype(np.float64))
    names = [name for name in (*view.features, view.question.target) if _is_ordered(view.sample[name])]
    sorted_by = next((name for name in names if not name_words(name).has(CALENDAR)), None)
    calendar = next((name for name in names if name_words(name).has(CALENDAR)), None)
    if course.drift < STRONG_DRIFT[view.question.is_classification] or sorted_by is not None:
        return Check(
            "time_order", "passed", "No order of time was found",
            f"No column in use holds dates, and {target} "
            + (f"follows the order of {quoted(sorted_by)}." if sorted_by else "does not change much along the rows."),
        )  # fmt: skip
    first, last = _ends(view, answers)
    reason = "no column in use explains the order; if the rows are in the order of time,"
    if calendar is not None:
        reason = f"{quoted(calendar)} goes through the file in blocks, as rows in the order of time would: then"
    return Check(
        "time_order", "look", f"{target} changes along the rows",
        f"{first} in the first tenth of the file and {last} in the last, and {reason} "
        "the model would look better than it is on later rows.",
        (view.question.target,),
    )  # fmt: skip


def _time_columns(view: TableView) -> list[str]:
    """Return the columns of dates, those in use first."""
    noticed = [one.column for one in view.noticed("date", "unix_time", "year_month")]
    names = [*view.question.dates, *noticed]
    return [name for name in dict.fromkeys(names) if name in view.features]


def _times(view: TableView, name: str) -> Floats:
    """Return the time of each sampled row, in microseconds since 1970, NaN where there is none."""
    import pandas as pd

    from core.tables.dates import infer_date_format, parse_dates

    column = view.sample[name]
    if view.profiles[name].kind == "date":
        return column.numbers
    levels = pd.Series(list(column.levels), dtype=object)
    rows = pd.Series([*column.levels, None], dtype=object).iloc[column.codes].reset_index(drop=True)
    dates, _ = parse_dates(levels, infer_date_format(rows, view.report.options.date_orders.get(name)))
    micros = np.append(dates.to_numpy().astype("datetime64[us]"), np.datetime64("NaT"))[column.codes]
    return np.where(np.isnat(micros), np.nan, micros.astype(np.int64).astype(np.float64))


def _course(answers: Answers, order: NDArray[np.int64], times: Floats) -> _Course:
    y = answers.values[order]
    y = y - y.mean(axis=0)
    total = float((y**2).sum())
    alike = float((y[1:] * y[:-1]).sum()) / total if total > 0 else 0.0
    return _Course(alike, score_numbers(times, answers), answers.is_classification)


def _is_sorted(values: Floats) -> bool:
    """Tell whether values never fall, or never rise, from row to row, but for the beginnings of a few blocks."""
    steps = np.diff(values)
    n_up, n_down = int((steps > 0).sum()), int((steps < 0).sum())
    return min(n_up, n_down) <= SORTED * len(steps) and max(n_up, n_down) >= MIN_TIMES


def _is_ordered(column: SampledColumn) -> bool:
    """Tell whether the rows are put together by the levels of the column."""
    codes = column.codes[column.codes >= 0]
    if column.n_levels < 2 or len(codes) < MIN_ROWS:
        return False
    n_changes = int((np.diff(codes) != 0).sum())
    by_chance = 1 - float(((column.counts / len(codes)) ** 2).sum())
    if column.is_number and column.n_levels > PARTS and _is_sorted(column.numbers[column.codes >= 0]):
        return True
    return column.n_levels <= len(codes) / 10 and n_changes <= max(2 * column.n_levels, 0.1 * by_chance * len(codes))


def _ends(view: TableView, answers: Answers) -> tuple[str, str]:
    """Say what the target is in the first and the last tenth of the rows."""
    tenth = max(1, len(answers.rows) // PARTS)
    parts = (answers.rows[:tenth], answers.rows[-tenth:])
    target = view.sample_target
    if not answers.is_classification:
        first, last = (float(target.numbers[rows].mean()) for rows in parts)
        return f"It is {first:,.4g} on average", f"{last:,.4g}"
    shares = [np.bincount(target.codes[rows], minlength=target.n_levels) / len(rows) for rows in parts]
    level = int(np.abs(shares[1] - shares[0]).argmax())
    name = quoted(level_text(target.levels[level]))
    return f"It is {name} in {percent(float(shares[0][level]))} of the rows", percent(float(shares[1][level]))
