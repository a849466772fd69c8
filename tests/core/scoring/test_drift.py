"""Columns that are spread otherwise than in training are called so, and no others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from core.scoring.drift import Drift, DriftCounter, _chi_square_quantile
from core.scoring.tallies import SAMPLE_SIZE, NumberTally, _straightest
from core.tables.coerce import coerce_column
from core.tables.dates import parse_dates
from core.tables.schema import days_of, deciles, describe_inputs
from core.types import ColumnSchema, InputSchema

Draw = Callable[[np.random.Generator, int], np.ndarray]


def texts(cells: object) -> np.ndarray:
    return np.asarray(cells, dtype=object)


def zipf(rng: np.random.Generator, n: int, n_categories: int, steepness: float) -> np.ndarray:
    weights = 1 / np.arange(1, n_categories + 1) ** steepness
    return texts([f"c{code}" for code in rng.choice(n_categories, n, p=weights / weights.sum())])


def lacking(rng: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    values = values.astype(object)
    values[rng.random(len(values)) < share] = None
    return values


def day(rng: np.random.Generator, n: int, first: str = "2020-01-01", step: int = 1) -> np.ndarray:
    days = pd.Timestamp(first) + pd.to_timedelta(step * rng.integers(0, 1000 // step, n), unit="D")
    return texts(days.strftime("%Y-%m-%d"))


POPULATIONS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.lognormal(sigma=2, size=n).round(2),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    "age": lambda rng, n: rng.normal(40, 12, n).round().clip(17, 90),
    "dice": lambda rng, n: rng.integers(1, 7, n).astype(float),
    "digit": lambda rng, n: rng.integers(0, 10, n).astype(float),
    "flag of a third": lambda rng, n: (rng.random(n) < 0.35).astype(float),
    "flag of a half": lambda rng, n: (rng.random(n) < 0.5).astype(float),
    "rare flag": lambda rng, n: (rng.random(n) < 0.03).astype(float),
    "mostly 0": lambda rng, n: np.where(rng.random(n) < 0.65, 0.0, rng.lognormal(size=n)),
    "constant": lambda rng, n: np.full(n, 3.0),
    "lacking a tenth": lambda rng, n: lacking(rng, rng.normal(size=n), 0.1),
    "nearly empty": lambda rng, n: lacking(rng, rng.normal(size=n), 0.95),
    "yes or no": lambda rng, n: texts(np.where(rng.random(n) < 0.3, "yes", "no")),
    "rarely yes": lambda rng, n: texts(np.where(rng.random(n) < 0.005, "yes", "no")),
    "five": lambda rng, n: zipf(rng, n, 5, 1.0),
    "eight, lacking a fifth": lambda rng, n: lacking(rng, zipf(rng, n, 8, 1.0), 0.2),
    "three hundred alike": lambda rng, n: zipf(rng, n, 300, 0.0),
    "five thousand": lambda rng, n: zipf(rng, n, 5_000, 1.1),
    "five thousand alike": lambda rng, n: zipf(rng, n, 5_000, 0.1),
    "id": lambda rng, n: texts([f"id {code}" for code in rng.integers(0, 10**9, n)]),
    "mixed": lambda rng, n: np.where(
        rng.random(n) < 0.3, zipf(rng, n, 40, 1.0), rng.normal(size=n).round(3).astype(object)
    ),
    "date": day,
    "week": lambda rng, n: day(rng, n, step=7),
}
DATES = ("date", "week")


def drawn(rng: np.random.Generator, n: int) -> pd.DataFrame:
    return pd.DataFrame({name: draw(rng, n) for name, draw in POPULATIONS.items()} | {"y": np.zeros(n)})


def schema_of(frame: pd.DataFrame) -> InputSchema:
    return describe_inputs(frame, "y", (), [name for name in frame if name in DATES])


def feed(counter: DriftCounter, schema: InputSchema, frame: pd.DataFrame) -> None:
    for column in schema.by_role("feature", "date"):
        values = frame[column.name]
        if column.date_format is not None:
            counter.add_numbers(column.name, days_of(parse_dates(values, column.date_format)[0]))
            continue
        cells = coerce_column(values).values
        is_text = cells.map(lambda cell: isinstance(cell, str)).to_numpy(bool)
        counts = Counter(cells[is_text])
        counter.add_texts(column.name, list(counts), np.array(list(counts.values()), dtype=np.int64), 0)
        counter.add_numbers(column.name, cells[~is_text].to_numpy(np.float64))


def drift_of(then: object, now: object, *, name: str = "x", n_rows: int | None = None) -> Drift:
    schema = schema_of(pd.DataFrame({name: then, "y": 0.0}))
    counter = DriftCounter(schema, n_rows)
    feed(counter, schema, pd.DataFrame({name: now}))
    (drift,) = counter.result()
    return drift


# No drift where there is none


@pytest.mark.parametrize("n_rows", [50, 200, 2_000, 20_000])
@pytest.mark.parametrize("n_training", [300, 4_000])
def test_rows_from_where_training_was_drawn_are_not_called_changed(n_training: int, n_rows: int) -> None:
    called: list[str] = []
    n_columns = 0
    for seed in range(3):
        rng = np.random.default_rng([n_training, n_rows, seed])
        schema = schema_of(drawn(rng, n_training))
        counter = DriftCounter(schema, n_training)
        feed(counter, schema, drawn(rng, n_rows))
        found = counter.result()
        n_columns += len(found)
        called += [f"{drift.column}: {drift.sentence}" for drift in found if drift.level != "same"]
    assert n_columns >= 3 * (len(POPULATIONS) - 1)
    assert len(called) <= 0.02 * n_columns, called


def test_nor_are_columns_of_a_table_that_does_not_tell_how_many_rows_it_had() -> None:
    names = [name for name, draw in POPULATIONS.items() if isinstance(draw(np.random.default_rng(0), 1)[0], float)]
    called = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        schema = schema_of(drawn(rng, 300)[[*names, "y"]])
        counter = DriftCounter(schema)
        feed(counter, schema, drawn(rng, 5_000))
        called += [drift for drift in counter.result() if drift.level != "same"]
    assert len(names) >= 10
    assert len(called) <= 0.02 * 10 * len(names), called


def test_the_rows_of_training_itself_are_as_in_training_ids_too() -> None:
    frame = drawn(np.random.default_rng(3), 3_000)
    schema = schema_of(frame)
    counter = DriftCounter(schema)
    feed(counter, schema, frame)
    found = counter.result()
    assert {drift.level for drift in found} == {"same"}
    assert {drift.sentence for drift in found} == {"As in training."}
    assert max(drift.psi for drift in found) < 1e-3


def test_chunks_add_up() -> None:
    rng = np.random.default_rng(5)
    schema, frame = schema_of(drawn(rng, 2_000)), drawn(rng, 3_000)
    whole, chunked = DriftCounter(schema), DriftCounter(schema)
    feed(whole, schema, frame)
    for start in range(0, 3_000, 700):
        feed(chunked, schema, frame.iloc[start : start + 700])
    assert chunked.result() == whole.result()


def test_categories_that_are_frequent_by_chance_are_not_called_rarer() -> None:
    """Of three hundred alike, those seen often in a small training are seen less often later."""
    levels = Counter()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        levels[drift_of(zipf(rng, 1_000, 300, 0.0), zipf(rng, 2_000, 300, 0.0)).level] += 1
    assert levels == {"same": 20}


def test_what_chance_adds_to_the_index_is_taken_off() -> None:
    categories = tuple((f"c{code}", 4_000) for code in range(31))
    schema = InputSchema((ColumnSchema("x", "feature", "text", categories=categories),))
    counts = np.array([27, 13] * 15 + [20])
    counter = DriftCounter(schema)
    counter.add_texts("x", [text for text, _ in categories], counts, 0)
    (drift,) = counter.result()
    assert chi2.sf(((counts - 20) ** 2 / 20).sum(), 30) < 1e-4  # beyond chance, and 0.05 of the index are chance
    assert 0.1 < drift.psi < 0.14
    assert (drift.level, drift.sentence) == ("same", "Differs hardly more than chance explains in 620 rows.")


def test_one_strange_cell_in_ten_proves_nothing() -> None:
    drift = drift_of(texts(["a", "b"] * 500), texts(["a", "b", "b", "a", "z", "a", "b", "a", "a", "b"]))
    assert drift.psi > 0.4
    assert drift.level == "same"


def test_cut_categories_are_no_drift() -> None:
    counts = tuple((f"c{code}", 20) for code in range(50))  # 50 of 500, as a very wide table keeps them
    schema = InputSchema((ColumnSchema("x", "feature", "text", 0, 500, categories=counts, categories_cut=True),))
    for n_rows in (10_000, None):
        counter = DriftCounter(schema, n_rows)
        counter.add_texts("x", [f"c{code}" for code in range(500)], np.full(500, 10), 0)
        (drift,) = counter.result()
        assert (drift.level, drift.n) == ("same", 5_000)
        assert drift.psi < 1e-3


# Drift where there is some


def test_a_shift_by_half_a_standard_deviation_is_called_with_two_thousand_rows() -> None:
    levels = Counter()
    for seed in range(50):
        rng = np.random.default_rng(seed)
        drift = drift_of(rng.normal(size=5_000), rng.normal(0.5, 1.0, 2_000), n_rows=5_000)
        levels[drift.level] += 1
        assert "in the middle, is 0." in drift.sentence
    assert levels["same"] == 0


def test_the_index_is_the_textbook_one_over_the_deciles() -> None:
    then = np.arange(1_000) / 1_000
    now = np.concatenate([then[then < 0.5], then[then < 0.5], then])  # twice as dense below the middle
    shares = np.array([0.15] * 5 + [0.05] * 5)
    expected = ((shares - 0.1) * np.log(shares / 0.1)).sum()
    drift = drift_of(then, now)
    assert drift.psi == pytest.approx(expected, rel=1e-3)
    assert drift.n == 2_000
    assert drift.level == "much"
    assert drift.sentence == (
        f"'x' changed much (drift {expected:.2f}; much from 0.25): was 0.4995 in the middle, is 0.333 now."
    )


def test_the_index_over_categories_is_the_textbook_one() -> None:
    then = ["DSL"] * 300 + ["Fiber"] * 440 + ["none"] * 260
    now = ["DSL"] * 40 + ["Fiber"] * 142 + ["none"] * 18
    expected = (0.2 - 0.3) * math.log(0.2 / 0.3) + (0.71 - 0.44) * math.log(0.71 / 0.44)
    expected += (0.09 - 0.26) * math.log(0.09 / 0.26)
    drift = drift_of(texts(then), texts(now))
    assert drift.psi == pytest.approx(expected)
    assert drift.sentence == (
        f"'x' changed much (drift {expected:.2f}; much from 0.25): 'Fiber' was 44 % of the rows, is 71 % now."
    )


@pytest.mark.parametrize(
    ("then", "now", "what"),
    [
        (np.arange(100.0), np.arange(13.0, 113.0, 0.1), "was 49.5 in the middle, is 62.95 now"),
        (np.arange(-50.0, 51.0), np.arange(-150.0, 150.0, 0.5), "80 % of the rows were from -40 to 40, are from "),
        ([0.0] * 650 + [1.0] * 350, [0.0] * 950 + [1.0] * 50, "at most 70 % of the rows were below 1, 95 % are now"),
        ([0.0] * 650 + [1.0] * 350, [0.0] * 400 + [1.0] * 600, "was 0 in the middle, is 1 now"),
        ([3.0] * 100, [4.0] * 100, "was 3 in the middle, is 4 now"),
        (
            [1.0] * 99 + [None], [1.0] * 70 + [None] * 30,
            "missing in 30 % of the rows, 1 % in training",
        ),
        (texts(["a", "b"] * 50), texts(["a"] * 500 + ["z"] * 500), "50 % of the rows hold categories that training"),
        (
            texts(["no"] * 998 + ["yes"] * 2), texts(["no"] * 80 + ["yes"] * 20),
            "'yes' was under 1 % of the rows, is 20 % now",
        ),
        (
            texts(["low"] * 100 + [1.5, 2.5] * 50), texts(["low"] * 180 + [1.5, 2.5] * 10),
            "numbers were 50 % of the rows, are 10 % now",
        ),
        (texts(["a", "b"] * 50), [7.0] * 100, "100 % of the rows hold categories that training never saw"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_changed(then: object, now: object, what: str) -> None:
    sentence = drift_of(then, now, n_rows=len(then)).sentence
    assert what in sentence
    assert sentence.startswith("'x' changed ")
    assert sentence.endswith(".")


def test_dates_are_said_as_dates() -> None:
    rng = np.random.default_rng(0)
    drift = drift_of(day(rng, 2_000), day(rng, 500, "2022-06-01"), name="date")
    assert drift.level == "much"
    assert " was 2021-05-" in drift.sentence
    assert " in the middle, is 2023-" in drift.sentence


def test_a_text_in_a_column_of_numbers_is_missing() -> None:
    schema = schema_of(pd.DataFrame({"x": np.arange(100.0), "y": 0.0}))
    counter = DriftCounter(schema)
    counter.add_numbers("x", np.array([*range(0, 100, 2), np.nan, np.inf]))
    counter.add_texts("x", ["n/k", "?"], np.array([40, 4]), 4)
    (drift,) = counter.result()
    assert drift.n == 100
    assert "missing in 50 % of the rows, 0 % in training" in drift.sentence


def test_a_text_that_is_written_as_a_number_is_one_in_a_mixed_column() -> None:
    then = texts(["low", "high"] * 250 + list(np.arange(500.0)))
    schema = schema_of(pd.DataFrame({"x": then, "y": 0.0}))
    counter = DriftCounter(schema, n_rows=1_000)
    counter.add_texts("x", ["low", "high", *map(str, range(500))], np.array([250, 250, *[1] * 500]), 0)
    (drift,) = counter.result()
    assert (drift.n, drift.level) == (1_000, "same")
    assert drift.psi < 1e-3


def test_a_few_rows_are_called_changed_only_where_that_is_beyond_doubt() -> None:
    then = np.arange(1_000.0)
    few = drift_of(then, [990.0, 995.0, 999.0])
    assert (few.level, few.n) == ("same", 3)
    assert drift_of(then, np.linspace(990, 999, 60)).level == "much"
    flag = drift_of(texts(["a", "b"] * 100), texts(["a"] * 9 + ["b"] * 3))
    assert (flag.level, flag.sentence) == ("same", "Differs hardly more than chance explains in 12 rows.")


def test_the_most_drifted_column_comes_first_and_what_cannot_be_compared_is_left_out() -> None:
    frame = pd.DataFrame({"a": np.arange(500.0), "b": np.arange(500.0), "c": None, "d": np.arange(500.0), "y": 0.0})
    schema = describe_inputs(frame, "y", ["d"], ())
    counter = DriftCounter(schema)
    counter.add_numbers("a", np.arange(500.0))
    counter.add_numbers("b", np.arange(400.0, 900.0))
    counter.add_texts("c", ["x"], np.array([500]), 0)
    counter.add_numbers("y", np.zeros(500))
    assert [(drift.column, drift.level) for drift in counter.result()] == [("b", "much"), ("a", "same"), ("y", "same")]
    assert DriftCounter(schema).result() == ()
    with pytest.raises(KeyError):
        counter.add_numbers("d", np.zeros(1))


def test_of_a_model_without_deciles_missing_cells_are_still_compared() -> None:
    column = ColumnSchema("x", "feature", "number", 10, 500, 0.0, 1.0, 0.5)
    counter = DriftCounter(InputSchema((column,)), n_rows=1_000)
    counter.add_numbers("x", np.where(np.arange(1_000) < 400, np.nan, 7.0))
    assert "missing in 40 % of the rows, 1 % in training" in counter.result()[0].sentence


# The counting


def test_the_line_through_the_deciles_is_the_most_even_one() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        lows = np.sort(rng.random(9))
        highs = np.maximum.accumulate(lows + rng.random(9) * 0.3).clip(max=1)
        line = _straightest([0, *lows, 1], [0, *highs, 1])
        assert ((line[1:-1] >= lows - 1e-12) & (line[1:-1] <= highs + 1e-12)).all()

        def unevenness(inner: np.ndarray) -> float:
            return float((np.diff(np.r_[0, inner, 1]) ** 2).sum())

        best = minimize(unevenness, (lows + highs) / 2, bounds=list(zip(lows, highs, strict=True)), tol=1e-12)
        assert unevenness(line[1:-1]) <= best.fun + 1e-7


def test_rounded_deciles_count_as_the_exact_ones() -> None:
    cells = np.repeat([1 / 3, 2 / 3, 1.0], [500, 300, 200])  # 0.3333 lies below the first of them, 0.6667 above
    exact, rounded = NumberTally(deciles(cells)), NumberTally([round(value, 4) for value in deciles(cells)])
    exact.add(cells)
    rounded.add(cells)
    assert exact.counts == pytest.approx([100] * 10)
    assert rounded.counts == pytest.approx([100] * 10)


def test_quantiles_of_many_numbers_come_from_a_fair_sample() -> None:
    tally = NumberTally(())
    for start in range(0, 1_000_000, 50_000):
        tally.add(np.arange(start, start + 50_000, dtype=float))
    low, middle, high = tally.quantiles((0.1, 0.5, 0.9))
    spread = 1_000_000 * 0.5 / math.sqrt(SAMPLE_SIZE)  # of the sample's median, at most
    assert abs(middle - 500_000) < 4 * spread
    assert abs(low - 100_000) < 4 * spread
    assert abs(high - 900_000) < 4 * spread
    assert tally.n == 1_000_000


@pytest.mark.parametrize("free", [1, 2, 9, 10, 50, 1_000])
def test_the_limit_of_chance_is_that_of_chi_square_and_never_below(free: int) -> None:
    assert 0.9999 < _chi_square_quantile(free) / chi2.isf(0.001, free) < 1.05


def test_numbers_at_the_end_of_what_a_float_holds_are_counted() -> None:
    cells = np.array([-1.7e308, 1.7e308] * 50)
    assert drift_of(cells, cells).level == "same"
    assert drift_of(cells, np.full(100, 1.7e308)).level == "much"
