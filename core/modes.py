"""What each training mode is for, in an analyst's words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModeWords:
    """The card of one mode."""

    title: str
    short: str
    what: str
    why: str


_WORDS = {
    "mlp_dense": ModeWords(
        "Standard network", "Network",
        "Layers of neurons over all columns at once.",
        "Start here: it fits most tables.",
    ),
    "linear_glm_baseline": ModeWords(
        "Straight lines", "Linear",
        "Gives every column one weight and adds them up.",
        "A yardstick: what the others must beat.",
    ),
    "tabresnet": ModeWords(
        "Deep network", "Deep",
        "A deeper network whose blocks correct each other.",
        "For many rows with effects that depend on each other. Slower.",
    ),
    "imbalance_aware": ModeWords(
        "Rare outcomes", "Rare",
        "Mistakes on rare categories cost more.",
        "When the category you care about is rare: fraud, failures.",
    ),
    "calibrated_classifier": ModeWords(
        "Careful probabilities", "Careful",
        "Trained never to be quite certain.",
        "When you act on the probability, not only on the answer.",
    ),
    "tree_teacher_distillation": ModeWords(
        "Taught by a forest", "Forest-taught",
        "A random forest learns first; the network learns from it too.",
        "For few or noisy rows. Takes a little longer to start.",
    ),
}  # fmt: skip


def mode_words(mode: str) -> ModeWords:
    """Return the card of `mode`; a mode without one is shown by its own name."""
    return _WORDS.get(mode, ModeWords(mode.replace("_", " ").capitalize(), mode, "", ""))
