"""The Predict page's form for one row: every change is answered, and nothing in a model breaks it."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import DataError
from core.runs.requests import MODEL_NAME
from core.scoring import predict_proba_rows
from core.serialization import load_bundle, save_bundle
from core.trainer import predict_rows, train_model_from_file
from core.types import InputSchema, ModelBundle, TrainingConfig
from pages.shared.rowstart import read_row
from pages.shared.text import number, percent
from tests.pages.conftest import Browser

PREDICT, RUNS = "pages/use/predict.py", "pages/use/runs.py"
FROM_TABLE = "Start with a row of a table"
ODD_NAMES = ["it's", '"quoted"', "<b>bold</b>", "=1+1", "**stars** :smile: $x$", "naïve 🦊", "a_b c", "x" * 200]


@pytest.fixture
def form(browser, trained):
    """Return a browser at the form of the finished training."""
    return open_form(browser.open(PREDICT, run=trained.id))


@pytest.fixture
def bundle(workspace, trained) -> ModelBundle:
    """Return the model of the finished training."""
    return load_bundle(workspace.run_dir(trained.id) / MODEL_NAME)


@pytest.fixture
def use(browser, home, tmp_path):
    """Return a function that opens the form of a model trained on a table."""

    def train_and_open(frame: pd.DataFrame, target: str, **roles: Any) -> Browser:
        return use_bundle(browser, trained_on(frame, target, tmp_path, **roles), tmp_path)

    return train_and_open


def test_it_starts_with_a_typical_row_and_its_prediction(form, bundle, churn_frame):
    assert [box.label for box in form.app.number_input] == ["tenure", "charge"]
    tenure, charge = (field(form, name).value for name in ("tenure", "charge"))
    assert tenure == churn_frame["tenure"].median()
    assert charge == pytest.approx(churn_frame["charge"].median(), rel=1e-5)
    assert field(form, "contract").value == churn_frame["contract"].mode()[0]
    joined = field(form, "joined").value
    assert isinstance(joined, date)
    row = {"joined": joined, "tenure": tenure, "charge": charge, "contract": field(form, "contract").value}
    assert shown(form) == words_for(bundle, row)
    assert not form.app.warning


def test_a_change_is_answered_at_once_and_the_curve_follows(form, bundle):
    before = shown(form)
    field(form, "tenure").set_value(2.0)
    form.run()
    assert form.sees("With all else as it is, raising tenure from 1 to 59 moves the probability of")
    contract = field(form, "contract")
    contract.set_value(next(option for option in contract.options if option != contract.value))
    form.run()
    assert shown(form) != before
    assert shown(form) == words_for(bundle, row_in(form))
    assert field(form, "Field of the curve").value == "contract"
    assert form.sees("With all else as it is, contract moves the probability of")
    field(form, "charge").set_value(50.0)
    form.run()
    assert field(form, "Field of the curve").value == "charge"
    assert form.sees("With all else as it is, raising charge from")


def test_the_sentence_says_what_the_model_predicts_at_its_ends(form, bundle, churn_frame):
    field(form, "Field of the curve").set_value("tenure")
    form.run()
    row = row_in(form)
    label = predict_rows(bundle, [row])[0]
    at = bundle.class_names.index(label)
    low, high = int(churn_frame["tenure"].min()), int(churn_frame["tenure"].max())
    steps = np.round(np.linspace(low, high, 41))
    shares = predict_proba_rows(bundle, [{**row, "tenure": value} for value in steps])[:, at]
    is_one_way = {shares[0], shares[-1]} == {shares.min(), shares.max()}
    moved = (
        f"from {percent(shares[0])} to {percent(shares[-1])}" if is_one_way
        else f"between {percent(shares.min())} and {percent(shares.max())}"
    )  # fmt: skip
    assert form.sees(
        f"With all else as it is, raising tenure from {low} to {high} moves the probability of {label} {moved}."
    )


def test_what_training_never_saw_is_said_beside_the_prediction(form, bundle):
    field(form, "tenure").set_value(500.0)
    type_into(form, "contract", "for life")
    form.run()
    assert [form_text(warning) for warning in form.app.warning] == [
        "'tenure' is 500, and training saw 1 to 59. The farther outside, the less it can be trusted.",
        "Training never saw 'for life' in 'contract': it counts as none of the known values.",
    ]
    assert shown(form) == words_for(bundle, row_in(form))


def test_every_field_can_be_empty_and_what_then_counts_is_said(form, bundle):
    for name in ("joined", "tenure", "charge", "contract"):
        field(form, name).set_value(None)
    form.run()
    assert form.sees("Empty, and taken as the middle of the training rows: 'joined', 'tenure' and 'charge'.")
    assert form.sees("Empty, and taken as none of the known values: 'contract'.")
    assert shown(form) == words_for(bundle, {})


def test_a_row_of_a_table_fills_the_form_and_shows_its_outcome(form, bundle, churn_frame):
    start(form).set_value(FROM_TABLE)
    form.run()
    field(form, "Row").set_value(7)
    form.run()
    cells = churn_frame.iloc[6]
    assert field(form, "tenure").value == cells["tenure"]
    assert field(form, "contract").value == cells["contract"]
    assert field(form, "joined").value == pd.to_datetime(cells["joined"], format="%d.%m.%Y").date()
    row = cells.drop("churn").to_dict()
    assert shown(form) == words_for(bundle, row)
    verdict = "as predicted" if predict_rows(bundle, [row])[0] == cells["churn"] else "not as predicted"
    assert form.sees(f"Truth in row 7 of the table: **{cells['churn']}**, {verdict}.")
    assert form.sees("The model may have learned from this very row.")
    field(form, "tenure").set_value(cells["tenure"] + 1.0)
    form.run()
    assert form.sees("The row was changed since, so this is no longer its outcome.")


def test_a_row_is_read_from_whichever_part_of_the_table_holds_it(tmp_path):
    pq.write_table(pa.table({"x": list(range(1, 11))}), tmp_path / "table.parquet", row_group_size=4)
    numbers = (1, 4, 5, 8, 9, 10)
    assert [read_row(tmp_path / "table.parquet", at)["x"] for at in numbers] == list(numbers)
    for at in (0, 11):
        with pytest.raises(DataError, match=f"The table has no row {at}. Choose another one."):
            read_row(tmp_path / "table.parquet", at)


def test_reset_brings_the_start_back(form, churn_frame):
    field(form, "tenure").set_value(2.0)
    form.run().click("predict_row_")
    assert field(form, "tenure").value == churn_frame["tenure"].median()
    start(form).set_value(FROM_TABLE)
    field(form.run(), "tenure").set_value(500.0)
    form.run().click("predict_row_")
    assert field(form, "tenure").value == churn_frame["tenure"][0]
    start(form).set_value("Start with a typical row")
    form.run()
    assert field(form, "tenure").value == churn_frame["tenure"].median()
    assert not form.sees("Truth in row")


def test_a_table_without_the_models_columns_leaves_the_form_and_says_so(form, prices, churn_frame):
    start(form).set_value(FROM_TABLE)
    form.run()
    field(form, "Table").set_value(prices.id)
    form.run()
    assert form.sees("The table 'prices' has none of the model's columns. Choose another table.")
    assert field(form, "tenure").value == churn_frame["tenure"][0]


def test_columns_that_a_table_lacks_are_empty_and_named(form, workspace, store, tmp_path):
    from core.runs.datasets import add_table

    (tmp_path / "few.csv").write_text("tenure,contract\n5,yearly\n6,monthly\n")
    few = add_table(workspace, store, tmp_path / "few.csv", "few.csv")
    start(form).set_value(FROM_TABLE)
    form.run()
    field(form, "Table").set_value(few.id)
    form.run()
    assert form.sees("Columns that this table lacks, and that are empty here: 'joined' and 'charge'.")
    assert (field(form, "tenure").value, field(form, "charge").value) == (5.0, None)
    assert not form.sees("Truth in row")


def test_what_was_typed_is_there_after_another_page(form, bundle):
    field(form, "tenure").set_value(3.0)
    type_into(form, "contract", "for life")
    form.run()
    before = shown(form)
    form.app.switch_page(RUNS)
    form.run()
    form.app.switch_page(PREDICT)
    form.run()
    assert field(form, "tenure").value == 3.0
    assert field(form, "contract").value == "for life"
    assert shown(form) == before


def test_a_number_is_shown_with_the_usual_error_and_a_table_with_what_it_is_off(use, workspace, store, price_csv):
    from core.runs.datasets import add_table

    add_table(workspace, store, price_csv, "prices.csv")
    frame = pd.read_csv(price_csv)
    form = use(frame, "price", epochs=30)
    bundle = bundle_in(form)
    row = {name: field(form, name).value for name in ("area", "rooms", "district")}
    assert shown(form) == number(predict_rows(bundle, [row])[0])
    rmse = bundle.record.metrics["test_metric_value"]
    assert form.sees(f"On the test rows its RMSE, in which large errors count more, was {number(rmse)}.")
    assert form.sees("moves the predicted price")
    start(form).set_value(FROM_TABLE)
    form.run()
    predicted, truth = predict_rows(bundle, frame.head(1).to_dict("records"))[0], frame["price"][0]
    side = "above" if predicted >= truth else "below"
    assert form.sees(f"Truth in row 1 of the table: **{number(truth)}**.")
    assert form.sees(f"The prediction is {number(abs(predicted - truth))} {side} that.")
    assert not form.sees("may have learned")  # the model file does not say from which table it came


def test_two_models_keep_their_rows_apart(browser, home, tmp_path):
    frame = pd.DataFrame({"x": np.arange(60.0), "y": ["a", "b"] * 30})
    first, second = (trained_on(frame, "y", tmp_path / name) for name in "ab")
    use_bundle(browser, first, tmp_path / "one")
    field(browser, "x").set_value(7.0)
    browser.run()
    browser.app.session_state["predict_own"] = {"label": "two", "path": str(save_bundle(second, tmp_path / "two"))}
    assert field(browser.run(), "x").value == 29.5
    browser.app.session_state["predict_own"] = {"label": "one", "path": str(tmp_path / "one" / MODEL_NAME)}
    assert field(browser.run(), "x").value == 7.0


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_odd_names_are_shown_as_they_are(use, task):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.normal(size=80) for name in ODD_NAMES})
    frame["<i>y</i> = *"] = (
        rng.choice(["<u>a</u>", "**b**", "=c"], 80) if task == "classification" else rng.normal(size=80)
    )
    form = use(frame, "<i>y</i> = *")
    labels = [plain(box.label) for box in form.app.number_input]
    assert labels[:7] == ODD_NAMES[:7]
    assert labels[7] == "x" * 59 + "…"
    for box in list(form.app.number_input):
        box.set_value(99.0)
    form.run()
    assert form.sees("'<b>bold</b>' is 99, and training saw")
    assert plain(form.app.metric[0].label) == "Predicted <i>y</i> = *"
    assert r"\<i\>y\<\/i\>" in form.app.metric[0].label


def test_long_categories_are_cut_in_the_label_only(use):
    long = [f"{'very ' * 40}{kind}" for kind in ("good", "bad")]
    frame = pd.DataFrame({"grade": long * 40, "y": ["u", "v"] * 40})
    form = use(frame, "y")
    box = field(form, "grade")
    assert len(set(box.options)) == 2
    assert max(map(len, box.options)) <= 64
    box.set_value(long[1])
    form.run()
    assert field(form, "grade").value == long[1]
    assert shown(form) == words_for(bundle_in(form), {"grade": long[1]})


def test_of_many_columns_the_first_are_shown_and_the_others_are_found_by_name(use):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({f"c{i:03d}": rng.normal(size=60) for i in range(500)}).assign(y=["u", "v"] * 30)
    form = use(frame, "y")
    assert [box.label for box in form.app.number_input] == [f"c{i:03d}" for i in range(30)]
    assert form.sees("The first 30 of 500 columns.")
    before = shown(form)
    form.app.multiselect[0].set_value([444])
    form.run()
    field(form, "c444").set_value(9.0)
    form.run()
    assert [box.label for box in form.app.number_input][:2] == ["c444", "c000"]
    assert shown(form) != before
    assert form.sees("'c444' is 9, and training saw")
    form.app.multiselect[0].set_value([])
    form.run()
    assert form.sees("'c444' is 9, and training saw")


def test_of_26_classes_five_are_shown_and_any_can_be_followed(use):
    letters = [chr(ord("a") + i % 26) for i in range(260)]
    frame = pd.DataFrame({"x": np.arange(260.0) % 26, "y": letters})
    form = use(frame, "y", epochs=5)
    assert [expander.label for expander in form.app.expander][-1] == "21 more"
    assert len(form.app.dataframe[0].value) == 21
    field(form, "Probability of").set_value(bundle_in(form).class_names.index("q"))
    form.run()
    assert form.sees("moves the probability of q ")


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        ({"x": np.arange(60.0)}, {}),
        ({"colour": ["red", "blue", "green"] * 20}, {}),
        ({"day": pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")}, {"dates": ["day"]}),
        (
            {"at": pd.date_range("2024-01-01 06:30", periods=60, freq="7h").strftime("%Y-%m-%d %H:%M")},
            {"dates": ["at"]},
        ),
        ({"same": [5.0] * 60, "void": [None] * 60}, {}),
        ({"size": ["10", "12", "large"] * 20}, {}),
        ({"store": [1, 2, 30] * 20}, {"categories": ("store",)}),
        ({"narrow": [0.0, 5e-324] * 30, "wide": [-1e150, 1e150] * 30}, {}),
    ],
    ids=["one number", "only texts", "only dates", "only times", "constant and empty", "mixed", "codes", "odd ranges"],
)
@pytest.mark.parametrize("older", [False, True], ids=["", "without deciles"])
def test_a_model_of_whatever_columns_has_a_form(browser, home, tmp_path, columns, roles, older):
    bundle = trained_on(pd.DataFrame({**columns, "y": ["u", "v"] * 30}), "y", tmp_path, **roles)
    if older:
        bundle = without_deciles(bundle)
    form = use_bundle(browser, bundle, tmp_path)
    names = [name for name in columns if name != "void"]
    assert [plain(box.label) for box in fields(form)] == names
    assert shown(form) == words_for(bundle, row_in(form))
    for name in names:
        field(form, name).set_value(None)
    form.run()
    assert shown(form) == words_for(bundle, {})
    assert form.sees("Empty, and taken as")


def test_a_constant_column_is_said_to_have_no_curve(use):
    form = use(pd.DataFrame({"same": [5.0] * 60, "y": ["u", "v"] * 30}), "y")
    assert form.sees("Training saw only one value of same, so there is no curve to draw.")
    field(form, "same").set_value(6.0)
    form.run()
    assert form.sees("'same' is 6, and training saw only 5.")


def test_a_text_in_a_column_of_numbers_and_texts_can_be_typed(use):
    form = use(pd.DataFrame({"size": ["10", "12", "large"] * 20, "y": ["u", "v"] * 30}), "y")
    assert field(form, "size").value == "11"
    field(form, "size").set_value("large")
    form.run()
    assert shown(form) == words_for(bundle_in(form), {"size": "large"})
    assert not form.app.warning
    field(form, "size").set_value("huge")
    form.run()
    assert form.sees("Training never saw 'huge' in 'size'")


def test_a_model_that_learned_from_empty_columns_only_says_so(use):
    form = use(pd.DataFrame({"void": [None] * 60, "y": ["u", "v"] * 30}), "y")
    assert form.sees("This model learned from no column that ever held a value")


def test_a_model_that_is_damaged_meanwhile_gives_the_sentence(form, workspace, trained):
    path = workspace.run_dir(trained.id) / MODEL_NAME
    content = bytearray(path.read_bytes())
    content[-4000] ^= 255
    path.write_bytes(bytes(content))
    field(form, "tenure").set_value(3.0)
    form.run()
    assert form.app.error
    assert not form.app.metric


def test_a_table_whose_file_is_gone_gives_the_sentence_and_leaves_the_form(form, workspace, store, churn_frame):
    from core.runs.datasets import table_path

    [table] = store.datasets()
    table_path(workspace, table).unlink()
    start(form).set_value(FROM_TABLE)
    form.run()
    assert form.sees("The file of the table 'churn' is missing")
    assert field(form, "tenure").value == churn_frame["tenure"].median()


def open_form(browser: Browser) -> Browser:
    browser.app.segmented_control(key="predict_way").set_value("One row")
    return browser.run()


def use_bundle(browser: Browser, bundle: ModelBundle, folder: Path) -> Browser:
    """Open the form of a bundle, as of a model file that was uploaded."""
    path = save_bundle(bundle, folder)
    browser.app.session_state["predict_own"] = {"label": "own", "path": str(path)}
    return open_form(browser.open(PREDICT))


def trained_on(
    frame: pd.DataFrame,
    target: str,
    folder: Path,
    dates: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    epochs: int = 2,
) -> ModelBundle:
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / "table.csv", index=False)
    cfg = TrainingConfig(target, epochs=epochs, hidden_dim=16, categorical_columns=categories)
    return train_model_from_file(folder / "table.csv", cfg, date_columns=dates)[0]


def without_deciles(bundle: ModelBundle) -> ModelBundle:
    """Return the bundle as an earlier version would have saved it."""
    older = copy.copy(bundle)
    older.schema = InputSchema(tuple(replace(column, quantiles=()) for column in bundle.schema.columns))
    return older


def bundle_in(form: Browser) -> ModelBundle:
    return load_bundle(form.app.session_state["predict_own"]["path"])


def fields(form: Browser) -> list[Any]:
    """Return the fields of the form in their order on the page."""
    boxes = [box for kind in KINDS for box in getattr(form.app, kind) if is_field(box.key)]
    return sorted(boxes, key=lambda box: int(box.key.rsplit("_", 1)[1]))


KINDS = ("number_input", "selectbox", "text_input", "date_input", "datetime_input")


def is_field(key: str | None) -> bool:
    return (key or "").startswith("predict_row_") and key.rsplit("_", 1)[1].isdecimal()


def field(form: Browser, label: str) -> Any:
    return next(box for kind in KINDS for box in getattr(form.app, kind) if plain(box.label) == label)


def type_into(form: Browser, label: str, text: str) -> None:
    """Type a new option into a list, as a browser lets one."""
    box = field(form, label)
    box.options.append(text)
    box.set_value(text)


def start(form: Browser) -> Any:
    return form.app.segmented_control[1]


def row_in(form: Browser) -> dict[str, Any]:
    return {plain(box.label): box.value for box in fields(form)}


def shown(form: Browser) -> str:
    return plain(form.app.metric[0].value)


def words_for(bundle: ModelBundle, row: dict[str, Any]) -> str:
    """Return what the page should show in large for a row."""
    return f"{predict_rows(bundle, [row])[0]} · {percent(predict_proba_rows(bundle, [row]).max())}"


def form_text(element: Any) -> str:
    return plain(element.value)


def plain(text: str) -> str:
    """Return a text without the signs that keep Markdown from reading it."""
    return text.replace("\\", "").replace("\u2060", "")
