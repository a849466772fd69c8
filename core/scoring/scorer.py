"""Predicts for a table in chunks: for each row the prediction, how sure it is, and what of the row did not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from torch import Tensor

from core.calibration import calibration_of, decided
from core.inference import choose_device, forward
from core.rows import Rows
from core.scoring.cells import Issue, ReadColumn, read_column
from core.scoring.contract import ColumnMatch, Contract, ContractCounter, check_match, match_columns, names
from core.scoring.drift import Drift, DriftCounter
from core.scoring.predict import decode_outputs, encoded_rows, labels_of, probabilities_of, schema_of
from core.scoring.ranges import Ranges
from core.scoring.truth import Truth, TruthCounter
from core.tables.blanks import as_chosen
from core.tables.cell import coerce_value
from core.tables.coerce import coerce_column
from core.tables.dates import date_features
from core.tables.distinct import distinct_cells
from core.types import ColumnSchema, InputSchema, ModelBundle

STATUSES = ("ok", "repaired", "check", "empty")
MAX_ISSUES_KEPT = 10_000
DRIFT_ROWS, DRIFT_STEP = 100_000, 8  # beyond so many rows, each eighth is counted
_STATUS_WORDS = pa.array(STATUSES)
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class KeptIssue:
    """One cell that did not fit, for the sheet of issues."""

    row: int
    column: str
    kind: str
    words: str


@dataclass(frozen=True)
class Scoring:
    """What is known when all rows have been predicted. `drifts` and `truth` compare with the training."""

    contract: Contract
    drifts: tuple[Drift, ...] = ()
    truth: Truth | None = None
    issues: tuple[KeptIssue, ...] = ()


@dataclass(frozen=True)
class ScoredChunk:
    """The predictions for some rows, and what was found in their cells."""

    n_rows: int
    read: Mapping[str, ReadColumn]
    predictions: pa.Array
    probabilities: NDArray[np.float64] | None  # (n_rows, n_classes)
    status: NDArray[np.int8]
    notes: pa.Array
    truths: NDArray[Any] | None


@dataclass
class Scorer:
    """A model at work on one table.

    `renames` names the table's column for some of the model's. Raises DataError, when it is made, for a table that
    has none of the model's columns.
    """

    bundle: ModelBundle
    columns: Sequence[str]
    renames: Mapping[str, str] = field(default_factory=dict)
    device: str | torch.device | None = None

    def __post_init__(self) -> None:
        schema = schema_of(self.bundle)
        if schema is None:
            raise ValueError("a model without a schema predicts with predict_rows")
        self.schema: InputSchema = schema
        self.match: ColumnMatch = check_match(match_columns(schema, list(self.columns), self.renames))
        self.n_rows = 0
        self._device = choose_device(self.device)
        self._counter = ContractCounter(self.match)
        self._drift = DriftCounter(schema, self.bundle.record.n_rows if self.bundle.record is not None else None)
        self._inputs = schema.by_role("feature", "date")
        self._known = _known_texts(self.bundle)
        self._labels = _labels(self.bundle)
        self._calibration = calibration_of(self.bundle)
        self._ranges = Ranges(self.bundle.target_column, self._calibration, self._labels)
        self._truth = _truth_counter(self.bundle) if self.truth_column is not None else None
        self._issues: list[KeptIssue] = []

    @property
    def truth_column(self) -> str | None:
        """Return the table's column that holds what is to be predicted, where it has one."""
        return None if self._truth_schema is None else self._truth_schema.name

    @property
    def _truth_schema(self) -> ColumnSchema | None:
        return next((column for column in self.schema.by_role("target") if column.name in self.columns), None)

    @property
    def used_columns(self) -> tuple[str, ...]:
        """Return the table's columns that are looked at."""
        truth = (self.truth_column,) if self.truth_column is not None else ()
        return (*self.match.found.values(), *truth)

    @property
    def added(self) -> pa.Schema:
        """Return the columns that are added, under names that the table does not have."""
        fields = [
            *_prediction_fields(self.bundle),
            pa.field("row_status", pa.string()),
            pa.field("row_notes", pa.string()),
        ]
        names_used = _unused([field.name for field in fields], self.columns)
        return pa.schema([field.with_name(name) for field, name in zip(fields, names_used, strict=True)])

    def score(self, frame: pd.DataFrame) -> pa.RecordBatch:
        """Return the added columns for the next rows of the table, which must hold the `used_columns`."""
        return self.take(self.predict(frame))

    def predict(self, frame: pd.DataFrame) -> ScoredChunk:
        """Return the predictions for some rows; several threads may do so at once, for different rows."""
        n_rows = len(frame)
        read = {
            column.name: read_column(column, frame[self.match.found[column.name]], self._known.get(column.name))
            for column in self._inputs if column.name in self.match.found
        }  # fmt: skip
        outputs = forward(self.bundle.model, self.features(read, n_rows), self._device).cpu()
        predictions, probabilities = self._decoded(outputs)
        status, notes = self._said(read, n_rows)
        truths = None if self._truth_schema is None else _truths(self._truth_schema, frame, self.bundle.task)
        return ScoredChunk(n_rows, read, predictions, probabilities, status, notes, truths)

    def take(self, chunk: ScoredChunk) -> pa.RecordBatch:
        """Count what was found in the next rows of the table, and return their added columns."""
        for column in self._inputs:
            read = chunk.read.get(column.name)
            if read is not None:
                self._counter.add(column.name, read, self.n_rows + 1)
                self._count_drift(column, read)
                for issue in read.issues:
                    self._keep(column.name, issue)
        counts = np.bincount(chunk.status, minlength=len(STATUSES))
        self._counter.statuses.update({name: int(n) for name, n in zip(STATUSES, counts, strict=True) if n})
        if self._truth is not None and chunk.truths is not None:
            predictions = chunk.predictions.to_numpy(zero_copy_only=False)
            self._truth.add(self.n_rows + 1, chunk.truths, predictions, chunk.probabilities)
        self.n_rows += chunk.n_rows
        shares = (
            [] if chunk.probabilities is None else [pa.array(share, pa.float32()) for share in chunk.probabilities.T]
        )
        ranges = self._ranges.columns(chunk.predictions, chunk.probabilities)
        status = _STATUS_WORDS.take(pa.array(chunk.status))
        return pa.RecordBatch.from_arrays([chunk.predictions, *shares, *ranges, status, chunk.notes], schema=self.added)

    def result(self) -> Scoring:
        """Return what is known of the table after its last row."""
        contract = self._counter.result(self.n_rows, self.schema)
        truth = self._truth.result() if self._truth is not None else None
        return Scoring(contract, self._drift.result(), truth, tuple(self._issues))

    def features(self, read: Mapping[str, ReadColumn], n_rows: int) -> Rows:
        """Return what the network gets for the columns of some rows: float32 `(n_rows, input_dim)`."""
        pieces: dict[str, pd.Series] = {}
        for column in self._inputs:
            found = read.get(column.name)
            values = pd.Series(np.full(n_rows, np.nan)) if found is None else found.values
            if column.date_format is None:
                pieces[column.name] = values
                continue
            dates = values if found is not None else pd.Series(np.full(n_rows, np.datetime64("NaT", "us")))
            features = date_features(dates, column.name, column.date_format)
            pieces |= {str(name): features[name] for name in features.columns}
        return encoded_rows(self.bundle, pd.DataFrame(pieces))

    def _decoded(self, outputs: Tensor) -> tuple[pa.Array, NDArray[np.float64] | None]:
        if self._labels is None:
            return pa.array(np.asarray(decode_outputs(self.bundle, outputs), dtype=np.float64)), None
        probabilities = probabilities_of(outputs, self._calibration)
        return self._labels.take(pa.array(decided(probabilities, self._calibration))), probabilities

    def _said(self, read: Mapping[str, ReadColumn], n_rows: int) -> tuple[NDArray[np.int8], pa.Array]:
        """Return the status, as its place in STATUSES, and the notes of each row."""
        status = np.zeros(n_rows, dtype=np.int8)
        notes: list[pa.Array] = []
        has_any = np.zeros(n_rows, dtype=bool)
        for found in read.values():
            has_any |= found.has_value
            for issue in found.issues:
                status[issue.rows] = np.maximum(status[issue.rows], 1 if issue.kind == "repaired" else 2)
                notes.append(_spread(issue, n_rows))
        if self.match.missing:
            status = np.maximum(status, 2)
            notes.append(
                _repeated(f"without {names(self.match.missing)}, which the table lacks", np.ones_like(has_any))
            )
        status[~has_any] = 3
        if not has_any.all():
            notes.insert(0, _repeated("nothing the model knows; the prediction is that of a typical row", ~has_any))
        return status, _joined(notes, n_rows)

    def _keep(self, name: str, issue: Issue) -> None:
        room = MAX_ISSUES_KEPT - len(self._issues)
        if room <= 0:
            return
        words = issue.words.take(pa.array(issue.codes[:room])).to_pylist()
        for row, said in zip(issue.rows[:room].tolist(), words, strict=True):
            self._issues.append(KeptIssue(self.n_rows + row + 1, name, issue.kind, said))

    def _count_drift(self, column: ColumnSchema, read: ReadColumn) -> None:
        """Count how a column is spread; of a table with very many rows, a part of them tells as much."""
        if column.kind == "empty":
            return
        step = 1 if self.n_rows < DRIFT_ROWS else DRIFT_STEP
        values, has_value = read.values.iloc[::step], read.has_value[::step]
        if column.date_format is not None:
            days = values.to_numpy("datetime64[us]").astype(np.int64) / (_SECONDS_A_DAY * 1e6)
            self._drift.add_numbers(column.name, np.where(has_value, days, np.nan))
        elif isinstance(values.dtype, pd.CategoricalDtype):
            codes = np.asarray(values.cat.codes)
            texts = [text if isinstance(text, str) else f"{text:.15g}" for text in values.cat.categories]
            counts = np.bincount(codes[codes >= 0], minlength=len(texts)).astype(np.int64)
            self._drift.add_texts(column.name, texts, counts, int((codes < 0).sum()))
        else:
            self._drift.add_numbers(column.name, values.to_numpy(np.float64))


def added_columns(bundle: ModelBundle) -> list[str]:
    """Return the names of the columns that hold predictions, probabilities and ranges."""
    return [field.name for field in _prediction_fields(bundle)]


def _prediction_fields(bundle: ModelBundle) -> list[pa.Field]:
    target, labels = bundle.target_column, _labels(bundle)
    classes = (bundle.class_names or []) if bundle.task == "classification" else []
    return [
        pa.field(f"{target}_prediction", pa.float64() if labels is None else pa.string()),
        *(pa.field(f"{target}_probability_{label}", pa.float32()) for label in classes),
        *Ranges(target, calibration_of(bundle), labels).fields,
    ]


def _known_texts(bundle: ModelBundle) -> dict[str, set[str]]:
    """Return the texts that the network tells apart, by column; nothing where the vectorizer does not say."""
    vectorizer, schema = bundle.vectorizer, schema_of(bundle)
    if not isinstance(vectorizer, DictVectorizer) or schema is None:
        return {}
    known: dict[str, set[str]] = {
        column.name: set() for column in schema.by_role("feature") if column.kind in ("text", "mixed")
    }
    for name in known:
        prefix = f"{name}{vectorizer.separator}"
        known[name] = {feature[len(prefix) :] for feature in vectorizer.vocabulary_ if feature.startswith(prefix)}
    return known


def _labels(bundle: ModelBundle) -> pa.Array | None:
    """Return the label of each class, as `decode_outputs` has it; None for numbers."""
    if bundle.task != "classification":
        return None
    return pa.array([str(label) for label in labels_of(bundle, np.arange(bundle.output_dim))], pa.string())


def _truth_counter(bundle: ModelBundle) -> TruthCounter:
    metrics = bundle.record.metrics if bundle.record is not None else {}
    return TruthCounter(
        bundle.task, bundle.class_names, metrics.get("test_metric_value"), str(metrics.get("test_metric_name", "")),
        metrics.get("n_test"), metrics.get("baseline_metric_value"),
    )  # fmt: skip


def _truths(column: ColumnSchema, frame: pd.DataFrame, task: str) -> NDArray[Any]:
    """Return what is true as labels, or numbers; None or NaN where it is not known."""
    values = as_chosen(frame[column.name], column.missing_words, column.kept_words)
    if task != "classification":
        numbers = coerce_column(values.reset_index(drop=True)).values
        return np.asarray(pd.to_numeric(numbers, errors="coerce"), dtype=np.float64)
    distinct = distinct_cells(values)
    labels = [_label(coerce_value(cell), cell) for cell in distinct.cells]
    return np.array(labels, dtype=object)[distinct.codes]


def _label(meaning: object, cell: object) -> str | None:
    if isinstance(meaning, float) and np.isnan(meaning):
        return None
    return cell.strip() if isinstance(cell, str) else str(cell)


def _spread(issue: Issue, n_rows: int) -> pa.Array:
    """Return the words of an issue at its rows, nothing at the others."""
    at = np.zeros(n_rows, dtype=np.int64)
    is_none = np.ones(n_rows, dtype=bool)
    at[issue.rows], is_none[issue.rows] = issue.codes, False
    return issue.words.take(pa.array(at, mask=is_none))


def _repeated(words: str, is_there: NDArray[np.bool_]) -> pa.Array:
    return pa.array([words]).take(pa.array(np.zeros(len(is_there), dtype=np.int8), mask=~is_there))


def _joined(notes: Sequence[pa.Array], n_rows: int) -> pa.Array:
    """Return the notes of each row behind one another, nothing where there are none."""
    if not notes:
        return pa.nulls(n_rows, pa.string())
    mark = pa.scalar("; ")  # before each, because Arrow's way of leaving out nulls loses rows without any
    marked = [pc.fill_null(pc.binary_join_element_wise(mark, note, pa.scalar("")), "") for note in notes]
    joined = marked[0] if len(marked) == 1 else pc.binary_join_element_wise(*marked, pa.scalar(""))
    joined = pc.utf8_slice_codeunits(joined, len("; "))
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def _unused(wanted: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return `wanted` with a number behind each name that the table already has."""
    used = set(taken)
    result = []
    for name in wanted:
        candidate, number = name, 2
        while candidate in used:
            candidate, number = f"{name}.{number}", number + 1
        used.add(candidate)
        result.append(candidate)
    return result
