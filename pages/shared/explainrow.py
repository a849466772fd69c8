"""Why this row: what each of its columns adds to the average prediction, in words, as a waterfall, and as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.insight.charts.explaining import waterfall_chart
from core.insight.explain.results import Attribution, Explanation
from core.insight.explain.stored import stored_attribution
from core.insight.explain.words import reasons
from core.runs.insights import Question
from core.runs.records import Run
from pages.shared.asking import Wish, answered, offer_again
from pages.shared.evaluationcharts import draw
from pages.shared.state import get_store
from pages.shared.text import count, escape, number, plural

ROW = "row"  # in the address
PICK, NUMBER = "model_explain_pick", "model_explain_number"
KEPT_ASIDE = "The model has not seen this row: it was kept aside for the test."


def show_row(run: Run, found: Explanation) -> None:
    """Draw why the row in the address is predicted as it is, and the choice of another."""
    row = _current_row(run, found)
    _choose(run, found, row)
    if row is None:
        st.caption("Choose a row of the table.")
        return
    known = {entry.row: entry for entry in found.attributions}
    attribution, part = (known[row], KEPT_ASIDE) if row in known else _asked(run, row)
    if attribution is not None:
        _show(attribution, part)


def last_row(run: Run, found: Explanation) -> int | None:
    """Return the row that was looked at last in this session, or the first that is worth a look."""
    last: int | None = st.session_state.get(f"model_explain_row_{run.id}")
    return last or (found.attributions[0].row if found.attributions else 1)


def _current_row(run: Run, found: Explanation) -> int | None:
    """Return the row in the address, or the one that was looked at last."""
    text = st.query_params.get(ROW)
    if text is None:
        return last_row(run, found)
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        st.warning(f"'{escape(text)}' is no row number. Rows are counted from 1.", icon=":material/warning:")
        return None
    st.session_state[f"model_explain_row_{run.id}"] = max(1, int(text))
    return int(text)


def _choose(run: Run, found: Explanation, row: int | None) -> None:
    """Draw the rows that are worth a look, and a field for any other."""
    why = {entry.row: entry.why for entry in found.attributions}
    most = _n_rows(run)
    is_possible = row is not None and 1 <= row <= (most or row)
    st.session_state[PICK] = row if row in why else None
    st.session_state[NUMBER] = row if is_possible else None
    left, right = st.columns(2)
    left.selectbox(
        "Rows worth a look", list(why), key=PICK, format_func=lambda number: f"Row {number:,} · {why[number]}",
        placeholder="Choose one", on_change=_open, args=(PICK,), index=None,
    )  # fmt: skip
    right.number_input(
        f"Any row of the table, 1 to {count(most)}" if most else "Any row of the table", min_value=1, max_value=most,
        step=1, key=NUMBER, on_change=_open, args=(NUMBER,), value=None, placeholder="Row number",
    )  # fmt: skip


def _open(key: str) -> None:
    if st.session_state[key] is not None:
        st.query_params[ROW] = str(st.session_state[key])


def _n_rows(run: Run) -> int | None:
    try:
        return max(1, get_store().dataset(run.dataset_id).n_rows)
    except AppError:
        return None


def _asked(run: Run, row: int) -> tuple[Attribution | None, str]:
    wish = Wish(Question("row", str(row)), "model_explain_why", f"Taking the prediction for row {row:,} apart")
    answer = answered(run, wish)
    if answer is None:
        return None, ""
    try:
        return stored_attribution(answer), str(answer.get("part", ""))
    except AppError as error:
        offer_again(run, wish, error.sentence)
        return None, ""


def _show(found: Attribution, part: str) -> None:
    st.markdown(escape(f"{_truth(found)} {part}"))
    draw(waterfall_chart(found), "model_chart_waterfall")
    st.markdown("\n".join(f"- {escape(reason)}" for reason in reasons(found)))
    with st.expander(f"What each of the {plural(len(found.contributions), 'column')} adds, up to the prediction"):
        st.dataframe(
            pd.DataFrame(_lines(found)), hide_index=True, key="model_contributions",
            alt="What each column adds to the average prediction",
        )  # fmt: skip
    st.caption(
        f"Compared with {plural(found.n_background, 'row')} that the model learned from: a column's part is what the "
        "prediction gains when the column gets this row's value, on average over the orders in which the columns "
        "get theirs (Shapley values). The parts add up exactly."
    )


def _truth(found: Attribution) -> str:
    """Return what the table says of the outcome, and how far the prediction is from it."""
    if found.truth is None:
        return f"Row {found.row:,}: the table does not say the outcome."
    if found.outcome is not None or isinstance(found.truth, str):
        return f"Row {found.row:,}: in the table, {found.target} is {found.truth}."
    error = found.output - found.truth
    off = f"the prediction is {number(abs(error))} too {'high' if error > 0 else 'low'}" if error else "exactly that"
    return f"Row {found.row:,}: in the table, {found.target} is {number(found.truth)}; {off}."


def _lines(found: Attribution) -> list[dict[str, object]]:
    """Return the average, what each column adds, and the prediction, which is their sum."""
    lines = [_line(found, "Average prediction", "", found.base, found.base_log_odds)]
    lines += [_line(found, part.column, part.value, part.effect, part.log_odds) for part in found.contributions]
    return [*lines, _line(found, "This row", "", found.output, found.output_log_odds)]


def _line(found: Attribution, name: str, value: str, effect: float, log_odds: float | None) -> dict[str, object]:
    own: dict[str, object] = {"Column": name, "Value": value}
    if found.outcome is None:
        return own | {f"Adds, in the unit of {found.target}": effect}
    return own | {"Adds, in points of probability": 100 * effect, "Adds, in log-odds": log_odds}
