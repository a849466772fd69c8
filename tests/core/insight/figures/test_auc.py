"""The interval of the area under the ROC curve, against a count of all pairs and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from core.insight.figures.auc import auc_interval


def test_the_area_is_that_of_scikit_learn_and_the_error_delongs_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    positive, scores = rng.random(120) < 0.4, rng.random(120).round(1)
    scores[positive] += 0.2
    found = auc_interval(positive, scores, 0.9)
    assert found.estimate == pytest.approx(metrics.roc_auc_score(positive, scores))
    a, b = scores[positive][:, None], scores[~positive][None]
    pairs = (a > b) + 0.5 * (a == b)
    error = np.sqrt(pairs.mean(axis=1).var(ddof=1) / pairs.shape[0] + pairs.mean(axis=0).var(ddof=1) / pairs.shape[1])
    area = pairs.mean()
    bounds = stats.norm.interval(0.9, np.log(area / (1 - area)), error / (area * (1 - area)))
    assert [found.low, found.high] == pytest.approx(1 / (1 + np.exp(-np.array(bounds))))
    assert found.method == "delong"


def test_95_percent_intervals_of_an_area_hold_the_truth_95_percent_of_the_time() -> None:
    rng, n_held = np.random.default_rng(7), 0
    truth = stats.norm.cdf(1.5 / 2**0.5)
    for _ in range(500):
        positive = rng.random(2_000) < 0.1
        found = auc_interval(positive, rng.normal(1.5 * positive, 1.0))
        assert found.low is not None
        assert found.high is not None
        n_held += found.low <= truth <= found.high
    assert n_held / 500 == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("positive", "scores", "estimate", "reason"),
    [
        ([True, True], [0.1, 0.2], None, "one class"),
        ([], [], None, "one class"),
        ([True, False], [np.nan, 0.2], None, "not finite"),
        ([True, True, False], [0.9, 0.8, 0.2], 1.0, "ranked alike"),
        ([True, False, False], [0.5, 0.5, 0.5], 0.5, "ranked alike"),
    ],
)
def test_what_has_no_interval_says_why(
    positive: list[bool], scores: list[float], estimate: float | None, reason: str
) -> None:
    found = auc_interval(np.array(positive, dtype=bool), np.array(scores))
    assert (found.estimate, found.low, found.high) == (estimate, None, None)
    assert reason in str(found.reason)
