"""All checks of a table: always all of them, in plain sentences, and as JSON there and back."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tables.checks.check import Check
from core.tables.checks.question import Question
from core.tables.checks.run import run_checks
from core.tables.sandbox import read_in_sandbox
from tests.core.tables.checks.conftest import Ask
from tests.core.tables.understand.conftest import write_table

IDS = {
    "leak", "presence_leak", "target", "target_missing", "time_order", "hidden_missing", "kept_words", "duplicate_rows",
    "contradictions", "rare_classes", "class_spelling", "target_spread", "ids", "free_text", "constants", "dates",
    "codes", "numbers_as_text", "same_columns", "personal", "unreadable_dates", "many_levels", "mostly_missing", "size",
}  # fmt: skip
CELL = st.none() | st.sampled_from(["a", "b", "?", "1", "2.5", "2020-01-02", "NA", "12 kg", ""])
NUMBER = st.none() | st.floats() | st.integers(-3, 3)


def test_every_check_is_reported_those_to_look_at_first(ask: Ask):
    rng = np.random.default_rng(0)
    found = ask(x=rng.normal(0, 1, 200), copy=["u", "v"] * 100, y=["a", "b"] * 100)
    assert set(found) == IDS
    states = [check.state for check in found.values()]
    assert states == sorted(states, key=["look", "fixed", "passed"].index)
    assert states[0] == "look"


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 60).flatmap(
        lambda n: st.tuples(
            st.lists(CELL, min_size=n, max_size=n),
            st.lists(NUMBER, min_size=n, max_size=n),
            st.lists(CELL, min_size=n, max_size=n),
        )
    ),
    st.sampled_from(["classification", "regression"]),
)
def test_no_table_makes_a_check_fail(tmp_path_factory: pytest.TempPathFactory, columns, task):
    texts, numbers, y = columns
    path = tmp_path_factory.mktemp("any") / "table.parquet"
    cells = {"t": [*texts, "z"], "n": [None if n is None else float(n) for n in [*numbers, 1]], "y": [*y, "a"]}
    report = write_table(path, cells)
    question = Question("y", task, dates=("t",))
    checks = run_checks(path, report, question)
    assert {check.id for check in checks} == IDS
    for check in checks:
        assert check.title
        assert check.evidence.endswith(".")
        assert Check.from_dict(json.loads(json.dumps(check.as_dict(), allow_nan=False))) == check
    assert Question.from_dict(json.loads(json.dumps(question.as_dict()))) == question


def test_a_target_alone_can_be_checked(ask: Ask):
    assert set(ask(y=["a", "b"] * 30)) == IDS


def test_a_long_table_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.tables.understand.rows.MOST_ROWS", 2_000)
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, 10_000)
    path = tmp_path / "long.parquet"
    report = write_table(path, {"x": x, "y": (x > 0).astype(int)}, rows_a_group=500)
    checks = {check.id: check for check in run_checks(path, report, Question("y", "classification"))}
    assert checks["leak"].columns == ("x",)
    assert "2,000 rows of the 2,000 looked at" in checks["duplicate_rows"].evidence
    for example in checks["leak"].examples:  # the cells are those of the row that is named
        assert float(example.cells["x"]) == pytest.approx(x[example.row - 1])


def test_checking_needs_neither_scikit_learn_nor_torch(tmp_path: Path):
    write_table(tmp_path / "t.parquet", {"d": ["01.02.2020", "13.02.2020"] * 40, "y": ["a", "b"] * 40})
    code = (
        "import sys; from pathlib import Path; from core.tables.checks.run import run_checks\n"
        "from core.tables.checks.question import Question; from core.tables.report import ColumnProfile, ReadReport\n"
        "columns = tuple(ColumnProfile(name, 'text', 0, 2) for name in 'dy')\n"
        "run_checks(Path(sys.argv[1]), ReadReport('csv', 80, 2, columns=columns), Question('y', 'classification'))\n"
        "assert not {'sklearn', 'torch'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "t.parquet")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "target", "task", "expected"),
    [
        ("titanic/titanic3.xls", "survived", "classification", {"leak": ("boat",), "presence_leak": ("boat", "body")}),
        ("titanic/titanic.csv", "survived", "classification", {"leak": ("alive",)}),
        ("walmart_sales/sales_forecasting_walmart.csv", "Weekly_Sales", "regression",
         {"codes": ("Store",), "time_order": ("Date",), "dates": ("Date",)}),
        ("telco_churn/customer_churn_telco.csv", "Churn", "classification", {"ids": ("customerID",)}),
        ("student_dropout/dropout_data.csv", "Target", "classification", {"codes": None}),
        ("letter/letterdata.csv", "letter", "classification", {"duplicate_rows": ()}),
    ],
)  # fmt: skip
def test_real_tables_give_what_is_known_of_them(real_tables: Path, tmp_path: Path, name, target, task, expected):
    report = read_in_sandbox(real_tables / name, tmp_path)
    found = {
        check.id: check.columns
        for check in run_checks(tmp_path / "table.parquet", report, Question(target, task))
        if check.state == "look" and check.id not in ("many_levels", "mostly_missing", "free_text", "personal")
    }
    found = {name: columns for name, columns in found.items() if name in expected or name not in (
        "same_columns", "duplicate_rows")}  # fmt: skip
    assert set(found) == set(expected)
    assert all(columns is None or found[name] == columns for name, columns in expected.items())
