"""A whole training in an added mode: what its bundle predicts for, and tables at the edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from core.added.trainees import TABM_RATE
from core.distill import distill_model_from_file
from core.epoch import EpochReport
from core.errors import DataError
from core.losses import OverMembers, hard_criterion
from core.networks.fronted import Fronted
from core.scoring.predict import encoded_rows, known_frame
from core.trainer import load_bundle, predict_rows, save_bundle, train_model_from_file
from core.types import Metrics, ModelBundle, TrainingConfig
from core.waves import waves_of


def tabm(target: str, **changes: Any) -> TrainingConfig:
    """Return settings for a short training."""
    return TrainingConfig(target, **{"training_mode": "tabm", "epochs": 3, "hidden_dim": 16, **changes})


def trained(frame: pd.DataFrame, folder: Path, **changes: Any) -> tuple[ModelBundle, Metrics]:
    """Train on a frame whose target is the column `y`."""
    path = folder / "rows.csv"
    frame.to_csv(path, index=False)
    return train_model_from_file(path, tabm("y", **changes), device="cpu")


def network_of(bundle: ModelBundle) -> Fronted:
    """Return the network."""
    assert isinstance(bundle.model, Fronted)
    return bundle.model


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_a_column_that_a_row_lacks_is_a_gap(churn_csv: Path) -> None:
    bundle, _ = train_model_from_file(churn_csv, tabm("churn"), exclude_columns=["customer_id"])
    front = network_of(bundle).front
    assert front.shape.gaps == 1  # of charge
    row = {"tenure": 20, "charge": 55.5, "contract": "monthly", "joined": "05.02.2021"}
    without = {name: cell for name, cell in row.items() if name != "charge"}
    x = encoded_rows(bundle, known_frame(bundle, pd.DataFrame([row, row | {"charge": None}])))[:]
    gap_at = front.shape.n_numbers
    assert front(x)[:, gap_at].tolist() == [0, 1]
    assert predict_rows(bundle, [without]) == predict_rows(bundle, [row | {"charge": None}])
    lacking = encoded_rows(bundle, known_frame(bundle, pd.DataFrame([without])))[:]
    assert torch.equal(lacking[0], x[1])


def test_rows_with_dates_are_predicted_for_as_they_stand(churn_frame: pd.DataFrame, churn_csv: Path) -> None:
    bundle, metrics = train_model_from_file(
        churn_csv, tabm("churn", epochs=20), exclude_columns=["customer_id"], date_columns=["joined"]
    )
    rows = churn_frame.to_dict("records")
    predicted = predict_rows(bundle, rows)
    assert set(predicted) <= {"No", "Yes"}
    assert predict_rows(bundle, rows[:3]) == predicted[:3]
    assert predict_rows(bundle, [{}])[0] in ("No", "Yes")
    assert metrics.test_metric_value >= (metrics.baseline_metric_value or 1.0)


def test_it_learns_what_a_table_says(price_frame: pd.DataFrame, price_csv: Path) -> None:
    bundle, metrics = train_model_from_file(price_csv, tabm("price", epochs=40, hidden_dim=32))
    assert metrics.baseline_metric_value is not None
    assert metrics.test_metric_value < 0.4 * metrics.baseline_metric_value
    predicted = np.array(predict_rows(bundle, price_frame.to_dict("records")))
    rmse = float(np.sqrt(np.mean((predicted - price_frame["price"]) ** 2)))
    assert rmse < 0.4 * price_frame["price"].std()


def test_predictions_stay_within_the_numbers_of_the_training_rows(price_frame: pd.DataFrame, price_csv: Path) -> None:
    bundle, _ = train_model_from_file(price_csv, tabm("price", epochs=20, learning_rate=0.01))
    far = [{"area": area, "rooms": rooms, "district": "centre"} for area in (-1e6, 0, 1e6) for rooms in (-99, 3, 99)]
    predicted = np.array(predict_rows(bundle, far))
    assert price_frame["price"].min() * (1 - 1e-6) <= predicted.min()
    assert predicted.max() <= price_frame["price"].max() * (1 + 1e-6)


def test_outputs_are_the_logarithms_of_the_members_mean_probabilities(churn_csv: Path) -> None:
    bundle, metrics = train_model_from_file(churn_csv, tabm("churn", dropout=0.0), exclude_columns=["customer_id"])
    network = network_of(bundle)
    x = encoded_rows(bundle, known_frame(bundle, pd.DataFrame([{"tenure": 3, "contract": "monthly"}, {}])))[:]
    outputs = network(x).detach()
    members = network.body.train()(network.front(x)).detach()
    network.eval()
    torch.testing.assert_close(outputs.exp(), members.softmax(dim=2).mean(dim=1))
    assert np.isfinite([metrics.train_loss, metrics.test_loss]).all()


def test_the_loss_is_the_mean_of_the_members_own() -> None:
    outputs, y = torch.randn(6, 4, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    hard = hard_criterion("classification", "tabm", y, 3, torch.device("cpu"))
    by_hand = torch.stack([functional.cross_entropy(outputs[:, member], y) for member in range(4)]).mean()
    torch.testing.assert_close(OverMembers(hard)(outputs, y), by_hand)
    numbers, targets = torch.randn(6, 4, 1), torch.randn(6, 1)
    squares = hard_criterion("regression", "tabm", targets, 1, torch.device("cpu"))
    torch.testing.assert_close(OverMembers(squares)(numbers, targets), (numbers - targets[:, None]).square().mean())


def test_epochs_are_judged_on_rows_of_their_own(churn_csv: Path) -> None:
    reports: list[EpochReport] = []
    bundle, metrics = train_model_from_file(churn_csv, tabm("churn", epochs=5), on_epoch=reports.append)
    assert (metrics.n_train, metrics.n_validation, metrics.n_test) == (163, 29, 48)
    losses = [report.validation_loss or np.inf for report in reports]
    assert metrics.best_epoch == 1 + int(np.argmin(losses))
    assert [report.learning_rate for report in reports] == pytest.approx(
        [TABM_RATE * waves_of("tabm", 5).rate((epoch - 1 / 6) / 5) for epoch in range(1, 6)]  # before its last step
    )
    assert bundle.record is not None
    assert bundle.record.config["validation_size"] == 0  # what was asked for; `core.settled` says what that comes to


def test_stopping_keeps_the_best_epoch(churn_csv: Path) -> None:
    reports: list[EpochReport] = []
    cfg = tabm("churn", epochs=200, learning_rate=0.02)
    stop = {"on_epoch": reports.append, "should_stop": lambda: len(reports) >= 15}
    stopped, metrics = train_model_from_file(churn_csv, cfg, exclude_columns=["customer_id"], device="cpu", **stop)
    best = 1 + int(np.argmin([report.validation_loss or np.inf for report in reports]))
    assert (metrics.epochs_run, metrics.best_epoch) == (15, best)
    assert best < 15
    reports.clear()
    stop["should_stop"] = lambda: len(reports) >= best
    shorter, _ = train_model_from_file(churn_csv, cfg, exclude_columns=["customer_id"], device="cpu", **stop)
    for name, tensor in shorter.model.state_dict().items():
        assert torch.equal(stopped.model.state_dict()[name], tensor), name


def test_a_training_that_explodes_keeps_a_sound_epoch(
    price_frame: pd.DataFrame, price_csv: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle, metrics = train_model_from_file(price_csv, tabm("price", learning_rate=9.9, epochs=9), device="cpu")
    [record] = caplog.records
    assert "so training ended there and epoch " in record.getMessage()
    assert "Lower the learning rate (it is 9.9)" in record.getMessage()
    assert (metrics.epochs_run or 9) < 9
    assert np.isfinite([metrics.train_loss, metrics.test_loss, metrics.test_metric_value]).all()
    assert np.isfinite(predict_rows(bundle, price_frame.to_dict("records"))).all()


def test_a_student_learns_from_it(churn_csv: Path) -> None:
    teacher, _ = train_model_from_file(churn_csv, tabm("churn"), exclude_columns=["customer_id"])
    cfg = TrainingConfig("churn", epochs=2)
    student, metrics = distill_model_from_file(churn_csv, cfg, teacher_bundle=teacher, exclude_columns=["customer_id"])
    assert student.model_config is not None
    assert student.model_config["hidden_dim"] == 16
    assert "shape" not in student.model_config
    assert np.isfinite([metrics.train_loss, metrics.test_loss]).all()


def edge_tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return tables that are small, narrow, wide or empty somewhere."""
    numbers = rng.normal(0, 1, (400, 3))
    base = pd.DataFrame(numbers, columns=["a", "b", "c"]).assign(y=numbers.sum(axis=1).round(3))
    texts = pd.DataFrame({name: rng.choice(list("pqrs"), 200) for name in ("a", "b")})
    wide = pd.DataFrame(rng.normal(0, 1, (120, 600)), columns=[f"c{place}" for place in range(600)])
    return {
        "30 rows": base.head(30),
        "one feature": base[["a", "y"]],
        "all categorical": texts.assign(y=rng.choice(["no", "yes"], 200)),
        "an all-missing column": base.assign(empty=np.nan),
        "600 numbers": wide.assign(y=wide.sum(axis=1).round(3)),
        "100 classes": base.head(300).assign(y=[f"k{row % 100:02}" for row in range(300)]),
        "constant numbers": base.assign(y=2.5),
        "single class": base.assign(y="always"),
        "cells of 1e30": base.assign(a=[1e30, -1e30, *base["a"][2:]]),
        "ids": base.assign(id=[f"id{row}" for row in range(400)]),
        "codes 1 to 5": base.assign(a=rng.integers(1, 6, 400)),
        "a column with = in its name": base.assign(**{"a=b": rng.choice(["x", "y"], 400)}),
    }


EDGES = list(edge_tables(np.random.default_rng(0)))


@pytest.mark.parametrize("name", EDGES)
def test_a_table_at_the_edge_trains_and_predicts_and_its_file_predicts_the_same(
    rng: np.random.Generator, tmp_path: Path, name: str
) -> None:
    frame = edge_tables(rng)[name]
    task = "regression" if name == "constant numbers" else "auto"
    bundle, metrics = trained(frame, tmp_path, epochs=2, task=task)
    assert np.isfinite([metrics.train_loss, metrics.test_loss, metrics.test_metric_value]).all()
    rows = [*frame.drop(columns="y").head(7).to_dict("records"), {}]
    predicted = predict_rows(bundle, rows)
    if metrics.task == "regression":
        assert np.isfinite(predicted).all()
        assert frame["y"].min() - 1e-3 <= min(predicted)
        assert max(predicted) <= frame["y"].max() + 1e-3
    else:
        assert set(predicted) <= set(frame["y"])
    assert predict_rows(load_bundle(save_bundle(bundle, tmp_path / "model")), rows) == predicted


def test_a_constant_target_is_predicted_as_it_is(rng: np.random.Generator, tmp_path: Path) -> None:
    tables = edge_tables(rng)
    bundle, metrics = trained(tables["constant numbers"], tmp_path, task="regression")
    assert predict_rows(bundle, [{"a": 9.0}, {}]) == [2.5, 2.5]
    assert metrics.test_metric_value == 0
    bundle, metrics = trained(tables["single class"], tmp_path)
    assert predict_rows(bundle, [{"a": 9.0}, {}]) == ["always", "always"]
    assert metrics.test_metric_value == 1


def test_600_numbers_go_in_without_an_embedding(rng: np.random.Generator, tmp_path: Path) -> None:
    bundle, _ = trained(edge_tables(rng)["600 numbers"], tmp_path, epochs=1)
    body = network_of(bundle).body
    assert (body.n_numbers, body.d_embedding, body.embedding) == (600, 0, None)


def test_a_table_whose_rows_are_all_alike_is_refused_in_a_sentence(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [4.0] * 50, "empty": [None] * 50, "y": ["no", "yes"] * 25})
    with pytest.raises(DataError, match=r"^No column has more than one value in the 34 rows to learn from"):
        trained(frame, tmp_path)


def test_a_text_of_3_000_levels_says_what_it_knows(rng: np.random.Generator, tmp_path: Path) -> None:
    """Kept as codes rather than as 3,000 columns, and encoded by what other rows of a level came to."""
    effect = rng.normal(0, 10, 3_000)
    level = np.concatenate([np.arange(3_000), rng.integers(0, 3_000, 3_000)])
    frame = pd.DataFrame({"shop": [f"s{code:04}" for code in level], "a": rng.normal(0, 1, 6_000)})
    frame["y"] = (effect[level] + rng.normal(0, 0.5, 6_000)).round(3)
    bundle, metrics = trained(frame, tmp_path, epochs=4, hidden_dim=32)
    front = network_of(bundle).front
    assert front.shape.n_encoded == 2
    assert 2_400 < sum(front.shape.levels) <= 3_000
    assert metrics.baseline_metric_value is not None
    assert metrics.test_metric_value < 0.95 * metrics.baseline_metric_value
    known = np.array(predict_rows(bundle, [{"shop": f"s{code:04}", "a": 0.0} for code in range(3_000)]))
    assert np.corrcoef(known, effect)[0, 1] > 0.5
    assert predict_rows(bundle, [{"shop": "new"}]) == predict_rows(bundle, [{}])
