"""Columns under another name are found by name and cells, and none is suggested where the model's column is absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.scoring.namelikeness import SURE, are_siblings, name_likeness
from core.scoring.renames import Rename, match_names, plain_name, suggest_renames
from core.tables.schema import describe_inputs
from core.types import InputSchema
from tests.core.scoring.renamed_columns import ADULT_COLUMNS, TABLES, RenamedTable

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
Samples = dict[str, list[str | None]]


def table(n_rows: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Return a table of sales with columns of each kind."""
    random = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 500, n_rows), unit="D")
    return pd.DataFrame(
        {
            "quantity": random.poisson(20, n_rows),
            "unit_price": random.lognormal(3, 1, n_rows).round(2),
            "customer_age": random.normal(45, 12, n_rows).round(),
            "region": random.choice(["North", "South", "East", "West"], n_rows, p=[0.4, 0.3, 0.2, 0.1]),
            "is_member": random.choice(["yes", "no"], n_rows),
            "has_card": random.choice(["yes", "no"], n_rows),
            "order_date": days.strftime("%d.%m.%Y"),
            "revenue": random.normal(100, 10, n_rows),
        }
    )


def schema_of(frame: pd.DataFrame, target: str = "revenue", dates: Sequence[str] = ("order_date",)) -> InputSchema:
    return describe_inputs(frame, target, (), dates)


def cells(values: pd.Series) -> list[str | None]:
    return [None if pd.isna(cell) or cell == "" else str(cell) for cell in values.tolist()]


def suggested(renames: Mapping[str, str], extra: Mapping[str, Sequence[str | None]] | None = None) -> dict[str, str]:
    """Return what is suggested when `renames` are the names that a table has instead of the model's."""
    rows = table(1_000, seed=1)
    samples = {name: cells(rows[model]) for model, name in renames.items()} | dict(extra or {})
    return {rename.model: rename.table for rename in suggest_renames(schema_of(table()), list(renames), samples)}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Cust. Age", "custage"), ("cust_AGE", "custage"), ("Größe", "grosse"), ("Café-Nr.", "cafenr"),
        ("Prix (€)", "prix"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("ﬁeld", "field"), ("Ａｇｅ", "age"),
        ("北京 人口", "北京人口"), ("人数", "人数"), ("a\u00a0b\t", "ab"), ("--- ", ""), ("", ""), ("x²", "x2"),
    ],
)  # fmt: skip
def test_a_plain_name_has_no_case_accents_blanks_or_punctuation(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_the_same_name_goes_before_a_look_alike() -> None:
    assert match_names(["Age", "age"], ["AGE", "age"]) == {"Age": "AGE", "age": "age"}
    assert match_names(["Town", "Area"], ["area ", "TOWN", "id"]) == {"Town": "TOWN", "Area": "area "}


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        (["age"], ["AGE", "Age"]),  # which of the two?
        (["Age", "AGE"], ["age"]),  # whose is it?
        (["??"], ["!!"]),  # nothing is left of either name
        (["age"], ["ages"]),
        (["age"], []),
        ([], ["age"]),
    ],
)
def test_names_that_could_be_meant_twice_or_say_nothing_are_not_matched(wanted: list[str], present: list[str]) -> None:
    assert match_names(wanted, present) == {}


def test_no_column_of_a_table_is_matched_twice() -> None:
    random = Random(0)
    spellings = ["age", "Age", "AGE", "a-g-e", "town", "Town", "x", "X", "?"]
    for _ in range(500):
        wanted, present = (random.sample(spellings, random.randint(0, 9)) for _ in range(2))
        found = match_names(wanted, present)
        assert len(set(found.values())) == len(found)
        assert set(found) <= set(wanted)
        assert set(found.values()) <= set(present)
        assert all(found[name] == name for name in set(wanted) & set(present))
        assert all(plain_name(name) == plain_name(other) for name, other in found.items())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("quantity", "qty"), ("cust_age", "Customer age"), ("price", "price (EUR)"), ("price", "Price [€/kg]"),
        ("MonthlyCharges", "charges_monthly"), ("hr", "Hour"), ("temperature", "Temp °C"), ("date of birth", "dob"),
        ("TotalCharges", "tot. charges"), ("n_rooms", "number of rooms"), ("registeration_len", "Registration length"),
        ("2nd floor area", "second floor area"), ("gender", "Sex"), ("category", "Categories"), ("is_member", "Member"),
    ],
)  # fmt: skip
def test_names_that_people_write_for_each_other_say_the_same(one: str, other: str) -> None:
    assert name_likeness(one, other) >= SURE
    assert name_likeness(one, other) == name_likeness(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TotalCharges", "MonthlyCharges"), ("1st sem (grade)", "2nd sem (grade)"), ("temp_min", "temp_max"),
        ("start date", "end date"), ("evaluations", "without evaluations"), ("BsmtFin.SF.1", "BsmtFin.SF.2"),
        ("StreamingTV", "StreamingMovies"), ("total_rooms", "total_bedrooms"), ("temp", "atemp"), ("male", "female"),
        ("x", "y"), ("price", "price_old"), ("ROLE_ROLLUP_1", "ROLE_ROLLUP_2"), ("", "age"), ("?", "!"),
        ("Price (net)", "Price (gross)"), ("qualification", "qualification (grade)"),
    ],
)  # fmt: skip
def test_names_of_different_things_do_not_say_the_same(one: str, other: str) -> None:
    assert name_likeness(one, other) < SURE
    assert name_likeness(other, one) < SURE


def test_names_that_share_a_word_but_have_each_their_own_are_siblings() -> None:
    assert are_siblings("grade 1st sem", "grade 2nd sem")
    assert are_siblings("temp", "atemp")
    assert not are_siblings("customer age", "cust_age")
    assert not are_siblings("region", "Gebiet")


def test_endless_and_odd_names_are_judged_at_once() -> None:
    long = ["a" * 50_000, "a " * 25_000, "(" * 50_000, "aA1" * 10_000, "=1+1", "<b>age</b>", "\u202e\ud83d\ude00", ""]
    found = suggest_renames(schema_of(table(200)), ["quantity"], {name: ["1"] * 30 for name in long})
    assert found == ()


def test_renamed_columns_of_each_kind_are_suggested() -> None:
    renames = {
        "quantity": "Qty", "unit_price": "Price per unit (EUR)", "customer_age": "Age of customer",
        "region": "Shop region", "is_member": "Member?", "order_date": "Date of order",
    }  # fmt: skip
    assert suggested(renames) == renames


def test_a_suggestion_says_why() -> None:
    rows = table(1_000, seed=1)
    samples = {"qty": cells(rows["quantity"]), "Shop region": [*cells(rows["region"])[:-20], *["Abroad"] * 20]}
    found = {rename.model: rename for rename in suggest_renames(schema_of(table()), ["quantity", "region"], samples)}
    words = "The names say the same, and all its cells are numbers in the range of training."
    assert found["quantity"] == Rename("quantity", "qty", 0.95, words)
    assert found["region"].evidence == (
        "The names are alike, and 98.0 % of its cells are categories that the model knows."
    )
    assert found["quantity"].score > found["region"].score > 0


def test_what_all_names_of_a_table_begin_with_does_not_count() -> None:
    renames = {"quantity": "sales_quantity", "region": "sales_area_region", "customer_age": "sales_customer_age"}
    assert suggested(renames) == renames


def test_cells_alone_tell_a_column_where_they_are_many_and_suit_no_other() -> None:
    renames = {"region": "Gebiet", "unit_price": "Stueckpreis"}
    assert suggested(renames) == renames


def test_yes_and_no_tell_no_column() -> None:
    assert suggested({"is_member": "Mitglied"}) == {}
    assert suggested({"is_member": "Mitglied", "has_card": "Karte"}) == {}


def test_cells_that_suit_another_column_of_the_model_too_tell_none() -> None:
    rows = table(4_000)
    rows["warehouse"] = np.random.default_rng(5).permutation(rows["region"])
    schema = schema_of(rows[:2_000])
    assert suggest_renames(schema, ["region"], {"Gebiet": cells(rows["region"][2_000:])}) == ()


def test_cells_that_contradict_keep_a_name_from_being_suggested() -> None:
    words = ["red", "green", "blue"] * 100
    assert suggested({}, {"qty": words, "Reg.": words}) == {}
    rows = schema_of(table())
    samples = {"qty": words, "Cust. age": words, "Date of order": words, "sales region": words}
    assert suggest_renames(rows, ["quantity", "customer_age", "order_date", "region"], samples) == ()
    elsewhere = {"qty": [str(n) for n in range(100_000, 101_000)]}
    assert suggest_renames(rows, ["quantity"], elsewhere) == ()


def test_a_sibling_of_an_absent_column_is_not_suggested() -> None:
    frame = pd.DataFrame(
        {
            "grade 1st": np.arange(500) % 40, "grade 2nd": np.arange(500) % 41, "max_speed": np.arange(500) % 37,
            "y": np.arange(500),
        }
    )  # fmt: skip
    schema = describe_inputs(frame, "y", (), ())
    samples = {"grade 3rd": cells(frame["grade 2nd"]), "min_speed": cells(frame["max_speed"])}
    assert suggest_renames(schema, ["grade 1st", "grade 2nd", "max_speed"], samples) == ()


@pytest.mark.parametrize(
    ("names", "missing", "name"),
    [
        (("year_built", "garage_cars"), "year_built", "garage_year_built"),  # garage tells the model's columns apart
        (("price", "unit_price"), "unit_price", "prices"),  # more like the one that was found
    ],
)
def test_a_name_that_may_be_of_another_column_is_not_suggested(names: Sequence[str], missing: str, name: str) -> None:
    frame = pd.DataFrame({names[0]: np.arange(600) % 97, names[1]: np.arange(600) % 97, "y": np.arange(600)})
    schema = describe_inputs(frame, "y", (), ())
    assert suggest_renames(schema, [missing], {name: cells(frame[missing])}) == ()
    alone = describe_inputs(frame[[missing, "y"]], "y", (), ())
    assert [rename.table for rename in suggest_renames(alone, [missing], {name: cells(frame[missing])})] == [name]


def test_two_that_could_both_be_meant_are_not_suggested() -> None:
    sample = cells(table(1_000, seed=1)["quantity"])
    schema = schema_of(table())
    assert suggest_renames(schema, ["quantity"], {"Qty.": sample, "QTY": sample}) == ()
    (rename,) = suggest_renames(schema, ["quantity"], {"Qty.": sample, "discount": sample})
    assert rename.table == "Qty."


def test_no_column_is_suggested_twice() -> None:
    frame = pd.DataFrame({"price": np.arange(300) % 90, "price_net": np.arange(300) % 90, "y": np.arange(300)})
    found = suggest_renames(
        describe_inputs(frame, "y", (), ()), ["price", "price_net"], {"prices": cells(frame["price"])}
    )
    assert [(rename.model, rename.table) for rename in found] == [("price", "prices")]


def test_the_target_and_other_columns_of_training_are_not_taken_for_a_missing_one() -> None:
    frame = table().assign(revenues=lambda rows: rows["revenue"])
    schema = describe_inputs(frame, "revenue", ("has_card",), ("order_date",))
    samples = {"revenue": cells(frame["revenue"]), "has_card": cells(frame["is_member"])}
    assert suggest_renames(schema, ["revenues", "is_member"], samples) == ()


@pytest.mark.parametrize("sample", [[], [None] * 50, ["", "n/a", None]])
def test_without_cells_only_the_same_name_is_suggested(sample: list[str | None]) -> None:
    schema = schema_of(table())
    (rename,) = suggest_renames(schema, ["quantity", "region"], {"Qty": sample, "sales region": sample})
    assert (rename.model, rename.table, rename.evidence) == ("quantity", "Qty", "The names say the same.")


def test_a_few_pasted_rows_are_enough_for_the_same_name() -> None:
    samples: Samples = {"Qty": ["20"], "Cust. age": ["1.045,5"], "Order dt": ["03.02.2024"], "sales region": ["North"]}
    found = suggest_renames(schema_of(table()), ["quantity", "order_date", "region"], samples)
    assert {rename.model: rename.table for rename in found} == {"quantity": "Qty", "order_date": "Order dt"}


def test_numbers_in_another_writing_are_read() -> None:
    rows = table(1_000, seed=1)
    prices = [f"{price:,.2f} €".translate(str.maketrans(",.", ".,")) for price in rows["unit_price"]]
    (rename,) = suggest_renames(schema_of(table()), ["unit_price"], {"Stückpreis": prices})
    assert rename.evidence.endswith("of its cells are numbers in the range of training, spread as in training.")


def test_codes_are_compared_as_codes() -> None:
    frame = pd.DataFrame({"shop": np.arange(600) % 12 + 1, "y": np.arange(600)})
    schema = describe_inputs(frame, "y", (), (), categorical=("shop",))
    sample: list[str | None] = [f"{code}.0" for code in frame["shop"]]
    (rename,) = suggest_renames(schema, ["shop"], {"shop no.": sample})
    assert rename.evidence == "The names say the same, and all its cells are categories that the model knows."


def test_a_model_of_an_earlier_version_or_an_empty_table_is_no_error() -> None:
    schema = schema_of(table())
    assert suggest_renames(schema, [], {"Qty": ["1"]}) == ()
    assert suggest_renames(schema, ["quantity"], {}) == ()
    assert suggest_renames(InputSchema(()), ["quantity"], {"Qty": ["1"]}) == ()


@lru_cache
def shared_table(name: str) -> tuple[RenamedTable, InputSchema, pd.DataFrame]:
    """Return a table's other names, the schema of 4,000 rows at random, or two thirds, and the other rows as texts."""
    entry = TABLES[name]
    path = SHARED / entry.path
    if not path.exists():
        pytest.skip(f"{path} is not here")
    header: dict[str, Any] = {"header": None, "names": ADULT_COLUMNS} if name == "adult" else {}
    frame = pd.read_csv(path, sep=entry.separator, dtype=str, encoding="utf-8-sig", keep_default_na=False, **header)
    rows = frame.rename(columns=str.strip).sample(min(len(frame), 6_000), random_state=0)
    n_known = len(rows) * 2 // 3
    schema = describe_inputs(rows[:n_known], entry.target, entry.excluded, entry.dates, entry.categorical)
    return entry, schema, rows[n_known:]


def test_most_columns_of_well_known_tables_are_found_and_none_is_taken_for_another() -> None:
    n_renamed = n_found = 0
    for name in TABLES:
        entry, schema, rows = shared_table(name)
        samples = {other: cells(rows[model]) for model, other in entry.renames.items()}
        samples |= {column: cells(rows[column]) for column in rows.columns if column not in schema.feature_columns}
        samples |= {"Remarks": ["ok", "late", "call back"] * 100, "Row": [str(row) for row in range(300)]}
        found = {rename.model: rename.table for rename in suggest_renames(schema, list(entry.renames), samples)}
        assert {model: entry.renames[model] for model in found} == found, name
        n_renamed, n_found = n_renamed + len(entry.renames), n_found + len(found)
    print(f"{n_found} of {n_renamed} renamed columns were found")
    assert n_found >= 0.85 * n_renamed


def test_next_to_nothing_is_suggested_where_the_models_column_is_absent() -> None:
    """Half of a table's columns are the model's, a third of these absent; the other half is in the table."""
    random = Random(0)
    n_absent, wrong = 0, []
    for name in TABLES:
        entry, schema, rows = shared_table(name)
        features = list(schema.feature_columns)
        for _ in range(8):
            random.shuffle(features)
            known = set(features[: len(features) // 2])
            absent = features[: max(1, len(known) // 3)]
            kept = tuple(column for column in schema.columns if column.name in known or column.role == "target")
            samples = {
                random.choice([column, entry.renames.get(column, column)]): cells(rows[column])
                for column in rows.columns
                if column not in known
            }
            wrong += [(name, *found) for found in _pairs(suggest_renames(InputSchema(kept), absent, samples))]
            n_absent += len(absent)
    print(f"{len(wrong)} wrong suggestions for {n_absent} absent columns: {wrong}")
    assert n_absent > 200
    assert len(wrong) <= 0.02 * n_absent


def _pairs(renames: Sequence[Rename]) -> list[tuple[str, str]]:
    return [(rename.model, rename.table) for rename in renames]
