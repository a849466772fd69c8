"""The comparison of runs: who is better and how sure that is, and where they differ. Its address holds their ids."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import AppError
from core.insight.charts.comparing import Curve, curves_chart, differences_chart
from core.insight.compare import MOST_RUNS
from core.insight.comparewords import LETTERS, level_words, rows_words, second_verdict, verdict
from core.runs.board import is_timed
from core.runs.records import Run
from pages.shared.comparisondata import Compared, compared_runs
from pages.shared.comparisonevaluate import offer_evaluation
from pages.shared.comparisonpick import ADDRESS, FEWEST_RUNS, close_comparison
from pages.shared.comparisontables import show_disagreement, show_figures, show_settings
from pages.shared.curves import read_epochs
from pages.shared.evaluationcharts import draw
from pages.shared.state import MODEL_PAGE, get_store
from pages.shared.text import escape, when
from pages.shared.verdict import score_words

_ROWS_AND_TARGET = ("target_column", "task", "random_seed", "test_size", "validation_size", "time_column")


def is_comparing() -> bool:
    """Return whether the address asks for a comparison."""
    return ADDRESS in st.query_params


def show_comparing() -> None:
    """Draw the comparison that the address asks for."""
    st.title("Compare runs", anchor=False)
    st.button(
        "All runs", icon=":material/arrow_back:", key="compare_close", type="tertiary", on_click=close_comparison
    )  # fmt: skip
    runs = _asked_for()
    if len(runs) < FEWEST_RUNS:
        st.info("A comparison takes two or three runs. Tick them in the list.", icon=":material/compare_arrows:")
        return
    _show_legend(runs)
    found = compared_runs(runs)
    offer_evaluation(runs, found.contenders)
    _show_verdicts(found)
    show_settings(found)
    show_figures(found)
    _show_curves(runs)
    show_disagreement(found)


def _asked_for() -> list[Run]:
    """Return the runs in the address, without repetitions; say where one is gone or too many are asked for."""
    ids = list(dict.fromkeys(filter(None, st.query_params.get(ADDRESS, "").split(","))))
    if len(ids) > MOST_RUNS:
        st.caption(f"The address names {len(ids)} runs. The first {MOST_RUNS} are compared.")
    runs, troubles = [], []
    for run_id in ids[:MOST_RUNS]:
        try:
            runs.append(get_store().run(run_id))
        except AppError as error:
            troubles.append(error.sentence)
    for trouble in dict.fromkeys(troubles):
        st.warning(escape(trouble), icon=":material/warning:")
    return runs


def _show_legend(runs: Sequence[Run]) -> None:
    """Draw which letter is which run, with the way to its page."""
    for letter, run, place in zip(LETTERS, runs, st.columns(len(runs)), strict=False):
        box = place.container(border=True, gap=None)
        box.page_link(
            MODEL_PAGE, label=f"**{letter}** · {escape(run.name)}", query_params={"run": run.id}, help=escape(run.name)
        )
        box.caption(f"{score_words(run)} · {when(run.created_at)}")


def _show_verdicts(found: Compared) -> None:
    comparison, contenders = found.comparison, found.contenders
    if words := rows_words(comparison, contenders):
        st.warning(escape(words), icon=":material/warning:")
    for letter, contender in zip(LETTERS, contenders, strict=False):
        if contender.note:
            st.caption(escape(f"{letter}: {contender.note}"))
    for pair in comparison.pairs:
        st.markdown(f"##### {escape(verdict(pair, contenders))}")
        if more := second_verdict(pair, contenders):
            st.markdown(escape(more))
    chart = differences_chart(comparison, contenders)
    draw(chart, "compare_differences")
    if chart is not None:
        st.caption(level_words(comparison))


def _show_curves(runs: Sequence[Run]) -> None:
    st.subheader("Training curves", anchor=False)
    lettered = list(zip(LETTERS, runs, strict=False))
    curves = [_curve(letter, run) for letter, run in lettered if not is_timed(run)]
    draw(
        curves_chart(curves, is_one_scale=len({_loss_of(run) for run in runs if not is_timed(run)}) == 1),
        "compare_curves", why_not="None of these runs has kept a curve of its epochs.",
    )  # fmt: skip
    if blends := [letter for letter, run in lettered if is_timed(run)]:
        st.caption(f"{' and '.join(blends)}: a blend of networks has no epochs. Its page shows how it grew.")


def _curve(letter: str, run: Run) -> Curve:
    epochs = read_epochs(get_store(), run.id)
    has_validation = any(epoch.validation_loss is not None for epoch in epochs)
    losses = [epoch.validation_loss if has_validation else epoch.train_loss for epoch in epochs]
    return Curve(letter, run.name, [epoch.epoch for epoch in epochs], losses, has_validation)


def _loss_of(run: Run) -> tuple[str, ...]:
    """Return what tells whether the losses of two runs are on one scale: of what, and on which rows."""
    config = run.request.get("config", {})
    mode = str(config.get("training_mode", ""))
    weighted = mode if mode in ("imbalance_aware", "calibrated_classifier") else ""
    return run.dataset_id, weighted, *(str(config.get(name)) for name in _ROWS_AND_TARGET)
