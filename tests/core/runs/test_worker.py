"""Promises on real workers: a job done to its end, and every way it may end before."""

import csv
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import numpy as np
import openpyxl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch

from core.errors import ConfigError, RunError
from core.runs.board import board_of
from core.runs.checkpoints import CHECKPOINT_NAME, resume_words, summary_of
from core.runs.datasets import add_table, table_path
from core.runs.launch import threads_for, threads_of_blend
from core.runs.liveness import log_tail
from core.runs.processes import is_alive
from core.runs.records import Dataset, Run
from core.runs.reporter import remove_unfinished
from core.runs.requests import MODEL_NAME, DistilRequest, ScoreRequest, TrainRequest, continue_run, resume, submit
from core.runs.store import Store, open_store
from core.runs.summon import ensure
from core.scoring.contract import Contract
from core.serialization import inspect_bundle, load_bundle
from core.trainer import train_model_from_file
from core.types import TrainingConfig
from core.workspace import Workspace, open_workspace

Start = Callable[..., Popen[str]]
CONFIG = {"target_column": "price", "epochs": 40, "batch_size": 32, "validation_size": 0.2, "learning_rate": 0.02}
REQUEST = TrainRequest(CONFIG, excluded=("id",), dates=("sold",))
BLEND = CONFIG | {"training_mode": "auto", "hidden_dim": 16}
ENDLESS = TrainRequest(CONFIG | {"epochs": 100_000}, excluded=("id", "sold"))
PATIENCE = 90.0


@dataclass(frozen=True)
class Place:
    """A workspace with its store, a table in it and a run that was trained on that table."""

    workspace: Workspace
    store: Store
    houses: Dataset
    trained: Run


def wait_for(store: Store, workspace: Workspace, run: Run, reached: Callable[[Run], bool]) -> Run:
    deadline = time.monotonic() + PATIENCE
    while not reached(run := store.run(run.id)):
        assert run.is_active, f"{run.state}: {run.message} {log_tail(workspace, run.id)}"
        assert time.monotonic() < deadline, f"still {run.state} {log_tail(workspace, run.id)}"
        time.sleep(0.05)
    return run


def ended(run: Run) -> bool:
    return not run.is_active


def learning(run: Run) -> bool:
    return run.epoch >= 3


def whole_or_absent(workspace: Workspace, run: Run) -> bool:
    """Tell whether the run has a model; if there is one it must be sound, and nothing unfinished beside it."""
    folder = workspace.run_dir(run.id)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]
    if not (folder / MODEL_NAME).exists():
        return False
    assert inspect_bundle(folder / MODEL_NAME).target_column == "price"
    return True


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Train once; eight threads ask for it with the same token, as a hasty user does."""
    folder = tmp_path_factory.mktemp("worker")
    workspace = open_workspace(folder / "home")
    store = open_store(workspace)
    (folder / "houses.csv").write_text(_houses_csv(), encoding="utf-8")
    houses = add_table(workspace, store, folder / "houses.csv", "houses.csv")
    together = threading.Barrier(8)

    def click(_: int) -> Run:
        together.wait()
        return submit(workspace, store, "train", houses.id, REQUEST, token="one click")

    with ThreadPoolExecutor(8) as threads:
        (run_id,) = {run.id for run in threads.map(click, range(8))}
    trained = wait_for(store, workspace, store.run(run_id), ended)
    yield Place(workspace, store, houses, trained)
    store.close()


def _houses_csv() -> str:
    rng = np.random.default_rng(7)
    area, town = rng.uniform(40, 200, 200).round(1), rng.choice(["Ulm", "Köln"], 200)
    price = 3 * area + 50 * (town == "Ulm") + rng.normal(0, 5, 200)
    cells = enumerate(zip(area, town, price, strict=True))
    rows = [f"{n:03},{a},{t},2024-0{1 + n % 9}-11,{p:.2f}" for n, (a, t, p) in cells]
    return "\n".join(["id,area,town,sold,price", *rows]) + "\n"


# Jobs done to their end


def test_many_clicks_with_one_token_train_once(place: Place) -> None:
    assert [run.id for run in place.store.runs("train") if run.name == place.trained.name] == [place.trained.id]
    assert [path.name for path in (place.workspace.home / "runs").iterdir()].count(place.trained.id) == 1


def test_a_training_leaves_its_curve_model_figures_and_name(place: Place) -> None:
    run = place.trained
    assert (run.state, run.message, run.epoch, run.epochs) == ("finished", "", 40, 40)
    assert run.name.startswith("houses · Standard network · ")
    points = place.store.epochs(run.id)
    assert [point.epoch for point in points] == list(range(1, 41))
    assert all(point.validation_loss is not None and point.seconds >= 0 for point in points)
    assert points[-1].train_loss < points[0].train_loss / 2
    assert sum(point.seconds for point in points) < 60
    assert whole_or_absent(place.workspace, run)
    assert run.metrics is not None
    assert run.results is not None
    assert run.metrics["test_metric_value"] < run.metrics["baseline_metric_value"]
    assert (run.metrics["n_train"], run.metrics["n_validation"], run.metrics["n_test"]) == (128, 32, 40)
    model = place.workspace.run_dir(run.id) / MODEL_NAME
    assert run.results["bundle_bytes"] == model.stat().st_size
    width, n_features = 128, inspect_bundle(model).input_dim
    layers = (n_features + 1) * width + (width + 1) * width + (width + 1)
    assert run.results["parameters"] == layers + 2 * 2 * width  # the layers, and two batch norms
    assert run.process is not None
    deadline = time.monotonic() + 10
    while is_alive(run.process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(run.process)


def test_a_blend_tells_how_its_networks_stand_while_it_works_and_at_the_end(place: Place) -> None:
    request = TrainRequest(BLEND | {"time_budget": 4.0}, excluded=("id", "sold"))
    run = submit(place.workspace, place.store, "train", place.houses.id, request)
    at_work = wait_for(place.store, place.workspace, run, lambda run: board_of(run) is not None)
    assert at_work.is_active
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.message) == ("finished", "")
    assert run.results is not None
    assert run.metrics is not None
    board, points = board_of(run), place.store.epochs(run.id)
    assert board is not None
    assert run.results["leaderboard"] == run.metrics["leaderboard"]
    assert board.members == len(points) == run.epoch
    assert board.loss < board.baseline_loss
    assert not any(entry.now for entry in board.entries)
    assert run.metrics["threads"] == threads_of_blend(threads_for(1))
    assert points[-1].validation_loss < 0.5 * run.baseline_loss
    assert whole_or_absent(place.workspace, run)
    with pytest.raises(RunError, match="Train it again with more time"):
        continue_run(place.workspace, place.store, run.id, 5)


def test_a_blend_is_paused_resumed_and_stopped_with_its_networks(place: Place) -> None:
    request = TrainRequest(BLEND | {"time_budget": 40.0}, excluded=("id", "sold"))
    run = submit(place.workspace, place.store, "train", place.houses.id, request)
    wait_for(place.store, place.workspace, run, lambda run: run.epoch >= 1)
    place.store.request_pause(run.id)
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.message) == ("paused", "")
    n_before = run.epoch
    assert "is lost: Resume goes on with the rest of its time." in resume_words(place.workspace, run)
    resume(place.workspace, place.store, run.id)
    wait_for(place.store, place.workspace, run, lambda run: run.epoch > n_before)
    place.store.request_stop(run.id)
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.message) == ("stopped", "")
    assert run.epoch > n_before
    assert whole_or_absent(place.workspace, run)


def test_predictions_keep_every_row_in_order_after_the_source_is_gone(place: Place, tmp_path: Path) -> None:
    model = tmp_path / "model.rowsmith"
    model.write_bytes((place.workspace.run_dir(place.trained.id) / MODEL_NAME).read_bytes())
    run = submit(place.workspace, place.store, "score", place.houses.id, ScoreRequest(str(model), "houses"))
    model.unlink()
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.epoch, run.message) == ("finished", 200, "")
    assert run.results is not None
    contract = Contract.from_dict(run.results["contract"])
    assert (run.results["rows"], contract.match.missing) == (200, ())
    assert (list(contract.match.found), contract.extra) == (["area", "town", "sold"], ("id", "price"))
    assert run.results["added"] == ["price_prediction", "price_low", "price_high", "row_status", "row_notes"]
    assert run.results["truth"]["n"] == 200
    assert run.results["is_training_table"]
    folder = place.workspace.run_dir(run.id)
    with (folder / "predictions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [f"{n:03}" for n in range(200)]
    error = [float(row["price_prediction"]) - float(row["price"]) for row in rows]
    assert np.sqrt(np.mean(np.square(error))) < 80  # guessing the mean is off by 140
    book = openpyxl.load_workbook(folder / "predictions.xlsx", read_only=True)
    sheet = book["Predictions"].iter_rows(values_only=True)
    assert next(sheet)[-5:] == tuple(run.results["added"])
    assert [row[0] for row in sheet] == [row["id"] for row in rows]
    book.close()


def test_more_rows_than_a_workbook_holds_come_back_as_csv_and_parquet_and_a_workbook_is_declined(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "many.csv").write_text("area\n" + "50.5\n120\n" * 550_000, encoding="utf-8")
    many = add_table(place.workspace, place.store, tmp_path / "many.csv", "many.csv")
    model = place.workspace.run_dir(place.trained.id) / MODEL_NAME
    run = submit(place.workspace, place.store, "score", many.id, ScoreRequest(str(model), "houses"))
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.epoch) == ("finished", 1_100_000)
    assert run.results is not None
    assert run.results["rows"] == 1_100_000
    assert "A workbook holds 1,048,576 rows, too few for these. Take the CSV file." in run.results["notes"]
    folder = place.workspace.run_dir(run.id)
    assert sorted(path.name for path in folder.glob("predictions.*")) == ["predictions.csv", "predictions.parquet"]
    predicted = pq.read_table(folder / "predictions.parquet", columns=["area", "price_prediction"])
    assert predicted.num_rows == 1_100_000
    assert len(pc.unique(pc.round(predicted["price_prediction"], 3))) == 2  # the last digits go by the chunk


def test_a_student_is_set_beside_its_teacher(place: Place) -> None:
    request = DistilRequest(place.trained.id, None, CONFIG, excluded=("id",), dates=("sold",), student_hidden_dim=16)
    run = submit(place.workspace, place.store, "distil", place.houses.id, request, name="pupil")
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.name, run.message) == ("finished", "pupil", "")
    assert run.results is not None
    assert run.metrics is not None
    assert place.trained.metrics is not None
    teacher, student = run.results["teacher"], run.results["student"]
    assert student["parameters"] < teacher["parameters"] / 4
    assert student["bytes"] == (place.workspace.run_dir(run.id) / MODEL_NAME).stat().st_size
    # the comparison's own scoring, from the file's rows, agrees with what both trainings reported
    assert teacher["metric_value"] == pytest.approx(place.trained.metrics["test_metric_value"], rel=1e-4)
    assert student["metric_value"] == pytest.approx(run.metrics["test_metric_value"], rel=1e-4)
    assert 0.5 < run.results["agreement"] <= 1
    assert min(teacher["rows_per_second"], student["rows_per_second"]) > 1000


# Endings before the end


def test_stop_keeps_a_model_and_is_quick(place: Place) -> None:
    run = submit(place.workspace, place.store, "train", place.houses.id, ENDLESS)
    wait_for(place.store, place.workspace, run, learning)
    with pytest.raises(RunError, match="Stop it before you delete it"):
        place.store.delete_run(run.id)
    clicked = time.monotonic()
    assert place.store.request_stop(run.id).state == "stopping"
    run = wait_for(place.store, place.workspace, run, ended)
    assert time.monotonic() - clicked < 5
    assert (run.state, run.message) == ("stopped", "")
    assert whole_or_absent(place.workspace, run)
    assert run.metrics is not None
    assert len(place.store.epochs(run.id)) == run.epoch == run.metrics["epochs_run"]
    place.store.delete_run(run.id)
    assert not place.workspace.run_dir(run.id).exists()


def test_a_stop_before_the_first_epoch_ends_the_process_too(place: Place) -> None:
    run = submit(place.workspace, place.store, "train", place.houses.id, ENDLESS)
    run = wait_for(place.store, place.workspace, run, lambda run: run.state == "running")
    clicked = time.monotonic()
    place.store.request_stop(run.id)
    run = wait_for(place.store, place.workspace, run, ended)
    assert time.monotonic() - clicked < 5
    assert (run.state, run.metrics) == ("stopped", None)
    assert run.message == "Stopped before there was anything to keep."
    assert not whole_or_absent(place.workspace, run)


@pytest.mark.parametrize(("number", "words"), [(signal.SIGTERM, "told to end"), (signal.SIGKILL, "killed (signal 9)")])
def test_a_training_that_was_ended_from_outside_is_resumed_at_no_loss(
    place: Place, tmp_path: Path, number: signal.Signals, words: str
) -> None:
    config = CONFIG | {"epochs": 1_000, "random_seed": int(number)}
    run = submit(place.workspace, place.store, "train", place.houses.id, TrainRequest(config, excluded=("id", "sold")))
    run = wait_for(place.store, place.workspace, run, learning)
    checkpoint = place.workspace.run_dir(run.id) / CHECKPOINT_NAME
    wait_for(place.store, place.workspace, run, lambda _: checkpoint.exists())
    assert run.pid is not None
    os.kill(run.pid, number)
    killed = time.monotonic()
    run = wait_for(place.store, place.workspace, run, ended)
    assert time.monotonic() - killed < 10
    assert run.state == "interrupted"
    assert words in run.message
    assert re.search(r"Nothing up to epoch [\d,]+ is lost: Resume goes on from there", run.message)
    assert not whole_or_absent(place.workspace, run)
    resumed = wait_for(place.store, place.workspace, resume(place.workspace, place.store, run.id), ended)
    assert (resumed.state, resumed.message, resumed.attempt) == ("finished", "", 2)
    assert resumed.seconds > run.seconds
    assert [point.epoch for point in place.store.epochs(run.id)] == list(range(1, 1_001))
    frame_path = table_path(place.workspace, place.houses)
    at_once, _ = train_model_from_file(frame_path, TrainingConfig(**config), exclude_columns=["id", "sold"])
    kept = load_bundle(place.workspace.run_dir(run.id) / MODEL_NAME)
    for name, tensor in at_once.model.state_dict().items():
        assert torch.equal(kept.model.state_dict()[name], tensor), name


def test_a_paused_training_gives_its_process_up_and_goes_on_later(place: Place) -> None:
    run = submit(place.workspace, place.store, "train", place.houses.id, ENDLESS)
    wait_for(place.store, place.workspace, run, learning)
    place.store.request_pause(run.id)
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.message) == ("paused", "")
    assert run.process is not None
    assert summary_of(place.workspace.run_dir(run.id)).epoch == run.epoch == len(place.store.epochs(run.id))
    assert resume(place.workspace, place.store, run.id).state == "queued"
    wait_for(place.store, place.workspace, run, lambda now: now.epoch > run.epoch)
    place.store.request_pause(run.id)
    run = wait_for(place.store, place.workspace, run, ended)
    assert run.state == "paused"
    kept = wait_for(place.store, place.workspace, resume(place.workspace, place.store, run.id, keep_best=True), ended)
    assert (kept.state, kept.message, kept.epoch) == ("stopped", "", run.epoch)
    assert whole_or_absent(place.workspace, kept)


def test_a_pause_before_the_first_step_ends_the_process_too(place: Place) -> None:
    run = submit(place.workspace, place.store, "train", place.houses.id, ENDLESS)
    wait_for(place.store, place.workspace, run, lambda run: run.state == "running")
    place.store.request_pause(run.id)
    run = wait_for(place.store, place.workspace, run, ended)
    assert run.state == "paused"


def test_an_ended_training_is_continued_as_a_run_of_its_own(place: Place) -> None:
    longer = continue_run(place.workspace, place.store, place.trained.id, 10)
    assert (longer.parent_run, longer.epochs, longer.name) == (place.trained.id, 50, f"{place.trained.name} · 10 more")
    longer = wait_for(place.store, place.workspace, longer, ended)
    assert (longer.state, longer.epoch) == ("finished", 50)
    before, after = (place.store.epochs(run.id) for run in (place.trained, longer))
    assert [(p.epoch, p.train_loss) for p in after[:40]] == [(p.epoch, p.train_loss) for p in before]
    assert [point.epoch for point in after] == list(range(1, 51))
    assert whole_or_absent(place.workspace, place.trained)
    assert whole_or_absent(place.workspace, longer)


def test_what_has_no_checkpoint_is_not_continued(place: Place) -> None:
    run = place.store.add_run("bare", kind="train", name="bare", dataset_id=place.houses.id, request={"config": CONFIG})
    place.store.request_stop(run.id)
    with pytest.raises(RunError, match="The run 'bare' has left no checkpoint to go on from"):
        continue_run(place.workspace, place.store, "bare", 10)
    with pytest.raises(ConfigError, match="0 more epochs were asked for"):
        continue_run(place.workspace, place.store, place.trained.id, 0)


def test_a_damaged_checkpoint_is_set_aside_and_the_training_begins_again(place: Place) -> None:
    run = submit(place.workspace, place.store, "train", place.houses.id, ENDLESS)
    wait_for(place.store, place.workspace, run, learning)
    place.store.request_pause(run.id)
    wait_for(place.store, place.workspace, run, ended)
    path = place.workspace.run_dir(run.id) / CHECKPOINT_NAME
    path.write_bytes(path.read_bytes()[:-100])
    run = wait_for(place.store, place.workspace, resume(place.workspace, place.store, run.id), ended)
    assert run.state == "interrupted"
    assert "Resume begins again" in run.message
    resume(place.workspace, place.store, run.id)
    again = wait_for(place.store, place.workspace, run, lambda now: now.attempt == 3 and learning(now))
    place.store.request_cancel(again.id)
    assert wait_for(place.store, place.workspace, again, ended).state == "interrupted"


def test_a_training_that_cannot_work_fails_with_the_sentence_of_its_error(place: Place) -> None:
    request = TrainRequest(CONFIG | {"target_column": "town", "task": "regression"})
    run = submit(place.workspace, place.store, "train", place.houses.id, request)
    run = wait_for(place.store, place.workspace, run, ended)
    assert run.state == "failed"
    assert "Column 'town' holds 200 values that are not numbers" in run.message


def test_an_unforeseen_error_is_one_sentence_and_its_trace_is_in_the_log(place: Place) -> None:
    request = {"config": {"a setting of another version": 1}}
    run = place.store.add_run("odd", kind="train", name="odd", dataset_id=place.houses.id, request=request)
    ensure(place.workspace)
    run = wait_for(place.store, place.workspace, run, ended)
    assert (run.state, run.message) == (
        "failed",
        "An unexpected error ended the run (TypeError). The log says more.",
    )
    log = "\n".join(log_tail(place.workspace, run.id))
    assert "Traceback (most recent call last)" in log
    assert "unexpected keyword argument 'a setting of another version'" in log


def test_a_table_that_was_damaged_after_it_was_read_is_said_plainly(place: Place, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text(_houses_csv() + "999,1,Ulm,2024-01-01,5\n", encoding="utf-8")
    dataset = add_table(place.workspace, place.store, tmp_path / "other.csv", "other.csv")
    table_path(place.workspace, dataset).write_bytes(b"PAR1" + b"\0" * 100 + b"PAR1")
    run = submit(place.workspace, place.store, "train", dataset.id, REQUEST)
    run = wait_for(place.store, place.workspace, run, ended)
    assert run.state == "failed"
    assert "unexpected" not in run.message


SERVER = """
import sys, threading, time
from core.runs.requests import TrainRequest, submit
from core.runs.store import open_store
from core.workspace import open_workspace
workspace = open_workspace()
store = open_store(workspace)
config = {"target_column": "price", "epochs": 60, "batch_size": 32}
page = threading.Thread(target=lambda: print(submit(
    workspace, store, "train", sys.argv[1], TrainRequest(config, excluded=("id", "sold"))).id, flush=True))
page.start()
page.join()
if sys.argv[2] == "ends well":
    store.close()
    sys.exit()
time.sleep(600)
"""


@pytest.mark.parametrize("ending", ["ends well", "is killed"])
def test_a_training_outlives_the_server_that_started_it(
    workspace: Workspace, store: Store, houses: Dataset, start_python: Start, ending: str
) -> None:
    server = start_python(SERVER, houses.id, ending)
    assert server.stdout is not None
    assert server.stderr is not None
    run = store.run(server.stdout.readline().strip())
    if ending == "is killed":
        wait_for(store, workspace, run, lambda run: run.state == "running")
        server.kill()
    assert server.wait(30) == (0 if ending == "ends well" else -signal.SIGKILL)
    assert server.stderr.read() == ""  # no warning of a process left running
    run = wait_for(store, workspace, run, ended)
    assert (run.state, run.epoch) == ("finished", 60)
    assert len(store.epochs(run.id)) == 60


def test_what_a_write_left_unfinished_is_removed_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / ".rows-1").mkdir()
    (tmp_path / ".rows-1" / "rows.arrow").write_bytes(b"x")
    (tmp_path / ".model.1.rowsmith").write_bytes(b"x")
    (tmp_path / "model.rowsmith").write_bytes(b"x")
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.rowsmith"]
