"""Every figure of a classifier on the rows it has not seen, as a whole and class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.insight.figures.arrays import Flags, Floats, Ints, check_lengths, class_position, finite_or_none
from core.insight.figures.ranking import Ranking, ranking
from core.insight.figures.reliability import calibration_error, reliability_bins

OF_DECISIONS = ("accuracy", "balanced_accuracy", "f1", "precision", "recall")
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)  # as scikit-learn's log-loss has it


@dataclass(frozen=True)
class ClassFigures:
    """The figures of one class against the rest, shares from 0 to 1, None where there is nothing to divide by.

    `n` counts the rows of the class and `n_predicted` those called so. Precision is the share of the rows
    called so that are; recall the share of the class's rows that were found. `brier` is the mean squared gap
    between the probability of the class and the truth, `ece` that probability's expected calibration error.
    """

    name: str
    n: int
    n_predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None
    average_precision: float | None
    brier: float | None = None
    ece: float | None = None


@dataclass(frozen=True)
class ClassificationFigures:
    """The figures of all classes, shares from 0 to 1 except the last three, and why one is missing.

    `precision`, `recall` and `f1` are the plain mean over the classes that occur in the rows or were
    predicted (macro), a class with nothing to divide by counting 0; `balanced_accuracy` is the mean recall
    over the classes that occur. With two classes `roc_auc` and `average_precision` are those of `positive`;
    with more, the mean over the classes that occur, each against the rest.

    `log_loss` is in nats. `brier` is, with two classes, the mean squared gap between the probability of
    `positive` and the truth (0 to 1); with more, the squares are summed over the classes (0 to 2). `ece` is
    the expected calibration error in at most 15 bins of equal mass: of the probability of `positive` with two
    classes, of the highest probability with more. These three and the areas take no notice of `predicted`.
    """

    n: int
    positive: str | None
    accuracy: float | None
    balanced_accuracy: float | None
    f1: float | None
    precision: float | None
    recall: float | None
    roc_auc: float | None
    average_precision: float | None
    log_loss: float | None
    brier: float | None
    ece: float | None
    classes: tuple[ClassFigures, ...]
    undefined: dict[str, str] = field(default_factory=dict)  # figure: why it is None


def classification_figures(
    y: Ints,
    probabilities: Floats,
    class_names: Sequence[str],
    predicted: Ints | None = None,
    *,
    positive: str | None = None,
) -> ClassificationFigures:
    """Score probabilities `(n, k)` in the order of `class_names` against class codes `y` `(n,)`.

    `predicted` `(n,)` holds the class codes decided on where that is not the most probable class.
    `positive` names the class of interest of two, by default the second. Raises ValueError for an unknown
    name or arrays of different lengths.
    """
    check_lengths(y=y, probabilities=probabilities, **({} if predicted is None else {"predicted": predicted}))
    names = [str(name) for name in class_names]
    interest = _position_of_interest(names, positive)
    undefined: dict[str, str] = {}
    rankings = _rankings(y, probabilities, len(names), undefined)
    decided = most_probable(probabilities) if predicted is None else predicted
    classes = _class_figures(y, decided, names, rankings)
    if _why_no_probabilities(probabilities) is None:
        classes = tuple(_with_probabilities(entry, y == at, probabilities[:, at]) for at, entry in enumerate(classes))
    return ClassificationFigures(
        n=len(y),
        positive=None if interest is None else names[interest],
        **_decision_figures(y, decided, classes, undefined),
        **_ranking_figures(rankings, interest),
        **_probability_figures(y, probabilities, interest, undefined),
        classes=classes,
        undefined=undefined,
    )


def most_probable(probabilities: Floats) -> Ints:
    """Return the code of the most probable class of each row, the first of equal ones: `(n,)`."""
    if not len(probabilities):
        return np.zeros(0, dtype=np.int64)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def _position_of_interest(names: list[str], positive: str | None) -> int | None:
    if positive is not None:
        return class_position(names, positive)
    return 1 if len(names) == 2 else None


def _rankings(y: Ints, probabilities: Floats, k: int, undefined: dict[str, str]) -> dict[int, Ranking]:
    """Score the ranking by each class that occurs, and say why where none can be scored."""
    present = np.flatnonzero(np.bincount(y, minlength=k))
    reason = _why_no_probabilities(probabilities) or _why_no_ranking(len(present))
    if reason:
        undefined.update(dict.fromkeys(("roc_auc", "average_precision"), reason))
        return {}
    return {int(code): ranking(y == code, probabilities[:, code]) for code in present}


def _why_no_probabilities(probabilities: Floats) -> str | None:
    """Return why figures of probabilities cannot be computed, or None where they can."""
    if not len(probabilities):
        return "There are no test rows."
    n_broken = int((~np.isfinite(probabilities.sum(axis=1))).sum())
    if n_broken:
        return f"The model gave no usable probabilities for {n_broken:,} of the {len(probabilities):,} test rows."
    return None


def _why_no_ranking(n_present: int) -> str | None:
    if n_present < 2:
        return "All test rows are of one class, so there is nothing to tell apart."
    return None


def _class_figures(y: Ints, decided: Ints, names: list[str], rankings: dict[int, Ranking]) -> tuple[ClassFigures, ...]:
    k = len(names)
    n, n_predicted = np.bincount(y, minlength=k), np.bincount(decided, minlength=k)
    hits = np.bincount(y[y == decided], minlength=k)
    counts = zip(names, n.tolist(), n_predicted.tolist(), hits.tolist(), strict=True)
    return tuple(_one_class(*entry, rankings.get(code)) for code, entry in enumerate(counts))


def _one_class(name: str, n: int, n_predicted: int, hits: int, ranked: Ranking | None) -> ClassFigures:
    return ClassFigures(
        name=name,
        n=n,
        n_predicted=n_predicted,
        precision=hits / n_predicted if n_predicted else None,
        recall=hits / n if n else None,
        f1=2 * hits / (n + n_predicted) if n + n_predicted else None,
        roc_auc=None if ranked is None else ranked.roc_auc,
        average_precision=None if ranked is None else ranked.average_precision,
    )


def _with_probabilities(entry: ClassFigures, right: Flags, said: Floats) -> ClassFigures:
    """Return the figures of a class with those of its probability `(n,)`; as they are where it has no rows."""
    if not entry.n:
        return entry
    ece = calibration_error(reliability_bins(said, right))
    return replace(entry, brier=float(np.mean((said - right) ** 2)), ece=ece)


def _decision_figures(
    y: Ints, decided: Ints, classes: tuple[ClassFigures, ...], undefined: dict[str, str]
) -> dict[str, float | None]:
    if not len(y):
        undefined.update(dict.fromkeys(OF_DECISIONS, "There are no test rows."))
        return dict.fromkeys(OF_DECISIONS)
    seen = [entry for entry in classes if entry.n or entry.n_predicted]
    return {
        "accuracy": float((y == decided).mean()),
        "balanced_accuracy": _mean([entry.recall for entry in seen if entry.n]),
        "f1": _mean([entry.f1 for entry in seen]),
        "precision": _mean([entry.precision for entry in seen]),
        "recall": _mean([entry.recall for entry in seen]),
    }


def _mean(shares: list[float | None]) -> float:
    return sum(share or 0.0 for share in shares) / len(shares)


def _ranking_figures(rankings: dict[int, Ranking], interest: int | None) -> dict[str, float | None]:
    chosen = list(rankings.values()) if interest is None else [rankings[interest]] if interest in rankings else []
    if not chosen:
        return {"roc_auc": None, "average_precision": None}
    roc_auc, average_precision = np.mean(chosen, axis=0).tolist()
    return {"roc_auc": roc_auc, "average_precision": average_precision}


def _probability_figures(
    y: Ints, probabilities: Floats, interest: int | None, undefined: dict[str, str]
) -> dict[str, float | None]:
    reason = _why_no_probabilities(probabilities)
    if reason:
        names = ("log_loss", "brier", "ece")
        undefined.update(dict.fromkeys(names, reason))
        return dict.fromkeys(names)
    of_truth = probabilities[np.arange(len(y)), y]
    if probabilities.shape[1] == 2 and interest is not None:
        said, right = probabilities[:, interest], y == interest
        brier = float(np.mean((said - right) ** 2))
    else:
        said, right = probabilities.max(axis=1), y == most_probable(probabilities)
        brier = float(np.mean(np.einsum("nk,nk->n", probabilities, probabilities) - 2 * of_truth + 1))
    return {
        "log_loss": finite_or_none(-np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0)).mean()),
        "brier": max(brier, 0.0),
        "ece": calibration_error(reliability_bins(said, right)),
    }
