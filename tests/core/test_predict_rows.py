"""The prediction half of the contract, with trained bundles and with bundles made by hand."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import LabelEncoder, StandardScaler
from torch import Tensor, nn

from core import trainer
from core.errors import ConfigError
from core.scoring import predict_proba_rows
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig


class Recorder(nn.Module):
    """A hand-made network that keeps what it was given and the mode it was in; each output is a column sum."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.seen: list[Tensor] = []
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        self.modes.append((self.training, torch.is_grad_enabled()))
        return torch.stack([x[:, i % x.shape[1]] for i in range(self.outputs)], dim=1)


TRAINING_ROWS = [{"a": 1.0, "b": 10.0}, {"a": 3.0, "b": 30.0}, {"a": 8.0, "b": 20.0}]


def by_hand(**changes: Any) -> ModelBundle:
    vectorizer = DictVectorizer(sparse=False)
    x = vectorizer.fit_transform(TRAINING_ROWS)
    fields: dict[str, Any] = {
        "model": Recorder(2),
        "task": "classification",
        "vectorizer": vectorizer,
        "scaler": StandardScaler().fit(x),
        "feature_medians": np.median(x, axis=0),
        "label_encoder": LabelEncoder().fit(["no", "yes"]),
        "target_scaler": None,
        "target_column": "y",
        "input_dim": 2,
        "output_dim": 2,
        "class_names": ["no", "yes"],
    }
    return ModelBundle(**{**fields, **changes})


def unscaled(bundle: ModelBundle) -> list[list[float]]:
    return np.round(bundle.scaler.inverse_transform(bundle.model.seen[-1].numpy()), 3).tolist()


@pytest.fixture(scope="module")
def churn_bundle(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    cfg = TrainingConfig("churn", epochs=30, hidden_dim=32)
    return train_model_from_file(path, cfg, exclude_columns=["customer_id"], date_columns=["joined"])[0]


@pytest.fixture(scope="module")
def price_bundle(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("data") / "price.csv"
    price_frame.to_csv(path, index=False)
    return train_model_from_file(path, TrainingConfig("price", epochs=60, learning_rate=1e-2))[0]


def test_no_rows_give_no_predictions(churn_bundle: ModelBundle) -> None:
    """REQ-T17, AC-T17."""
    assert predict_rows(churn_bundle, []) == []
    assert predict_proba_rows(churn_bundle, []).shape == (0, 2)


def test_cells_are_coerced_encoded_imputed_and_scaled() -> None:
    """REQ-T18: numbers written as text, words for nothing and blanks."""
    bundle = by_hand()
    predict_rows(bundle, [{"a": " 5 ", "b": "1e1"}, {"a": "N/A", "b": None}, {"a": float("inf"), "b": ""}])
    assert unscaled(bundle) == [[5.0, 10.0], [3.0, 20.0], [3.0, 20.0]]


def test_missing_cells_take_the_median_and_so_do_columns_that_a_row_lacks() -> None:
    """REQ-T18, AC-T18."""
    bundle = by_hand(feature_medians=np.array([111.0, 222.0]))
    predict_rows(bundle, [{"a": float("nan"), "b": 1.0}, {"a": 2.0}, {}])
    assert unscaled(bundle) == [[111.0, 1.0], [2.0, 222.0], [111.0, 222.0]]


@pytest.mark.parametrize("medians", [np.array([1.0]), np.ones(3), np.ones((2, 1)), None])
def test_medians_of_another_shape_fall_back_to_zeros(medians: Any) -> None:
    """REQ-T18, EC-T03."""
    bundle = by_hand(feature_medians=medians)
    assert len(predict_rows(bundle, [{"a": float("nan"), "b": None}, {"a": 4.0, "b": 5.0}])) == 2
    assert unscaled(bundle) == [[0.0, 0.0], [4.0, 5.0]]


def test_a_replaced_coerce_value_is_the_one_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-T18: each cell goes through `coerce_value` as the trainer knows it."""
    monkeypatch.setattr(trainer, "coerce_value", lambda value: 7.0 if value == "seven" else 1.0)
    bundle = by_hand()
    predict_rows(bundle, [{"a": "seven", "b": 20.0}])
    assert unscaled(bundle) == [[7.0, 1.0]]


def test_the_network_is_in_eval_mode_and_computes_no_gradients() -> None:
    """REQ-T19, AC-T19."""
    bundle = by_hand()
    bundle.model.train()
    predict_rows(bundle, [{"a": 1.0, "b": 2.0}], device="cpu")
    assert bundle.model.modes == [(False, False)]


def test_classes_come_back_as_their_labels(churn_bundle: ModelBundle) -> None:
    """REQ-T20, AC-T20."""
    rows = [{"a": 9.0, "b": 10.0}, {"a": 1.0, "b": 30.0}]
    assert predict_rows(by_hand(), rows) == ["no", "yes"]
    [label] = predict_rows(churn_bundle, [{"tenure": "3", "contract": "monthly", "charge": 80}])
    assert type(label) is str
    assert label in ("No", "Yes")


def test_without_a_label_encoder_the_class_indices_are_returned() -> None:
    """REQ-T20."""
    assert predict_rows(by_hand(label_encoder=None), [{"a": 9.0, "b": 10.0}, {"a": 1.0, "b": 30.0}]) == [0, 1]


def test_labels_that_are_numbers_in_the_file_come_back_as_strings(tmp_path: Path) -> None:
    """REQ-T20: 0 and 1 are texts in a prediction."""
    path = tmp_path / "rows.csv"
    pd.DataFrame({"a": range(40), "y": [i % 2 for i in range(40)]}).to_csv(path, index=False)
    bundle, _ = train_model_from_file(path, TrainingConfig("y", epochs=1))
    assert bundle.class_names == ["0", "1"]
    assert set(predict_rows(bundle, [{"a": i} for i in range(40)])) <= {"0", "1"}


def test_numbers_come_back_in_the_targets_unit(price_bundle: ModelBundle, price_frame: pd.DataFrame) -> None:
    """REQ-T21, AC-T21."""
    predictions = predict_rows(price_bundle, price_frame.head(50).to_dict("records"))
    assert all(type(value) is float for value in predictions)
    assert np.corrcoef(predictions, price_frame["price"].head(50))[0, 1] > 0.9
    assert np.mean(predictions) == pytest.approx(price_frame["price"].head(50).mean(), rel=0.1)


def test_without_a_target_scaler_the_outputs_are_returned() -> None:
    """REQ-T21."""
    bundle = by_hand(task="regression", model=Recorder(1), label_encoder=None, class_names=None, output_dim=1)
    scaled = bundle.scaler.transform([[9.0, 10.0]])[0, 0]
    assert predict_rows(bundle, [{"a": 9.0, "b": 10.0}]) == [pytest.approx(scaled, rel=1e-6)]


def test_the_rows_are_left_as_they_are(churn_bundle: ModelBundle, churn_frame: pd.DataFrame) -> None:
    """INV-T04."""
    rows = [*churn_frame.head(5).to_dict("records"), {"tenure": " 5 ", "new": [1, 2]}, {}]
    before = copy.deepcopy(rows)
    predict_rows(churn_bundle, rows)
    assert repr(rows) == repr(before)


def test_raw_rows_are_taken_whole_with_dates_ids_and_the_target(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    """REQ-T18: the rows as the user has them; what the model does not use changes nothing."""
    rows = churn_frame.to_dict("records")
    whole = predict_proba_rows(churn_bundle, rows)
    slim = [{k: v for k, v in row.items() if k not in ("customer_id", "churn")} for row in rows]
    np.testing.assert_array_equal(whole, predict_proba_rows(churn_bundle, slim))
    as_dates = [{**row, "joined": pd.to_datetime(row["joined"], format="%d.%m.%Y")} for row in rows]
    np.testing.assert_array_equal(whole, predict_proba_rows(churn_bundle, as_dates))
    undated = [{k: v for k, v in row.items() if k != "joined"} for row in rows]
    assert not np.array_equal(whole, predict_proba_rows(churn_bundle, undated))


def test_a_date_is_read_by_the_order_of_the_training_table(churn_bundle: ModelBundle) -> None:
    """REQ-T18: 03.04.2022 alone could be March or April; the training table was day first."""
    row = {"tenure": 5, "charge": 60.0, "contract": "monthly"}
    ambiguous, spelled = ({**row, "joined": text} for text in ("03.04.2022", "2022-04-03"))
    np.testing.assert_array_equal(
        predict_proba_rows(churn_bundle, [ambiguous]), predict_proba_rows(churn_bundle, [spelled])
    )


def test_the_prediction_of_a_row_does_not_depend_on_its_neighbours(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    rows = churn_frame.to_dict("records")
    together = predict_proba_rows(churn_bundle, rows)
    alone = np.vstack([predict_proba_rows(churn_bundle, [row]) for row in rows[:20]])
    np.testing.assert_allclose(together[:20], alone, atol=1e-6)


def test_probabilities_are_in_the_order_of_class_names_and_agree_with_the_labels(
    churn_bundle: ModelBundle, churn_frame: pd.DataFrame
) -> None:
    rows = churn_frame.to_dict("records")
    probabilities = predict_proba_rows(churn_bundle, rows)
    assert probabilities.shape == (240, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert churn_bundle.class_names is not None
    labels = [churn_bundle.class_names[i] for i in probabilities.argmax(axis=1)]
    assert labels == predict_rows(churn_bundle, rows)


def test_probabilities_of_a_number_model_are_refused(price_bundle: ModelBundle) -> None:
    with pytest.raises(ConfigError, match="predicts a number"):
        predict_proba_rows(price_bundle, [{"area": 50}])


def test_a_foreign_vectorizer_gets_one_dict_a_row() -> None:
    class Lengths:
        def transform(self, rows: list[dict[str, Any]]) -> Any:
            return np.array([[float(len(row["name"])), row["a"]] for row in rows])

    bundle = by_hand(vectorizer=Lengths(), scaler=None, feature_medians=np.array([0.0, 5.0]))
    predict_rows(bundle, [{"name": "Ada", "a": None}])
    assert bundle.model.seen[-1].tolist() == [[3.0, 5.0]]


def test_a_model_that_only_has_to_eval_and_a_call_predicts() -> None:
    class Plain:
        def to(self, device: Any) -> None: ...

        def eval(self) -> None: ...

        def __call__(self, x: Tensor) -> Tensor:
            return x

    assert predict_rows(by_hand(model=Plain()), [{"a": 9.0, "b": 10.0}]) == ["no"]


@pytest.mark.parametrize("rows", [[{}], [{}, {}], [{"unknown": 1}]])
def test_a_row_without_any_known_cell_still_gets_a_prediction(churn_bundle: ModelBundle, rows: list[Any]) -> None:
    """REQ-T18: every column is missing, and so at its median."""
    assert len(predict_rows(churn_bundle, rows)) == len(predict_rows(by_hand(), rows)) == len(rows)


def test_a_replaced_transform_of_the_vectorizer_is_called() -> None:
    """REQ-T18: the quick encoding stands in for scikit-learn's own `transform` only."""
    bundle = by_hand(scaler=None)
    seen: list[Any] = []
    transform = bundle.vectorizer.transform
    bundle.vectorizer.transform = lambda rows: seen.append(rows) or transform(rows)
    predict_rows(bundle, [{"a": 1, "b": "2"}])
    assert seen == [[{"a": 1.0, "b": 2.0}]]


def test_a_sparse_vectorizer_and_a_stand_in_for_the_bundle_predict() -> None:
    fields = {k: v for k, v in vars(by_hand()).items() if k not in ("schema", "record", "model_config")}
    vectorizer = DictVectorizer(sparse=True).fit(TRAINING_ROWS)
    stand_in = SimpleNamespace(**{**fields, "vectorizer": vectorizer})
    assert predict_rows(stand_in, [{"a": 9.0, "b": 10.0}]) == ["no"]  # type: ignore[arg-type]


def test_text_in_a_column_of_numbers_counts_as_missing(churn_bundle: ModelBundle) -> None:
    row = {"charge": 60.0, "contract": "monthly", "joined": "03.04.2022"}
    said = predict_proba_rows(churn_bundle, [{**row, "tenure": "unclear"}, row, {**row, "tenure": 0}])
    np.testing.assert_array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])


def test_a_cell_beyond_all_measure_still_gives_a_finite_prediction(
    churn_bundle: ModelBundle, price_bundle: ModelBundle
) -> None:
    assert np.isfinite(predict_proba_rows(churn_bundle, [{"tenure": 1e300}, {"tenure": -1e300}])).all()
    assert np.isfinite(predict_rows(price_bundle, [{"area": 1e300}])).all()


def test_outputs_that_carry_gradients_are_decoded() -> None:
    bundle = by_hand(model=nn.Linear(2, 2), scaler=None)
    with torch.enable_grad():
        assert predict_rows(bundle, [{"a": 1.0, "b": 2.0}])[0] in ("no", "yes")
