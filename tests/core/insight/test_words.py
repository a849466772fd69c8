"""The sentences of an evaluation: their figures are those of the rows, and each says who is better, and how sure."""

from __future__ import annotations

import numpy as np
import pytest

from core.insight import words
from tests.core.insight.documents import classes, document_of_classes, document_of_numbers

NO_YES = ("No", "Yes")


def right_for(n_right: int, n: int) -> np.ndarray:
    """Return losses of which so many are 0."""
    return np.where(np.arange(n) < n_right, 0.0, 1.0)


def two_classes(**settings):
    """Return a document of 1,000 rows, 700 of them No, of which the network has 800 right."""
    y = (np.arange(1000) >= 700).astype(np.int64)
    is_wrong = np.arange(1000) % 5 == 0
    called = np.where(is_wrong, 1 - y, y)
    probabilities = np.column_stack([1 - called, called]) * 0.8 + 0.1
    return document_of_classes(y, probabilities, NO_YES, **settings)


@pytest.mark.parametrize(
    ("value", "said"),
    [(24_300, "24,300"), (24_312.4, "24,310"), (0.123456, "0.1235"), (0, "0"), (-76_431, "-76,430"),
     (4387, "4,387"), (1e-9, "1.000e-09"), (2e16, "2.000e+16"), (None, "–"), (float("inf"), "–"), (99_996, "100,000")],
)  # fmt: skip
def test_numbers_have_four_digits_and_separators(value, said):
    assert words.number(value) == said


def test_the_headline_of_classes_says_the_share_right_its_interval_and_what_guessing_reaches():
    document = two_classes(others={"guess": right_for(700, 1000)})
    # Wilson's interval of 800 of 1,000: 77.4 to 82.4 %
    assert words.headline(document) == (
        "Right for 80.0 % of the test rows (between 77.4 and 82.4 %); always guessing 'No' is right for 70.0 %."
    )


def test_where_two_classes_are_as_frequent_the_guess_is_not_named():
    y = np.arange(100) % 2
    probabilities = np.full((100, 2), 0.5)
    document = document_of_classes(y, probabilities, NO_YES, others={"guess": right_for(50, 100)})
    assert words.headline(document).endswith("always guessing the most frequent class is right for 50.0 %.")


def test_the_headline_of_numbers_is_the_mean_absolute_error_in_the_unit_of_the_target():
    y = np.zeros(400)
    predicted = np.where(np.arange(400) % 2, 20_000.0, -28_600.0)
    document = document_of_numbers(y, predicted, others={"guess": np.full(400, 56_000.0)})
    low, high = (document["sides"][0]["main"][name] for name in ("low", "high"))
    assert low < 24_300 < high
    assert words.headline(document) == (
        f"On average the prediction is off by 24,300 (between {words.number(low)} and {words.number(high)}); "
        "guessing the mean is off by 56,000."
    )


def test_infinite_errors_have_no_headline_figure_but_a_reason():
    document = document_of_numbers(np.arange(30.0), np.where(np.arange(30) == 3, np.inf, np.arange(30.0)))
    assert words.headline(document).startswith("There is no figure for this model: 1 of the 30 predictions are not")


def test_one_test_row_has_a_headline_without_an_interval():
    document = document_of_numbers(np.array([3.0]), np.array([5.0]))
    assert words.headline(document) == "On average the prediction is off by 2."


def test_verdicts_say_better_worse_or_too_close_and_by_how_much():
    rng = np.random.default_rng(0)
    others = {
        "guess": right_for(600, 1000),
        "linear": right_for(1000, 1000),
        "boosting": rng.permutation(right_for(802, 1000)),
    }
    better, worse, close = words.verdicts(two_classes(others=others))
    assert better.startswith("Better than guessing by 20.0 points (between ")
    assert worse.startswith("Worse than the linear model by 20.0 points (between ")
    assert close.startswith(
        "Too close to call against gradient-boosted trees on these 1,000 rows: 0.2 points worse, and anything from "
    )
    assert close.endswith(" points worse.")
    assert words.standing(two_classes(others=others)) == (
        "This network: better than guessing, worse than the linear model, "
        "too close to call against gradient-boosted trees"
    )


def test_a_verdict_on_numbers_is_in_the_unit_of_the_target():
    y = np.zeros(200)
    document = document_of_numbers(y, np.full(200, 10.0), others={"linear": np.full(200, 35.0)})
    assert words.verdicts(document) == ["Better than the linear model by 25 (between 25 and 25)."]


def test_a_model_whose_errors_are_infinite_is_worse_without_a_figure():
    document = document_of_numbers(np.zeros(30), np.full(30, np.inf), others={"guess": np.full(30, 1.0)})
    (verdict,) = words.verdicts(document)
    assert verdict.startswith("Worse than guessing. ")


def test_calibration_is_said_in_points_before_and_after_or_why_there_is_none():
    y, probabilities = classes(500, NO_YES)
    document = document_of_classes(y, probabilities, NO_YES)
    after = 100 * document["figures"]["ece"]
    assert words.calibration_words(document) == (
        f"Its probabilities are {after:.1f} points away from what comes true, on average "
        "(25.0 points before they were corrected)."
    )
    none = document_of_classes(y, probabilities, NO_YES, is_calibrated=False)
    assert words.calibration_words(none).endswith("or give a blend more time, and train again.")


def test_coverage_is_what_was_held_beside_what_was_promised():
    document = document_of_numbers(np.zeros(100), np.where(np.arange(100) < 88, 0.1, 9.0))
    said = words.coverage_words(document, 0.9)
    assert said.startswith(
        "Ranges that promise to hold the truth in 90 % of the cases held it for 88.0 % of the test rows"
    )
    assert said.endswith("They reach 0.7 to either side of the prediction.")
    assert words.coverage_words(document, None) == ""
    assert words.coverage_words(document, 0.5) == ""


def test_where_the_errors_are_names_the_worst_group_beside_all_rows():
    y = np.zeros(600)
    predicted = np.where(np.arange(600) >= 500, 50.0, 5.0) + np.arange(600) % 3
    document = document_of_numbers(y, predicted)
    said = words.errors_words(document)
    worst = max(document["segments"][0]["segments"], key=lambda segment: segment["mean_loss"])
    assert said == (
        f"Where 'size' is {worst['label']}, the prediction is off by {words.number(predicted[500:].mean())} "
        f"on average ({worst['n']} rows), "
        f"against {words.number(np.abs(predicted).mean())} over all test rows."
    )


def test_where_nothing_stands_out_it_says_so():
    y, probabilities = classes(60, NO_YES)
    document = document_of_classes(y, probabilities, NO_YES)
    assert document["segments"][0]["n_standing_out"] == 0
    assert words.errors_words(document).startswith("No column tells where the errors are")
