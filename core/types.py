"""The plain types that every other module speaks: settings, metrics and the trained bundle.

Bounds and help text stand beside each setting; pages build their widgets from them, and
`core.config` checks them when a training starts. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.calibration import Calibration, OutOfFold

TaskType = Literal["classification", "regression"]
TrainingMode = Literal[
    "mlp_dense",
    "linear_glm_baseline",
    "tabresnet",
    "imbalance_aware",
    "calibrated_classifier",
    "tree_teacher_distillation",
    "tabm",
    "realmlp",
    "auto",
]
ColumnRole = Literal["feature", "target", "date", "excluded"]
ColumnKind = Literal["number", "text", "mixed", "date", "empty"]

TASKS: tuple[str, ...] = get_args(TaskType)
TRAINING_MODES: tuple[str, ...] = get_args(TrainingMode)
ADDED_MODES = ("tabm", "realmlp", "auto")  # beyond the specification's six, with inputs of their own (`core.networks`)
SPECIFIED_MODES = tuple(mode for mode in TRAINING_MODES if mode not in ADDED_MODES)
TIMED_MODE = "auto"  # which trains until its time is over, not for so many epochs
EPOCH_MODES = tuple(mode for mode in TRAINING_MODES if mode != TIMED_MODE)
CLASSIFICATION_ONLY_MODES = ("imbalance_aware", "calibrated_classifier")
MAX_WORDS, MAX_WORD_CHARS = 100, 100  # words that count as missing by choice, of a table and of a column
N_QUANTILES = 11  # deciles of a column: 0, 10, … 100 %
STUDENT_MODES = ("mlp_dense", "linear_glm_baseline", "tabresnet")


@dataclass(frozen=True)
class Setting:
    """What a page and the check need to know of one numeric setting."""

    label: str
    help: str
    minimum: float
    maximum: float
    step: float
    open_minimum: bool = False
    open_maximum: bool = False


def _setting(default: Any, label: str, help_text: str, low: float, high: float, step: float, **kw: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(label, help_text, low, high, step, **kw)})


@dataclass
class TrainingConfig:
    """What to train and how. Values are checked when a training starts, not here.

    `categorical_columns` hold codes, such as store numbers: categories rather than numbers
    (`core.tables.codes`). With a `time_column`, whose cells are dates or numbers, the rows kept aside are
    the latest ones rather than drawn at random: for the test, and before these for validation. That
    column may be an excluded one.

    The added modes read some settings in their own way (`core.settled`): a `learning_rate` of 1e-3 and a `batch_size`
    of 64 stand for their own, and others for as many times more or less. Each epoch is judged on validation rows, 15 %
    of the training rows where `validation_size` is 0, and the best one is kept. The learning rate rises and falls in
    waves (`core.waves`), and training ends after `epochs`, or with a wave that has brought too little.
    `auto` trains networks of both kinds on parts of the rows for `time_budget` seconds, reading the table and scoring
    included, and blends them; what one has learned when the time is over depends on the machine.
    """

    target_column: str
    training_mode: str = "mlp_dense"
    task: str = "auto"
    test_size: float = _setting(
        0.2,
        "Test share",
        "Share of the rows kept aside to score the finished model.",
        0.0,
        1.0,
        0.05,
        open_minimum=True,
        open_maximum=True,
    )
    random_seed: int = _setting(
        42, "Random seed", "The same seed on the same table gives the same model.", 0, 2**32 - 1, 1
    )
    epochs: int = _setting(500, "Epochs", "How often training goes through all the training rows.", 1, 100_000, 10)
    batch_size: int = _setting(
        64, "Batch size", "Rows per training step, 2 or more; steps of a single row are skipped.", 1, 1_048_576, 16
    )
    learning_rate: float = _setting(
        1e-3,
        "Learning rate",
        "Size of a training step. Lower it if the curve jumps; raise it if it crawls.",
        0.0,
        10.0,
        1e-4,
        open_minimum=True,
    )
    hidden_dim: int = _setting(128, "Width", "Units in each hidden layer.", 1, 8192, 16)
    num_hidden_layers: int = _setting(2, "Hidden layers", "Depth of the network.", 0, 64, 1)
    dropout: float = _setting(
        0.1,
        "Dropout",
        "Share of units silenced at each step; a higher share overfits less.",
        0.0,
        1.0,
        0.05,
        open_maximum=True,
    )
    validation_size: float = _setting(
        0.0,
        "Validation share",
        "Share of the training rows that only judges each epoch, a third of them how sure predictions may be. "
        "0 trains on all of them.",
        0.0,
        1.0,
        0.05,
        open_maximum=True,
    )
    early_stopping_patience: int = _setting(
        0,
        "Patience",
        "Epochs without a better validation loss before training ends; needs a validation share. 0: never early.",
        0,
        100_000,
        5,
    )
    time_budget: float = _setting(
        300.0,
        "Time in seconds",
        "How long the blend of networks trains; with more time it tries and blends more of them.",
        1.0,
        604_800.0,
        30.0,
    )
    restore_best: bool = field(default=False)
    categorical_columns: tuple[str, ...] = ()
    time_column: str | None = None


RECOMMENDED: dict[str, Any] = {"epochs": 100, "validation_size": 0.15, "early_stopping_patience": 16}


def setting_of(name: str) -> Setting:
    """Return the bounds and help of the numeric setting `name` of `TrainingConfig`."""
    for entry in fields(TrainingConfig):
        if entry.name == name:
            return entry.metadata["setting"]  # type: ignore[no-any-return]
    raise KeyError(name)


def numeric_settings() -> dict[str, Setting]:
    """Return every numeric setting of `TrainingConfig` by field name, in order."""
    return {f.name: f.metadata["setting"] for f in fields(TrainingConfig) if "setting" in f.metadata}


@dataclass
class Metrics:
    """Final figures of a training, computed on rows the network has not seen.

    `train_loss` and `test_loss` are the mode's hard criterion in `eval()`; `test_metric_value` is
    the accuracy (a share) or the RMSE (in the target's unit). `baseline_metric_value` is what
    always guessing the most frequent class, or the mean, of the training rows reaches on the
    same test rows. With a time column, `test_from` is the earliest time of a test row (2012-06-01, or a
    number), and `n_without_time` counts the rows whose time is not known. `threads` of the processor made
    the steps. Of an automatic training, `leaderboard` says how the kinds of network did, as
    `core.leaderboard.Leaderboard` gives it, and `epochs_run` counts the networks.
    """

    task: str
    train_loss: float
    test_loss: float
    test_metric_name: str
    test_metric_value: float
    baseline_metric_value: float | None = None
    n_train: int | None = None
    n_validation: int | None = None
    n_test: int | None = None
    n_dropped: int | None = None
    epochs_run: int | None = None
    best_epoch: int | None = None
    seconds: float | None = None
    test_from: str | None = None
    n_without_time: int | None = None
    threads: int | None = None
    leaderboard: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class DateFormat:
    """How one date column is read: one decision for all its values.

    `order` is the order of the parts in ambiguous texts such as 05-02-2010; ISO texts and real
    date cells are read the same under each. `has_time` adds the hour and minute features.
    """

    order: Literal["day_first", "month_first", "year_first"]
    has_time: bool = False


@dataclass(frozen=True)
class ColumnSchema:
    """One column of the table that a model was trained on.

    `is_categorical` marks a feature of codes (`core.tables.codes`); its kind is text, or empty.
    `missing_words` are cells that count as missing by choice, beside the words for nothing; `kept_words` are words
    for nothing that are texts by choice.
    `quantiles` are the 11 deciles, from the 0 to the 100 % one, of the numbers of a number or mixed feature
    and of a target of numbers; of a date column those of its dates, as days since 1970-01-01 with the time
    of day as a fraction. Empty where there are none, as in a model of an earlier version.
    """

    name: str
    role: ColumnRole
    kind: ColumnKind
    n_missing: int = 0
    n_distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    median: float | None = None
    categories: tuple[tuple[str, int], ...] = ()  # (text, count), most frequent first
    categories_cut: bool = False  # True when there were more than are kept
    date_format: DateFormat | None = None
    is_categorical: bool = False
    missing_words: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    kept_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputSchema:
    """Every column of the training table, in the file's order, the target included."""

    columns: tuple[ColumnSchema, ...]

    def by_role(self, *roles: ColumnRole) -> tuple[ColumnSchema, ...]:
        """Return the columns with one of `roles`, in the file's order."""
        return tuple(column for column in self.columns if column.role in roles)

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Names of the columns a prediction row should hold: features and dates."""
        return tuple(column.name for column in self.by_role("feature", "date"))

    @property
    def date_formats(self) -> dict[str, DateFormat]:
        """How each date column is read."""
        return {c.name: c.date_format for c in self.by_role("date") if c.date_format is not None}

    @property
    def categorical_columns(self) -> tuple[str, ...]:
        """Names of the features that are codes."""
        return tuple(column.name for column in self.columns if column.is_categorical)


@dataclass(frozen=True)
class TrainingRecord:
    """How a bundle came to be: settings, figures, curve, versions and the data's fingerprint."""

    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    created_at: str  # ISO 8601, UTC
    device: str
    data_fingerprint: str  # SHA-256 of the training file's bytes
    n_rows: int
    versions: Mapping[str, str]
    train_losses: tuple[float, ...] = ()
    validation_losses: tuple[float, ...] = ()
    model_card: str = ""
    receipt: Mapping[str, Any] = field(default_factory=dict)  # as core.receipt gives it


@dataclass
class ModelBundle:
    """A trained network with everything it needs to predict for raw rows.

    `model` maps float32 `(n, input_dim)` to `(n, output_dim)`. `vectorizer`, `scaler`,
    `label_encoder` and `target_scaler` have scikit-learn's methods. The last five fields are
    optional, so that a bundle made by hand from the others predicts too. `out_of_fold` is there after a training of
    mode `auto`; a file does not hold it.
    """

    model: Any
    task: str
    vectorizer: Any
    scaler: Any
    feature_medians: NDArray[np.float64] | None  # (input_dim,)
    label_encoder: Any
    target_scaler: Any
    target_column: str
    input_dim: int
    output_dim: int
    class_names: list[str] | None
    model_config: dict[str, Any] | None = None
    schema: InputSchema | None = None
    record: TrainingRecord | None = None
    calibration: Calibration | None = None
    out_of_fold: OutOfFold | None = None
