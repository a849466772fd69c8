"""Error by segment, against pandas and by simulation."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.insight.figures.segments import Segment, error_by_segment, rank_columns


def by_label(segments: list[Segment]) -> dict[str, Segment]:
    json.dumps([asdict(segment) for segment in segments], allow_nan=False)
    return {segment.label: segment for segment in segments}


def test_the_mean_loss_of_a_segment_is_that_of_its_rows_with_students_interval() -> None:
    rng = np.random.default_rng(0)
    values, losses = pd.Series(rng.choice(["a", "b", "c"], 500)), rng.exponential(20.0, 500)
    found = by_label(error_by_segment(values, losses))
    for label, segment in found.items():
        own, rest = losses[values == label], losses[values != label]
        assert segment.n == len(own)
        assert segment.mean_loss == pytest.approx(own.mean())
        assert segment.difference == pytest.approx(own.mean() - rest.mean())
        low, high = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
        assert [segment.low, segment.high] == pytest.approx([low, high], rel=1e-3)


def test_the_share_wrong_of_a_segment_has_wilsons_interval() -> None:
    values = pd.Series(np.repeat(["a", "b"], [40, 60]))
    losses = np.concatenate([np.arange(40) < 10, np.arange(60) < 0]).astype(float)
    found = by_label(error_by_segment(values, losses))
    for label, hits, n in (("a", 10, 40), ("b", 0, 60)):
        expected = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert [found[label].low, found[label].high] == pytest.approx(list(expected), abs=1e-9)
    assert (found["a"].stands_out, found["b"].stands_out) == ("worse", "better")


def test_a_segment_where_the_model_is_plainly_wrong_stands_out() -> None:
    rng = np.random.default_rng(0)
    values = pd.Series(rng.choice(list("abcdefgh"), 4_000))
    losses = rng.exponential(1.0, 4_000) * np.where(values == "c", 2.0, np.where(values == "d", 0.4, 1.0))
    found = by_label(error_by_segment(values, losses))
    out = {label: segment.stands_out for label, segment in found.items() if segment.stands_out}
    assert out == {"c": "worse", "d": "better"}


@pytest.mark.parametrize("kind", ["shares", "numbers"])
def test_where_nothing_differs_a_segment_seldom_stands_out(kind: str) -> None:
    rng, n_out = np.random.default_rng(2), 0
    for _ in range(300):
        values = pd.Series(rng.choice([f"c{place}" for place in range(10)], 400))
        losses = (rng.random(400) < 0.1).astype(float) if kind == "shares" else rng.exponential(1.0, 400)
        n_out += any(segment.stands_out for segment in error_by_segment(values, losses))
    assert n_out / 300 <= 0.08


@pytest.mark.parametrize(("n", "stands_out"), [(19, None), (20, "worse")])
def test_fewer_than_twenty_rows_never_stand_out(n: int, stands_out: str | None) -> None:
    values = pd.Series(np.repeat(["few", "many"], [n, 500]))
    losses = np.repeat([1.0, 0.0], [n, 500])
    losses[-1] = 1.0
    assert by_label(error_by_segment(values, losses))["few"].stands_out == stands_out


def test_equal_losses_stand_out_nowhere() -> None:
    values = pd.Series(np.repeat(["a", "b", "c"], [100, 33, 77]))
    for loss in (0.0, 0.1, 1.0, 1e-300, 1e200):
        found = error_by_segment(values, np.full(210, loss))
        assert [segment.stands_out for segment in found] == [None] * 3
        assert [segment.mean_loss for segment in found] == pytest.approx([loss] * 3)
    assert rank_columns(values.to_frame(), np.full(210, 0.1))[0].share == 0.0


def test_a_few_small_equal_losses_do_not_stand_out_by_chance() -> None:
    values = pd.Series(np.repeat(["few", "many"], [20, 500]))
    losses = np.concatenate([np.full(20, 0.9), np.random.default_rng(0).exponential(1.0, 500)])
    assert by_label(error_by_segment(values, losses))["few"].stands_out is None


def test_infinite_losses_are_left_out() -> None:
    found = by_label(error_by_segment(pd.Series(["a", "a", "b", "b"]), np.array([1.0, np.inf, np.nan, 3.0])))
    assert {label: (segment.n, segment.mean_loss) for label, segment in found.items()} == {"a": (1, 1.0), "b": (1, 3.0)}
    assert found["a"].low is None


def test_a_huge_loss_gives_finite_figures() -> None:
    losses = np.ones(100)
    losses[0] = 1e300
    found = by_label(error_by_segment(pd.Series(np.repeat(["a", "b"], 50)), losses))
    assert found["a"].mean_loss == pytest.approx(2e298)
    assert found["b"].mean_loss == pytest.approx(1.0)
    assert found["a"].stands_out is None


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_handful_of_rows_have_segments(n: int) -> None:
    for values in (pd.Series(np.arange(n) * 1.5), pd.Series(["a"] * n, dtype=object)):
        for losses in (np.arange(n) * 0.7, np.arange(n) % 2 * 1.0):
            found = error_by_segment(values, losses)
            by_label(found)
            assert sum(segment.n for segment in found) == n
    assert len(rank_columns(pd.DataFrame({"a": np.arange(n)}), np.arange(n) * 1.0)) == 1


def test_rows_and_losses_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="values has 2, losses has 3"):
        error_by_segment(pd.Series([1, 2]), np.zeros(3))


def test_an_index_out_of_order_does_not_move_rows() -> None:
    values = pd.Series(["a", "b", "a"], index=[2, 0, 0])
    found = by_label(error_by_segment(values, np.array([0.5, 3.0, np.inf])))
    assert (found["a"].mean_loss, found["b"].mean_loss) == (0.5, 3.0)


def test_the_column_along_which_the_error_differs_most_comes_first() -> None:
    rng = np.random.default_rng(0)
    n = 5_000
    frame = pd.DataFrame(
        {
            "noise": rng.normal(size=n),
            "many": rng.choice([f"c{place}" for place in range(500)], n),
            "weak": rng.normal(size=n),
            "strong": rng.choice(["x", "y"], n),
            "empty": np.full(n, np.nan),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n) // 4, unit="D"),
        }
    )
    losses = rng.exponential(1.0, n) * (1 + 2 * (frame["strong"] == "x") + 0.5 * (frame["weak"] > 1)).to_numpy()
    ranked = rank_columns(frame, losses)
    assert [spread.column for spread in ranked][:2] == ["strong", "weak"]
    assert ranked[0].n_standing_out == 2
    assert {spread.column for spread in ranked} == set(frame.columns)
    assert all(spread.share < 0.005 for spread in ranked if spread.column in {"noise", "many", "empty", "day"})


def test_the_share_is_the_corrected_correlation_ratio() -> None:
    rng = np.random.default_rng(4)
    values, losses = rng.choice(["a", "b", "c"], 300), rng.exponential(1.0, 300)
    losses[values == "b"] *= 2
    parts = [losses[values == label] for label in "abc"]
    within = sum(((part - part.mean()) ** 2).sum() for part in parts)
    total = ((losses - losses.mean()) ** 2).sum()
    expected = 1 - (within / (300 - 3)) / (total / (300 - 1))
    found = rank_columns(pd.DataFrame({"v": values}), losses)[0].share
    assert found == pytest.approx(expected)


def test_five_hundred_columns_are_ranked() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 500)), columns=[f"n{place}" for place in range(500)])
    losses = np.abs(frame["n250"].to_numpy())
    ranked = rank_columns(frame, losses)
    assert len(ranked) == 500
    assert ranked[0].column == "n250"


def test_codes_are_ranked_as_categories_and_names_may_repeat() -> None:
    frame = pd.DataFrame([[1, 2.5], [2, 3.5], [1, 4.5]], columns=["a", "a"])
    assert [spread.column for spread in rank_columns(frame, np.ones(3), categorical=["a"])] == ["a", "a"]
