"""What each training mode is for, in an analyst's words."""

from __future__ import annotations

from dataclasses import dataclass

from core.networks.shape import FAMILIES
from core.types import ADDED_MODES, TIMED_MODE, TRAINING_MODES


@dataclass(frozen=True)
class ModeWords:
    """The card of one mode."""

    title: str
    short: str
    what: str
    why: str


_WORDS = {
    "tabm": ModeWords(
        "Accurate network", "Accurate",
        "Several small networks in one, which share most of their weights and answer together.",
        "Accurate on most tables, in one training.",
    ),
    TIMED_MODE: ModeWords(
        "Blend of networks", "Blend",
        "Trains accurate and tuned networks, one after the other, and lets the best of them answer together.",
        "Usually the most accurate way. It takes just the time you give it, and does better with more.",
    ),
    "mlp_dense": ModeWords(
        "Standard network", "Network",
        "Layers of neurons over all columns at once.",
        "Fits most tables, and is quick.",
    ),
    "realmlp": ModeWords(
        "Tuned network", "Tuned",
        "One network, each detail of which was tuned on many other tables.",
        "Often as accurate as the accurate network, on some tables more so.",
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

_KINDS = {"TabM": "tabm", "RealMLP": "realmlp"}  # of networks in a blend, as `core.leaderboard` names them
_UNREAD: dict[str, frozenset[str]] = {
    TIMED_MODE: frozenset({"epochs", "validation_size", "early_stopping_patience", "restore_best"}),
    **{family: frozenset({"early_stopping_patience", "time_budget"}) for family in FAMILIES},
}
MODES_IN_ORDER = tuple(dict.fromkeys((*_WORDS, *TRAINING_MODES)))  # of their cards


def mode_words(mode: str) -> ModeWords:
    """Return the card of `mode`; a mode without one is shown by its own name."""
    return _WORDS.get(mode, ModeWords(mode.replace("_", " ").capitalize(), mode, "", ""))


def network_title(name: str) -> str:
    """Return what a kind of network in a blend is called: Accurate network (TabM), and what is special about it."""
    kind, comma, rest = name.partition(",")
    return f"{_WORDS[_KINDS[kind]].title} ({kind}){comma}{rest}" if kind in _KINDS else name


def unread_settings(mode: str) -> frozenset[str]:
    """Return the settings that a mode decides itself, or has no use for."""
    return _UNREAD.get(mode, frozenset({"time_budget"}))


def limits_of(mode: str) -> str:
    """Say what a network of `mode` makes of cells that are unlike those it was trained on."""
    if mode in ADDED_MODES:
        return (
            "Texts it never saw count as none of the known ones, missing cells as the training median, marked as "
            "missing where that was common in training, and numbers outside the training range as the nearest one "
            "within it; no predicted number lies outside the training range either."
        )
    return (
        "Texts it never saw count as none of the known ones, missing cells as the training median, and numbers outside "
        "the training range are extrapolated."
    )
