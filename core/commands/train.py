"""`rowsmith train` and `rowsmith distill`: a network from a table, with the settings that the app recommends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.commands import options as given
from core.commands.report import Bar, carry_out, progress_bar
from core.leaderboard import Entry, Leaderboard
from core.modes import network_title
from core.runs.curve import guess_words
from core.tables.options import ReadOptions
from core.types import RECOMMENDED, TIMED_MODE, TRAINING_MODES, Metrics, ModelBundle, TrainingConfig

if TYPE_CHECKING:
    from core.epoch import EpochReport

Mode = Annotated[str, typer.Option(help=f"One of {', '.join(TRAINING_MODES)}.")]
Task = Annotated[str, typer.Option(help="auto, classification or regression.")]


def train(
    table: given.Table,
    target: given.Target,
    out: given.Out = Path(),
    mode: Mode = "mlp_dense",
    task: Task = "auto",
    exclude: given.Exclude = None,
    date: given.Dates = None,
    category: given.Categories = None,
    time_column: given.Time = None,
    epochs: Annotated[int, typer.Option(help="How often training goes through the rows.")] = RECOMMENDED["epochs"],
    batch_size: Annotated[int, typer.Option(help="Rows per training step.")] = TrainingConfig.batch_size,
    learning_rate: Annotated[float, typer.Option(help="Size of a training step.")] = TrainingConfig.learning_rate,
    hidden_dim: Annotated[int, typer.Option(help="Units in each hidden layer.")] = TrainingConfig.hidden_dim,
    layers: Annotated[int, typer.Option(help="Hidden layers.")] = TrainingConfig.num_hidden_layers,
    dropout: Annotated[float, typer.Option(help="Share of units silenced.")] = TrainingConfig.dropout,
    test_size: Annotated[
        float, typer.Option(help="Share of the rows for the final figure.")
    ] = TrainingConfig.test_size,
    validation_size: Annotated[
        float, typer.Option(help="Share of the training rows that judge each epoch.")
    ] = RECOMMENDED["validation_size"],
    patience: Annotated[
        int,
        typer.Option(
            help="Epochs without a better one before training ends; 0: never early. tabm, realmlp, auto do not read it."
        ),
    ] = RECOMMENDED["early_stopping_patience"],
    time_budget: Annotated[
        float, typer.Option(help=f"Seconds that the mode {TIMED_MODE} trains for.")
    ] = TrainingConfig.time_budget,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = TrainingConfig.random_seed,
    device: given.Device = None,
    sheet: given.Sheet = None,
    encoding: given.Encoding = None,
    separator: given.Separator = None,
    decimal: given.Decimal = None,
    thousands: given.Thousands = None,
    header_row: given.HeaderRow = None,
    missing: given.Missing = None,
    keep: given.Keep = None,
    as_json: given.AsJson = False,
) -> None:
    """Train a network on a table. Ctrl+C ends it and keeps the best epoch so far, or the blend of networks."""

    def work() -> Mapping[str, Any]:
        from core.trainer import save_bundle, train_model_from_file

        reading = given.read_options(sheet, encoding, separator, decimal, thousands, header_row, missing, keep)
        cfg = TrainingConfig(
            target_column=target,
            training_mode=mode,
            task=task,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            hidden_dim=hidden_dim,
            num_hidden_layers=layers,
            dropout=dropout,
            test_size=test_size,
            validation_size=validation_size,
            early_stopping_patience=patience,
            time_budget=time_budget,
            restore_best=validation_size > 0,
            random_seed=seed,
            categorical_columns=tuple(category or ()),
            time_column=time_column,
        )
        with _watched(cfg, as_json) as watch:
            bundle, metrics = train_model_from_file(
                table, cfg, exclude_columns=exclude, date_columns=date, device=device, on_epoch=watch.on_epoch,
                on_board=watch.on_board, should_stop=watch.should_stop, reading=reading,
            )  # fmt: skip
        return _results(bundle, metrics, save_bundle(bundle, out, metrics), table, cfg, reading)

    carry_out(work, _lines, as_json)


def distill(
    table: given.Table,
    teacher: Annotated[Path, typer.Option(help="The model file to learn from.", show_default=False)],
    out: given.Out = Path(),
    target: Annotated[str | None, typer.Option(help="The column to predict; the teacher's.")] = None,
    mode: Annotated[str, typer.Option(help="mlp_dense, linear_glm_baseline or tabresnet.")] = "mlp_dense",
    exclude: given.Exclude = None,
    date: given.Dates = None,
    temperature: Annotated[float, typer.Option(help="How soft the teacher's answers are made.")] = 2.5,
    alpha: Annotated[float, typer.Option(help="Share of the true answers in the loss.")] = 0.5,
    hidden_dim: Annotated[int | None, typer.Option(help="Units in each layer; half the teacher's.")] = None,
    layers: Annotated[int | None, typer.Option(help="Hidden layers; one less than the teacher.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of units silenced; from the teacher's.")] = None,
    epochs: Annotated[int, typer.Option(help="How often training goes through the rows.")] = RECOMMENDED["epochs"],
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = TrainingConfig.random_seed,
    device: given.Device = None,
    sheet: given.Sheet = None,
    as_json: given.AsJson = False,
) -> None:
    """Train a small student on the outputs of a larger teacher. Ctrl+C ends it and keeps the best epoch so far."""

    def work() -> Mapping[str, Any]:
        from core.trainer import distill_model_from_file, load_bundle, save_bundle

        known = load_bundle(teacher)
        cfg = TrainingConfig(
            target_column=target or known.target_column,
            training_mode=mode,
            epochs=epochs,
            validation_size=RECOMMENDED["validation_size"],
            early_stopping_patience=RECOMMENDED["early_stopping_patience"],
            restore_best=True,
            random_seed=seed,
        )
        with _watched(cfg, as_json) as watch:
            bundle, metrics = distill_model_from_file(
                table, cfg, teacher_bundle=known, sheet_name=sheet, exclude_columns=exclude, date_columns=date,
                device=device, temperature=temperature, alpha=alpha, student_hidden_dim=hidden_dim,
                student_num_hidden_layers=layers, student_dropout=dropout, on_epoch=watch.on_epoch,
                should_stop=watch.should_stop,
            )  # fmt: skip
        reading = ReadOptions(sheet=sheet)
        return _results(bundle, metrics, save_bundle(bundle, out, metrics), table, cfg, reading)

    carry_out(work, _lines, as_json)


@dataclass(frozen=True)
class Watch:
    """What follows a training and can end it."""

    on_epoch: Callable[[EpochReport], None]
    on_board: Callable[[Leaderboard], None]
    should_stop: Callable[[], bool]


@contextmanager
def _watched(cfg: TrainingConfig, as_json: bool) -> Iterator[Watch]:
    """Give a bar that follows the epochs, or the time, and a Ctrl+C that ends the training instead of the process."""
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    is_timed = cfg.training_mode == TIMED_MODE
    try:
        with progress_bar("Training", cfg.time_budget if is_timed else cfg.epochs, as_json) as bar:
            follow = _network_teller(bar) if is_timed else _epoch_teller(bar)
            yield Watch(follow, lambda board: bar.move(board.seconds, _board_words(board)), lambda: bool(asked))
    finally:
        signal.signal(signal.SIGINT, before)


def _epoch_teller(bar: Bar) -> Callable[[EpochReport], None]:
    return lambda report: bar.move(report.epoch, _words(report))


def _network_teller(bar: Bar) -> Callable[[EpochReport], None]:
    return lambda report: bar.say(f"Network {report.epoch:,} took {report.seconds:.1f} s: {_network_words(report)}")


def _network_words(report: EpochReport) -> str:
    blend = "" if report.validation_loss is None else f", the blend {report.validation_loss:.4g} on rows held out"
    return f"loss {report.train_loss:.4g}{blend}"


def _board_words(board: Leaderboard) -> str:
    return f"{_networks(board.members)}{_better(board.loss, board.baseline_loss)}"


def _networks(number: int) -> str:
    return f"{number:,} network" if number == 1 else f"{number:,} networks"


def _better(loss: float | None, baseline: float | None) -> str:
    better = guess_words(loss, baseline)
    return f", {better}" if better else ""


def _words(report: EpochReport) -> str:
    judged = "" if report.validation_loss is None else f", validation {report.validation_loss:.4g}"
    return f"loss {report.train_loss:.4g}{judged}"


def _results(
    bundle: ModelBundle, metrics: Metrics, path: Path, table: Path, cfg: TrainingConfig, reading: ReadOptions
) -> dict[str, Any]:
    """Evaluate a model that is saved already, and return what is known of it."""
    from core.insight.evaluate import evaluate, save_evaluated
    from core.insight.words import headline, verdicts
    from core.tables.read import load_tabular_file

    found = evaluate(bundle, load_tabular_file(table, options=reading), cfg, metrics, reading=reading)
    save_evaluated(path, found)
    document = found.evaluation.as_dict()
    return {
        "model": str(path),
        "target": bundle.target_column,
        "classes": bundle.class_names,
        "metrics": asdict(metrics),
        "headline": headline(document),
        "verdicts": verdicts(document),
        "beside": document["sides"],
        "coverage": document["coverage"],
    }


def _lines(found: Mapping[str, Any]) -> list[str]:
    metrics = found["metrics"]
    name, value, guessing = (metrics[k] for k in ("test_metric_name", "test_metric_value", "baseline_metric_value"))
    return [
        found["headline"],
        *found["verdicts"],
        f"Test {name} {value:.4g} on {metrics['n_test']:,} rows it has not seen; guessing reaches {guessing:.4g}.",
        *_training_lines(metrics),
        f"The model is {found['model']}",
    ]


def _training_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Say what was trained and what of it was kept; of a blend also how its kinds of networks did, the best first."""
    n_run, seconds = metrics["epochs_run"], f"{metrics['seconds']:.1f} s"
    if metrics["leaderboard"]:
        board = Leaderboard.from_dict(metrics["leaderboard"])
        whole = f"{_networks(n_run)} in {seconds}; the blend was kept{_better(board.loss, board.baseline_loss)}."
        return [whole, *(_entry_line(entry, board.baseline_loss) for entry in board.entries)]
    kept = f"; epoch {metrics['best_epoch']:,} was kept" if metrics["best_epoch"] else ""
    return [f"{n_run:,} epochs in {seconds}{kept}."]


def _entry_line(entry: Entry, baseline: float | None) -> str:
    better = _better(entry.loss, baseline)
    return f"  {network_title(entry.name)}: {entry.members:,} trained{better}, {100 * entry.weight:.0f} % of the blend"
