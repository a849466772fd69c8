"""Whole tables are looked at quickly and without failing, whatever is in them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tables.files.profile import profile_column
from core.tables.sandbox import read_in_sandbox
from core.tables.understand.rows import TableRows
from core.tables.understand.suggestion import Suggestion, of_kind
from core.tables.understand.table import understand
from tests.core.tables.understand.conftest import Look, column, write_table

SAMPLES = Path(__file__).resolve().parents[4] / "assets" / "samples"

CELLS = st.one_of(
    st.lists(st.none() | st.text(max_size=12), min_size=1, max_size=40),
    st.lists(st.none() | st.sampled_from(["1", "2,5", "12 kg", "?", "NA", "01", "2020-01-02", "€ 5"]), max_size=40),
    st.lists(st.none() | st.floats(), max_size=40),
    st.lists(st.none() | st.integers(-(2**53), 2**53), max_size=40),
    st.lists(st.none() | st.booleans(), max_size=40),
    st.lists(st.none() | st.datetimes(), max_size=40),
)


@settings(max_examples=150, deadline=None)
@given(CELLS.filter(lambda cells: any(cell is not None for cell in cells)), st.text(max_size=12))
def test_no_column_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, cells, name):
    path = tmp_path_factory.mktemp("any") / "table.parquet"
    names = {name: cells * 2, f"{name}+": list(range(2 * len(cells)))}
    report = write_table(path, names)
    for one in understand(path, report):
        assert one.column in names
        assert one.evidence.endswith(".")
        assert Suggestion.from_dict(json.loads(json.dumps(one.as_dict(), allow_nan=False))) == one


def test_suggestions_come_in_the_order_of_the_columns(look: Look):
    found = look(b=["x"] * 30, a=[f"K-{i}" for i in range(30)])
    assert [one.column for one in found] == ["b", "a"]
    assert of_kind(found, "id")[0].column == "a"


def test_a_long_table_is_looked_at_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.tables.understand.rows.MOST_ROWS", 2_000)
    path = tmp_path / "long.parquet"
    report = write_table(path, {"n": np.arange(20_000), "twice": np.arange(20_000) // 2}, rows_a_group=500)
    rows = TableRows(path)
    assert rows.is_sample
    assert len(rows.places) == 2_000
    assert (rows.places[0], rows.places[-1]) == (0, 19_999)
    (found,) = understand(path, report)
    assert (found.column, found.kind, found.n_looked) == ("n", "row_number", 2_000)


def test_what_repeats_outside_of_the_blocks_is_no_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.tables.understand.rows.MOST_ROWS", 500)
    path = tmp_path / "long.parquet"
    numbers = np.random.default_rng(0).permutation(np.tile(np.arange(500), 4).reshape(4, 500), axis=0).ravel()
    report = write_table(path, {"user_id": numbers}, rows_a_group=500)
    assert of_kind(understand(path, report), "id", "row_number") == ()


def test_the_profile_and_the_suggestions_agree():
    assert profile_column("k", column([f"K-{i}" for i in range(30)]).cells).looks_like_id
    assert profile_column("d", column(["01.02.2020", "13.02.2020"] * 20).cells).looks_like_date
    plain = profile_column("c", column([f"CUST-{i:04d}" for i in range(400, 460)]).cells)
    assert (plain.looks_like_id, plain.looks_like_date) == (True, False)


def test_the_reader_needs_neither_torch_nor_scikit_learn_to_understand():
    code = (
        "import sys; import core.tables.understand.table, core.tables.files.profile\n"
        "heavy = {'sklearn', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_samples_are_understood(tmp_path: Path):
    report = read_in_sandbox(SAMPLES / "customer_churn.csv", tmp_path)
    found = {(one.column, one.kind) for one in understand(tmp_path / "table.parquet", report) if one.is_firm}
    assert found == {("customer_id", "id"), ("signup_date", "date"), ("churned", "boolean")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("walmart_sales/sales_forecasting_walmart.csv", {("Store", "code"), ("Date", "date")}),
        ("telco_churn/customer_churn_telco.csv", {("customerID", "id")}),
        ("ames_housing/house_prices_ames.csv", {("PID", "id"), ("Order", "row_number"), ("MS.SubClass", "code")}),
        ("letter/letterdata.csv", set()),
        ("california_housing/housing.csv", set()),
        ("phishing/fraud_detection_phishing_websites.csv", set()),
    ],
)
def test_real_tables_show_what_is_known_of_them_and_little_else(real_tables: Path, tmp_path: Path, name, expected):
    report = read_in_sandbox(real_tables / name, tmp_path)
    found = {(one.column, one.kind) for one in understand(tmp_path / "table.parquet", report) if one.is_firm}
    others = {(column, kind) for column, kind in found if kind not in ("boolean", "nearly_constant")}
    assert others == expected
