"""Is the model any good: the figures of an ended run in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.insight.words import verdict_word
from core.modes import mode_words, unread_settings
from core.runs.records import Run
from core.settled import settled
from core.types import ADDED_MODES, TrainingConfig, numeric_settings
from pages.shared.text import count, duration, number, percent

TASK_WORDS = {"auto": "Automatic", "classification": "Categories", "regression": "Number"}


def has_model(run: Run) -> bool:
    """Return whether the run left a model that can be used."""
    return run.kind != "score" and run.state in ("finished", "stopped") and run.metrics is not None


def headline(metrics: Mapping[str, Any]) -> str:
    """Say how good the model is on rows it has not seen, and what guessing reaches."""
    value, guess = metrics["test_metric_value"], metrics.get("baseline_metric_value")
    if metrics["task"] == "classification":
        text = f"{percent(value)} of the test rows right"
        return text if guess is None else f"{text}; guessing the most frequent class gets {percent(guess)}"
    text = f"RMSE {number(value)} on the test rows"
    return text if guess is None else f"{text}; guessing the mean gets {number(guess)}"


def judgement(metrics: Mapping[str, Any]) -> str:
    """Say how many of the errors of guessing the model avoids."""
    value, guess = metrics["test_metric_value"], metrics.get("baseline_metric_value")
    if guess is None:
        return ""
    wrong, wrong_guess = (1 - value, 1 - guess) if metrics["task"] == "classification" else (value, guess)
    if wrong_guess <= 0:
        return "Guessing alone is right for every test row: there is nothing to learn in this target."
    share = 1 - wrong / wrong_guess
    if share < 0.02:
        return "That is no better than guessing. Check the target and the columns left out, or try another mode."
    if metrics["task"] == "classification":
        return f"It avoids {100 * share:.0f} % of the mistakes that guessing makes."
    return f"Its error is {100 * share:.0f} % smaller than that of guessing."


def score_words(run: Run) -> str:
    """Return the score for a list: 82.1 % right, RMSE 34,160."""
    if not run.metrics:
        return "–"
    value = run.metrics["test_metric_value"]
    return f"{percent(value)} right" if run.metrics["task"] == "classification" else f"RMSE {number(value)}"


def metric_tiles(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return label, value and help of the figures under the headline."""
    classes = metrics["task"] == "classification"
    write = percent if classes else number
    return [
        ("Accuracy" if classes else "RMSE", write(metrics["test_metric_value"]),
         "On the test rows, used only here." if classes else
         "Root of the mean squared error on the test rows: large errors count more than in the mean error."),
        ("Guessing" if classes else "RMSE of guessing", write(metrics.get("baseline_metric_value")),
         "Always the most frequent class." if classes else "Always the mean of the training rows."),
        ("Test loss", number(metrics["test_loss"]), "What training minimises, on the test rows."),
        ("Train loss", number(metrics["train_loss"]), "Much lower than the test loss means overfitting."),
        *_training_tiles(metrics),
    ]  # fmt: skip


def _training_tiles(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    epoch, n_run, seconds = metrics.get("best_epoch"), metrics.get("epochs_run") or 0, duration(metrics.get("seconds"))
    if _is_blend(metrics):
        return [
            ("Networks", f"{n_run:,}", "As many as were trained in the time given; they answer together."),
            ("Time", seconds, "From reading the table to the last network."),
        ]
    return [
        ("Best epoch", f"{epoch:,} of {n_run:,}" if epoch else f"{n_run:,}",
         "The epoch that was kept, of those that ran."),
        ("Time", seconds, "From the first epoch to the last."),
    ]  # fmt: skip


def _is_blend(metrics: Mapping[str, Any]) -> bool:
    return metrics.get("leaderboard") is not None


def sides_table(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the network and the simpler ways of an evaluation as rows of texts, on the same test rows."""
    rows = [_side_row(side, document["task"] == "classification") for side in document["sides"]]
    return rows if any(row["Note"] for row in rows) else [{k: v for k, v in row.items() if k != "Note"} for row in rows]


def _side_row(side: Mapping[str, Any], classes: bool) -> dict[str, str]:
    main, write = side["main"] or {}, percent if classes else number
    low, high = main.get("low"), main.get("high")
    figures = {label: _OTHER_FIGURES[name][1](side["figures"].get(name)) for name, label in _shown_figures(classes)}
    return {
        "Model": side["title"],
        "Rows right" if classes else "Mean absolute error": write(main.get("estimate")),
        "Between": "–" if low is None or high is None else f"{write(low)} and {write(high)}",
        "This network is": verdict_word(side),
        "Time to fit": "–" if side["seconds"] is None else _fitting_time(side["seconds"]),
        "Rows learned from": "–" if side["n_rows"] is None else count(side["n_rows"]),
        **figures,
        "Note": side["note"],
    }


def _shown_figures(classes: bool) -> list[tuple[str, str]]:
    names = _OF_CLASSES if classes else _OF_NUMBERS
    return [(name, _OTHER_FIGURES[name][0]) for name in names]


def _fitting_time(seconds: float) -> str:
    if seconds < 0.01:
        return "under 0.01 s"
    return f"{seconds:.2f} s" if seconds < 10 else duration(seconds)


def explained(share: float | None) -> str:
    """Write R², the share of the variation that is explained."""
    return percent(None if share is None else round(share, 3) + 0.0)  # -0.0 becomes 0.0


_OTHER_FIGURES = {
    "balanced_accuracy": ("Balanced accuracy", percent),
    "f1": ("F1", percent),
    "roc_auc": ("ROC AUC", percent),
    "average_precision": ("Average precision", percent),
    "log_loss": ("Log-loss", number),
    "brier": ("Brier score", number),
    "ece": ("Calibration error", percent),
    "rmse": ("RMSE", number),
    "median_absolute_error": ("Median error", number),
    "r2": ("R²", explained),
    "mape": ("MAPE", percent),
}
_OF_CLASSES = ("balanced_accuracy", "f1", "roc_auc", "average_precision", "log_loss", "brier", "ece")
_OF_NUMBERS = ("rmse", "median_absolute_error", "r2", "mape")


def settings_table(request: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the settings of a training, as it read them, as rows of two texts."""
    config = _as_read(request.get("config", {}), metrics)
    mode = config.get("training_mode", "mlp_dense")
    unread = unread_settings(mode)
    rows = [
        ("Target", str(config.get("target_column", ""))),
        ("Mode", mode_words(mode).title),
        ("Task", TASK_WORDS.get(config.get("task", "auto"), "")),
        *((setting.label, f"{config[name]:,.6g}" if name != "random_seed" else str(config[name]))
          for name, setting in numeric_settings().items() if name in config and name not in unread),
        *([] if "restore_best" in unread else [("Keep the best epoch", "yes" if config.get("restore_best") else "no")]),
        ("Device", {"cpu": "CPU", "cuda": "GPU"}.get(request.get("device") or "", "Automatic")),
    ]  # fmt: skip
    rows += [(label, f"{request[name]:g}") for label, name in _DISTIL_SETTINGS if request.get(name) is not None]
    return [{"Setting": label, "Value": value} for label, value in rows]


def _as_read(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings with what an added mode decided itself."""
    if config.get("training_mode") not in ADDED_MODES:
        return config
    n_rows = (metrics.get("n_train") or 0) + (metrics.get("n_validation") or 0)
    return asdict(settled(TrainingConfig(**{"target_column": "", **config}), n_rows))


_DISTIL_SETTINGS = (
    ("Temperature", "temperature"),
    ("Weight of the true outcome (alpha)", "alpha"),
    ("Student's width", "student_hidden_dim"),
    ("Student's hidden layers", "student_num_hidden_layers"),
    ("Student's dropout", "student_dropout"),
)


def data_table(request: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what became of the rows and columns, as rows of two texts."""
    parts = (
        ("Rows trained on", "n_train"),
        *([] if _is_blend(metrics) else [("Rows that judged epochs and set ranges", "n_validation")]),
        ("Test rows", "n_test"),
        ("Rows dropped (no target)", "n_dropped"),
    )
    rows = [(label, count(metrics[name])) for label, name in parts if metrics.get(name) is not None]
    rows.append(("Columns left out", ", ".join(request.get("excluded") or []) or "none"))
    rows.append(("Date columns", ", ".join(request.get("dates") or []) or "none"))
    return [{"Data": label, "Value": value} for label, value in rows]
