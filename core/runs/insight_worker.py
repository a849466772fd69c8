"""Answers one question about a trained model: `python -m core.runs.insight_worker`, with the order on its input."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import AppError, DataError
from core.runs.datasets import read_report, table_path
from core.runs.errand import end_with_the_sender
from core.runs.insights import STARTING, Advance, Order, write_advance, write_answer, write_failure
from core.runs.jobs import import_torch
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from core.runs.store import open_store
from core.runs.studying import answer_more_data, answer_splits
from core.tables.options import ReadOptions
from core.types import ModelBundle, TrainingConfig
from core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pandas as pd

    from core.insight.heldout import HeldOut

POLITENESS = 5  # a run at work goes first
TOLD_EVERY = 0.2  # seconds
READING = "Reading the table and the model."
EXPLAINING = "Finding out which columns matter, how, and why a few rows are predicted as they are."

logger = logging.getLogger(__name__)


def main() -> int:
    """Answer the question of the order; return the exit code."""
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    end_with_the_sender()
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    os.nice(POLITENESS)
    workspace = open_workspace(order.home)
    write_advance(workspace, order, Advance(0.0, STARTING))
    import_torch()
    try:
        write_answer(workspace, order, _ANSWERS[order.what](Subject(workspace, order)))
    except AppError as error:
        write_failure(workspace, order, error.sentence)
    except MemoryError:
        write_failure(workspace, order, "There is not enough memory for this. Close other programs and try again.")
    except Exception:
        logger.exception("The question %s could not be answered.", order.what)
        write_failure(workspace, order, "This could not be worked out, because of an error that the log names.")
    return 0


class Subject:
    """The model that is asked about, with its run, its table and the rows that its training kept aside."""

    def __init__(self, workspace: Workspace, order: Order) -> None:
        self.workspace = workspace
        self.order = order
        store = open_store(workspace)
        try:
            self.run: Run = store.run(order.run_id)
            dataset = store.dataset(self.run.dataset_id)
        finally:
            store.close()
        self.table: Path = table_path(workspace, dataset)
        self.reading: ReadOptions = read_report(workspace, dataset).options
        self._told, self._said = 0.0, ""
        self._began: float | None = None

    @property
    def model(self) -> Path:
        """Return the model's file."""
        return self.workspace.run_dir(self.run.id) / MODEL_NAME

    @property
    def cfg(self) -> TrainingConfig:
        """Return the settings of the training."""
        return TrainingConfig(**self.run.request["config"])

    @cached_property
    def bundle(self) -> ModelBundle:
        """Return the model."""
        from core.serialization import load_bundle

        return load_bundle(self.model)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Return the table as it was read."""
        from core.tables.read import load_tabular_file

        return load_tabular_file(self.table)

    @cached_property
    def held(self) -> HeldOut:
        """Return the split of the training."""
        from core.insight.heldout import held_out

        return held_out(self.bundle, self.frame, self.cfg, self.reading)

    def tell(self, done: float, total: float, sentence: str = "") -> None:
        """Say how far the answer is, a few times a second at most, and how long the rest may take."""
        now = time.monotonic()
        self._began = now if self._began is None and done else self._began
        if now - self._told >= TOLD_EVERY or sentence != self._said or done >= total:
            self._told, self._said = now, sentence
            left = (now - self._began) * (total - done) / done if self._began is not None and done else None
            write_advance(self.workspace, self.order, Advance(done / total if total else 0.0, sentence, left))


def _explain(subject: Subject) -> dict[str, Any]:
    from core.insight.explain.explain import explain

    subject.tell(0, 1, READING)
    held = subject.held
    found = explain(
        subject.bundle, held.rows.iloc[held.test], held.y[held.test], held.rows.iloc[held.train],
        seed=subject.cfg.random_seed, on_progress=lambda done, total: subject.tell(done, total, EXPLAINING),
    )  # fmt: skip
    numbered = [replace(entry, row=_number(held, entry.row)) for entry in found.attributions]
    return replace(found, attributions=tuple(numbered)).as_dict()


def _row(subject: Subject) -> dict[str, Any]:
    """Explain the row of the order's number, counted from 1 in the table."""
    from core.insight.explain.attribution import attribute
    from core.insight.explain.sample import take_sample

    subject.tell(0, 1, READING)
    number = _whole(subject.order.detail)
    if not 1 <= number <= len(subject.frame):
        raise DataError(f"The table has the rows 1 to {len(subject.frame):,}, and not {number:,}. Choose one of them.")
    held = subject.held
    known = (held.places == number - 1).nonzero()[0]
    y = held.y[known] if len(known) else None
    sample = take_sample(subject.bundle, subject.frame.iloc[[number - 1]], y)
    background = take_sample(subject.bundle, held.rows.iloc[held.train], most=100, seed=subject.cfg.random_seed)
    found = attribute(sample, 0, background, seed=subject.cfg.random_seed)
    return asdict(replace(found, row=number)) | {"part": _part(held, known)}


def _effect(subject: Subject) -> dict[str, Any]:
    from core.insight.explain.effect import effect_curve
    from core.insight.explain.sample import take_sample

    subject.tell(0, 1, READING)
    held = subject.held
    sample = take_sample(subject.bundle, held.rows.iloc[held.test], held.y[held.test], seed=subject.cfg.random_seed)
    return asdict(effect_curve(sample, subject.order.detail, seed=subject.cfg.random_seed))


def _evaluate(subject: Subject) -> dict[str, Any]:
    """Evaluate a model that has not been, and keep what was found beside it."""
    from core.insight.evaluate import evaluate, save_evaluated

    found = evaluate(
        subject.bundle, subject.frame, subject.cfg, subject.run.metrics or {}, reading=subject.reading,
        on_step=lambda sentence: subject.tell(0, 1, sentence),
    )  # fmt: skip
    save_evaluated(subject.model, found)
    return {"seconds": found.evaluation.seconds}


def _number(held: HeldOut, position: int) -> int:
    """Return the number in the table, from 1, of a position among the test rows."""
    return int(held.places[held.test[position]]) + 1


def _part(held: HeldOut, known: Any) -> str:
    """Return what a row did in the training, in words."""
    if not len(known):
        return "It has no outcome, so it was used neither to learn nor to test."
    if known[0] in held.test:
        return "The model has not seen this row: it was kept aside for the test."
    if known[0] in held.validation:
        return "This row judged the training, and was not learned from."
    return "The model has learned from this row."


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise DataError(f"{text!r} is no row number. Choose a row of the table, counted from 1.") from None


_ANSWERS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "evaluate": _evaluate,
    "explain": _explain,
    "row": _row,
    "effect": _effect,
    "more_data": answer_more_data,
    "splits": answer_splits,
}


if __name__ == "__main__":
    sys.exit(main())
