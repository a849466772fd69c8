"""Columns that say much the same: against scipy's Spearman and Cramér's V and a correlation ratio by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr
from scipy.stats.contingency import association, crosstab

from core.insight.explain.correlated import correlated_columns
from core.insight.explain.results import Correlated
from core.insight.explain.sample import take_sample
from core.types import ModelBundle
from tests.core.insight.explain.models import linear_model, model_of, numbers


def found_in(table: pd.DataFrame) -> Correlated:
    texts = {name: object for name in table.columns if not pd.api.types.is_numeric_dtype(table[name].dtype)}
    bundle = model_of(table.astype(texts), lambda x: x[:, :1])
    return correlated_columns(take_sample(bundle, table))


def strengths(found: Correlated) -> dict[tuple[str, str], float]:
    return {(pair.first, pair.second): pair.strength for pair in found.pairs}


def test_numbers_are_compared_by_spearmans_correlation() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=500)
    table = pd.DataFrame({"a": a, "b": -np.exp(a), "c": a + 0.5 * rng.normal(size=500), "d": rng.normal(size=500)})
    found = found_in(table.round(1))  # with ties
    expected = np.abs(spearmanr(table.round(1)).statistic)
    assert set(strengths(found)) == {("a", "b"), ("a", "c"), ("b", "c")}
    for (first, second), strength in strengths(found).items():
        at = [list(table.columns).index(name) for name in (first, second)]
        assert strength == pytest.approx(expected[at[0], at[1]], abs=1e-12)
    assert found.groups == (("a", "b", "c"),)
    assert found.notes == ("a, b and c say much the same: importance is shared between them.",)
    assert {pair.measure for pair in found.pairs} == {"Spearman"}


def test_texts_are_compared_by_cramers_v_corrected_for_chance() -> None:
    rng = np.random.default_rng(1)
    first = rng.choice(list("abcd"), 400)
    renamed = pd.Series(first).map({"a": "w", "b": "x", "c": "y", "d": "z"})
    second = np.where(rng.random(400) < 0.05, rng.choice(list("wxyz"), 400), renamed)
    found = found_in(pd.DataFrame({"p": first, "q": second, "r": rng.choice(list("klm"), 400)}))
    counts = crosstab(first, second).count
    # Bergsma 2013, from scipy's uncorrected V
    phi2 = association(counts, method="cramer") ** 2 * 3
    corrected = 4 - 3**2 / 399
    expected = np.sqrt(max(0, phi2 - 9 / 399) / (corrected - 1))
    assert strengths(found) == {("p", "q"): pytest.approx(expected, abs=1e-12)}


def test_a_text_and_a_number_are_compared_by_the_correlation_ratio_of_ranks() -> None:
    rng = np.random.default_rng(2)
    group = rng.choice(list("abc"), 300)
    number = pd.Series(group).map({"a": 0.0, "b": 50.0, "c": -70.0}).to_numpy() + rng.normal(size=300) * 10
    found = found_in(pd.DataFrame({"g": group, "n": number, "other": rng.normal(size=300)}))
    ranks = rankdata(number)
    within = sum(((ranks[group == level] - ranks[group == level].mean()) ** 2).sum() for level in "abc")
    in_all = ((ranks - ranks.mean()) ** 2).sum()
    assert strengths(found) == {("g", "n"): pytest.approx(np.sqrt(1 - within / in_all * 299 / 297), abs=1e-12)}
    assert found.pairs[0].measure == "correlation ratio"


def test_empty_cells_are_left_out_of_a_pair() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=400)
    b = np.where(rng.random(400) < 0.4, np.nan, a)
    few = np.where(np.arange(400) < 10, a, np.nan)
    found = found_in(pd.DataFrame({"a": a, "b": b, "few": few, "none": np.full(400, np.nan)}))
    assert strengths(found) == {("a", "b"): pytest.approx(1.0, abs=0.02)}


def test_names_that_differ_in_every_row_are_not_correlated_with_anything() -> None:
    rng = np.random.default_rng(4)
    ids = pd.DataFrame({"id": [f"i{i}" for i in range(300)], "key": [f"k{i}" for i in rng.permutation(300)]})
    many = pd.DataFrame({"m": rng.integers(0, 10_000, 300).astype(str), "same": ["x"] * 300, "n": rng.normal(size=300)})
    assert found_in(pd.concat([ids, "t" + many[["m"]], many[["same", "n"]]], axis=1)) == Correlated()


def test_a_chain_of_columns_is_said_to_overlap() -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(size=600)
    b = a + 0.6 * rng.normal(size=600)
    c = b + 0.7 * rng.normal(size=600)
    found = found_in(pd.DataFrame({"a": a, "b": b, "c": c}))
    assert found.groups == (("a", "b", "c"),)
    assert found.notes == ("a, b and c overlap strongly: importance is shared between them.",)


def test_columns_drawn_independently_get_no_note(churn_bundle: ModelBundle, churn_frame: pd.DataFrame) -> None:
    assert correlated_columns(take_sample(churn_bundle, churn_frame)) == Correlated()


def test_500_columns_alike_and_too_few_rows() -> None:
    table = pd.DataFrame(np.repeat(numbers(50, 1).to_numpy(), 500, axis=1)).add_prefix("c")
    table.columns = [f"c{i:03d}" for i in range(500)]
    found = correlated_columns(take_sample(linear_model(table, [1.0] * 500), table))
    assert len(found.pairs) == 50
    assert len(found.groups[0]) == 500
    assert found.notes == ("c000, c001, c002, c003 and 496 more say much the same: importance is shared between them.",)
    assert correlated_columns(take_sample(linear_model(table, [1.0] * 500), table.iloc[:5])) == Correlated()
