"""Evaluates a trained model on the rows that its training kept aside, beside what simpler ways reach there.

Everything that is fitted here, the calibration and the references, sees no test row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from numpy.typing import NDArray

from core.calibrate import (
    calibrate_classes,
    calibrate_numbers,
    covered_classes,
    covered_numbers,
    softmax,
)
from core.calibration import POSITIVE_CLASS, UNCALIBRATED, Calibration, calibration_of, possible
from core.inference import choose_device, forward
from core.insight.card import card_text, model_card
from core.insight.evaluation import MOST_CLASSES_KEPT, Coverage, Evaluation, Side, save_evaluation
from core.insight.figures.bootstrap import mean_interval, paired_difference
from core.insight.figures.classification import classification_figures
from core.insight.figures.confusion import confusion_matrix
from core.insight.figures.curves import class_curves
from core.insight.figures.intervals import wilson_bounds
from core.insight.figures.losses import absolute_errors
from core.insight.figures.regression import regression_figures
from core.insight.figures.reliability import reliability_bins
from core.insight.figures.thresholds import ThresholdTable
from core.insight.figures.worst import worst_classes, worst_numbers
from core.insight.heldout import HeldOut, held_out
from core.insight.references import MOST_ROWS, Reference, Rows, references
from core.insight.segmented import MOST_ROWS as MOST_SEGMENT_ROWS
from core.insight.segmented import segments_of
from core.rows import EncodedRows
from core.scoring.predict import encoded_rows, known_frame, labels_of
from core.serialization import recalibrate
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.stored import Table
from core.types import Metrics, ModelBundle, TrainingConfig

WORST_ROWS = 50
WORST_CELLS = 60  # columns of a worst row that are kept
TITLE = "This network"
OF_CLASSES = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision", "log_loss", "brier", "ece")
OF_NUMBERS = ("rmse", "mae", "median_absolute_error", "r2", "mape")

Numbers = NDArray[np.float64]
OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Evaluated:
    """An evaluation, the bundle with the calibration that was fitted on the way, and every test row."""

    evaluation: Evaluation
    bundle: ModelBundle
    rows: pa.Table


@dataclass(frozen=True)
class _Tested:
    """What one model says of the test rows: class codes and probabilities `(n, k)`, or numbers `(n,)`."""

    y: NDArray[Any]
    outputs: Numbers
    class_names: tuple[str, ...]

    @property
    def is_classes(self) -> bool:
        return self.outputs.ndim == 2

    @property
    def decisions(self) -> NDArray[np.intp]:
        """Return the likeliest class of each row `(n,)`, whatever threshold predictions use."""
        return np.asarray(self.outputs.argmax(axis=1), dtype=np.intp)

    @property
    def losses(self) -> Numbers:
        """Return 1 where a class is wrong, or the absolute error of a number: `(n,)`."""
        if self.is_classes:
            return np.asarray(self.decisions != self.y, dtype=np.float64)
        return absolute_errors(self.y, self.outputs)

    def figures(self) -> dict[str, float | None]:
        """Return the figures that stand beside those of other models."""
        if self.is_classes:
            found = asdict(classification_figures(self.y, self.outputs, self.class_names, self.decisions))
            return {name: found[name] for name in OF_CLASSES}
        found = asdict(regression_figures(self.y, self.outputs))
        return {name: found[name] for name in OF_NUMBERS}


def evaluate(
    bundle: ModelBundle,
    frame: Table,
    cfg: TrainingConfig,
    metrics: Metrics | Mapping[str, Any],
    *,
    reading: ReadOptions = AUTOMATIC,
    on_step: OnStep = lambda sentence: None,
    should_stop: Callable[[], bool] | None = None,
) -> Evaluated:
    """Evaluate `bundle`, which was trained on `frame` with `cfg` and reached `metrics`.

    A threshold and a level that were chosen for the bundle stay. `on_step` is told in words what is being done.
    Once `should_stop` says yes, further references are left out.
    Raises DataError (a ValueError) where the table is not the one that the model was trained on.
    """
    started = time.perf_counter()
    on_step("Evaluating on the rows kept aside.")
    held = held_out(bundle, frame, cfg, reading)
    calibration = _calibration(bundle, held)
    test = _rows(bundle, held, held.test)
    outputs = _outputs(bundle, test, calibration or UNCALIBRATED)
    names = tuple(map(str, labels_of(bundle, np.arange(bundle.output_dim)))) if bundle.task == "classification" else ()
    tested = _Tested(held.y[held.test], outputs, names)
    on_step("Comparing with guessing, a linear model and gradient-boosted trees.")
    sides = _sides(tested, held, bundle, test, cfg, metrics, should_stop)
    on_step("Looking for where the errors are.")
    evaluation = Evaluation(
        task=bundle.task,
        target=cfg.target_column,
        class_names=names,
        n_test=len(held.test),
        n_validation=len(held.validation if bundle.out_of_fold is None else bundle.out_of_fold.y),
        sides=sides,
        figures=_figures(tested),
        calibration=None if calibration is None else asdict(calibration),
        coverage=() if calibration is None else tuple(_coverage(tested, *entry) for entry in calibration.margins),
        segments=segments_of(bundle, held.some(held.test[:MOST_SEGMENT_ROWS]), tested.losses),
        worst=_worst(tested, held),
        **(_of_classes(tested, bundle, held, test, calibration) if tested.is_classes else {}),
    )
    evaluation = replace(evaluation, seconds=time.perf_counter() - started)
    kept = _with_choices(calibration, calibration_of(bundle))
    return Evaluated(evaluation, replace(bundle, calibration=kept), _table(tested, held))


def save_evaluated(path: Path, found: Evaluated) -> None:
    """Keep an evaluation beside the model file at `path`, and give the model its calibration and its card.

    Raises AppError where the disk refuses.
    """
    document, bundle = found.evaluation.as_dict(), found.bundle
    card = None
    if bundle.record is not None and bundle.schema is not None:
        card = card_text(model_card(bundle.record, bundle.schema, document, bundle.calibration))
    recalibrate(path, bundle.calibration, card)
    save_evaluation(path.parent, found.evaluation, found.rows)


def _calibration(bundle: ModelBundle, held: HeldOut) -> Calibration | None:
    """Fit the calibration on validation rows, None where they are too few; a blend has its own from training."""
    if not len(held.validation):
        known = calibration_of(bundle)
        return known if known.n_rows else None
    own, judging = (_rows(bundle, held, places) for places in (held.calibrating, held.judging))
    if bundle.task == "regression":
        return calibrate_numbers(_outputs(bundle, own), held.y[held.calibrating])
    logits, judging_logits = (_logits(bundle, rows) for rows in (own, judging))
    return calibrate_classes(logits, held.y[held.calibrating], judging_logits, held.y[held.judging])


def _with_choices(fitted: Calibration | None, before: Calibration) -> Calibration | None:
    """Return what was fitted with the threshold and the level that were chosen before, where it has that level."""
    if before == UNCALIBRATED:
        return fitted
    if fitted is None:
        return Calibration(threshold=before.threshold)
    level = before.level if before.level is None or before.level in dict(fitted.margins) else fitted.level
    return replace(fitted, threshold=before.threshold, level=level)


def _rows(bundle: ModelBundle, held: HeldOut, places: NDArray[np.intp]) -> Rows:
    frame = known_frame(bundle, held.some(places))
    x = encoded_rows(bundle, frame)
    return Rows(x if isinstance(x, EncodedRows) else x.numpy(), frame)


def _logits(bundle: ModelBundle, rows: Rows) -> Numbers:
    x = rows.x if isinstance(rows.x, EncodedRows) else torch.from_numpy(rows.x)
    found = forward(bundle.model, x, choose_device(None)).cpu()
    return np.asarray(found.double().numpy(), dtype=np.float64)


def _outputs(bundle: ModelBundle, rows: Rows, calibration: Calibration = UNCALIBRATED) -> Numbers:
    """Return probabilities `(n, k)`, or numbers in the target's unit `(n,)`."""
    found = _logits(bundle, rows)
    if bundle.task == "classification":
        return softmax(found, calibration.temperature)
    scaler = bundle.target_scaler
    return np.asarray(found if scaler is None else scaler.inverse_transform(found), dtype=np.float64)[:, 0]


def _sides(
    tested: _Tested,
    held: HeldOut,
    bundle: ModelBundle,
    test: Rows,
    cfg: TrainingConfig,
    metrics: Metrics | Mapping[str, Any],
    should_stop: Callable[[], bool] | None,
) -> tuple[Side, ...]:
    known = asdict(metrics) if isinstance(metrics, Metrics) else metrics
    own = Side("network", TITLE, mean_interval(tested.losses), tested.figures(), known.get("seconds"),
               known.get("n_train"))  # fmt: skip
    places = held.fitted
    if len(places) > MOST_ROWS:
        places = np.sort(np.random.default_rng(cfg.random_seed).choice(places, MOST_ROWS, replace=False))
    found = references(
        _rows(bundle, held, places), held.y[places], test,
        n_classes=len(tested.class_names) or None, seed=cfg.random_seed, should_stop=should_stop,
    )  # fmt: skip
    return (_in_words(own, tested), *(_side(reference, tested) for reference in found))


def _side(reference: Reference, network: _Tested) -> Side:
    if reference.outputs is None:
        return Side(reference.name, reference.title, None, {}, None, None, reference.note)
    tested = replace(network, outputs=reference.outputs)
    side = Side(
        reference.name, reference.title, mean_interval(tested.losses), tested.figures(), reference.seconds,
        reference.n_rows, reference.note, paired_difference(network.losses, tested.losses),
    )  # fmt: skip
    return _in_words(side, tested)


def _in_words(side: Side, tested: _Tested) -> Side:
    """Return the side with the share that is right, rather than wrong, as its main figure."""
    if not tested.is_classes or side.main is None or side.main.estimate is None:
        return side
    low, high = side.main.low, side.main.high
    right = replace(
        side.main,
        estimate=1 - side.main.estimate,
        low=None if high is None else 1 - high,
        high=None if low is None else 1 - low,
    )
    return replace(side, main=right)


def _figures(tested: _Tested) -> dict[str, Any]:
    if tested.is_classes:
        return asdict(classification_figures(tested.y, tested.outputs, tested.class_names, tested.decisions))
    return asdict(regression_figures(tested.y, tested.outputs))


def _of_classes(
    tested: _Tested, bundle: ModelBundle, held: HeldOut, test: Rows, calibration: Calibration | None
) -> dict[str, Any]:
    """Return what only a classifier has: confusion, curves, thresholds, and the figures before calibration."""
    names, y = tested.class_names, tested.y
    shown = names[POSITIVE_CLASS:] if len(names) == 2 else names[:MOST_CLASSES_KEPT]
    return {
        "confusion": asdict(confusion_matrix(y, tested.decisions, names)),
        "curves": tuple(asdict(class_curves(y, tested.outputs, names, name)) for name in shown),
        "thresholds": _thresholds(tested, bundle, held, calibration) if len(names) == 2 else None,
        "before": _before(tested, _outputs(bundle, test)),
    }


def _thresholds(tested: _Tested, bundle: ModelBundle, held: HeldOut, calibration: Calibration | None) -> dict[str, Any]:
    chosen_on, calibrated = None, calibration or UNCALIBRATED
    if (found := bundle.out_of_fold) is not None:
        chosen_on = found.y, softmax(found.outputs, calibrated.temperature)
    elif len(held.validation):
        chosen_on = held.y[held.validation], _outputs(bundle, _rows(bundle, held, held.validation), calibrated)
    on_validation = None
    if chosen_on is not None:
        y, shares = chosen_on
        on_validation = ThresholdTable.of(y == POSITIVE_CLASS, shares[:, POSITIVE_CLASS]).as_dict()
    on_test = ThresholdTable.of(tested.y == POSITIVE_CLASS, tested.outputs[:, POSITIVE_CLASS]).as_dict()
    return {"positive": tested.class_names[POSITIVE_CLASS], "on_validation": on_validation, "on_test": on_test}


def _before(tested: _Tested, uncalibrated: Numbers) -> dict[str, Any]:
    found = asdict(classification_figures(tested.y, uncalibrated, tested.class_names))
    if len(tested.class_names) == 2:
        scores, right = uncalibrated[:, POSITIVE_CLASS], tested.y == POSITIVE_CLASS
    else:
        scores, right = uncalibrated.max(axis=1), uncalibrated.argmax(axis=1) == tested.y
    bins = reliability_bins(scores, right) if np.isfinite(scores).all() else ()
    return {
        "reliability": [asdict(entry) for entry in bins],
        **{name: found[name] for name in ("log_loss", "brier", "ece")},
    }


def _coverage(tested: _Tested, level: float, margin: float) -> Coverage:
    if tested.is_classes:
        covered = covered_classes(tested.outputs, tested.y, margin)
        labels = float(possible(tested.outputs, margin).sum(axis=1).mean())
    else:
        covered, labels = covered_numbers(tested.outputs, tested.y, margin), None
    low, high = wilson_bounds(int(covered.sum()), len(covered))
    return Coverage(level, margin, float(covered.mean()), float(low), float(high), labels)


def _worst(tested: _Tested, held: HeldOut) -> tuple[dict[str, Any], ...]:
    if tested.is_classes:
        found: Sequence[Any] = worst_classes(
            tested.y, tested.outputs, tested.class_names, WORST_ROWS, predicted=tested.decisions
        )
    else:
        found = worst_numbers(tested.y, tested.outputs, WORST_ROWS)
    places = held.test[[worst.position for worst in found]]
    rows = held.some(places)
    kept = []
    for at, (worst, place) in enumerate(zip(found, places.tolist(), strict=True)):
        cells = {str(column): _cell_text(rows[column].iloc[at]) for column in rows.columns[:WORST_CELLS]}
        kept.append({**asdict(worst), "row": int(held.places[place]) + 1, "cells": cells})
    return tuple(kept)


def _cell_text(cell: Any) -> str | None:
    return None if pd.isna(cell) else str(cell)


def _table(tested: _Tested, held: HeldOut) -> pa.Table:
    columns: dict[str, Any] = {"row": pa.array(held.places[held.test] + 1)}
    if not tested.is_classes:
        return pa.table(columns | {"truth": pa.array(tested.y), "prediction": pa.array(tested.outputs)})
    labels = pa.array(tested.class_names, pa.string())
    columns["truth"] = labels.take(pa.array(tested.y))
    columns["prediction"] = labels.take(pa.array(tested.decisions))
    if len(tested.class_names) <= MOST_CLASSES_KEPT:
        columns |= {f"p{at}": pa.array(share, pa.float32()) for at, share in enumerate(tested.outputs.T)}
    return pa.table(columns)
