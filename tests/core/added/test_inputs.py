"""What a front makes of encoded rows, against the same numbers worked out by hand from the table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from torch import Tensor

from core.added.inputs import differences, fit_front, inputs_of
from core.encoder import Encoder, fit_encoder
from core.errors import DataError
from core.networks.front import Front
from core.rows import EncodedRows, all_rows
from core.tables.codes import coerce_features

N = 300
TEXTS = tuple(f"t{place:02}" for place in range(40))  # more than become one input each


@dataclass
class Fitted:
    """A front with the encoder of its table, and the inputs of the rows it was fitted on."""

    encoder: Encoder
    front: Front
    z: NDArray[np.float32]

    def inputs(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Return the inputs of other rows."""
        return inputs_of(self.front, self.encoder.encode(coerce_features(frame, ()))).numpy()

    def raw(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Return the numbers of other rows before they are scaled."""
        x = self.encoder.encode(coerce_features(frame, ()))
        return self.front.raw_numbers(x[:]).numpy()


def fitted(frame: pd.DataFrame, y: Tensor | None = None, n_classes: int | None = None, seed: int = 0) -> Fitted:
    """Fit a front on all rows of a frame."""
    features = coerce_features(frame, ())
    encoder = fit_encoder(features, np.arange(len(frame))).with_gaps_marked()
    y = torch.linspace(-1, 1, len(frame))[:, None] if y is None else y
    front, z = fit_front(encoder.encode(features), y, encoder, n_classes=n_classes, seed=seed)
    return Fitted(encoder, front, z.numpy())


def squashed(cells: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale by the middle half of `known`, within its ends, and draw in smoothly towards 3."""
    low, lower, middle, upper, high = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
    scaled = (np.clip(cells, low, high) - middle) / (upper - lower or (high - low) / 2)
    return np.asarray(scaled / np.sqrt(1 + (scaled / 3) ** 2))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_numbers_are_scaled_by_their_middle_half_and_drawn_in_smoothly(rng: np.random.Generator) -> None:
    long_tail = 50 * np.exp(rng.normal(0, 1.5, N))
    mostly_zero = np.where(rng.random(N) < 0.8, 0.0, rng.normal(4, 1, N))
    found = fitted(pd.DataFrame({"long": long_tail, "zero": mostly_zero}))
    assert found.front.shape.numbers == found.z.shape[1] == 2
    np.testing.assert_allclose(found.z[:, 0], squashed(long_tail, long_tail), atol=2e-5)
    np.testing.assert_allclose(found.z[:, 1], squashed(mostly_zero, mostly_zero), atol=2e-5)
    assert np.abs(found.z).max() < 3


def test_no_new_number_goes_beyond_those_of_the_training_rows(rng: np.random.Generator) -> None:
    cells = rng.normal(10, 2, N)
    found = fitted(pd.DataFrame({"a": cells}))
    new = pd.DataFrame({"a": [-1e9, cells.min(), 10.5, cells.max(), 1e9]})
    np.testing.assert_allclose(found.inputs(new)[:, 0], squashed(new["a"].to_numpy(), cells), atol=2e-5)


def test_a_gap_is_told_from_the_median_that_stands_for_it(rng: np.random.Generator) -> None:
    cells = rng.normal(0, 1, N).round(1)
    cells[::10] = np.nan
    cells[5] = np.nanmedian(cells)
    rare = np.where(np.arange(N) < 2, np.nan, rng.normal(0, 1, N))  # fewer gaps than become an input
    found = fitted(pd.DataFrame({"a": cells, "b": rare}))
    assert found.front.shape.gaps == 1
    assert found.z[:, 2].tolist() == np.isnan(cells).astype(float).tolist()
    known = cells[~np.isnan(cells)]
    np.testing.assert_allclose(found.z[~np.isnan(cells), 0], squashed(known, known), atol=2e-5)
    assert np.abs(found.z[np.isnan(cells), 0]).max() < 0.01  # in the middle
    new = found.inputs(pd.DataFrame({"a": [None, np.nanmedian(cells), 0.3], "b": [0.1, None, 0.2]}))
    assert new[:, 2].tolist() == [1, 0, 0]
    assert abs(new[1, 1]) < 0.01


def test_whole_numbers_of_few_values_become_one_input_each(rng: np.random.Generator) -> None:
    stars = rng.permutation(np.repeat([1, 2, 3, 5, 8], N // 5))
    frame = pd.DataFrame({"stars": stars, "many": np.arange(N) % 61, "share": np.repeat([0.1, 0.2, 0.4], N // 3)})
    found = fitted(frame)  # 61 values of 300 rows are too many for 5 rows each, and shares are no codes
    assert found.front.shape.codes == 5
    assert found.z[:, 3:].tolist() == (stars[:, None] == [1, 2, 3, 5, 8]).astype(float).tolist()
    new = found.inputs(pd.DataFrame({"stars": [8, 4, 2.5, 1e6], "many": 0, "share": 0.1}))
    assert new[:, 3:].tolist() == [[0, 0, 0, 0, 1], [0] * 5, [0] * 5, [0] * 5]


def test_codes_far_from_0_are_told_apart() -> None:
    years = np.repeat(2_000_000 + np.arange(6), N // 6)
    found = fitted(pd.DataFrame({"code": years}))
    assert found.z[:, 1:].tolist() == np.repeat(np.eye(6), N // 6, axis=0).tolist()


def test_texts_of_few_levels_and_numbers_of_two_values_become_flags(rng: np.random.Generator) -> None:
    city = rng.choice(["Bern", "Chur", "Zug"], N)
    frame = pd.DataFrame({"city": city, "yes": np.arange(N) % 2, "size": np.where(np.arange(N) < 99, 3.5, 7.25)})
    found = fitted(frame)
    assert (found.front.shape.flags, found.z.shape[1]) == (5, 5)
    by_hand = [*(city == name for name in ("Bern", "Chur", "Zug")), frame["size"] == 7.25, frame["yes"] == 1]
    assert found.z.tolist() == np.column_stack(by_hand).astype(float).tolist()
    new = found.inputs(pd.DataFrame({"city": ["Basel", None, "Zug"], "yes": [1, 0, 1], "size": [3.5, 7.25, 9.0]}))
    assert new.tolist() == [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 1, 1, 1]]


def texts_and_targets(rng: np.random.Generator) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return a column of many texts with gaps, and numbers that depend on the text."""
    codes = rng.integers(0, len(TEXTS), N)
    codes[: len(TEXTS)] = np.arange(len(TEXTS))
    texts = np.array(TEXTS, dtype=object)[codes]
    texts[-7:] = None
    return pd.DataFrame({"text": texts}), rng.normal(0, 1, N) + codes / 20


def shrunk(levels: NDArray[np.object_], y: NDArray[np.float64], level: object) -> float:
    """Return the mean target of a level, drawn to that of all by empirical Bayes (Micci-Barreca, 2001, eq. 3 to 5)."""
    own = y[levels == level]
    if not len(own):
        return float(y.mean())
    between, within = y.var() * len(own), own.var()
    trust = between / (between + within)
    return float(trust * own.mean() + (1 - trust) * y.mean())


def test_a_text_is_encoded_by_the_targets_of_all_training_rows_at_prediction(rng: np.random.Generator) -> None:
    frame, y = texts_and_targets(rng)
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    assert (found.front.shape.levels, found.front.shape.encodings) == ((40,), 2)
    levels = frame["text"].fillna("").to_numpy(dtype=object)
    by_hand = [[shrunk(levels, y, level), np.log1p((levels == level).sum())] for level in ("t07", "t33", "")]
    new = found.raw(pd.DataFrame({"text": ["t07", "t33", None]}))
    np.testing.assert_allclose(new, by_hand, rtol=1e-5, atol=1e-6)


def test_a_text_is_encoded_by_the_targets_of_other_rows_in_training(rng: np.random.Generator) -> None:
    frame, y = texts_and_targets(rng)
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None], seed=11)
    levels = frame["text"].fillna("").to_numpy(dtype=object)
    own = np.empty(N)
    for others, fold in KFold(5, shuffle=True, random_state=11).split(y):
        own[fold] = [shrunk(levels[others], y[others], level) for level in levels[fold]]
    np.testing.assert_allclose(found.z[:, 0], squashed(own, own), atol=1e-4)
    counts = np.log1p([(levels == level).sum() for level in levels])
    np.testing.assert_allclose(found.z[:, 1], squashed(counts, counts), atol=1e-4)


def test_a_row_does_not_see_its_own_target() -> None:
    frame = pd.DataFrame({"text": [f"id{row // 2}" for row in range(N)]})  # pairs, and targets of pure noise
    y = np.random.default_rng(0).normal(0, 1, N)
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    at_prediction = found.inputs(frame)[:, 0]
    assert np.corrcoef(at_prediction, y)[0, 1] > 0.5
    assert abs(np.corrcoef(found.z[:, 0], y)[0, 1]) < 0.2  # three times what chance makes of 300 rows


def test_a_text_never_seen_is_encoded_as_a_missing_one(rng: np.random.Generator) -> None:
    frame, y = texts_and_targets(rng)
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    new = found.raw(pd.DataFrame({"text": ["nowhere", None]}))
    assert new[0].tolist() == new[1].tolist()
    full = fitted(frame.fillna("t00"), torch.tensor(y, dtype=torch.float32)[:, None])
    unseen = full.raw(pd.DataFrame({"text": ["nowhere"]}))
    np.testing.assert_allclose(unseen, [[y.mean(), 0.0]], atol=1e-6)


@pytest.mark.parametrize(("n_classes", "encodings"), [(2, 2), (3, 4), (16, 17), (20, 17)])
def test_classes_are_encoded_by_how_often_a_text_has_the_commonest(
    rng: np.random.Generator, n_classes: int, encodings: int
) -> None:
    frame, _ = texts_and_targets(rng)
    y = np.minimum(rng.geometric(0.25, N), n_classes) - 1
    y[:n_classes] = np.arange(n_classes)
    found = fitted(frame, torch.tensor(y), n_classes)
    assert found.front.shape.encodings == encodings
    order = [1] if n_classes == 2 else np.argsort(-np.bincount(y, minlength=n_classes), kind="stable")[:16]
    levels = frame["text"].fillna("").to_numpy(dtype=object)
    by_hand = [shrunk(levels, (y == label).astype(np.float64), "t12") for label in order]
    raw = found.raw(pd.DataFrame({"text": ["t12"]}))[0]
    np.testing.assert_allclose(raw[:-1], by_hand, rtol=1e-5, atol=1e-6)


def test_each_column_of_many_texts_has_its_own_encodings(rng: np.random.Generator) -> None:
    frame, y = texts_and_targets(rng)
    frame["other"] = [f"o{row % 35}" for row in range(N)]
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    assert found.front.shape.levels == (35, 40)  # in the order of their names
    other = frame["other"].to_numpy(dtype=object)
    raw = found.raw(pd.DataFrame({"text": ["t07"], "other": ["o5"]}))[0]
    alone = fitted(frame[["text"]], torch.tensor(y, dtype=torch.float32)[:, None])
    assert raw[0] == pytest.approx(shrunk(other, y, "o5"), rel=1e-5)
    assert raw[2:].tolist() == alone.raw(pd.DataFrame({"text": ["t07"]}))[0].tolist()


def numbers_and_targets(rng: np.random.Generator) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return a column of 70 whole numbers with gaps, and targets that depend on them in no order."""
    codes = 1_000_003 + 7 * (np.arange(N) % 70)
    y = rng.normal(0, 1, N) + rng.permutation(70)[np.arange(N) % 70] / 10
    return pd.DataFrame({"id": np.where(np.arange(N) % 11 == 0, np.nan, codes)}), y


def test_whole_numbers_of_many_values_are_encoded_by_the_target_beside_their_number(rng: np.random.Generator) -> None:
    frame, y = numbers_and_targets(rng)
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    shape = found.front.shape
    known = frame["id"].dropna().unique()
    assert (shape.numbers, shape.gaps, shape.codes, shape.levels, shape.values) == (1, 1, 0, (), (len(known),))
    levels = frame["id"].fillna(0).to_numpy(dtype=object)
    cells = [known[0], known[-1], 0]
    by_hand = [[shrunk(levels, y, cell), np.log1p((levels == cell).sum())] for cell in cells]
    new = found.raw(pd.DataFrame({"id": [known[0], known[-1], None]}))
    np.testing.assert_allclose(new[:, 1:], by_hand, rtol=1e-5, atol=1e-6)


def test_a_whole_number_never_seen_is_encoded_as_a_missing_one(rng: np.random.Generator) -> None:
    frame, y = numbers_and_targets(rng)
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    new = found.raw(pd.DataFrame({"id": [None, 1_000_004, 5, 1e12, 1_000_003.5]}))
    assert (new[:, 1:] == new[0, 1:]).all()


def test_long_numbers_are_told_apart_as_far_as_float32_can() -> None:
    """Ids of six figures, spread widely, are whole numbers still."""
    ids = np.random.default_rng(0).permutation(400_000)[:70]
    frame = pd.DataFrame({"id": ids[np.arange(N) % 70]})
    y = torch.linspace(-1, 1, 70)[torch.arange(N) % 70, None]
    found = fitted(frame, y)
    assert found.front.shape.values == (70,)
    x = found.encoder.encode(coerce_features(frame, ()))
    assert found.front.levels(x)[:, 0].tolist() == [
        1 + int(np.searchsorted(np.sort(ids), cell)) for cell in frame["id"]
    ]
    longer = fitted(pd.DataFrame({"id": 1_000 * ids[np.arange(N) % 70] + 1}), y)
    assert longer.front.shape.values == ()


def by_value(values: NDArray[np.float64], noise: NDArray[np.float64]) -> Tensor:
    """Return targets of N rows that go through some values in turn."""
    return torch.tensor(values[np.arange(N) % len(values)] + noise, dtype=torch.float32)[:, None]


def test_whole_numbers_whose_neighbours_have_like_targets_are_amounts(rng: np.random.Generator) -> None:
    noise = rng.normal(0, 0.3, N)
    frame = pd.DataFrame({"amount": np.arange(N) % 20})
    in_order, in_none = np.linspace(-2, 2, 20), rng.permutation(np.linspace(-2, 2, 20))
    assert fitted(frame, by_value(in_order, noise)).front.shape.codes == 0
    assert fitted(frame, by_value(np.abs(in_order), noise)).front.shape.codes == 0  # it need not go up only
    assert fitted(frame, by_value(in_none, noise)).front.shape.codes == 20
    assert fitted(frame, torch.tensor(noise, dtype=torch.float32)[:, None]).front.shape.codes == 0  # it says nothing
    few = pd.DataFrame({"amount": np.arange(N) % 5})
    assert fitted(few, by_value(in_order[:5], noise)).front.shape.codes == 5
    classes = (by_value(in_none, noise)[:, 0] > 0).long()
    assert fitted(frame, classes, n_classes=2).front.shape.codes == 20


def test_what_differs_by_value_is_counted_without_what_chance_explains(rng: np.random.Generator) -> None:
    cells, y = (np.arange(6_000) % 20).astype(np.float32), rng.normal(0, 1, (6_000, 1))
    assert differences(cells, np.float32(-1), y) == (0, 0)
    steps = rng.permutation(np.linspace(-1, 1, 20))[np.arange(6_000) % 20, None]
    by_neighbours, by_all = differences(cells, np.float32(-1), y + steps)
    assert by_all == pytest.approx((steps**2).sum(), rel=0.1)
    assert by_neighbours == pytest.approx((300 / 2) * (np.diff(steps[:20, 0]) ** 2).sum(), rel=0.15)
    gaps = np.append(cells, np.full(600, -1, dtype=np.float32))
    unknown = np.append(y + steps, np.full((600, 1), 1e6), axis=0)
    assert differences(gaps, np.float32(-1), unknown) == pytest.approx((by_neighbours, by_all))


def test_whole_numbers_with_few_rows_each_stay_numbers() -> None:
    found = fitted(pd.DataFrame({"id": np.arange(N), "twice": np.arange(N) // 2}))
    assert found.front.shape.values == ()
    assert found.z.shape == (N, 2)


def test_columns_that_tell_nothing_become_no_input(rng: np.random.Generator) -> None:
    frame = pd.DataFrame({"a": rng.normal(0, 1, N), "fixed": 4.0, "empty": np.full(N, np.nan)})
    found = fitted(frame)
    assert found.z.shape == (N, 1)
    assert np.isfinite(found.inputs(pd.DataFrame({"a": [0.0], "fixed": [9.0], "empty": [9.0]}))).all()
    with pytest.raises(DataError, match=r"^No column has more than one value in the 300 rows to learn from\. Add rows"):
        fitted(frame[["fixed", "empty"]])


def test_a_column_that_is_only_sometimes_there_is_a_gap_or_none() -> None:
    frame = pd.DataFrame({"only": np.where(np.arange(N) % 3 == 0, 4.0, np.nan)})
    found = fitted(frame)
    assert found.front.shape.gaps == found.z.shape[1] == 1
    assert found.z[:, 0].tolist() == frame["only"].isna().astype(float).tolist()


def test_rows_kept_as_codes_give_the_same_inputs(rng: np.random.Generator) -> None:
    frame, y = texts_and_targets(rng)
    frame["number"] = np.where(rng.random(N) < 0.1, np.nan, rng.normal(0, 1, N))
    frame["code"], frame["city"] = np.arange(N) % 4, rng.choice(["Bern", "Zug"], N)
    frame["id"] = np.arange(N) % 75
    found = fitted(frame, torch.tensor(y, dtype=torch.float32)[:, None])
    stored = all_rows(found.encoder.store(coerce_features(frame, ()), None, N))
    assert isinstance(stored, EncodedRows)
    front, z = fit_front(
        stored, torch.tensor(y, dtype=torch.float32)[:, None], found.encoder, n_classes=None, seed=0
    )  # fmt: skip
    assert np.array_equal(z.numpy(), found.z)
    assert torch.equal(inputs_of(front, stored), inputs_of(found.front, stored[:]))
    some = stored.take(torch.tensor([5, 3, 299]))
    assert torch.equal(inputs_of(front, some), inputs_of(front, stored[:])[[5, 3, 299]])


@pytest.mark.parametrize("width", [1.0, 1e-3])  # the second has no reciprocal in float32, beside the others
def test_the_most_unequal_numbers_stay_finite_and_in_order(width: float) -> None:
    cells = np.concatenate([np.linspace(-width, width, N - 2), [-1e38, 1e38]])
    found = fitted(pd.DataFrame({"a": cells}))
    assert np.isfinite(found.z).all()
    assert (np.diff(found.z[np.argsort(cells, kind="stable"), 0]) >= 0).all()
    assert found.z[-1, 0] == pytest.approx(3, abs=1e-3)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_fewer_rows_than_folds_are_encoded_too(n_rows: int) -> None:
    """A long vocabulary may come from the rows that only judge."""
    frame = pd.DataFrame({"text": list(TEXTS)})
    features = coerce_features(frame, ())
    encoder = fit_encoder(features, np.arange(len(frame))).with_gaps_marked()
    y = torch.linspace(-1, 1, n_rows)[:, None]
    _, z = fit_front(encoder.encode(features)[:n_rows], y, encoder, n_classes=None, seed=0)
    assert z.shape == (n_rows, 2)
    assert bool(torch.isfinite(z).all())
