"""The width of an encoded table is known from its report, and is what the encoder makes of it."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.columns import feature_frame
from core.data import prepare_tensors
from core.runs.datasets import add_table, read_report, table_path
from core.runs.preflight.widths import EncodedColumn, encoded_columns
from core.runs.records import Roles
from core.runs.store import Store
from core.tables.codes import coerce_features
from core.tables.dates import expand_date_columns
from core.tables.read import load_tabular_file
from core.types import TrainingConfig
from core.workspace import Workspace

TEST_SIZE = 0.2
N_ROWS = 400
REAL = {
    "telco_churn/customer_churn_telco.csv": Roles("Churn"),
    "titanic/titanic3.xls": Roles("survived"),
    "ames_housing/house_prices_ames.csv": Roles("SalePrice"),
    "walmart_sales/sales_forecasting_walmart.csv": Roles("Weekly_Sales", (), ("Date",)),
}


def many_kinds(n_rows: int) -> pd.DataFrame:
    """Return a table with every kind of column that is encoded in a way of its own."""
    rng = np.random.default_rng(3)
    codes = np.array([f"K{i}" for i in range(40)], dtype=object)
    when = pd.Timestamp("2024-01-05 13:30") + pd.to_timedelta(rng.integers(0, 500, n_rows), unit="D")
    return pd.DataFrame(
        {
            "number": rng.normal(size=n_rows).round(3),
            "text": rng.choice(["red", "green", "blue"], n_rows),
            "gaps": np.where(rng.random(n_rows) < 0.2, None, rng.choice(["yes", "no"], n_rows)),
            "few words": np.where(rng.random(n_rows) < 0.3, "unknown", rng.integers(0, 900, n_rows).astype(str)),
            "many words": np.where(rng.random(n_rows) < 0.5, rng.choice(codes, n_rows), rng.random(n_rows).astype(str)),
            "nothing": [""] * n_rows,
            "seen": when.strftime("%Y-%m-%d %H:%M"),
            "born": when.strftime("%d.%m.%Y"),
            "left out": [f"id {i}" for i in range(n_rows)],
            "y": rng.choice(["a", "b"], n_rows),
        }
    )


def widths(
    workspace: Workspace, store: Store, name: str, roles: Roles, codes: tuple[str, ...] = ()
) -> tuple[tuple[EncodedColumn, ...], int]:
    """Return what is expected of each column, and the width that training finds."""
    dataset = store.dataset(name)
    path = table_path(workspace, dataset)
    expected = encoded_columns(read_report(workspace, dataset), path, roles, TEST_SIZE, codes)
    frame = expand_date_columns(load_tabular_file(path), roles.dates)
    rows = coerce_features(feature_frame(frame, str(roles.target), roles.excluded), codes)
    y = frame[roles.target].astype(str).tolist()
    cfg = TrainingConfig(str(roles.target), categorical_columns=codes)
    return expected, prepare_tensors(rows, y, "classification", cfg).input_dim


def test_every_kind_of_column_has_the_width_that_the_encoder_gives_it(workspace: Workspace, store: Store):
    data = many_kinds(1_200).to_csv(index=False).encode()
    dataset = add_table(workspace, store, io.BytesIO(data), "kinds.csv")
    found, true_width = widths(workspace, store, dataset.id, Roles("y", ("left out",), ("seen", "born")))
    by_name = {column.name: column for column in found}
    assert {name: column.width for name, column in by_name.items()} == {
        "number": 1, "text": 3, "gaps": 3, "few words": 2, "many words": 41, "nothing": 1, "seen": 17, "born": 15,
    }  # fmt: skip
    assert (by_name["many words"].levels, by_name["few words"].levels, by_name["number"].levels) == (40, 1, 0)
    assert sum(column.width for column in found) == true_width


def test_of_texts_that_occur_once_only_the_training_rows_count(workspace: Workspace, store: Store):
    text = "name,x,y\n" + "".join(f"n{i},{i % 7},{'ab'[i % 2]}\n" for i in range(1_000))
    dataset = add_table(workspace, store, io.BytesIO(text.encode()), "names.csv")
    found, true_width = widths(workspace, store, dataset.id, Roles("y"))
    assert [column.width for column in found] == [800, 1]
    assert true_width == 801


def test_a_column_of_codes_is_as_wide_as_it_has_different_codes(workspace: Workspace, store: Store):
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "store": rng.integers(1, 46, 1_500),
            "gaps": pd.Series(rng.integers(0, 7, 1_500)).astype("Int64").mask(rng.random(1_500) < 0.1),
            "zip": [f"{code:05}" for code in rng.integers(1, 31, 1_500)],
            "mixed": [f"A{code}" if code < 4 else code for code in rng.integers(0, 12, 1_500)],
            "number": rng.integers(1, 46, 1_500),
            "y": rng.choice(["a", "b"], 1_500),
        }
    )
    dataset = add_table(workspace, store, io.BytesIO(table.to_csv(index=False).encode()), "codes.csv")
    found, true_width = widths(workspace, store, dataset.id, Roles("y"), ("store", "gaps", "zip", "mixed"))
    assert [(column.width, column.levels) for column in found] == [(45, 45), (8, 7), (30, 30), (12, 12), (1, 0)]
    assert [column.is_categorical for column in found] == [True, True, True, True, False]
    assert sum(column.width for column in found) == true_width


@pytest.mark.parametrize("file", REAL)
def test_real_tables_become_as_wide_as_expected(file: str, real_tables: Path, workspace: Workspace, store: Store):
    dataset = add_table(workspace, store, real_tables / file, Path(file).name)
    found, true_width = widths(workspace, store, dataset.id, REAL[file])
    assert sum(column.width for column in found) == pytest.approx(true_width, rel=0.06)


def test_what_an_added_mode_makes_of_numbers_is_known_from_the_report(
    workspace: Workspace, store: Store, tmp_path: Path
):
    rng, path = np.random.default_rng(0), tmp_path / "t.csv"
    floors = rng.integers(0, 7, N_ROWS).astype(object)
    floors[:8] = ""
    frame = {
        "stars": np.tile([1, 2, 3, 4, 5], N_ROWS // 5), "halves": np.tile([1, 1.5, 2, 2.5], N_ROWS // 4),
        "many": np.arange(N_ROWS), "is_new": np.tile([0, 1], N_ROWS // 2), "floor": floors, "y": rng.random(N_ROWS),
    }  # fmt: skip
    pd.DataFrame(frame).to_csv(path, index=False)
    dataset = add_table(workspace, store, path, path.name)
    report = read_report(workspace, dataset)
    columns = encoded_columns(report, table_path(workspace, dataset), Roles("y"), TEST_SIZE)
    found = {column.name: (column.flags, column.codes, column.has_gaps) for column in columns}
    assert found == {
        "stars": (0, 5, False), "halves": (0, 0, False), "many": (0, 0, False), "is_new": (1, 0, False),
        "floor": (0, 7, True),
    }  # fmt: skip
