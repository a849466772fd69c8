"""Comparing runs by their test rows: only common rows count, and a verdict says how sure it is (issue 6, part 5)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, mean_absolute_error, root_mean_squared_error

from core.insight.compare import Contender, Pair, compare, differing
from core.insight.comparewords import disagreement_words, level_words, rows_words, second_verdict, verdict
from core.insight.disagree import disagreement

NAMES = ("no", "yes")


def numbers_run(key: str, numbers: np.ndarray, truth: np.ndarray, predicted: np.ndarray, **values: Any) -> Contender:
    document = {"task": "regression", "target": "price", "n_test": len(numbers), "class_names": ()}
    table = pa.table({"row": numbers, "truth": truth, "prediction": predicted})
    return Contender(key, f"run {key}", **{"dataset_id": "d", "settings": {}, "document": document, "rows": table,
                                           **values})  # fmt: skip


def classes_run(key: str, numbers: np.ndarray, truth: np.ndarray, shares: np.ndarray, **values: Any) -> Contender:
    names = NAMES if shares.shape[1] == 2 else tuple(f"c{at}" for at in range(shares.shape[1]))
    document = {"task": "classification", "target": "churn", "n_test": len(numbers), "class_names": names}
    labels = np.array(names, dtype=object)
    table = pa.table(
        {"row": numbers, "truth": labels[truth], "prediction": labels[shares.argmax(axis=1)]}
        | {f"p{at}": share for at, share in enumerate(shares.T)}
    )
    return Contender(key, f"run {key}", **{"dataset_id": "d", "settings": {}, "document": document, "rows": table,
                                           **values})  # fmt: skip


def some_classes(seed: int, n: int = 1_000, skill: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, n)
    score = skill * (truth - 0.5) * 2 + np.random.default_rng(seed).normal(0, 1, n)
    share = 1 / (1 + np.exp(-score))
    return truth, np.column_stack([1 - share, share])


def only(contenders: list[Contender]) -> Pair:
    (pair,) = compare(contenders).pairs
    return pair


def test_the_difference_is_that_of_scikit_learn_s_figures_on_the_common_rows() -> None:
    truth, good = some_classes(1)
    _, poor = some_classes(2, skill=0.7)
    rows = np.arange(1, 1_001)
    a, b = classes_run("a", rows[:800], truth[:800], good[:800]), classes_run("b", rows[200:], truth[200:], poor[200:])
    found = compare([a, b])
    (pair,) = found.pairs
    middle = slice(200, 800)
    accuracies = [accuracy_score(truth[middle], shares[middle].argmax(axis=1)) for shares in (good, poor)]
    briers = [brier_score_loss(truth[middle], shares[middle, 1]) for shares in (good, poor)]
    assert pair.n_common == found.n_common == 600
    assert pair.main is not None
    assert pair.second_look is not None
    assert pair.main.estimate == pytest.approx(accuracies[1] - accuracies[0])
    assert pair.second_look.estimate == pytest.approx(briers[0] - briers[1])
    assert found.on_common == pytest.approx(accuracies)
    assert pair.n_disagree == int((good[middle].argmax(axis=1) != poor[middle].argmax(axis=1)).sum())
    assert pair.main.verdict == "better"
    assert not found.has_same_rows


def test_rows_are_matched_by_their_numbers_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    rows, truth = np.arange(5, 305), rng.normal(100, 20, 300)
    near, far = truth + rng.normal(0, 1, 300), truth + rng.normal(0, 8, 300)
    mixed = rng.permutation(300)
    a = numbers_run("a", rows, truth, near)
    b = numbers_run("b", rows[mixed], truth[mixed], far[mixed])
    found = compare([a, b])
    (pair,) = found.pairs
    assert found.has_same_rows
    assert pair.main is not None
    assert pair.second_look is not None
    assert pair.main.estimate == pytest.approx(mean_absolute_error(truth, near) - mean_absolute_error(truth, far))
    assert pair.second_look.estimate == pytest.approx(
        root_mean_squared_error(truth, near) - root_mean_squared_error(truth, far)
    )
    sentence = verdict(pair, [a, b])
    assert sentence.startswith("A is better than B on the 300 common test rows: off by ")
    assert verdict(only([b, a]), [b, a]).startswith("B is better than A on the 300 common")
    assert "RMSE" in second_verdict(pair, [a, b])


def test_a_run_against_itself_is_said_to_be_the_same() -> None:
    truth, shares = some_classes(1)
    a = classes_run("a", np.arange(1, 1_001), truth, shares)
    pair = only([a, a])
    assert pair.main is not None
    assert (pair.main.verdict, pair.main.estimate, pair.n_disagree) == ("too close to call", 0.0, 0)
    assert verdict(pair, [a, a]) == (
        "A and B predict the same on each of the 1,000 common test rows: there is no difference to call."
    )
    assert second_verdict(pair, [a, a]) == ""
    found = disagreement([a, a])
    assert (found.n_rows, found.rows) == (0, ())
    assert disagreement_words(found, classes=True) == "They agree on each of the 1,000 common test rows."


def test_runs_of_the_same_skill_are_too_close_to_call_and_the_interval_is_said() -> None:
    (truth, one), (_, other) = some_classes(1, 400), some_classes(2, 400)
    rows = np.arange(1, 401)
    contenders = [classes_run("a", rows, truth, one), classes_run("b", rows, truth, other)]
    pair = only(contenders)
    assert pair.main is not None
    assert pair.main.low is not None
    assert pair.main.high is not None
    assert pair.main.low < 0 < pair.main.high
    sentence = verdict(pair, contenders)
    assert "too close to call" in sentence
    assert f"A better by {-100 * pair.main.low:.1f} points to B better by {100 * pair.main.high:.1f} points" in sentence


def test_with_few_common_rows_there_is_no_verdict() -> None:
    truth, shares = some_classes(1, 100)
    rows = np.arange(1, 101)
    a, b = classes_run("a", rows[:60], truth[:60], shares[:60]), classes_run("b", rows[41:], truth[41:], shares[41:])
    found = compare([a, b])
    (pair,) = found.pairs
    assert (pair.n_common, pair.obstacle, pair.main) == (19, "too few common rows", None)
    assert "only 19 test rows are common, and a verdict takes 20 at least" in verdict(pair, [a, b])
    words = rows_words(found, [a, b])
    assert "60 and 59, of which 19 rows can be compared, so no verdict is given" in words
    assert "the same table, seed, test share and time column" in words
    nothing = [
        classes_run("a", rows[:50], truth[:50], shares[:50]),
        classes_run("b", rows[50:], truth[50:], shares[50:]),
    ]
    assert "no test row is common" in verdict(only(nothing), nothing)
    assert compare(nothing).on_common == ()
    assert disagreement(nothing).n_common == 0


def test_other_tables_targets_and_tasks_are_not_compared() -> None:
    truth, shares = some_classes(1, 100)
    rows = np.arange(1, 101)
    a = classes_run("a", rows, truth, shares)
    elsewhere = classes_run("b", rows, truth, shares, dataset_id="another")
    number = numbers_run("c", rows, truth * 1.0, truth * 1.0)
    assert only([a, elsewhere]).obstacle == "different tables"
    assert "different tables" in verdict(only([a, elsewhere]), [a, elsewhere])
    assert only([a, number]).obstacle == "different targets"
    assert "A predicts 'churn' and B 'price'. Only their settings" in verdict(only([a, number]), [a, number])
    document = {**(number.document or {}), "target": "churn"}
    same = numbers_run("c", rows, truth * 1.0, truth * 1.0, document=document)
    assert "one predicts 'churn' as categories, the other as a number" in verdict(only([a, same]), [a, same])


def test_a_run_without_an_evaluation_has_settings_only() -> None:
    truth, shares = some_classes(1, 100)
    a = classes_run("a", np.arange(1, 101), truth, shares, settings={"Width": "128", "Epochs": "9"})
    b = Contender("b", "run b", "d", {"Width": "64", "Epochs": "9"}, trouble="gone")
    found = compare([a, b])
    assert [(one.label, one.values) for one in found.settings] == [("Width", ("128", "64"))]
    assert found.pairs[0].obstacle == "not evaluated"
    assert verdict(found.pairs[0], [a, b]) == "A and B: no verdict, for B has no evaluation."
    assert rows_words(found, [a, b]) == ""


def test_three_runs_give_three_verdicts_that_hold_together() -> None:
    rng = np.random.default_rng(1)
    rows, truth = np.arange(1, 501), rng.normal(0, 10, 500)
    spread = {"a": 1.0, "b": 4.0, "c": 4.0}
    runs = [numbers_run(key, rows, truth, truth + rng.normal(0, by, 500)) for key, by in spread.items()]
    found = compare(runs)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1), (0, 2), (1, 2)]
    assert [pair.main.verdict for pair in found.pairs if pair.main] == ["better", "better", "too close to call"]
    assert found.level == pytest.approx(1 - 0.05 / 3)
    assert "98.3 % each" in level_words(found)
    alone = only(runs[1:])
    assert alone.main is not None
    wide = found.pairs[2].main
    assert wide is not None
    assert wide.high is not None
    assert alone.main.high is not None
    assert wide.high > alone.main.high
    shown = disagreement(runs)
    assert shown.n_rows == 500
    said = np.array([[one.prediction for one in row.said] for row in shown.rows], dtype=float)
    spreads = said.max(axis=1) - said.min(axis=1)
    every = np.stack([run.rows["prediction"].to_numpy() for run in runs if run.rows is not None])
    assert spreads == pytest.approx(np.sort(np.ptp(every, axis=0))[::-1][:50])
    assert (shown.typical, shown.largest) == pytest.approx((np.median(np.ptp(every, axis=0)), spreads[0]))
    assert "apart (median), at most" in disagreement_words(shown, classes=False)


def test_rows_of_disagreement_say_truth_label_and_probability_the_surest_first() -> None:
    truth = np.array([0, 1, 1, 0] * 10)
    one = np.tile([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]], (10, 1))
    other = one.copy()
    other[[1, 2, 39]] = [[0.55, 0.45], [0.99, 0.01], [0.3, 0.7]]
    rows = np.arange(101, 141)
    found = disagreement([classes_run("a", rows, truth, one), classes_run("b", rows, truth, other)])
    assert (found.n_common, found.n_rows) == (40, 3)
    assert [row.number for row in found.rows] == [103, 140, 102]
    first = found.rows[0]
    assert (first.truth, [said.prediction for said in first.said]) == ("yes", ["yes", "no"])
    assert [said.probability for said in first.said] == pytest.approx([0.6, 0.99])
    assert disagreement_words(found, classes=True).startswith("They disagree on 3 of 40 common test rows (7.5 %)")


def test_errors_that_are_not_finite_are_worse_and_leave_no_traceback() -> None:
    rng = np.random.default_rng(2)
    rows, truth = np.arange(1, 101), rng.normal(0, 1, 100)
    bad = truth.copy()
    bad[3] = np.inf
    a, b = numbers_run("a", rows, truth, truth + 0.1), numbers_run("b", rows, truth, bad)
    pair = only([a, b])
    assert pair.main is not None
    assert (pair.main.verdict, pair.main.estimate) == ("better", None)
    assert verdict(pair, [a, b]).startswith("A is better than B on the 100 common test rows: one of the two makes")
    assert disagreement([a, b]).rows[0].number == 4


def test_many_classes_without_probabilities_have_no_second_look() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 40, 200)
    shares = rng.dirichlet(np.ones(40), 200)
    run = classes_run("a", np.arange(1, 201), truth, shares)
    assert run.rows is not None
    bare = run.rows.select(["row", "truth", "prediction"])
    runs = [classes_run(key, np.arange(1, 201), truth, shares, rows=bare) for key in "ab"]
    assert only(runs).second_look is None
    assert only(runs).main is not None


def test_settings_that_one_run_lacks_are_shown_as_lacking() -> None:
    runs = [Contender("a", "a", "d", {"Seed": "1"}), Contender("b", "b", "d", {"Seed": "1", "Temperature": "2.5"})]
    assert [(one.label, one.values) for one in differing(runs)] == [("Temperature", ("–", "2.5"))]


def test_pages_can_compare_without_torch_and_scikit_learn() -> None:
    code = (
        "import sys, core.insight.comparewords, core.insight.disagree, core.insight.studywords, core.runs.contenders,"
        " core.insight.charts.comparing, core.insight.charts.studies, core.runs.studying\n"
        "assert not {'torch', 'sklearn', 'streamlit', 'plotly'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
