"""Attributions in words and as bars, for numbers that were worked out by hand."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from core.insight.explain.results import Attribution, ColumnImportance, Contribution, Importance
from core.insight.explain.words import Bar, lead, most_important, reasons, sentence, waterfall


def churn(*parts: tuple[str, str, float]) -> Attribution:
    contributions = tuple(Contribution(column, value, effect, 4 * effect) for column, value, effect in parts)
    output = 0.27 + sum(part.effect for part in contributions)
    in_odds = -1.0 + sum(4 * part.effect for part in contributions)
    return Attribution(3, "", "Churn", "Yes", "No", 0.27, output, -1.0, in_odds, contributions, 100)


PARTS = (
    ("Contract", "Month-to-month", 0.12), ("tenure", "2", 0.094), ("Fee", "80.5", -0.0532), ("a", "x", 0.01),
    ("b", "empty", 0.0003), ("c", "z", 0.001), ("d", "w", -0.021),
)  # fmt: skip


def test_reasons_are_in_points_of_probability_the_rest_as_one() -> None:
    assert reasons(churn(*PARTS)) == [
        "Contract = Month-to-month raises the probability of Yes by 12 points.",
        "tenure = 2 raises it by 9.4 points.",
        "Fee = 80.5 lowers it by 5.3 points.",
        "a = x raises it by 1 point.",
        "b = empty hardly changes it.",
        "The other 2 columns together lower it by 2 points.",
    ]
    assert sentence(churn(*PARTS[:2])) == (
        "Contract = Month-to-month raises the probability of Yes by 12 points; tenure = 2 raises it by 9.4 points."
    )
    assert reasons(churn(*PARTS[:3]), most=2)[-1] == "The other column lowers it by 5.3 points."
    assert sentence(churn(*PARTS), most=1).endswith("; the other 6 columns together raise it by 3.1 points.")
    assert sentence(churn()) == ""


@pytest.mark.parametrize(
    ("output", "said"), [(0.004, "under 1 %"), (0.996, "over 99 %"), (0.0, "0 %"), (1.0, "100 %"), (0.724, "72 %")]
)
def test_the_lead_names_the_probability_and_the_average(output: float, said: str) -> None:
    found = Attribution(0, "", "Churn", "Yes", None, 0.27, output, 0.0, 0.0, (), 9)
    assert lead(found) == f"The model gives Yes a probability of {said}. On average it gives 27 %."


def test_numbers_are_in_the_targets_unit() -> None:
    parts = (Contribution("area", "88.5", 12_345.6, None), Contribution("rooms", "2", -0.3, None))
    found = Attribution(0, "", "price", None, 1.0, 200_000.0, 212_345.3, None, None, parts, 9)
    assert lead(found) == "The model predicts 212,300 for this row. Its average prediction is 200,000."
    assert reasons(found) == ["area = 88.5 raises the prediction by 12,350.", "rooms = 2 hardly changes it."]


def test_a_waterfall_goes_from_the_average_to_the_row_without_gaps() -> None:
    bars = waterfall(churn(*PARTS), most=2)
    assert [bar.label for bar in bars] == [
        "Average", "Contract = Month-to-month", "tenure = 2", "The other 5 columns together", "This row",
    ]  # fmt: skip
    assert bars[0] == Bar("Average", 0.0, 0.27, "total")
    assert [bar.kind for bar in bars] == ["total", "up", "up", "down", "total"]
    for before, after in pairwise(bars[:-1]):
        assert after.start == before.end
    assert bars[-2].end == pytest.approx(bars[-1].end, abs=1e-12)
    assert bars[-1].end == pytest.approx(0.27 + 0.12 + 0.094 - 0.0532 + 0.01 + 0.0003 + 0.001 - 0.021)


def test_a_waterfall_in_log_odds_orders_the_columns_by_them() -> None:
    parts = (Contribution("a", "1", 0.2, 0.5), Contribution("b", "2", 0.1, -2.0))
    bars = waterfall(Attribution(0, "", "y", "Yes", None, 0.2, 0.5, 1.0, -0.5, parts, 9), scale="log_odds")
    assert [(bar.start, bar.end) for bar in bars] == [(0.0, 1.0), (1.0, -1.0), (-1.0, -0.5), (0.0, -0.5)]


def column(name: str, mean: float, drop: float | None, *, is_clear: bool = True) -> ColumnImportance:
    return ColumnImportance(name, mean, 0.1, mean - 1, mean + 1, is_clear, drop, None, 5)


def test_the_most_important_columns_are_named_with_what_the_first_is_worth() -> None:
    columns = (column("a", 0.2, 0.0453), column("b", 0.1, 0.0), column("c", 0.05, 0.0, is_clear=False))
    assert most_important(Importance("log-loss", 0.4, 0.8, 99, columns)) == (
        "a and b matter most. With a shuffled among the rows, 75.5 % of the predictions are right rather than 80.0 %."
    )
    assert most_important(Importance("RMSE", 24_300.0, None, 99, (column("area", 8_000.0, None),))) == (
        "area matters most. With area shuffled among the rows, the typical error (RMSE) is 32,300 rather than 24,300."
    )
    alike = most_important(Importance("log-loss", 0.4, 0.8, 99, columns[1:]))
    assert alike == "b matters most. With b shuffled among the rows, as many predictions are right, but their " + (
        "probabilities fit worse."
    )
    assert most_important(Importance("RMSE", 1.0, None, 99, (column("x", -0.5, None),))).startswith("On these rows no")


def test_words_load_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, core.insight.explain.words, core.insight.explain.results\n"
        "assert not {'torch', 'sklearn', 'pandas'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
