"""Text tables beside a JSON file that holds what must come out, as csv-spectrum lays them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.tables.report import ReadReport
from tests.corpora.difference import KNOWN, Column, Reading, SkippedError
from tests.corpora.reading import Outcome
from tests.corpora.text_oracle import LINE_ENDS, classify


def by_json(outcome: Outcome, _: ReadReport, ours: Mapping[str, Column]) -> Reading:
    """Return the columns that the JSON file demands, under the names that it demands."""
    name = outcome.path.name
    truth = outcome.path.with_name(f"json__{name.removeprefix('csvs__').removesuffix('.csv')}.json")
    if not name.startswith("csvs__") or not truth.exists():
        raise SkippedError("there is no JSON file beside it")
    rows = json.loads(truth.read_text("utf-8"))
    if not isinstance(rows, list):
        raise SkippedError("the JSON file holds something else than rows")
    return Reading([[str(row.get(name, "no such name")) for row in rows] for name in ours], _classify)


def _classify(cell: object, text: str) -> str:
    """Say how a cell differs; the copies of the CSV files have lost the line ends that the JSON files tell of."""
    what = classify(cell, text)
    return f"{KNOWN}{what}" if what == LINE_ENDS else what
