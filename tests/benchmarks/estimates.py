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
from tests.serving import ROOT

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
    def ratios(self) -> tuple[float, float, float]:
        """Return expected over true, of the run's seconds, an epoch's seconds, and the peak of memory."""
        return (
            self.expected_seconds / self.seconds,
            self.expected_epoch / self.epoch,
            self.expected_bytes / self.bytes,
        )

    @property
    def line(self) -> str:
        """Return the line of the printed table."""
        run, epoch, memory = self.ratios
        return (
            f"  {self.table:<24}{self.mode:<27}{self.n_rows:>6} × {self.width:<5}"
            f"{self.expected_seconds:>7.2f} {self.seconds:>7.2f} {run:>5.2f}  "
            f"{self.expected_epoch:>7.3f} {self.epoch:>7.3f} {epoch:>5.2f}  "
            f"{self.expected_bytes / 1e6:>6.0f} {self.bytes / 1e6:>6.0f} {memory:>5.2f}"
        )


HEADING = (
    f"  {'table':<24}{'mode':<27}{'rows × width':<14}"
    f"{'run, s':>7} {'true':>7} {'ratio':>5}  {'epoch':>7} {'true':>7} {'ratio':>5}  {'MB':>6} {'true':>6} {'ratio':>5}"
)


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


def summary(found: list[Comparison]) -> list[str]:
    """Return what the table comes to: how many are within the promised factor, and the worst."""
    lines = []
    for index, what in enumerate(("run", "epoch", "memory")):
        factors = [max(one.ratios[index], 1 / one.ratios[index]) for one in found]
        within = sum(factor <= WITHIN for factor in factors)
        lines.append(f"  {what}: {within} of {len(factors)} within a factor {WITHIN}, the worst {max(factors):.2f}")
    return lines


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


def print_comparisons() -> None:
    """Print the table while it is made."""
    print(HEADING)
    found = []
    for comparison in compare():
        print(comparison.line, flush=True)
        found.append(comparison)
    print("\n".join(summary(found)))


if __name__ == "__main__":
    print_comparisons()
