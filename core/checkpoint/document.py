"""The text in a checkpoint: every value that is no array, as strict JSON with a closed set of entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from core.bundle.document import parse_document, render_document
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown
from core.checkpoint.contents import MAX_EPOCHS, Checkpoint, Ending, Position, RandomRest
from core.checkpoint.identity import Identity
from core.epoch import Divergence

FORMAT = "rowsmith-checkpoint"
FORMAT_VERSION = 1
MAX_VALUES = 1_000

_ENTRIES = (
    "format", "format_version", "settings", "rows", "teaching", "epochs", "patience", "patience_base",
    "learning_rate", "update_steps", "best_epoch", "best_loss", "baseline_loss", "has_validation", "position",
    "ending", "divergence", "elapsed_seconds", "threads", "device", "random",
)  # fmt: skip


def render_checkpoint(checkpoint: Checkpoint) -> str:
    """Return all but the arrays as a text."""
    values = {name: getattr(checkpoint, name) for name in _ENTRIES if hasattr(checkpoint, name)}
    position, divergence = checkpoint.position, checkpoint.divergence
    values |= asdict(checkpoint.identity)
    values["format"], values["format_version"] = FORMAT, FORMAT_VERSION
    values["position"] = None if position is None else asdict(position)
    values["random"] = asdict(checkpoint.random)
    # JSON knows no infinity, and a loss that diverged may be one
    values["divergence"] = None if divergence is None else {**asdict(divergence), "loss": repr(divergence.loss)}
    return render_document({name: values[name] for name in _ENTRIES}).decode("ascii")


def parse_checkpoint(text: str) -> Fields:
    """Return the entries of a checkpoint's text, or raise FlawError where it is none that can be read here."""
    document = parse_document(text.encode("utf-8"), "description", MAX_VALUES)
    if isinstance(document, dict) and document.get("format") == FORMAT:
        version = document.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise FlawError(f"it is of format {shown(version)} and this Rowsmith reads {FORMAT_VERSION}")
    fields = Fields(document, "its description", _ENTRIES)
    fields.choice("format", (FORMAT,))
    fields.whole("format_version", FORMAT_VERSION, FORMAT_VERSION)
    return fields


def build_checkpoint(fields: Fields, arrays: Mapping[str, NDArray[Any]]) -> Checkpoint:
    """Return the checkpoint of these entries; of `arrays` only the curve is looked at. Raises FlawError."""
    _check_curve(arrays["curve"], fields.flag("has_validation"))
    n_epochs = len(arrays["curve"])
    best_epoch = fields.whole("best_epoch", 0, n_epochs)
    return Checkpoint(
        identity=identity_in(fields),
        epochs=fields.whole("epochs", 1, MAX_EPOCHS),
        patience=fields.whole("patience"),
        patience_base=fields.whole("patience_base", 0, n_epochs),
        learning_rate=fields.number("learning_rate"),
        update_steps=fields.whole("update_steps"),
        best_epoch=best_epoch,
        best_loss=fields.number("best_loss") if best_epoch else None,
        baseline_loss=fields.number_or_none("baseline_loss"),
        has_validation=fields.flag("has_validation"),
        position=None if fields.is_null("position") else _position(fields),
        ending=None if fields.is_null("ending") else fields.choice("ending", get_args(Ending)),  # type: ignore[arg-type]
        divergence=None if fields.is_null("divergence") else _divergence(fields),
        elapsed_seconds=max(0.0, fields.number("elapsed_seconds")),
        threads=fields.whole("threads", 1),
        device=fields.text("device"),
        random=_random(fields),
        arrays=arrays,
    )


def identity_in(fields: Fields) -> Identity:
    """Return which training a checkpoint is of."""
    return Identity(fields.mapping("settings"), fields.text("rows"), fields.text("teaching"))


def _position(fields: Fields) -> Position:
    inner = Fields(fields.raw("position"), fields.where("position"), ("next_batch", "rows", "started"))
    return Position(inner.whole("next_batch"), inner.whole("rows"), inner.number("started"))


def _divergence(fields: Fields) -> Divergence:
    inner = Fields(fields.raw("divergence"), fields.where("divergence"), ("epoch", "rows", "loss"))
    rows = inner.choice("rows", ("training", "validation"))
    try:
        loss = float(inner.text("loss"))
    except ValueError as error:
        raise FlawError(f"{inner.where('loss')} is {shown(inner.text('loss'))}, not a number") from error
    return Divergence(inner.whole("epoch", 1), rows, loss)  # type: ignore[arg-type]


def _random(fields: Fields) -> RandomRest:
    names = ("numpy_position", "numpy_has_gauss", "numpy_gauss", "python_gauss")
    inner = Fields(fields.raw("random"), fields.where("random"), names)
    return RandomRest(
        inner.whole("numpy_position", 0, 624),
        inner.whole("numpy_has_gauss", 0, 1),
        inner.number("numpy_gauss"),
        inner.number_or_none("python_gauss"),
    )


def _check_curve(curve: NDArray[Any], has_validation: bool) -> None:
    train, validation, seconds = curve.T
    if not (np.isfinite(train).all() and np.isfinite(seconds).all()):
        raise FlawError("its curve holds what is not a finite number")
    if not (np.isfinite(validation) if has_validation else np.isnan(validation)).all():
        raise FlawError("its curve does not fit what it says of validation rows")
