"""The report: everything in one file, nothing from elsewhere, and nobody's text read as markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.insight.card import model_card
from core.insight.evaluate import evaluate
from core.insight.explain.explain import explain
from core.insight.heldout import held_out
from core.insight.report import ReportFacts, report_html
from core.insight.words import headline, verdicts
from core.tables.read import load_tabular_file
from core.trainer import train_model_from_file
from core.types import TrainingConfig

HOSTILE = "<script>alert(1)</script> & $x$ \"quoted\" 'too'"


class Page(HTMLParser):
    """What a browser would see: texts outside scripts, and every address that it would follow or fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden += tag in ("script", "style")
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href", "action", "data", "poster")]
        self.ids += [str(value) for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def facts_of(frame: pd.DataFrame, folder: Path, cfg: TrainingConfig, name: str, **columns: Any) -> ReportFacts:
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    bundle, metrics = train_model_from_file(path, cfg, device="cpu", **columns)
    table = load_tabular_file(path)
    found = evaluate(bundle, table, cfg, metrics)
    held = held_out(bundle, table, cfg)
    explained = explain(bundle, held.rows.iloc[held.test], held.y[held.test], held.rows.iloc[held.train])
    assert bundle.record is not None
    assert bundle.schema is not None
    return ReportFacts(
        name=name, record=bundle.record, schema=bundle.schema, calibration=found.bundle.calibration,
        settings=[("Epochs", "6")], data=[("Test rows", "48")], notices=["A notice."],
        beside=[{"Model": "This network", "Rows right": "80 %"}], figures=[("Accuracy", "80 %", "Share right.")],
        evaluation=json.loads(json.dumps(found.evaluation.as_dict())), explanation=explained,
        studies=["More rows will likely still help."],
    )  # fmt: skip


@pytest.fixture(scope="module")
def churn(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ReportFacts:
    frame = churn_frame.rename(columns={"contract": HOSTILE}).assign(churn=churn_frame["churn"] + " " + HOSTILE)
    cfg = TrainingConfig("churn", epochs=6, validation_size=0.3, learning_rate=0.01)
    return facts_of(frame, tmp_path_factory.mktemp("report"), cfg, f"churn {HOSTILE}", exclude_columns=["customer_id"],
                    date_columns=["joined"])  # fmt: skip


@pytest.fixture(scope="module")
def prices(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ReportFacts:
    cfg = TrainingConfig("price", epochs=6, validation_size=0.3)
    return facts_of(price_frame, tmp_path_factory.mktemp("report"), cfg, "prices")


def test_it_fetches_nothing_and_links_only_within_itself(churn: ReportFacts) -> None:
    html = report_html(churn)
    page = Page(html)
    inner = {address.removeprefix("#") for address in page.addresses}
    assert all(address.startswith("#") for address in page.addresses)
    assert inner <= set(page.ids)
    assert "default-src 'none'" in html
    assert "link" not in page.tags
    assert "iframe" not in page.tags


def test_somebody_elses_text_stays_text(churn: ReportFacts) -> None:
    html = report_html(churn)
    page = Page(html)
    assert "<script>alert(1)" not in html
    assert f"churn {HOSTILE}" in page.texts
    assert any(HOSTILE in text for text in page.texts)


def test_every_part_is_there_with_the_figures_of_the_run(churn: ReportFacts) -> None:
    page = Page(report_html(churn))
    assert churn.evaluation is not None
    assert churn.explanation is not None
    for sentence in (headline(churn.evaluation), *verdicts(churn.evaluation), *churn.explanation.correlated.notes):
        assert sentence in page.texts
    for title in (
        "Beside simpler ways, on the same rows", "How it learned", "On the rows kept aside", "How sure it is",
        "Where it is wrong", "Which columns matter", "How a column moves the prediction", "More rows, other rows",
        "Data receipt: 240 rows", "Settings", "Data", "Model card",
    ):  # fmt: skip
        assert title in page.texts, title
    for section in model_card(churn.record, churn.schema, churn.evaluation, churn.calibration):
        assert section.title in page.texts
        assert set(section.lines) <= set(page.texts)
    assert churn.record.data_fingerprint in page.text
    assert page.text.count("Why row ") == 2 * min(3, len(churn.explanation.attributions))


def test_each_chart_stands_under_what_it_shows(prices: ReportFacts) -> None:
    html = report_html(prices)
    page = Page(html)
    assert page.tags.count("figure") == page.tags.count("figcaption") == html.count('class="plotly-graph-div"')
    assert page.tags.count("figure") >= 10
    assert len(set(page.ids)) == len(page.ids)


def test_without_evaluation_and_explanation_the_rest_is_told(prices: ReportFacts) -> None:
    bare = ReportFacts("prices", prices.record, prices.schema, None, [], [])
    page = Page(report_html(bare))
    assert "This model has not been evaluated." in page.texts
    assert "It has not been evaluated." in page.texts
    assert "Which columns matter" not in page.texts
    assert "How it learned" in page.texts


def test_the_library_that_draws_is_in_the_file_once(prices: ReportFacts) -> None:
    html = report_html(prices)
    assert html.count("* plotly.js v") == 1
    assert len(html) < 7_000_000
