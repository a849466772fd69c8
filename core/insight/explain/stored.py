"""An explanation as it was stored, made whole again; imports neither torch nor scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from core.errors import RunError
from core.insight.explain.results import (
    Attribution,
    ColumnImportance,
    Contribution,
    Correlated,
    CorrelatedPair,
    EffectCurve,
    Explanation,
    Importance,
)

Stored = Mapping[str, Any]
Made = TypeVar("Made")
DAMAGED = "What was found out about this model cannot be read. Have it worked out again."


def stored_explanation(answer: Stored) -> Explanation:
    """Return the explanation that `Explanation.as_dict` gave. Raises RunError where something is missing."""
    try:
        importance, correlated = answer["importance"], answer["correlated"]
        return Explanation(
            answer["n_rows"],
            answer["n_given"],
            _made(Importance, importance, columns=tuple(_made(ColumnImportance, e) for e in importance["columns"])),
            Correlated(
                tuple(_made(CorrelatedPair, pair) for pair in correlated["pairs"]),
                tuple(tuple(group) for group in correlated["groups"]),
                tuple(correlated["notes"]),
            ),
            tuple(stored_curve(curve) for curve in answer["effects"]),
            tuple(stored_attribution(entry) for entry in answer["attributions"]),
            answer["is_complete"],
        )
    except (KeyError, TypeError) as error:
        raise RunError(DAMAGED) from error


def stored_curve(answer: Stored) -> EffectCurve:
    """Return an effect curve. Raises RunError where something is missing."""
    try:
        return _made(EffectCurve, {name: _whole(value) for name, value in answer.items()})
    except (KeyError, TypeError) as error:
        raise RunError(DAMAGED) from error


def stored_attribution(answer: Stored) -> Attribution:
    """Return why a row is predicted as it is. Raises RunError where something is missing."""
    try:
        return _made(Attribution, answer, contributions=tuple(_made(Contribution, e) for e in answer["contributions"]))
    except (KeyError, TypeError) as error:
        raise RunError(DAMAGED) from error


def _made(kind: Callable[..., Made], values: Stored, **others: Any) -> Made:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{**{name: values[name] for name in names}, **others})


def _whole(value: Any) -> Any:
    """Return lists within lists as tuples."""
    return tuple(_whole(part) for part in value) if isinstance(value, list) else value
