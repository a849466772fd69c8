"""How near the preflight's estimates come to a real run: seconds and peak memory, on every table there is."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.runs.datasets import add_table, read_report
from core.runs.launch import keep_spare, start_worker, threads_for
from core.runs.preflight.estimate import Estimate, estimate_for, start_probe
from core.runs.preflight.memory import memory_needed
from core.runs.preflight.sizes import TrainingSize, training_size
from core.runs.records import Dataset, Run
from core.runs.requests import TrainRequest
from core.runs.spare import SpareWorker
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace
from tests.benchmarks.figures import Figure, at_most
from tests.serving import ROOT

TITLE = "Estimates of 10 epochs, beside the runs: missed by a factor of"
REAL = ROOT.parent / "shared" / "data"
SAMPLES = ROOT / "assets" / "samples"
WITHIN = 1.5
EPOCHS = 10
NETWORK = "mlp_dense"
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Case:
    """A table and what is predicted from it; a target without a name is the last column."""

    file: str
    target: str | None
    task: str
    excluded: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    also: str | None = None  # one more mode to try


REAL_CASES = (
    Case("adult/adult_train.csv", None, "classification", also="tree_teacher_distillation"),
    Case("air_quality/AirQualityUCI.xlsx", "CO(GT)", "regression", ("NMHC(GT)",), ("Date", "Time")),
    Case("amazon_employee_access/train.csv", "ACTION", "classification", also="imbalance_aware"),
    Case("ames_housing/house_prices_ames.csv", "SalePrice", "regression", also="tree_teacher_distillation"),
    Case("bank_marketing_full/bank.csv", "deposit", "classification"),
    Case("bike_sharing_hour/bike_hour.csv", "cnt", "regression", ("instant",), ("dteday",)),
    Case("california_housing/housing.csv", "median_house_value", "regression", also="tabresnet"),
    Case("concrete/concrete.csv", None, "regression"),
    Case("dry_bean/Dry_Bean_Dataset.xlsx", "Class", "classification"),
    Case("letter/letterdata.csv", "letter", "classification"),
    Case("online_shoppers/online_shoppers_intention.csv", "Revenue", "classification"),
    Case("phishing/fraud_detection_phishing_websites.csv", "Result", "classification"),
    Case("student_dropout/dropout_data.csv", "Target", "classification"),
    Case("telco_churn/customer_churn_telco.csv", "Churn", "classification", ("customerID",)),
    Case("titanic/titanic3.xls", "survived", "classification", ("boat", "body")),
    Case("walmart_sales/sales_forecasting_walmart.csv", "Weekly_Sales", "regression", (), ("Date",)),
)
SAMPLE_CASES = (
    Case("customer_churn.csv", "churned", "classification", also="tree_teacher_distillation"),
    Case("apartment_prices.csv", None, "regression", also="tabresnet"),
    Case("fruit_quality.xlsx", None, "classification"),
)


@dataclass(frozen=True)
class Comparison:
    """One run: what was expected of it and what it took."""

    table: str
    mode: str
    n_rows: int
    width: int
    expected_seconds: float
    seconds: float
    expected_epoch: float
    epoch: float
    expected_bytes: int
    bytes: int

    @property
    def title(self) -> str:
        """Return what was trained."""
        return f"{self.table}, {self.mode}, {self.n_rows:,} × {self.width:,}"

    def figures(self) -> Iterator[Figure]:
        """Yield by what factor the run's seconds, an epoch's seconds and the peak of memory were missed."""
        yield self._figure("run", self.expected_seconds, self.seconds, "s")
        yield self._figure("epoch", self.expected_epoch, self.epoch, "s")
        yield self._figure("memory", self.expected_bytes / 1e6, self.bytes / 1e6, "MB")

    def _figure(self, what: str, expected: float, true: float, unit: str) -> Figure:
        factor = max(expected / true, true / expected)
        note = f"expected {expected:.4g} {unit}, took {true:.4g}"
        return Figure(f"{self.title}: {what}", factor, "times", at_most(WITHIN), note=note)


def compare() -> Iterator[Comparison]:
    """Train on every table, in a worker that waits with torch imported as one does under the app."""
    folder, cases = (REAL, REAL_CASES) if REAL.is_dir() else (SAMPLES, SAMPLE_CASES)
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(home)
        store = open_store(workspace)
        for case in cases:
            if (folder / case.file).is_file():
                yield from _compare(workspace, store, folder, case)
        store.close()


def figures() -> Iterator[Figure]:
    """Yield by what factor each estimate was missed."""
    for comparison in compare():
        yield from comparison.figures()


def _compare(workspace: Workspace, store: Store, folder: Path, case: Case) -> Iterator[Comparison]:
    path = folder / case.file
    dataset = add_table(workspace, store, path, path.name)
    target = case.target or read_report(workspace, dataset).columns[-1].name
    for mode in filter(None, (NETWORK, case.also)):
        request = _request(case, target, mode)
        size = training_size(workspace, dataset, request, case.task)
        expected = _estimate(workspace, dataset, request, size)
        need = memory_needed(size, imported_bytes=expected.imported_bytes)
        run, seconds, peak = _run(workspace, store, dataset, request)
        epochs = store.epochs(run.id)
        yield Comparison(
            table=path.parent.name if folder is REAL else path.stem,
            mode=mode,
            n_rows=size.n_rows,
            width=size.width,
            expected_seconds=expected.modes[mode].seconds,
            seconds=seconds,
            expected_epoch=expected.modes[mode].epoch_seconds,
            epoch=sum(point.seconds for point in epochs) / len(epochs),
            expected_bytes=need.bytes,
            bytes=peak,
        )


def _request(case: Case, target: str, mode: str) -> TrainRequest:
    config: dict[str, Any] = {
        "target_column": target,
        "training_mode": mode,
        "task": case.task,
        "epochs": EPOCHS,
        "validation_size": 0.15,
        "restore_best": True,
    }
    return TrainRequest(config=config, excluded=case.excluded, dates=case.dates, device="cpu")


def _estimate(workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize) -> Estimate:
    start_probe(workspace, dataset, request, size)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := estimate_for(workspace, dataset, request, size)) is None:
        assert time.monotonic() < deadline, "the probe does not answer"
        time.sleep(0.1)
    assert not found.trouble, found.trouble
    return found


def _run(workspace: Workspace, store: Store, dataset: Dataset, request: TrainRequest) -> tuple[Run, float, int]:
    """Do a run; return it with the seconds from handing it over to its end, and its worker's peak in bytes."""
    spare = SpareWorker()
    keep_spare(workspace, spare)
    assert spare.pid is not None
    _wait_until_idle(psutil.Process(spare.pid))
    run_id = secrets.token_hex(6)
    workspace.run_dir(run_id).mkdir(parents=True)
    store.add_run(
        run_id, kind="train", name=dataset.name, dataset_id=dataset.id, request=request.as_dict(), epochs=EPOCHS
    )
    began = time.time()
    process = start_worker(workspace, run_id, threads_for(1), spare)
    peak = _peak_until_the_end(process)
    run = store.run(run_id)
    assert run.state == "finished", run.message
    assert run.finished_at is not None
    return run, run.finished_at.timestamp() - began, peak


def _peak_until_the_end(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process; return the most memory it held, which its usage would mix up with its parent's."""
    peak, status = 0, Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        with suppress(OSError, IndexError):  # it may end meanwhile
            peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
        time.sleep(0.02)
    return peak


def _wait_until_idle(process: psutil.Process) -> None:
    """Return when a spare worker has imported what it needs, and waits."""
    busy = -1.0
    while (now := sum(process.cpu_times()[:2])) > busy or now < 0.5:
        busy = now
        time.sleep(0.5)
