"""The references beside scikit-learn used by hand, and where a table is hard on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from core.insight.references import MOST_LEVELS, Reference, Rows, _codes, _levels, references


def made(n: int, seed: int = 0) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Return rows with a number, a text and gaps, a number target and a class target."""
    rng = np.random.default_rng(seed)
    size = rng.normal(0, 1, n)
    place = rng.choice(["north", "south", "east"], n)
    frame = pd.DataFrame({"size": np.where(rng.random(n) < 0.1, np.nan, size), "place": place.astype(object)})
    x = np.column_stack([np.nan_to_num(frame["size"]), place == "north", place == "south"]).astype(np.float32)
    y = 3 * size + 2 * (place == "north") + rng.normal(0, 0.1, n)
    return Rows(x, frame), y, (y > 0).astype(np.intp)


def by_name(found: list[Reference]) -> dict[str, Reference]:
    return {reference.name: reference for reference in found}


def test_numbers_are_predicted_as_scikit_learn_does_by_hand() -> None:
    rows, y, _ = made(400)
    test, _, _ = made(100, seed=1)
    found = by_name(list(references(rows, y, test, n_classes=None, seed=3)))
    assert list(found) == ["guess", "linear", "boosting"]
    assert found["guess"].outputs == pytest.approx(np.full(100, y.mean()))
    codes = {"east": 0.0, "north": 1.0, "south": 2.0}
    by_hand = HistGradientBoostingRegressor(categorical_features=[False, True], random_state=3)
    matrices = [np.column_stack([r.frame["size"], r.frame["place"].map(codes)]).astype(float) for r in (rows, test)]
    assert found["boosting"].outputs == pytest.approx(by_hand.fit(matrices[0], y).predict(matrices[1]))
    assert all(reference.n_rows == 400 and reference.seconds >= 0 for reference in found.values())


def test_classes_get_probabilities_also_where_one_never_occurs_in_training() -> None:
    rows, _, y = made(300)
    test, _, _ = made(50, seed=1)
    found = by_name(list(references(rows, y, test, n_classes=3, seed=0)))
    linear = LogisticRegression(max_iter=300).fit(rows.x, y)
    assert found["linear"].outputs[:, :2] == pytest.approx(linear.predict_proba(test.x))
    for reference in found.values():
        assert reference.outputs is not None
        assert reference.outputs.shape == (50, 3)
        assert reference.outputs.sum(axis=1) == pytest.approx(np.ones(50))
        assert (reference.outputs[:, 2] == 0).all()


def test_one_class_is_no_error() -> None:
    rows, _, _ = made(60)
    found = by_name(list(references(rows, np.zeros(60, np.intp), rows, n_classes=2, seed=0)))
    assert found["guess"].outputs[:, 0] == pytest.approx(np.ones(60))
    assert found["linear"].outputs is None
    assert found["boosting"].note == "Left out: the rows to learn from are all of one category."


def test_many_categories_are_left_out_with_a_reason() -> None:
    rows, _, _ = made(200)
    found = by_name(list(references(rows, np.arange(200) % 100, rows, n_classes=100, seed=0)))
    assert found["linear"].outputs is None
    assert found["boosting"].note == "Left out: with 100 categories it would take too long."
    assert found["guess"].outputs.shape == (200, 100)


def test_a_column_of_thousands_of_texts_numbers_and_nothing_is_no_error() -> None:
    n = 900
    cells: list[object] = [f"c{i}" if i % 3 else (float(i) if i % 2 else np.nan) for i in range(n)]
    frame = pd.DataFrame({"code": pd.Series(cells, dtype=object), "empty": np.full(n, np.nan)})
    rows = Rows(np.zeros((n, 2), np.float32), frame)
    y = np.arange(n, dtype=float)
    found = by_name(list(references(rows, y, Rows(rows.x[:20], frame.head(20)), n_classes=None, seed=0)))
    assert np.isfinite(found["boosting"].outputs).all()
    assert found["boosting"].outputs.shape == (20,)


def test_they_stop_when_asked() -> None:
    rows, y, _ = made(100)
    answers = iter([False, True])
    found = list(references(rows, y, rows, n_classes=None, seed=0, should_stop=lambda: next(answers)))
    assert [reference.name for reference in found] == ["guess"]


def test_a_text_is_coded_by_how_often_it_is_there() -> None:
    """Cells that are written differently and mean the same count together; the rarest of very many share a code."""
    column = pd.Series(["b", "a", "b", None, 1.0, "1", 1, "b"], dtype=object)
    levels = _levels(column)
    assert levels.tolist()[:2] == ["1", "b"] or levels.tolist()[:2] == ["b", "1"]
    codes = _codes(pd.Series(["a", "b", "1", 1.0, "new", None], dtype=object), levels)
    assert codes[0] == 2
    assert codes[2] == codes[3] != codes[1]
    assert np.isnan(codes[4:]).all()
    many = pd.Series([f"t{k}" for k in range(300) for _ in range(300 - k)], dtype=object)
    coded = _codes(many.drop_duplicates(), _levels(many))
    assert coded.tolist() == [min(k, MOST_LEVELS - 1) for k in range(300)]
