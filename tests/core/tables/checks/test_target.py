"""What is wrong with a target is said, with numbers and with what it means."""

import numpy as np
import pytest

from tests.core.tables.checks.conftest import Ask

RNG = np.random.default_rng(9)
N = 300
X = RNG.normal(0, 1, N)
CLASSES = RNG.choice(["a", "b"], N)
NUMBERS = RNG.normal(100, 10, N)


def test_rows_without_a_target_are_left_out(ask: Ask):
    y = CLASSES.astype(object)
    y[:6], y[6:9] = None, "NA"
    found = ask(x=X, y=y)["target_missing"]
    assert (found.state, found.title) == ("fixed", "9 rows without 'y' are left out")
    assert "written 'NA' among others" in found.evidence
    y[:100] = None
    assert ask(x=X, y=y)["target_missing"].state == "look"
    assert ask(x=X, y=CLASSES)["target_missing"].title == "Every row has 'y'"


@pytest.mark.parametrize("y", [["a"] * N, [5.0] * N])
def test_a_target_that_never_changes_cannot_be_learned(ask: Ask, y):
    found = ask(x=X, y=y)["target"]
    assert found.state == "look"
    assert "is always" in found.title


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([f"k{i}" for i in range(N)], "is different in nearly every row"),
        (RNG.integers(0, 60, N), "has 60 categories"),
        (RNG.integers(0, 8, N) / 4, "looks like a number"),
    ],
)
def test_categories_that_are_none(ask: Ask, y, words):
    found = ask(x=X, y=y)["target"]
    assert found.state == "look"
    assert words in found.title


def test_texts_between_the_numbers_of_a_target(ask: Ask):
    y = [f"{value:.1f}" for value in NUMBERS]
    y[3], y[7], y[9] = "sold", "sold", "n.a."
    found = ask("regression", x=X, y=y)["target"]
    assert found.title == "'y' holds 3 texts between its numbers"
    assert [example.row for example in found.examples] == [4, 8, 10]
    assert found.action.words == {"y": ("sold", "n.a.")}


@pytest.mark.parametrize(("task", "y"), [("classification", CLASSES), ("regression", NUMBERS)])
def test_a_good_target_passes(ask: Ask, task, y):
    checks = ask(task, x=X, y=y)
    for name in ("target", "target_missing", "target_spread", "rare_classes", "class_spelling", "size"):
        assert checks[name].state == "passed", name


def test_a_value_far_out_is_shown_with_its_row(ask: Ask):
    y = NUMBERS.copy()
    y[41] = 9_999
    found = ask("regression", x=X, y=y)["target_spread"]
    assert found.title == "1 value of 'y' is far out"
    assert found.examples[0].row == 42
    squares = (y - y.mean()) ** 2
    assert f"{100 * squares[41] / squares.sum():.1f} % of what counts" in found.evidence


def test_a_target_that_is_cut_off_is_said_to_be(ask: Ask):
    found = ask("regression", x=X, y=np.minimum(NUMBERS, 110).round(2))["target_spread"]
    assert found.title == "'y' seems to be cut off at 110"


def test_a_long_tail_is_called_uneven(ask: Ask):
    y = np.exp(1.7 * RNG.normal(0, 1, 3_000))
    found = ask("regression", x=np.arange(3_000) % 7, y=np.minimum(y, 60 + y / 50))["target_spread"]
    assert found.title == "'y' is very uneven"
    assert "Half of the rows are below" in found.evidence


def test_a_category_that_is_nearly_all_is_no_success(ask: Ask):
    found = ask(x=X, y=["no"] * 285 + ["yes"] * 15)["target_spread"]
    assert found.title == "95.0 % of 'y' is 'no'"
    assert "not by accuracy" in found.evidence


def test_rare_categories_are_counted(ask: Ask):
    y = ["a"] * 150 + ["b"] * 140 + ["c"] * 7 + ["d"] * 3
    found = ask(x=X, y=y)["rare_classes"]
    assert found.title == "2 categories of 'y' are rare"
    assert "'d' (3 rows) and 'c' (7 rows)" in found.evidence
    few = ask(roles={"test_size": 0.05}, x=X, y=["a"] * 270 + ["b"] * 30)["rare_classes"]
    assert few.state == "look"  # about one of them would be tested


def test_one_category_in_several_spellings(ask: Ask):
    y = ["Yes"] * 100 + ["yes"] * 60 + ["YES "] * 40 + ["self-employed"] * 50 + ["Self employed"] * 50
    found = ask(x=X, y=y)["class_spelling"]
    assert found.title == "2 categories of 'y' are written in several ways"
    assert "'Yes' (100 rows), 'yes' (60 rows) and 'YES' (40 rows)" in found.evidence


@pytest.mark.parametrize("y", [["<=50K", ">50K"] * 150, ["A+", "A-", "A"] * 100, ["1.5", "15"] * 150])
def test_signs_that_mean_something_are_no_spelling(ask: Ask, y):
    assert ask(x=X, y=y)["class_spelling"].state == "passed"


def test_few_rows_and_many_columns(ask: Ask):
    few = ask(x=X[:60], y=CLASSES[:60])["size"]
    assert few.title == "There are only 60 rows to learn from"
    assert "judged by 12 rows" in few.evidence
    wide = ask(y=CLASSES[:120], **{f"x{i}": RNG.normal(0, 1, 120) for i in range(130)})["size"]
    assert wide.title == "There are more columns than rows"
