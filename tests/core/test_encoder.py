"""Encoding column by column, without the dense matrix, gives what scikit-learn gives with it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import StandardScaler

from core import encoder as encoders
from core import rows as encoded
from core.encoder import Encoder, fit_encoder
from core.encoding import finite_medians, impute, scaled
from core.errors import DataError
from core.rows import EncodedRows
from core.tables.coerce import coerce_frame
from tests.core.test_encoding import tables


def reference(
    frame: pd.DataFrame, train: NDArray[np.intp]
) -> tuple[DictVectorizer, StandardScaler, NDArray[np.float64]]:
    """Fit scikit-learn's own objects on a dense matrix, dict by dict."""
    records = frame.iloc[train].to_dict("records")
    vectorizer = DictVectorizer(sparse=False).fit(records)
    matrix = vectorizer.transform(records)
    medians = finite_medians(matrix)
    with np.errstate(over="ignore", invalid="ignore"):
        return vectorizer, StandardScaler().fit(impute(matrix, medians)), medians


@pytest.fixture
def kept_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every table as one that is too large for a tensor."""
    monkeypatch.setattr(encoded, "DENSE_BYTES", -1)


@settings(max_examples=60, deadline=None)
@given(tables(), tables(), st.booleans(), st.randoms(use_true_random=False))
def test_an_encoder_equals_scikit_learn_on_the_dense_matrix(
    table: pd.DataFrame, other: pd.DataFrame, as_categories: bool, random: object
) -> None:
    train = np.array(sorted(range(len(table)), key=lambda _: random.random())[: 1 + len(table) // 2])  # type: ignore[attr-defined]
    texts = [name for name in table.columns if table[name].dtype == object]
    given_table = table.astype(dict.fromkeys(texts, "category")) if as_categories else table
    fitted = fit_encoder(given_table, train)
    vectorizer, scaler, medians = reference(table, train)
    assert fitted.vectorizer.feature_names_ == vectorizer.feature_names_
    assert fitted.vectorizer.vocabulary_ == vectorizer.vocabulary_
    np.testing.assert_array_equal(fitted.medians, medians)
    assert set(vars(fitted.scaler)) == set(vars(scaler))
    for name in ("mean_", "var_", "scale_"):
        np.testing.assert_allclose(getattr(fitted.scaler, name), getattr(scaler, name), rtol=1e-12, atol=1e-300)
    assert fitted.scaler.n_samples_seen_ == scaler.n_samples_seen_
    for frame in (table, other):
        dense = scaled(fitted.scaler, impute(vectorizer.transform(frame.to_dict("records")), medians))
        np.testing.assert_array_equal(fitted.encode(frame).numpy(), dense.astype(np.float32))


def mixed_table(n_rows: int = 400) -> pd.DataFrame:
    """Return numbers, texts, both in one column, and missing cells."""
    rng = np.random.default_rng(0)
    cells: list[object] = [f"t{i % 7}" if i % 3 else (float(i) if i % 2 else np.nan) for i in range(n_rows)]
    return coerce_frame(
        pd.DataFrame(
            {
                "n": rng.normal(size=n_rows),
                "gaps": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(3, 2, n_rows)),
                "mixed": pd.Series(cells, dtype=object),
                "town": rng.choice([f"town {i}" for i in range(60)], n_rows),
            }
        )
    )


@pytest.mark.usefixtures("kept_sparse")
def test_sparse_rows_made_dense_are_the_tensor_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    table, train = mixed_table(), np.random.default_rng(1).permutation(400)[:300]
    fitted = fit_encoder(table, train)
    sparse = fitted.encode(table)
    monkeypatch.setattr(encoded, "DENSE_BYTES", 1 << 30)
    monkeypatch.setattr(encoders, "ROWS_AT_ONCE", 64)
    tensor = fitted.encode(table)
    assert isinstance(sparse, EncodedRows)
    assert isinstance(tensor, torch.Tensor)
    assert (sparse.shape, sparse.dtype, sparse.device, len(sparse)) == (
        tensor.shape, tensor.dtype, tensor.device, len(tensor),
    )  # fmt: skip
    chosen = torch.randint(0, 400, (90,), generator=torch.Generator().manual_seed(0))
    assert torch.equal(sparse[chosen], tensor[chosen])
    assert torch.equal(sparse[5:9], tensor[5:9])
    assert torch.equal(sparse.take(chosen).take(slice(3, 7))[:], tensor[chosen][3:7])
    assert torch.equal(torch.cat([part.clone() for part in encoded.parts(sparse, 64)]), tensor)


@pytest.mark.usefixtures("kept_sparse")
def test_rows_that_are_left_out_are_not_kept() -> None:
    table = mixed_table()
    kept = np.arange(400) % 5 > 0
    fitted = fit_encoder(table, np.flatnonzero(kept))
    assert torch.equal(fitted.encode(table, kept)[:], fitted.encode(table[kept].reset_index(drop=True))[:])


@pytest.mark.usefixtures("kept_sparse")
def test_a_text_column_of_many_levels_takes_a_code_a_row() -> None:
    n = 3_000
    table = coerce_frame(pd.DataFrame({"id": [f"u{i}" for i in range(n)], "x": np.arange(n)}))
    rows = fit_encoder(table, np.arange(n)).encode(table)
    assert isinstance(rows, EncodedRows)
    assert rows.shape == (n, n + 1)
    assert sum(tensor.nbytes for tensor in rows.storage.tensors) < rows.shape[0] * rows.shape[1] * 4 / 150
    assert encoded.take(rows, slice(5)).storage is rows.storage


def test_a_number_far_out_and_a_constant_column_scale_as_scikit_learn_scales_them() -> None:
    table = pd.DataFrame({"far": [1e200, 1.0, 2.0, 3.0], "same": [0.1] * 4, "one": pd.Series(["a"] * 4, dtype=object)})
    fitted = fit_encoder(table, np.arange(4))
    _, scaler, _ = reference(table, np.arange(4))
    np.testing.assert_array_equal(fitted.scaler.scale_, scaler.scale_)
    assert np.isfinite(fitted.encode(table).numpy()).all()


def test_encoded_rows_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    table = mixed_table()
    fitted = fit_encoder(table, np.arange(400))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    with pytest.raises(DataError, match=r"would need .* GB of memory and .* GB are free"):
        Encoder(fitted.vectorizer, fitted.scaler, fitted.medians).encode(table)


@pytest.mark.usefixtures("kept_sparse")
def test_rows_that_share_a_storage_are_moved_together() -> None:
    rows = fit_encoder(mixed_table(), np.arange(300)).encode(mixed_table())
    one, other = encoded.move((encoded.take(rows, slice(9)), encoded.take(rows, slice(9, 20))), torch.device("meta"))
    assert isinstance(one, EncodedRows)
    assert isinstance(other, EncodedRows)
    assert one.storage is other.storage
    assert one.device.type == "meta"
