"""The report of a model: one HTML file that opens offline, with charts that answer to the pointer, and prints well.

Nothing in it is fetched from anywhere. Imports neither torch nor scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.calibration import Calibration
from core.insight.card import Section, model_card
from core.insight.charts.confusion import confusion_chart
from core.insight.charts.coverage import coverage_chart
from core.insight.charts.curves import gains_chart, precision_recall_chart, roc_chart
from core.insight.charts.effects import effect_chart
from core.insight.charts.explaining import importance_chart, waterfall_chart
from core.insight.charts.learning import blend_chart, learning_chart
from core.insight.charts.numbers import deciles_chart, predicted_chart, residuals_chart
from core.insight.charts.reliability import reliability_chart
from core.insight.charts.segments import segments_chart
from core.insight.charts.sides import sides_chart
from core.insight.charts.style import Chart
from core.insight.explain.results import Explanation
from core.insight.explain.words import most_important, sentence
from core.insight.words import calibration_words, coverage_words, errors_words, headline, is_of_classes, verdicts
from core.receipt import Receipt
from core.types import TIMED_MODE, InputSchema, TrainingRecord

TEMPLATE = "report.html"
MOST_SEGMENTS, MOST_EFFECTS, MOST_ROWS = 3, 6, 3

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ReportFacts:
    """What a report tells; without an evaluation or an explanation those parts say so.

    As the run's page shows them: `settings` and `data` are labels with values, `beside` the models on the same
    rows, one mapping of texts each, `figures` label, value and meaning. `studies` are sentences on what was found
    out about more data and other splits.
    """

    name: str
    record: TrainingRecord
    schema: InputSchema
    calibration: Calibration | None
    settings: Sequence[tuple[str, str]]
    data: Sequence[tuple[str, str]]
    notices: Sequence[str] = ()
    beside: Sequence[Mapping[str, str]] = ()
    figures: Sequence[tuple[str, str, str]] = ()
    evaluation: Document | None = None
    explanation: Explanation | None = None
    studies: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Part:
    """A section of the report: sentences, then charts, then a table."""

    title: str
    sentences: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""


def report_html(facts: ReportFacts) -> str:
    """Return the report as one HTML document."""
    from plotly.offline import get_plotlyjs

    template = _environment().get_template(TEMPLATE)
    return template.render(
        facts=facts,
        headline=headline(facts.evaluation) if facts.evaluation else "This model has not been evaluated.",
        parts=list(_parts(facts)),
        card=_card(facts),
        plotlyjs=Markup(get_plotlyjs()),  # noqa: S704 - the library's own code, which holds no closing tag
        chart=_chart_html,
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _chart_html(chart: Chart, place: str) -> Markup:
    """Return a chart as a part of the page; plotly writes `<`, `>` and `/` in its data as escapes."""
    figure = chart.figure
    figure.update_layout(template=None, font={"family": "system-ui, sans-serif", "size": 12})
    figure.update_xaxes(title_font_size=12)
    figure.update_yaxes(title_font_size=12)
    html = figure.to_html(
        full_html=False, include_plotlyjs=False, div_id=place, default_width="100%",
        config={"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["toImage", "lasso2d", "select2d"]},
    )  # fmt: skip
    return Markup(html)  # noqa: S704


def _parts(facts: ReportFacts) -> Iterator[Part]:
    document, explanation = facts.evaluation, facts.explanation
    if document is not None:
        yield _beside(document, facts.beside)
    yield _training(facts)
    if document is not None:
        yield _evaluated(document, facts.figures)
        yield _certain(document, facts.calibration)
        yield _where_wrong(document)
    if explanation is not None:
        yield _important(explanation)
        yield _effects(explanation, is_share=document is None or is_of_classes(document))
        yield from _reasons(explanation)
    if facts.studies:
        yield Part("More rows, other rows", tuple(facts.studies))
    yield from _receipt(facts.record)
    yield Part("Settings", header=("Setting", "Value"), rows=tuple(facts.settings))
    yield Part("Data", tuple(facts.notices), header=("", ""), rows=tuple(facts.data))


def _beside(document: Document, sides: Sequence[Mapping[str, str]]) -> Part:
    header = tuple(sides[0]) if sides else ()
    rows = tuple(tuple(side.values()) for side in sides)
    title = "Beside simpler ways, on the same rows"
    return Part(title, tuple(verdicts(document)), _drawn(sides_chart(document)), header, rows)


def _training(facts: ReportFacts) -> Part:
    record = facts.record
    if record.config.get("training_mode") == TIMED_MODE:
        drawn = blend_chart(record.validation_losses)
    else:
        drawn = learning_chart(record.train_losses, record.validation_losses, record.metrics.get("best_epoch"))
    return Part("How it learned", (), _drawn(drawn))


def _evaluated(document: Document, figures: Sequence[tuple[str, str, str]]) -> Part:
    header, rows = ("Figure", "Value", "What it says"), tuple(figures)
    if not is_of_classes(document):
        charts = _drawn(predicted_chart(document), residuals_chart(document), deciles_chart(document))
        return Part("On the rows kept aside", (), charts, header, rows)
    charts = _drawn(confusion_chart(document["confusion"])) if document["confusion"] else ()
    for curve in document["curves"][:1]:
        own: Document = next((entry for entry in document["figures"]["classes"] if entry["name"] == curve["name"]), {})
        charts += _drawn(
            roc_chart(curve, own.get("roc_auc")),
            precision_recall_chart(curve, own.get("average_precision")),
            gains_chart(curve),
        )
    return Part("On the rows kept aside", (), charts, header, rows)


def _certain(document: Document, calibration: Calibration | None) -> Part:
    said = [calibration_words(document), coverage_words(document, None if calibration is None else calibration.level)]
    charts = [coverage_chart(document)]
    if len(document["class_names"]) == 2 and document["curves"]:
        curve = document["curves"][0]
        before = document["before"].get("reliability", ())
        charts.insert(0, reliability_chart(curve["reliability"], before, name=curve["name"]))
    if calibration is not None and calibration.threshold is not None:
        name = document["class_names"][1]
        said.append(f"'{name}' is predicted from a probability of {calibration.threshold:.3g} on.")
    return Part("How sure it is", tuple(filter(None, said)), _drawn(*charts))


def _where_wrong(document: Document) -> Part:
    spreads = [spread for spread in document["segments"] if spread["n_standing_out"]][:MOST_SEGMENTS]
    sentences = tuple(filter(None, [errors_words(document)]))
    if not spreads:
        sentences = ("No group of rows stands out: the errors are spread evenly, as far as these rows can tell.",)
    return Part("Where it is wrong", sentences, _drawn(*(segments_chart(document, spread) for spread in spreads)))


def _important(explanation: Explanation) -> Part:
    notes = (most_important(explanation.importance), *explanation.correlated.notes)
    charts = _drawn(importance_chart(explanation.importance))
    note = f"Measured on {explanation.n_rows:,} rows that it has not seen."
    return Part("Which columns matter", tuple(filter(None, notes)), charts, note=note)


def _effects(explanation: Explanation, *, is_share: bool) -> Part:
    curves = explanation.effects[:MOST_EFFECTS]
    return Part("How a column moves the prediction", (), _drawn(*(effect_chart(c, is_share=is_share) for c in curves)))


def _reasons(explanation: Explanation) -> Iterator[Part]:
    for found in explanation.attributions[:MOST_ROWS]:
        yield Part(f"Why row {found.row:,}: {found.why}", (sentence(found),), _drawn(waterfall_chart(found)))


def _receipt(record: TrainingRecord) -> Iterator[Part]:
    if not record.receipt:
        return
    receipt = Receipt.from_dict(record.receipt)
    rows = tuple((row.fate.capitalize(), f"{row.count:,}") for row in receipt.rows)
    yield Part(f"Data receipt: {receipt.n_rows:,} rows", receipt.changes, header=("Rows", "Count"), rows=rows)
    columns = tuple((c.name, c.fate.capitalize(), f"{c.n_inputs:,}", f"{c.n_missing:,}") for c in receipt.columns)
    title = f"Data receipt: {len(receipt.columns):,} columns, {receipt.n_inputs:,} inputs of the network"
    yield Part(title, header=("Column", "Became", "Inputs", "Missing"), rows=columns)


def _card(facts: ReportFacts) -> tuple[Section, ...]:
    return model_card(facts.record, facts.schema, facts.evaluation, facts.calibration)


def _drawn(*charts: Chart | None) -> tuple[Chart, ...]:
    return tuple(chart for chart in charts if chart is not None)
