"""The analyst's path in a real browser: a file in, a model, predictions out, back into a spreadsheet."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from core.serialization import inspect_bundle

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect, BrowserContext, Page = playwright.expect, playwright.BrowserContext, playwright.Page

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
MEMBERS = {"manifest.json", "preprocess.json", "arrays.safetensors", "weights.safetensors"}

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Table:
    """A file to walk the path with, and what is to be predicted from it."""

    path: Path
    target: str
    words: str
    guess: str
    excluded: str | None = None
    date: str | None = None

    def frame(self) -> pd.DataFrame:
        """Return the file as pandas reads it, every cell as text."""
        if self.path.suffix == ".xlsx":
            return pd.read_excel(self.path, engine="openpyxl", dtype=str)
        return pd.read_csv(self.path, dtype=str, keep_default_na=False)


TABLES = {
    "churn sample": Table(
        SAMPLES / "customer_churn.csv", "churned", "2 categories", "is right for", "customer_id", "signup_date"
    ),
    "prices sample": Table(
        SAMPLES / "apartment_prices.csv", "price", "number", "the mean", "listing_id", "sold_on"
    ),
    "fruit sample": Table(SAMPLES / "fruit_quality.xlsx", "grade", "3 categories", "is right for", "batch"),
    "dry bean": Table(REAL / "dry_bean/Dry_Bean_Dataset.xlsx", "Class", "7 categories", "is right for"),
    "walmart sales": Table(
        REAL / "walmart_sales/sales_forecasting_walmart.csv", "Weekly_Sales", "number", "the mean", None, "Date"
    ),
}  # fmt: skip


@pytest.fixture(params=list(TABLES))
def table(request: pytest.FixtureRequest) -> Table:
    """Return each real table, or where these are missing each sample."""
    table = TABLES[request.param]
    if not table.path.exists():
        pytest.skip(f"{table.path.name} is not here")
    if table.path.parent == SAMPLES and REAL.is_dir():
        pytest.skip("the real tables are here, and take the samples' place")
    return table


def test_a_file_becomes_a_model_and_predictions_in_a_spreadsheet(page, server, table, tmp_path):
    upload_and_choose(page, server, table)
    address = train_until_a_curve_shows(page)
    page.reload()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.get_by_role("button", name="Stop and keep best").click()
    expect(page.get_by_text(re.compile("guessing .*" + table.guess)).first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    assert page.url == address
    open_tab(page, "Take away")
    check_bundle(download(page, "Download the model", tmp_path), table)
    check_report(page.context, download(page, "Download the report", tmp_path))
    open_tab(page, "Overview")

    page.get_by_role("button", name="Predict with it").click()
    predict_by_paste(page, table, tmp_path)
    predict_by_file(page, table, tmp_path)


def check_report(context: BrowserContext, path: Path) -> None:
    """Open the report without a connection: its charts are drawn, and nothing is asked for."""
    report = context.new_page()
    asked: list[str] = []
    report.on("request", lambda request: asked.append(request.url))
    report.goto(path.as_uri())
    expect(report.locator("figure .main-svg").first).to_be_visible()
    assert report.locator("figure").count() == report.locator("figure .js-plotly-plot").count() >= 5
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    report.close()


def upload_and_choose(page: Page, server, table: Table) -> None:
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(table.path)
    expect(page.get_by_text("What should be predicted")).to_be_visible(timeout=60_000)
    choose_option(page, "Target: what to predict", table.target)
    expect(page.get_by_text(f"Outcome: {table.target}, {table.words}")).to_be_visible()
    for label, name in (("Left out", table.excluded), ("Dates", table.date)):
        if name:  # suggested by the app, not chosen here
            tags = page.get_by_test_id("stMultiSelect").filter(has_text=label)
            expect(tags.get_by_text(name, exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text(f"Outcome: {table.target}, {table.words}")).to_be_visible()
    page.get_by_role("button", name="Go on to Train").click()


def train_until_a_curve_shows(page: Page) -> str:
    page.get_by_role("button", name="Standard network").click()  # which never ends by itself without patience
    page.get_by_text("Advanced settings").click()
    fill_number(page, "Epochs", "5000")
    fill_number(page, "Patience", "0")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"/model\?run=\w+"))
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile(r"Epoch [\d,]+ of 5,000 · \d+:\d\d elapsed"))).to_be_visible()
    return page.url


def predict_by_paste(page: Page, table: Table, tmp_path: Path) -> None:
    rows = table.frame().drop(columns=table.target).head(3)
    page.get_by_text("Pasted rows", exact=True).click()
    page.get_by_label("Rows", exact=True).fill(rows.to_csv(sep="\t", index=False))
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text("Predictions for 3 rows")).to_be_visible(timeout=60_000)
    check_predictions(download(page, "Download CSV", tmp_path), rows, table)
    check_predictions(download(page, "Download Excel", tmp_path), rows, table)


def predict_by_file(page: Page, table: Table, tmp_path: Path) -> None:
    page.get_by_text("A file", exact=True).click()
    uploader = page.get_by_test_id("stFileUploader").filter(has_text="A file with the rows")
    uploader.locator("input[type=file]").set_input_files(table.path)
    frame = table.frame()
    page.get_by_role("button", name=f"Predict {len(frame):,} rows").click(timeout=60_000)
    expect(page.get_by_text(f"Predictions for {len(frame):,} rows")).to_be_visible(timeout=60_000)
    check_predictions(download(page, "Download CSV", tmp_path), frame, table)
    check_predictions(download(page, "Download Excel", tmp_path), frame, table)


def check_predictions(path: Path, frame: pd.DataFrame, table: Table) -> None:
    """Rows out are rows in, in their order; the user's columns come first, unchanged."""
    excel = path.suffix == ".xlsx"
    result = pd.read_excel(path, engine="openpyxl") if excel else pd.read_csv(path, encoding="utf-8-sig")
    assert len(result) == len(frame)
    assert list(result.columns[: len(frame.columns)]) == list(frame.columns)
    assert result.columns[len(frame.columns)] == f"{table.target}_prediction"
    assert result[f"{table.target}_prediction"].notna().all()
    first = frame.columns[0]
    assert result[first].astype(str).tolist() == [str(cell).removesuffix(".0") for cell in frame[first]]
    if table.words != "number":
        shares = result.filter(like=f"{table.target}_probability_")
        assert shares.sum(axis=1).round(3).eq(1).all()


def check_bundle(path: Path, table: Table) -> None:
    assert set(zipfile.ZipFile(path).namelist()) == MEMBERS
    summary = inspect_bundle(path)
    assert summary.target_column == table.target
    assert table.excluded not in summary.schema.feature_columns
    assert [column.name for column in summary.schema.by_role("date")] == ([table.date] if table.date else [])


def download(page: Page, label: str, folder: Path) -> Path:
    with page.expect_download() as pending:
        page.get_by_role("button", name=label).click()
    path = folder / pending.value.suggested_filename
    pending.value.save_as(path)
    return path


def choose_option(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def fill_number(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def test_a_deep_link_to_a_run_opens_on_a_fresh_server(page, new_server, tmp_path):
    first = new_server()
    page.goto(first.url)
    page.get_by_role("button", name="Try it").first.click()
    page.get_by_role("button", name="Go on to Train").click()
    page.get_by_text("Advanced settings").click()
    fill_number(page, "Epochs", "3")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("of the test rows (between").first).to_be_visible(timeout=60_000)
    fresh = new_server(first.home)
    page.goto(page.url.replace(first.url, fresh.url))
    expect(page.get_by_text("of the test rows (between").first).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_text("Rowsmith").or_(page.get_by_test_id("stSidebarNav"))).to_be_visible()


def test_a_double_click_on_start_makes_one_run_and_deleting_it_asks(page, new_server):
    server = new_server()
    page.goto(server.url)
    page.get_by_role("button", name="Try it").nth(1).click()
    page.get_by_role("button", name="Go on to Train").click()
    page.get_by_role("button", name="Standard network").click()
    page.get_by_text("Advanced settings").click()
    fill_number(page, "Epochs", "5000")
    fill_number(page, "Patience", "0")
    page.get_by_role("button", name="Start training").dblclick()
    page.wait_for_url(re.compile(r"/model\?run=\w+"))
    page.get_by_role("button", name="Stop and keep best").click()
    expect(page.get_by_text(re.compile(r"Stopped \(.* kept\)")).first).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    page.get_by_test_id("stMenuButton").get_by_role("button").click()
    page.get_by_text("Delete", exact=True).click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Nothing has been trained yet.")).to_be_visible()
    loaded = Path(f"/proc/{server.process.pid}/maps")
    if loaded.exists():  # pages were drawn and a model was trained, but nothing was predicted
        assert "libtorch" not in loaded.read_text()
        assert "sklearn" not in loaded.read_text()


def test_a_name_that_looks_like_markup_stays_a_name(page, server, tmp_path):
    name = "**bold** :smile: $x^2$ :red[hot] <b>tag</b>"
    rows = "\n".join(f"{i % 5},{i % 3}" for i in range(60))
    path = tmp_path / "odd.csv"
    path.write_text(f'"{name}",y\n{rows}\n', encoding="utf-8")
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(path)
    choose_option(page, "Target: what to predict", name)
    outcome = page.get_by_text("Outcome:").first
    expect(outcome).to_be_visible()
    shown = outcome.inner_text().replace("\u2060", "")
    assert shown == f"Outcome: {name}, 5 categories."
