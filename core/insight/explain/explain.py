"""Everything that explains a model at once, with progress, and a stop that keeps what was found."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from core.errors import DataError
from core.insight.explain.attribution import attribute
from core.insight.explain.correlated import correlated_columns
from core.insight.explain.effect import effect_curve
from core.insight.explain.importance import n_steps, permutation_importance
from core.insight.explain.interesting import interesting_rows
from core.insight.explain.results import Attribution, Correlated, EffectCurve, Explanation, Importance
from core.insight.explain.sample import Sample, take_sample
from core.insight.explain.steps import Ask, OnProgress, Steps
from core.types import ModelBundle

N_CURVES, N_ROWS_EXPLAINED = 10, 4
BACKGROUND_ROWS = 100
STEPS_A_ROW = 5  # explaining a row takes about as long as shuffling so many columns


def explain(
    bundle: ModelBundle,
    rows: pd.DataFrame,
    y: NDArray[Any],
    background: pd.DataFrame,
    *,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total: None,
    should_stop: Ask = lambda: False,
) -> Explanation:
    """Explain a model on raw rows that it has not seen, compared with raw `background` rows.

    `y` are class codes or numbers in the target's unit, `(n,)`. Of more than 5,000 rows, so many are drawn.
    Raises DataError (a ValueError) for a bundle that does not say which column its inputs come from.
    """
    sample = take_sample(bundle, rows, y, seed=seed)
    steps = Steps(_total(sample), on_progress, should_stop)
    importance = permutation_importance(sample, seed=seed, steps=steps)
    correlated = correlated_columns(sample, seed=seed) if steps.may_go_on() else Correlated()
    steps.made()
    effects = _effects(sample, importance, steps, seed)
    attributions = _attributions(sample, take_sample(bundle, background, most=BACKGROUND_ROWS, seed=seed), steps, seed)
    if not steps.is_stopped:
        on_progress(steps.total, steps.total)
    return Explanation(
        len(sample), len(rows), importance, correlated, tuple(effects), tuple(attributions), not steps.is_stopped
    )


def _total(sample: Sample) -> int:
    n_curves = min(N_CURVES, len(sample.groups))
    return n_steps(sample) + 1 + n_curves + STEPS_A_ROW * min(N_ROWS_EXPLAINED, len(sample))


def _effects(sample: Sample, importance: Importance, steps: Steps, seed: int) -> list[EffectCurve]:
    curves = []
    for entry in importance.columns[:N_CURVES]:
        if not steps.may_go_on():
            break
        curve = effect_curve(sample, entry.column, seed=seed)
        curves += [curve] if curve.values else []
        steps.made()
    return curves


def _attributions(sample: Sample, background: Sample, steps: Steps, seed: int) -> list[Attribution]:
    found = []
    for at, why in interesting_rows(sample).items():
        if not steps.may_go_on() or not len(background):
            break
        with suppress(DataError):  # outputs that are not finite: there is nothing to say of the row
            found.append(attribute(sample, at, background, why=why, seed=seed))
        steps.made(STEPS_A_ROW)
    return found
