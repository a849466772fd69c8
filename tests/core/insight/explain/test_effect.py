"""Effect curves: against scikit-learn's partial dependence, and against predictions for the changed raw rows."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence

from core.errors import DataError
from core.insight.explain.effect import OTHERS, effect_curve
from core.insight.explain.sample import take_sample
from core.scoring import predict_proba_rows
from core.types import ModelBundle, TrainingConfig
from tests.core.insight.explain.models import linear_model, model_of, numbers, trained
from tests.core.insight.explain.test_importance import Classifier, Regressor


def test_a_number_of_two_classes_is_scikit_learns_partial_dependence(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    curve = effect_curve(take_sample(churn_bundle, churn_frame), "charge")
    x = churn_frame[["joined", "tenure", "charge", "contract"]]
    theirs = partial_dependence(
        Classifier(churn_bundle), x, ["charge"], kind="both", method="brute", response_method="predict_proba",
        custom_values={"charge": np.array(curve.values, dtype=float)},
    )  # fmt: skip
    assert curve.outcomes == ("Yes",)
    assert curve.means[0] == pytest.approx(theirs["average"][0], abs=1e-6)
    assert len(curve.lines[0]) == len(curve.rows) == 30
    assert np.array(curve.lines[0]) == pytest.approx(theirs["individual"][0][list(curve.rows)], abs=1e-6)
    assert len(curve.values) == 25
    known = churn_frame["charge"].dropna()
    assert curve.values[0] == pytest.approx(known.quantile(0.01, interpolation="nearest"))
    assert curve.values[-1] == pytest.approx(known.quantile(0.99, interpolation="nearest"))
    assert curve.n_empty == churn_frame["charge"].isna().sum()
    assert sum(curve.counts) + curve.n_outside + curve.n_empty == 240
    assert list(curve.counts) == np.histogram(known, bins=np.array(curve.edges, dtype=float))[0].tolist()


def test_a_number_in_the_targets_unit_is_scikit_learns_partial_dependence(
    price_bundle: ModelBundle, price_frame: pd.DataFrame
) -> None:
    curve = effect_curve(take_sample(price_bundle, price_frame), "rooms")
    theirs = partial_dependence(
        Regressor(price_bundle), price_frame.drop(columns="price").astype({"rooms": float}), ["rooms"],
        method="brute", custom_values={"rooms": np.arange(1.0, 6.0)},
    )  # fmt: skip
    assert curve.values == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert curve.means[0] == pytest.approx(theirs["average"][0], rel=1e-6)
    assert curve.outcomes == ("price",)


@pytest.mark.parametrize("column", ["joined", "contract"])
def test_dates_and_categories_are_predictions_for_the_changed_rows(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame, column: str
) -> None:
    curve = effect_curve(take_sample(churn_bundle, churn_frame), column)
    for value, mean in zip(curve.values, curve.means[0], strict=True):
        changed = churn_frame.assign(**{column: value})
        assert mean == pytest.approx(predict_proba_rows(churn_bundle, changed)[:, 1].mean(), abs=1e-6)
    if column == "contract":
        counts = churn_frame["contract"].value_counts()
        assert dict(zip(curve.values, curve.counts, strict=True)) == counts.to_dict()
        assert list(curve.counts) == sorted(curve.counts, reverse=True)
    else:
        assert curve.kind == "date"
        assert len(curve.values) == 25
        assert list(curve.values) == sorted(set(curve.values))  # type: ignore[type-var]
        assert sum(curve.counts) + curve.n_outside == 240
        assert curve.edges[0] == f"{curve.values[0]}T00:00:00"


@pytest.mark.parametrize("column", ["a", "a=b", "a=n", "mixed", "code", "day", "gaps"])
def test_odd_names_and_cells_are_predictions_for_the_changed_rows_too(
    odd_bundle: ModelBundle, odd_frame: pd.DataFrame, column: str
) -> None:
    curve = effect_curve(take_sample(odd_bundle, odd_frame), column)
    assert len(curve.values) >= 2
    for value, mean in zip(curve.values, curve.means[0], strict=True):
        changed = odd_frame.assign(**{column: [value] * len(odd_frame)})
        assert mean == pytest.approx(predict_proba_rows(odd_bundle, changed)[:, 1].mean(), abs=1e-6)
    assert sum(curve.counts) + curve.n_outside + (curve.n_empty if curve.kind != "category" else 0) == 120


@pytest.fixture(scope="module")
def wide_texts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelBundle, pd.DataFrame]:
    rng = np.random.default_rng(0)
    level = np.array([f"L{i:02d}" for i in np.minimum(rng.geometric(0.12, 500), 40)], dtype=object)
    level[rng.random(500) < 0.1] = None
    frame = pd.DataFrame({"level": level, "n": rng.normal(size=500), "kind": rng.choice(list("abcdefgh"), 500)})
    cfg = TrainingConfig("kind", epochs=2, hidden_dim=16)
    return trained(frame, tmp_path_factory.mktemp("wide"), cfg), frame


def test_beyond_15_levels_the_others_are_one_point_and_empty_cells_another(
    wide_texts: tuple[ModelBundle, pd.DataFrame],
) -> None:
    bundle, frame = wide_texts
    sample = take_sample(bundle, frame)
    curve = effect_curve(sample, "level")
    counts = frame["level"].value_counts()
    assert curve.values[-2:] == (None, OTHERS)
    assert list(curve.counts[:15]) == counts.iloc[:15].tolist()
    assert curve.counts[-2:] == (frame["level"].isna().sum(), counts.iloc[15:].sum())
    assert curve.others_at == 16
    assert curve.n_others == len(counts) - 15
    assert sum(curve.counts) == 500
    others = [predict_proba_rows(bundle, frame.assign(level=name)).mean(axis=0) for name in counts.index[15:]]
    low, high = np.min(others, axis=0), np.max(others, axis=0)
    for outcome, means in zip(curve.outcomes, curve.means, strict=True):
        at = (bundle.class_names or []).index(outcome)
        assert low[at] - 0.02 <= (means[-1] or 0) <= high[at] + 0.02
    empty = predict_proba_rows(bundle, frame.iloc[sample.places].assign(level=None)).mean(axis=0)
    assert curve.means[0][-2] == pytest.approx(empty[(bundle.class_names or []).index(curve.outcomes[0])], abs=0.03)


def test_of_many_classes_the_likeliest_six_or_the_named_ones_are_shown(
    wide_texts: tuple[ModelBundle, pd.DataFrame],
) -> None:
    bundle, frame = wide_texts
    sample = take_sample(bundle, frame.iloc[:250])
    curve = effect_curve(sample, "n")
    shares = predict_proba_rows(bundle, frame.iloc[:250]).mean(axis=0)
    assert curve.outcomes == tuple("abcdefgh"[at] for at in sorted(np.argsort(-shares)[:6]))
    assert len(curve.lines) == 6
    assert len(curve.lines[0]) == 10
    named = effect_curve(sample, "n", classes=[3])
    assert named.outcomes == ("d",)
    changed = frame.iloc[:250].assign(n=named.values[4])
    assert named.means[0][4] == pytest.approx(predict_proba_rows(bundle, changed)[:, 3].mean(), abs=1e-6)
    json.dumps(asdict(curve), allow_nan=False)


def test_rows_are_few_and_drawn_the_same_way_each_time() -> None:
    table = numbers(2_000, 2)
    sample = take_sample(linear_model(table, [2.0, 5.0]), table)
    curve = effect_curve(sample, "c000", seed=3)
    assert curve.n_rows == 300
    assert curve == effect_curve(sample, "c000", seed=3)
    slope = np.diff(np.array(curve.means[0], dtype=float)) / np.diff(np.array(curve.values, dtype=float))
    assert slope == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("n_rows", [0, 1, 3])
def test_few_rows_constant_columns_and_nothing_at_all(n_rows: int) -> None:
    table = pd.DataFrame({"a": [4.0] * 9, "b": [np.nan] * 9, "t": np.array(["x"] * 9, dtype=object)})
    bundle = model_of(table, lambda x: x[:, :1])
    sample = take_sample(bundle, table.iloc[:n_rows])
    for column, values in {"a": (4.0,), "b": (), "t": ("x",)}.items():
        curve = effect_curve(sample, column)
        assert curve.values == (values if n_rows else ())
        assert len(curve.lines[0]) == n_rows
        json.dumps(asdict(curve), allow_nan=False)
    assert effect_curve(take_sample(bundle, table), "a").counts == (9,)


def test_a_column_the_model_does_not_know_is_refused_in_words(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    with pytest.raises(DataError, match=r"'customer_id'.*It learned from 'joined', 'tenure'"):
        effect_curve(take_sample(churn_bundle, churn_frame), "customer_id")


def test_ten_thousand_categories_are_15_and_the_others() -> None:
    table = pd.DataFrame({"id": np.array([f"k{i}" for i in range(10_000)], dtype=object)})
    curve = effect_curve(take_sample(model_of(table, lambda x: x[:, :1]), table.iloc[:400]), "id")
    assert len(curve.values) == 16
    assert curve.n_others == 385
