"""Rows that come twice, and rows that contradict each other, are counted by hand here."""

import numpy as np
import pytest

from tests.core.tables.checks.conftest import Ask

RNG = np.random.default_rng(8)
N = 400
X = RNG.normal(0, 1, N)
Z = RNG.normal(0, 1, N)
Y = RNG.integers(0, 2, N)


def repeated(cells: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([cells, cells[:n]])


def test_copies_are_counted_with_what_they_mean_for_the_split(ask: Ask):
    found = ask(x=repeated(X, 40), z=repeated(Z, 40), y=repeated(Y, 40))["duplicate_rows"]
    assert found.state == "look"
    assert found.title == "40 rows are copies of others"
    # Of 80 rows that come twice, each has its copy among the training rows with probability 0.8.
    assert f"{100 * 80 * 0.8 / 440:.1f} % of the test rows" in found.evidence
    assert found.action.kind == "drop_duplicates"
    assert [example.row for example in found.examples] in ([i, i + 400] for i in range(1, 41))


def test_an_id_that_is_left_out_does_not_hide_copies(ask: Ask):
    cells = {"id": np.arange(440), "x": repeated(X, 40), "y": repeated(Y, 40)}
    assert ask(**cells)["duplicate_rows"].state == "passed"
    found = ask(roles={"excluded": ("id",)}, **cells)["duplicate_rows"]
    assert found.state == "look"
    assert "0 of them in the columns left out too" in found.evidence
    assert found.action is None  # reading the file can only leave out rows that are the same in every column


def test_few_copies_pass_and_are_counted(ask: Ask):
    found = ask(x=repeated(X, 2), y=repeated(Y, 2))["duplicate_rows"]
    assert found.state == "passed"
    assert "2 rows" in found.title


def test_columns_with_few_values_repeat_by_nature(ask: Ask):
    found = ask(a=RNG.integers(0, 3, N), b=RNG.integers(0, 2, N), y=Y)["duplicate_rows"]
    assert found.state == "passed"
    assert "as columns with so few values must have" in found.evidence


def test_missing_cells_and_signs_of_zero_are_alike(ask: Ask):
    x = np.concatenate([np.arange(1, 50.0), [np.nan, np.nan, 0.0, -0.0]])
    found = ask(x=x, t=["a"] * 53, y=[1, 0] * 24 + [1] + [1, 1, 0, 0])["duplicate_rows"]
    assert found.title.startswith("2 rows")


def test_contradictions_limit_what_any_model_can_reach(ask: Ask):
    y = np.concatenate([Y, 1 - Y[:40]])
    found = ask(x=repeated(X, 40), z=repeated(Z, 40), y=y)["contradictions"]
    assert found.state == "look"
    assert "80 rows (18.2 %)" in found.evidence
    assert f"right in more than {100 * (1 - 40 / 440):.1f} %" in found.evidence
    assert found.examples[0].cells["y"] != found.examples[1].cells["y"]


def test_rows_without_an_answer_contradict_nothing(ask: Ask):
    y = [str(one) for one in Y] + [None] * 40
    assert ask(x=repeated(X, 40), z=repeated(Z, 40), y=y)["contradictions"].state == "passed"


def test_alike_rows_with_other_numbers_limit_a_regression(ask: Ask):
    pair = np.arange(200).repeat(2)
    y = 100.0 * RNG.normal(0, 1, 200)[pair] + np.tile([0.0, 60.0], 200)
    found = ask("regression", x=pair, y=y)["contradictions"]
    expected = 1 - (200 * 2 * 30**2) / ((y - y.mean()) ** 2).sum()
    assert f"more than {100 * expected:.1f} %" in found.evidence


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_different_rows_contradict_nothing(ask: Ask, task: str):
    found = ask(task, x=X, y=Y)
    assert found["contradictions"].title == "No two rows contradict each other"
    assert found["duplicate_rows"].title == "No row comes twice"
