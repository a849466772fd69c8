"""The evaluation of real trainings, against scikit-learn and computations by hand on the same rows."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics as sk

from core.calibration import Calibration
from core.errors import RunError
from core.insight.evaluate import Evaluated, evaluate
from core.insight.evaluation import load_evaluation, load_test_rows, probabilities_in, save_evaluation
from core.insight.heldout import held_out
from core.scoring import predict_proba_rows
from core.tables.read import load_tabular_file
from core.trainer import predict_rows, train_model_from_file
from core.types import Metrics, ModelBundle, TrainingConfig


def evaluated(
    frame: pd.DataFrame, folder: Path, cfg: TrainingConfig, **columns: Any
) -> tuple[Evaluated, ModelBundle, Metrics, pd.DataFrame]:
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    bundle, metrics = train_model_from_file(path, cfg, device="cpu", **columns)
    table = load_tabular_file(path)
    return evaluate(bundle, table, cfg, metrics), bundle, metrics, table


@pytest.fixture(scope="module")
def churn(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Any:
    cfg = TrainingConfig("churn", epochs=8, validation_size=0.4, learning_rate=0.01)
    frame = pd.concat([churn_frame] * 2, ignore_index=True)
    return (*evaluated(frame, tmp_path_factory.mktemp("evaluated"), cfg, exclude_columns=["customer_id"],
                       date_columns=["joined"]), cfg)  # fmt: skip


@pytest.fixture(scope="module")
def prices(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Any:
    cfg = TrainingConfig("price", epochs=10, validation_size=0.4, learning_rate=0.02)
    return (*evaluated(price_frame, tmp_path_factory.mktemp("evaluated"), cfg), cfg)


def test_the_figures_of_classes_are_those_of_the_predictions(churn: Any) -> None:
    found, bundle, metrics, table, cfg = churn
    held = held_out(bundle, table, cfg)
    y, calibrated = held.y[held.test], predict_proba_rows(found.bundle, held.rows.iloc[held.test])
    figures = found.evaluation.figures
    assert figures["accuracy"] == pytest.approx(metrics.test_metric_value)
    assert figures["log_loss"] == pytest.approx(sk.log_loss(y, calibrated, labels=[0, 1]), rel=1e-6)
    assert figures["roc_auc"] == pytest.approx(sk.roc_auc_score(y, calibrated[:, 1]))
    uncalibrated = predict_proba_rows(bundle, held.rows.iloc[held.test])
    assert found.evaluation.before["log_loss"] == pytest.approx(sk.log_loss(y, uncalibrated, labels=[0, 1]), rel=1e-6)
    assert found.bundle.calibration.temperature != 1.0
    counts = sk.confusion_matrix(y, calibrated.argmax(axis=1))
    assert np.array(found.evaluation.confusion["counts"]).tolist() == counts.tolist()


def test_the_figures_of_numbers_are_those_of_the_predictions(prices: Any) -> None:
    found, bundle, metrics, table, cfg = prices
    held = held_out(bundle, table, cfg)
    y = held.y[held.test]
    says = np.array(predict_rows(bundle, held.rows.iloc[held.test].to_dict("records")))
    assert found.evaluation.figures["rmse"] == pytest.approx(metrics.test_metric_value, rel=1e-5)
    assert found.evaluation.figures["mae"] == pytest.approx(sk.mean_absolute_error(y, says), rel=1e-5)
    assert found.evaluation.figures["r2"] == pytest.approx(sk.r2_score(y, says), rel=1e-5)
    network, guess = found.evaluation.sides[:2]
    assert network.main.estimate == pytest.approx(np.abs(y - says).mean(), rel=1e-5)
    guessed = np.abs(y - held.y[held.fitted].mean())
    assert guess.main.estimate == pytest.approx(guessed.mean())
    assert guess.difference.estimate == pytest.approx(np.abs(y - says).mean() - guessed.mean(), rel=1e-5)
    assert [side.name for side in found.evaluation.sides] == ["network", "guess", "linear", "boosting"]
    assert {side.n_rows for side in found.evaluation.sides[1:]} == {len(held.fitted)}


def test_coverage_is_counted_on_test_rows_and_the_margins_come_from_others(prices: Any) -> None:
    found, bundle, _, table, cfg = prices
    held = held_out(bundle, table, cfg)
    errors = [
        np.abs(np.array(predict_rows(bundle, held.rows.iloc[places].to_dict("records"))) - held.y[places])
        for places in (held.calibrating, held.test)
    ]
    n = len(errors[0])
    for entry in found.evaluation.coverage:
        rank = int(np.ceil((n + 1) * entry.level))
        assert entry.margin == pytest.approx(np.sort(errors[0])[rank - 1], rel=1e-5)
        assert entry.covered == pytest.approx((errors[1] <= entry.margin * (1 + 1e-9)).mean(), abs=1e-9)


def test_thresholds_are_chosen_on_validation_rows_and_shown_on_test_rows(churn: Any) -> None:
    found, bundle, _, table, cfg = churn
    held, thresholds = held_out(bundle, table, cfg), found.evaluation.thresholds
    assert thresholds["positive"] == "Yes"
    for name, places in (("on_validation", held.validation), ("on_test", held.test)):
        at = thresholds[name]["thresholds"].index(0.5)
        shares = predict_proba_rows(found.bundle, held.rows.iloc[places])[:, 1]
        is_yes, called = held.y[places] == 1, shares >= 0.5
        by_hand = [
            (called & is_yes).sum(),
            (called & ~is_yes).sum(),
            (~called & ~is_yes).sum(),
            (~called & is_yes).sum(),
        ]
        assert [thresholds[name][entry][at] for entry in ("tp", "fp", "tn", "fn")] == by_hand


def test_evaluating_again_keeps_the_threshold_and_the_level_that_were_chosen(churn: Any) -> None:
    first, bundle, metrics, table, cfg = churn
    chosen = replace(first.bundle.calibration, threshold=0.3, level=0.5, temperature=9.0)
    again = evaluate(replace(bundle, calibration=chosen), table, cfg, metrics)
    assert again.bundle.calibration == replace(first.bundle.calibration, threshold=0.3, level=0.5)
    assert again.evaluation.figures == first.evaluation.figures
    none = evaluate(replace(bundle, calibration=replace(chosen, level=None)), table, cfg, metrics)
    assert none.bundle.calibration.level is None


def test_a_threshold_alone_does_not_count_as_calibrated(churn_frame: pd.DataFrame, tmp_path: Path) -> None:
    cfg = TrainingConfig("churn", epochs=2)  # no validation rows
    first, bundle, metrics, table = evaluated(churn_frame, tmp_path, cfg, exclude_columns=["customer_id"])
    assert first.evaluation.calibration is first.bundle.calibration is None
    again = evaluate(replace(bundle, calibration=Calibration(threshold=0.3)), table, cfg, metrics)
    assert again.evaluation.calibration is None
    assert again.bundle.calibration == Calibration(threshold=0.3)


def test_segments_add_up_and_dates_are_periods(churn: Any) -> None:
    found = churn[0].evaluation
    names = {entry["column"] for entry in found.segments}
    assert names == {"customer_id", "joined", "tenure", "charge", "contract"}
    for entry in found.segments:
        assert sum(segment["n"] for segment in entry["segments"]) == found.n_test
        wrong = sum(segment["n"] * segment["mean_loss"] for segment in entry["segments"])
        assert wrong == pytest.approx(found.n_test * (1 - found.figures["accuracy"]), abs=1e-6)
    [joined] = [entry for entry in found.segments if entry["column"] == "joined"]
    assert {segment["kind"] for segment in joined["segments"]} == {"period"}


def test_the_worst_rows_carry_their_cells_and_their_number_in_the_table(prices: Any) -> None:
    found, _, _, table, _ = prices
    worst = found.evaluation.worst
    assert [abs(row["error"]) for row in worst] == sorted((abs(row["error"]) for row in worst), reverse=True)
    for row in worst[:5]:
        cells = table.iloc[row["row"] - 1]
        assert row["actual"] == pytest.approx(float(cells["price"]))
        assert row["cells"]["area"] == str(cells["area"])


def test_it_comes_back_from_the_folder(churn: Any, tmp_path: Path) -> None:
    found = churn[0]
    save_evaluation(tmp_path, found.evaluation, found.rows)
    document = load_evaluation(tmp_path)
    assert document == json.loads(json.dumps(found.evaluation.as_dict()))
    rows = load_test_rows(tmp_path)
    assert rows.num_rows == found.evaluation.n_test
    assert probabilities_in(rows).sum(axis=1) == pytest.approx(np.ones(rows.num_rows), abs=1e-6)
    right = np.mean([a == b for a, b in zip(rows["truth"].to_pylist(), rows["prediction"].to_pylist(), strict=True)])
    assert right == pytest.approx(found.evaluation.figures["accuracy"])


def test_a_damaged_or_foreign_document_is_a_sentence(tmp_path: Path) -> None:
    assert load_evaluation(tmp_path) is None
    for text, words in (("{", "cannot be read"), ('{"version": 99}', "another version")):
        (tmp_path / "evaluation.json").write_text(text, encoding="utf-8")
        with pytest.raises(RunError, match=words):
            load_evaluation(tmp_path)
    with pytest.raises(RunError, match="gone or damaged"):
        load_test_rows(tmp_path)


def made(n: int, labels: Any, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n).round(3), "t": rng.choice(["a", "b"], n), "y": labels})


EDGES = {
    "26 classes": (made(400, [chr(97 + i % 26) for i in range(400)]), {}),
    "a class of 3 rows": (made(120, ["rare" if i < 3 else "ab"[i % 2] for i in range(120)]), {}),
    "classes that occur once": (made(60, [f"c{i}" if i < 20 else "usual" for i in range(60)]), {}),
    "one class": (made(60, ["same"] * 60), {"task": "classification"}),
    "few rows": (made(12, ["a", "b"] * 6), {}),
    "a constant number": (made(80, [5.0] * 80), {"task": "regression"}),
    "huge numbers": (made(80, [1e150 * (i % 7 - 3) for i in range(80)]), {"task": "regression"}),
    "nothing in a column": (made(90, ["a", "b", "c"] * 30).assign(empty=np.nan), {}),
}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.filterwarnings("ignore")
def test_hard_tables_give_a_document_of_strict_json(edge: str, tmp_path: Path) -> None:
    frame, settings = EDGES[edge]
    cfg = TrainingConfig("y", epochs=2, validation_size=0.25, batch_size=16, **settings)
    found, *_ = evaluated(frame, tmp_path, cfg)
    save_evaluation(tmp_path, found.evaluation, found.rows)
    document = load_evaluation(tmp_path)
    assert document is not None
    assert document["n_test"] == found.rows.num_rows == len(frame) // 5 + (len(frame) % 5 > 0)
    assert [side["name"] for side in document["sides"]] == ["network", "guess", "linear", "boosting"]
    assert all(side["main"] or side["note"] for side in document["sides"])


def test_thousands_of_categories_are_no_error(tmp_path: Path) -> None:
    n = 3_000
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=n).round(4), "y": [f"c{i}" for i in range(n)]})
    cfg = TrainingConfig("y", epochs=1, hidden_dim=4, num_hidden_layers=1, batch_size=4096, task="classification")
    found, *_ = evaluated(frame, tmp_path, cfg)
    assert len(found.evaluation.curves) == 30
    save_evaluation(tmp_path, found.evaluation, found.rows)
    assert (tmp_path / "evaluation.json").stat().st_size < 4e6
    assert found.rows.column_names == ["row", "truth", "prediction"]


def test_a_reference_that_was_stopped_is_left_out(churn: Any) -> None:
    _, bundle, metrics, table, cfg = churn
    found = evaluate(bundle, table, cfg, asdict(metrics), should_stop=lambda: True)
    assert [side.name for side in found.evaluation.sides] == ["network"]
    assert isinstance(found.rows, pa.Table)
