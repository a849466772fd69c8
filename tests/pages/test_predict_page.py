"""The Predict page: pasted rows and whole files, back into a spreadsheet."""

import time
from io import StringIO

import pandas as pd

from core.runs.requests import MODEL_NAME

PREDICT = "pages/use/predict.py"


def test_without_a_model_it_says_what_to_do(browser):
    browser.open(PREDICT)
    assert browser.sees("There is no finished model yet.")
    assert browser.links == ["Train a model"]


def test_pasted_rows_come_back_with_predictions_in_their_order(browser, trained, churn_frame):
    rows = churn_frame.head(5).drop(columns=["churn", "charge"])
    browser.open(PREDICT, run=trained.id)
    paste(browser, rows.to_csv(sep="\t", index=False))
    assert browser.sees("Predictions for 5 rows")
    assert browser.sees("3 of 4 columns of the model were found.")
    assert browser.sees("5 rows to look at")
    assert browser.sees("Missing, and treated as empty cells in every row: 'charge'.")
    assert browser.sees("'customer_id'")
    result = tables_with(browser, "churn_prediction")[-1]
    assert result["customer_id"].tolist() == rows["customer_id"].tolist()
    assert set(result["churn_prediction"]) <= {"Yes", "No"}
    back = pd.read_csv(StringIO(browser.app.code[0].value), sep="\t")
    assert list(back.columns[:4]) == list(rows.columns)
    assert back["churn_probability_No"].add(back["churn_probability_Yes"]).round(3).eq(1).all()


def test_an_example_row_fits_the_model(browser, trained):
    browser.open(PREDICT, run=trained.id)
    browser.app.segmented_control(key="predict_way").set_value("Pasted rows")
    browser.run().click("predict_example")
    browser.click("predict_paste")
    assert browser.sees("4 of 4 columns of the model were found.")
    assert browser.sees("Predictions for 1 row")


def test_a_table_without_the_models_columns_gives_the_sentence(browser, trained):
    browser.open(PREDICT, run=trained.id)
    paste(browser, "size\tcolour\n1\tred\n")
    assert browser.sees("None of the model's columns")
    assert not browser.app.dataframe


def test_a_file_is_scored_by_a_job_and_its_page_holds_the_downloads(
    browser, store, workspace, trained, churn_csv, churn_frame, wait_for_end
):
    browser.open(PREDICT, run=trained.id)
    uploader(browser, "A file with the rows").upload("new.csv", churn_csv.read_bytes(), "text/csv")
    for _ in range(100):  # a busy machine may take longer than the page waits
        browser.run()
        if browser.sees("4 of 4 columns of the model were found."):
            break
        time.sleep(0.1)
    browser.click("predict_start")
    (job,) = store.runs("score")
    assert browser.app.query_params["job"] == job.id
    assert wait_for_end(job.id).state == "finished"
    browser.run()
    assert browser.sees("Predictions for 240 rows")
    assert [button.label for button in browser.app.download_button] == [
        "Download CSV",
        "Download Excel",
        "Download Parquet",
    ]
    written = pd.read_csv(workspace.run_dir(job.id) / "predictions.csv", encoding="utf-8-sig")
    assert written["customer_id"].tolist() == churn_frame["customer_id"].tolist()
    assert browser.sees("Held against the truth")
    shown = tables_with(browser, "churn_prediction")[-1]
    assert shown["churn_prediction"].tolist() == written["churn_prediction"][:100].tolist()


def test_a_model_file_from_elsewhere_predicts_too(browser, workspace, trained):
    content = (workspace.run_dir(trained.id) / MODEL_NAME).read_bytes()
    browser.open(PREDICT)
    uploader(browser, "Model file").upload("from_afar.rowsmith", content)
    browser.run()
    assert browser.sees("Model file: **from_afar.rowsmith**")
    paste(browser, "tenure\tcontract\n3\tmonthly\n")
    assert browser.sees("Predictions for 1 row")


def test_a_file_that_is_no_model_gives_the_sentence(browser, trained):
    browser.open(PREDICT)
    uploader(browser, "Model file").upload("fake.rowsmith", b"this is no model")
    browser.run()
    assert len(browser.app.error) == 1
    assert browser.sees("Predicts **churn**")


def test_a_model_file_of_a_newer_version_says_which_one_it_needs(browser, workspace, trained):
    content = (workspace.run_dir(trained.id) / MODEL_NAME).read_bytes()
    newer = content.replace(b'"format_version":1,"needs":"0.1.0"', b'"format_version":9,"needs":"4.2.0"', 1)
    assert newer != content
    browser.open(PREDICT)
    uploader(browser, "Model file").upload("newer.rowsmith", newer)
    browser.run()
    [error] = browser.app.error
    assert "This model file is of format 9 and this Rowsmith reads 1; update to Rowsmith 4.2.0 or newer." in (
        error.value.replace("\\", "")
    )


def test_an_unknown_job_says_so(browser):
    browser.open(PREDICT, job="nope")
    assert browser.sees("There is no run 'nope'")


def tables_with(browser, name: str) -> list[pd.DataFrame]:
    return [table.value for table in browser.app.dataframe if name in table.value.columns]


def paste(browser, text: str) -> None:
    browser.app.segmented_control(key="predict_way").set_value("Pasted rows")
    browser.run()
    browser.app.text_area[0].set_value(text)
    browser.run().click("predict_paste")


def uploader(browser, label: str):
    return next(box for box in browser.app.file_uploader if box.label.startswith(label))
