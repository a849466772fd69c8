"""At which probability the second of two classes is predicted: by hand, by what mistakes cost, by capacity."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.errors import AppError, RunError
from core.insight.charts.confusion import decision_chart
from core.insight.figures.thresholds import Decision, Priced, ThresholdTable
from core.runs.records import Run
from pages.shared.certaintywords import threshold_words
from pages.shared.evaluation import Document, calibration_of_run, save_calibration
from pages.shared.evaluationcharts import draw
from pages.shared.frame import show_error
from pages.shared.labels import cut
from pages.shared.results import show_tiles
from pages.shared.state import said, say_next
from pages.shared.text import count, escape, number, percent, plural

BY_HAND, BY_COST, BY_CAPACITY = "By hand", "By what mistakes cost", "By how many can be called"
MOST = 1e12  # of what can be typed
MIDDLE = 0.5


@dataclass(frozen=True)
class Choice:
    """What a threshold is chosen from: the class, the rows to choose on, and the test rows to see it on."""

    run: Run
    positive: str
    class_names: tuple[str, ...]
    chosen_on: ThresholdTable
    on_test: ThresholdTable
    is_on_test: bool  # for want of validation rows

    def key(self, part: str) -> str:
        """Return the key of a widget, one for each run."""
        return f"model_threshold_{part}_{self.run.id}"


@dataclass(frozen=True)
class Costs:
    """What a mistake costs, in whatever money."""

    miss: float
    false_alarm: float

    def of(self, table: ThresholdTable, decision: Decision) -> Priced:
        """Return what a decision costs."""
        return table.priced(decision, cost_of_miss=self.miss, cost_of_false_alarm=self.false_alarm)


@st.fragment
def show_threshold(run: Run, document: Document) -> None:
    """Draw the slider with what it does on the test rows; nothing with more than two classes."""
    if not document["thresholds"]:
        return
    label = escape(cut(str(document["thresholds"]["positive"])))
    st.subheader(f"At which probability to call a row {label}", anchor=False)
    try:
        choice = _choice(run, document)
        saved = calibration_of_run(run).threshold
        st.markdown(f"**Now:** {escape(threshold_words(saved, cut(choice.positive)))}")
        costs = _show_ways(choice)
        threshold = _show_slider(choice, saved)
        _show_decision(choice, choice.on_test.at(threshold), costs)
        _show_saving(choice, threshold, saved)
    except (AppError, OSError) as error:  # a part that is drawn anew is outside the app's last net
        show_error(error)


def _choice(run: Run, document: Document) -> Choice:
    tables = document["thresholds"]
    own = tables["on_validation"] or tables["on_test"]
    try:
        found = ThresholdTable.from_dict(own), ThresholdTable.from_dict(tables["on_test"])
    except ValueError as error:
        raise RunError("The thresholds of this model are damaged. Evaluate it again.") from error
    is_on_test = tables["on_validation"] is None
    return Choice(run, str(tables["positive"]), tuple(document["class_names"]), *found, is_on_test)


def _show_ways(choice: Choice) -> Costs | None:
    """Draw how the threshold is to be chosen, and what is suggested; return the costs where it is by cost."""
    way = st.segmented_control(
        "Choose it", [BY_HAND, BY_COST, BY_CAPACITY], default=BY_HAND, required=True, key=choice.key("way"),
        persist_state="session",
    )  # fmt: skip
    if way == BY_COST:
        return _show_costs(choice)
    if way == BY_CAPACITY:
        _show_capacity(choice)
    return None


def _show_costs(choice: Choice) -> Costs:
    label = cut(choice.positive, 30)
    left, right, _ = st.columns(3)
    miss = left.number_input(
        "Cost of a miss", 0.0, MOST, 5.0, key=choice.key("miss"), persist_state="session",
        help=escape(f"What it costs, in any currency, not to call a row that is {label}."),
    )  # fmt: skip
    alarm = right.number_input(
        "Cost of a false alarm", 0.0, MOST, 1.0, key=choice.key("alarm"), persist_state="session",
        help=escape(f"What it costs to call a row that is not {label}."),
    )  # fmt: skip
    costs = Costs(miss, alarm)
    best = choice.chosen_on.best_for_costs(cost_of_miss=miss, cost_of_false_alarm=alarm).decision
    reached = costs.of(choice.on_test, choice.on_test.at(best.threshold))
    _suggest(
        choice, best.threshold,
        f"Cheapest is to call at {percent(best.threshold)} or more. On the test rows that costs {number(reached.cost)} "
        f"per 1,000 rows; calling nobody costs {number(reached.cost_of_nobody)}, calling everybody "
        f"{number(reached.cost_of_everybody)}.",
    )  # fmt: skip
    return costs


def _show_capacity(choice: Choice) -> None:
    left, right, _ = st.columns(3)
    calls = left.number_input("We can call", 0, 1_000_000_000, 500, key=choice.key("calls"), persist_state="session")
    rows = right.number_input(
        "of the next … rows", 1, 1_000_000_000, 10_000, key=choice.key("rows"), persist_state="session"
    )
    found = choice.chosen_on.for_capacity(calls, rows)
    test = choice.on_test.at(found.decision.threshold)
    called = percent(test.n_called / max(1, test.n))
    text = (
        f"Calling at {percent(found.decision.threshold)} or more, expect {count(round(found.expected_calls))} calls, "
        f"{count(round(found.expected_hits))} of them right. On the test rows it calls {called} of the rows; "
        f"{percent(test.precision)} of these calls are right."
    )
    if found.next_calls is not None and found.next_calls > 1.5 * max(1, calls):
        text += f" Many rows share a probability: the next lower threshold would call {count(round(found.next_calls))}."
    _suggest(choice, found.decision.threshold, text)


def _suggest(choice: Choice, threshold: float, sentence: str) -> None:
    """Draw a suggestion with the button that takes it, and say on which rows it was made."""
    words, take = st.columns([4, 1], vertical_alignment="center")
    n = plural(choice.chosen_on.n, "row")
    chosen = f"Chosen on {n} that judged the training, and shown on the test rows."
    if choice.is_on_test:
        chosen = f"Chosen on the same {n} it is shown on, for want of validation rows: it may do worse on new ones."
    words.markdown(f"{escape(sentence)} {chosen}")
    take.button(
        "Take it", key="model_threshold_take", icon=":material/check:", width="stretch", on_click=_take,
        args=(choice.key("value"), min(1.0, max(0.0, threshold))),
    )  # fmt: skip


def _take(key: str, value: float) -> None:
    st.session_state[key] = value


def _show_slider(choice: Choice, saved: float | None) -> float:
    key = choice.key("value")
    st.session_state.setdefault(key, MIDDLE if saved is None else saved)
    return float(
        st.slider(
            f"Call a row {escape(cut(choice.positive, 30))} at this probability or more", 0.0, 1.0, step=0.001, key=key,
            format="percent", persist_state="session",
        )
    )  # fmt: skip


def _show_decision(choice: Choice, decision: Decision, costs: Costs | None) -> None:
    """Draw what the threshold does on the test rows."""
    tiles = [
        ("Called", f"{count(decision.n_called)} of {count(decision.n)}", "Test rows with that probability or more."),
        ("Calls that are right", percent(decision.precision), "Precision."),
        ("Found", percent(decision.recall), "Recall: share of the rows of this class that are called."),
        ("Rows right", percent(decision.accuracy), "Accuracy, of called and other rows together."),
    ]
    if costs is not None:
        cost = number(costs.of(choice.on_test, decision).cost)
        tiles.append(("Cost per 1,000 rows", cost, "Of misses and false alarms, on the test rows."))
    show_tiles(tiles, len(tiles))
    draw(decision_chart(decision, choice.class_names), "model_chart_threshold")


def _show_saving(choice: Choice, threshold: float, saved: float | None) -> None:
    use, back, _ = st.columns([2, 2, 1])
    if use.button(
        "Use this threshold for predictions", key="model_threshold_use", icon=":material/save:", width="stretch",
        type="primary", disabled=threshold == saved,
    ):  # fmt: skip
        _save(choice, threshold)
    if saved is not None and back.button(
        "Go back to the likelier class", key="model_threshold_back", icon=":material/undo:", width="stretch"
    ):
        _save(choice, None)
    sentence = said("model_threshold")
    if sentence:
        st.success(escape(sentence), icon=":material/check:")


def _save(choice: Choice, threshold: float | None) -> None:
    save_calibration(choice.run, threshold=threshold)
    say_next("model_threshold", f"Saved in the model. {threshold_words(threshold, cut(choice.positive))}")
    st.rerun()
