"""What a model's threshold and level mean for its predictions, in sentences."""

from __future__ import annotations

from core.calibration import Calibration
from pages.shared.text import percent


def threshold_words(threshold: float | None, positive: str) -> str:
    """Say which class is predicted (plain text)."""
    if threshold is None:
        return "The likelier class is predicted."
    return f"{positive} is predicted at a probability of {percent(threshold)} or more."


def level_words(calibration: Calibration, target: str, *, is_number: bool) -> str:
    """Say what stands beside each prediction at the model's level (plain text)."""
    if calibration.margin is None or calibration.level is None:
        return "Predictions come without ranges." if is_number else "Predictions come without the labels possible."
    share = f"{100 * calibration.level:.4g} %"
    if is_number:
        columns = f"{target}_low to {target}_high"
        return f"Predictions come with a range, {columns}, that holds the truth in {share} of the cases."
    columns = f"{target}_possible"
    return f"Predictions come with the labels possible, {columns}, the true one among them in {share} of the cases."
