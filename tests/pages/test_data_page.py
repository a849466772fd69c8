"""The Data page: bringing a table, seeing how it was read, and saying what its columns are."""

import fcntl
import time

from core.runs.checks import CHECKS
from core.runs.datasets import read_report
from core.runs.records import Roles
from core.tables.options import ColumnOptions, ReadOptions

DATA = "pages/build/data.py"


def test_an_empty_workspace_offers_an_upload_and_three_samples(browser):
    browser.open()
    assert browser.sees("Bring a table")
    assert browser.app.file_uploader[0].label == "CSV, Excel, ODS or Parquet"
    assert len([b for b in browser.app.button if b.label == "Try it"]) == 3


def test_one_click_on_a_sample_shows_its_rows_and_suggested_roles(browser, store):
    browser.open().click("data_sample_churn")
    dataset = store.datasets()[0]
    assert browser.app.query_params["dataset"] == dataset.id
    assert dataset.is_sample
    assert dataset.roles == Roles("churned", ("customer_id",), ("signup_date",))
    assert browser.sees("2,400 rows · 12 columns · CSV · encoding UTF-8 · separated by comma")
    assert browser.sees("Outcome: **churned**, 2 categories.")
    assert len(browser.app.dataframe[0].value) == 100


def test_roles_survive_leaving_and_another_browser_sees_them(browse, churn):
    first = browse().open(dataset=churn.id)
    first.app.multiselect(key=f"data_excluded_{churn.id}").set_value(["customer_id", "charge"])
    first.run()
    second = browse().open(dataset=churn.id)
    assert second.app.multiselect(key=f"data_excluded_{churn.id}").value == ["customer_id", "charge"]
    assert second.app.selectbox(key=f"data_target_{churn.id}").value == "churn"


def test_a_column_chosen_as_target_is_no_longer_left_out(browser, churn, store):
    browser.open(dataset=churn.id)
    browser.app.selectbox(key=f"data_target_{churn.id}").set_value("customer_id")
    browser.run()
    assert store.dataset(churn.id).roles == Roles("customer_id", (), ("joined",))


def test_a_column_left_out_is_no_longer_a_date_or_the_target(browser, churn, store):
    browser.open(dataset=churn.id)
    browser.app.multiselect(key=f"data_excluded_{churn.id}").set_value(["joined", "churn"])
    browser.run()
    assert store.dataset(churn.id).roles == Roles(None, ("joined", "churn"), ())
    assert next(b for b in browser.app.button if b.key == "data_next").disabled


def test_the_column_table_names_role_and_missing_share_of_every_column(browser, churn, churn_frame):
    browser.open(dataset=churn.id)
    table = browser.app.dataframe[2].value.set_index("Column")  # behind the rows, and how columns are read
    assert list(table.index) == list(churn_frame.columns)
    assert table.loc["churn", "Role"] == "Target"
    assert table.loc["customer_id", "Role"] == "Left out"
    assert table.loc["charge", "Missing"] == 100 * churn_frame["charge"].isna().mean()


def test_an_upload_with_names_that_look_like_markup_is_shown_as_it_is(browser, store):
    name = "**a** $x$ :smile: <b>"
    rows = "\n".join(f"{i % 7},{'yes' if i % 2 else 'no'}" for i in range(40))
    browser.open()
    browser.upload(f"{name}.csv", f'"{name}",y\n{rows}\n'.encode())
    dataset = store.datasets()[0]
    assert browser.sees(name)
    assert r"\*\*a\*\* \$x\$" in browser.app.title[0].value
    assert list(browser.app.dataframe[0].value.columns) == [name, "y"]
    browser.app.selectbox(key=f"data_target_{dataset.id}").set_value(name)
    assert browser.run().sees(f"Outcome: **{name}**, 7 categories.")


def test_a_file_that_is_no_table_gives_a_sentence_and_stays_until_another_is_chosen(browser, store):
    browser.open()
    browser.upload("broken.xlsx", b"PK\x03\x04 not a workbook")
    assert len(browser.app.error) == 1
    assert browser.sees("damaged")
    assert store.datasets() == []
    browser.click("data_upload_other")
    assert browser.sees("Bring a table")
    assert not browser.app.error
    assert not any(store.workspace.incoming.iterdir())


def test_a_file_that_cannot_be_read_can_be_read_in_another_way(browser, store):
    browser.open()
    browser.upload("long.csv", b"a,b\n1,2\n3,4,5\n6,7\n")
    assert browser.sees("Line 3 has 3 cells")
    intake = browser.app.query_params["intake"]
    browser.app.checkbox(key=f"intake_{intake}_long_rows").check()
    browser.click("FormSubmitter:intake").wait_for_intake()
    assert browser.sees("2 rows · 2 columns")
    assert browser.sees("Rows with more cells than columns were left out: line 3.")
    assert read_report(store.workspace, store.datasets()[0]).n_left_out == 1


def test_pasted_rows_become_a_table(browser, store):
    browser.open()
    browser.app.text_area(key="data_paste_text").set_value("name\tage\nAnn\t3,5\nBob\t4\n")
    browser.click("FormSubmitter:data_paste").wait_for_intake()
    assert browser.sees("2 rows · 2 columns · CSV · encoding UTF-8 · separated by tab")
    assert browser.app.dataframe[0].value["age"].tolist() == [3.5, 4.0]


def test_a_decision_is_changed_and_the_roles_stay(browser, store):
    browser.open()
    rows = "\n".join(f"{i % 9};1,{100 + i}" for i in range(40))
    browser.upload("sales.csv", f"shop;amount\n{rows}\n".encode())
    first = store.datasets()[0]
    assert browser.sees("1,234 can be a thousand or a little over one")
    browser.app.selectbox(key=f"data_target_{first.id}").set_value("shop")
    browser.run()
    browser.app.selectbox(key=f"data_reading_{first.id}_decimal").set_value(",")
    browser.click(f"FormSubmitter:data_reading_{first.id}").wait_for_intake()
    second = store.dataset(browser.app.query_params["dataset"])
    assert second.id != first.id
    assert second.roles == Roles("shop")  # the app left 'amount' out as an id only while it was text
    assert browser.app.dataframe[0].value["amount"].tolist()[:2] == [1.1, 1.101]


def test_a_word_is_kept_as_a_value_in_every_column(browser, store):
    browser.open()
    rows = "\n".join(f"{('DE', 'NA', 'FR')[i % 3]},{i}" for i in range(40))
    browser.upload("countries.csv", f"country,n\n{rows}\n".encode())
    first = store.datasets()[0]
    assert browser.app.dataframe[2].value.set_index("Column").loc["country", "Distinct"] == 2
    browser.app.multiselect(key=f"data_reading_{first.id}_kept_words").set_value(["NA"])
    browser.click(f"FormSubmitter:data_reading_{first.id}").wait_for_intake()
    second = store.dataset(browser.app.query_params["dataset"])
    assert read_report(store.workspace, second).options == ReadOptions(kept_words=("NA",))
    assert browser.app.multiselect(key=f"data_reading_{second.id}_kept_words").value == ["NA"]
    column = browser.app.dataframe[2].value.set_index("Column").loc["country"]
    assert (column["Distinct"], column["Missing"]) == (3, 0)


def test_one_click_keeps_a_class_and_another_takes_that_back(browser, store):
    rows = "\n".join(f"{i % 7},{('minor', 'none', 'severe')[i % 3]}" for i in range(300))
    browser.open()
    browser.upload("injuries.csv", f"a,injury\n{rows}\n".encode())
    browser.app.selectbox(key=f"data_target_{store.datasets()[0].id}").set_value("injury")
    wait_to_see(browser, "33.3 % of the rows have no 'injury'")
    browser.click("data_check_target_missing").wait_for_intake()
    kept = store.dataset(browser.app.query_params["dataset"])
    chosen = {"injury": ColumnOptions(kept_words=("none",))}
    assert read_report(store.workspace, kept).options == ReadOptions(columns=chosen)
    assert browser.sees("Outcome: **injury**, 3 categories.")
    browser.app.multiselect(key=f"data_reading_{kept.id}_missing_words").set_value(["?"])
    browser.click(f"FormSubmitter:data_reading_{kept.id}").wait_for_intake()
    both = store.dataset(browser.app.query_params["dataset"])
    assert read_report(store.workspace, both).options == ReadOptions(missing_words=("?",), columns=chosen)
    wait_to_see(browser, "Some cells of 'injury' are kept as values")
    browser.click("data_check_kept_words").wait_for_intake()
    back = store.dataset(browser.app.query_params["dataset"])
    assert read_report(store.workspace, back).options.of_column("injury") == ColumnOptions(missing_words=("?",))
    assert browser.sees("Outcome: **injury**, 2 categories.")


def wait_to_see(browser, text):
    """Draw the page until a text is on it."""
    deadline = time.monotonic() + 60
    while not browser.run().sees(text):
        assert time.monotonic() < deadline, browser.text
        time.sleep(0.3)


def test_another_sheet_of_a_workbook_is_another_table(browser, store):
    browser.open().click("data_sample_fruit")
    first = store.datasets()[0]
    assert first.sheets == ("Measurements", "Legend")
    browser.app.selectbox(key=f"data_sheet_{first.id}").set_value("Legend")
    browser.run()
    assert browser.sees("sheet 'Legend'")
    assert browser.app.query_params["dataset"] != first.id


def test_an_unknown_table_says_so_and_offers_others(browser, churn):
    browser.open(dataset="nope")
    assert browser.sees("There is no table 'nope'")
    assert browser.sees("Bring a table")
    assert browser.app.selectbox(key="data_earlier").options == ["churn · 240 rows"]


def test_the_receipt_tells_beforehand_what_becomes_of_everything(browser, churn, churn_frame):
    browser.open(dataset=churn.id)
    rows, columns = (table.value for table in browser.app.dataframe[-2:])
    assert rows["Count"].sum() == len(churn_frame)
    assert columns["Column"].tolist() == list(churn_frame.columns)
    assert columns.set_index("Column").loc["joined", "Became"] == "A date, told in numbers"


def open_leaky(browser, store):
    """Open a table with a column that knows the answer, and wait until it has been checked."""
    rows = "\n".join(f"{i % 7},{i % 2},{'yes' if i % 2 else 'no'}" for i in range(300))
    browser.open()
    browser.upload("leaky.csv", f"a,b,y\n{rows}\n".encode())
    dataset = store.datasets()[0]
    browser.app.selectbox(key=f"data_target_{dataset.id}").set_value("y")
    deadline = time.monotonic() + 60
    while not browser.run().sees("knows the answer alone"):
        assert time.monotonic() < deadline, browser.text
        time.sleep(0.3)
    return dataset


def test_checks_appear_with_their_evidence_and_one_click_follows_the_advice(browser, store):
    dataset = open_leaky(browser, store)
    assert browser.sees("'b' knows the answer alone")
    assert browser.sees("says the same as the target")
    browser.click("data_check_leak")
    assert store.dataset(dataset.id).roles.excluded == ("b",)


def test_the_other_checks_stay_while_the_table_is_checked_again_but_not_for_another_target(browser, store):
    dataset = open_leaky(browser, store)
    with (store.workspace.home / CHECKS.lock_name).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        browser.click("data_check_leak")
        assert browser.sees("Checking the table")
        assert not browser.sees("knows the answer alone")
        assert browser.sees("No column is mostly empty")
        browser.app.selectbox(key=f"data_target_{dataset.id}").set_value("a")
        assert browser.run().sees("Checking the table")
        assert not browser.sees("No column is mostly empty")
