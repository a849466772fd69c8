"""How long a training takes is measured in a process of its own, kept beside the table, and added up by hand here."""

import fcntl
import io
import json
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.runs.datasets import add_table
from core.runs.preflight import estimate
from core.runs.preflight.estimate import (
    PROBE,
    Estimate,
    estimate_for,
    estimate_of,
    forget_pace,
    pace_path,
    start_probe,
    stop_probe,
    write_pace,
)
from core.runs.preflight.pace import Line, ModePace, Pace
from core.runs.preflight.sizes import TrainingSize, training_size
from core.runs.processes import this_process
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.runs.store import Store
from core.types import CLASSIFICATION_ONLY_MODES, TRAINING_MODES
from core.workspace import Workspace
from tests.core.runs.conftest import Start
from tests.core.runs.preflight.test_memory import NUMBERS, size_of

PACE = Pace(
    start=3.0, first=0.5, prepare=Line(0.1, 0.001), finish=Line(0.2, 0.0005), evaluate=Line(0.4, 1e-5),
    width=10, cell=1e-8, forest=Line(1.0, 1e-6), imported_bytes=400,
    front=Line(0.0, 1e-4),
    modes={
        "mlp_dense": ModePace(0.002, 1e-6), "tree_teacher_distillation": ModePace(0.003, 1e-6),
        "tabm": ModePace(0.01, 1e-5),
    },
)  # fmt: skip
REQUEST = TrainRequest(config={"target_column": "price"}, excluded=("id",), dates=("sold",), device="cpu")


def wait_for_estimate(
    workspace: Workspace, dataset: Dataset, request: TrainRequest, size: TrainingSize, seconds: float = 90
) -> Estimate:
    """Return the estimate once the probe has written its figures."""
    deadline = time.monotonic() + seconds
    while (found := estimate_for(workspace, dataset, request, size)) is None:
        assert time.monotonic() < deadline, (workspace.home / estimate.PROBE.log_name).read_text()
        time.sleep(0.05)
    return found


def wait_until_free(workspace: Workspace) -> None:
    """Return when no probe holds the lock any more."""
    with (workspace.home / PROBE.lock_name).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.fixture
def size(workspace: Workspace, houses: Dataset) -> TrainingSize:
    return training_size(workspace, houses, REQUEST)


# Adding up


def test_a_run_is_its_preparation_its_epochs_and_its_end():
    size = size_of(*NUMBERS, n_rows=10_000, epochs=20, batch_size=100, validation_size=0.25, test_size=0.2)
    found = estimate_of(PACE, size).modes["mlp_dense"]
    epoch = 60 * 0.002 + 2_000 * 1e-6  # 6,000 rows learn, 2,000 judge, 2,000 score
    scoring = (6_000 + 2 * 2_000) * 1e-6
    assert found.epoch_seconds == pytest.approx(epoch)
    assert found.seconds == pytest.approx(0.5 + (0.1 + 10) + (0.2 + 5) + (0.4 + 0.1) + scoring + 20 * epoch)


def test_the_models_beside_the_network_are_fitted_on_so_many_rows_only():
    many, more = (size_of(*NUMBERS, n_rows=n_rows, epochs=1) for n_rows in (100_000, 200_000))
    without = replace(PACE, evaluate=Line(0.0, 0.0))
    evaluations = [estimate_of(PACE, size).modes["mlp_dense"].seconds for size in (many, more)]
    rest = [estimate_of(without, size).modes["mlp_dense"].seconds for size in (many, more)]
    assert evaluations[0] - rest[0] == pytest.approx(0.4 + 1.0)
    assert evaluations[1] - rest[1] == pytest.approx(0.4 + 1.0)


def test_the_forest_is_added_to_its_mode_alone():
    size = size_of(*NUMBERS, n_rows=10_000, epochs=1)
    modes = estimate_of(PACE, size).modes
    forest = 1.0 + 1e-6 * 8_000 * math.log2(8_001)
    steps = 125 * 0.001  # the mode's steps are slower
    difference = modes["tree_teacher_distillation"].seconds - modes["mlp_dense"].seconds
    assert difference == pytest.approx(forest + steps)


def test_an_added_mode_takes_its_own_batches_validation_rows_and_inputs():
    size = size_of(*NUMBERS, n_rows=10_000, epochs=100, batch_size=64)
    found = estimate_of(PACE, size).modes["tabm"]
    epoch = 27 * 0.01 + 1_200 * 1e-5  # 6,800 rows learn, in batches of 256
    scoring = (6_800 + 2 * 2_000) * 1e-5
    assert found.epoch_seconds == pytest.approx(epoch)
    assert found.seconds == pytest.approx(0.5 + (0.1 + 10) + (0.2 + 5) + (0.4 + 0.1) + 0.68 + scoring + 100 * epoch)
    assert found.may_end_early
    assert not estimate_of(PACE, size).modes["mlp_dense"].may_end_early


def test_a_blend_takes_its_time_and_its_evaluation():
    size = size_of(*NUMBERS, n_rows=10_000, epochs=100, time_budget=90.0)
    pace = replace(PACE, modes=PACE.modes | {"realmlp": ModePace(0.002, 1e-6)})
    found = estimate_of(pace, size).modes
    assert found["auto"].seconds == pytest.approx(0.5 + 90.0 + (0.4 + 0.1))
    assert not found["auto"].may_end_early
    quickest = found["realmlp"]
    assert found["auto"].epoch_seconds == quickest.epoch_seconds < found["tabm"].epoch_seconds
    scoring = (6_800 + 2 * 2_000) * 1e-6
    least = (0.1 + 10) + (0.2 + 5) + 0.68 + scoring + quickest.epoch_seconds
    assert found["auto"].least_seconds == pytest.approx(least)
    assert {its.least_seconds for mode, its in found.items() if mode != "auto"} == {0.0}


def test_what_could_not_be_measured_is_no_blend_either():
    assert estimate_of(Pace(trouble="Odd."), size_of(*NUMBERS)).modes == {}


def test_another_batch_size_of_an_added_mode_is_measured_again(workspace: Workspace, houses: Dataset):
    few, many = (size_of(*NUMBERS, n_rows=n_rows) for n_rows in (3_000, 20_000))
    assert pace_path(workspace, houses, REQUEST, few) != pace_path(workspace, houses, REQUEST, many)
    assert pace_path(workspace, houses, REQUEST, few) == pace_path(workspace, houses, REQUEST, few.in_mode("tabm"))


def test_columns_that_the_sample_did_not_have_cost_time_too():
    size = size_of(*NUMBERS, n_rows=1_000)
    narrow = replace(PACE, width=4)
    more = estimate_of(narrow, size).modes["mlp_dense"].seconds - estimate_of(PACE, size).modes["mlp_dense"].seconds
    assert more == pytest.approx(1e-8 * 1_000 * 6)


@pytest.mark.parametrize(
    ("settings", "may"),
    [
        ({"epochs": 100, "validation_size": 0.15, "early_stopping_patience": 16}, True),
        ({"epochs": 100, "validation_size": 0.0, "early_stopping_patience": 16}, False),
        ({"epochs": 10, "validation_size": 0.15, "early_stopping_patience": 16}, False),
        ({"epochs": 100, "validation_size": 0.15, "early_stopping_patience": 0}, False),
    ],
)
def test_it_says_whether_a_run_may_end_early(settings: dict[str, float], may: bool):
    assert estimate_of(PACE, size_of(*NUMBERS, **settings)).modes["mlp_dense"].may_end_early is may


def test_a_line_goes_through_both_points_and_never_below_nothing():
    assert Line.through((100, 1.0), (300, 2.0)) == Line(0.5, 0.005)
    assert Line.through((100, 2.0), (300, 1.0)) == Line(1.0, 0.0)  # more took less: a disturbance
    assert Line.through((100, 0.1), (200, 1.0)) == Line(0.0, 0.005)
    assert Line.through((100, 1.0), (100, 1.0)) == Line(1.0, 0.0)


def test_what_was_measured_survives_being_written():
    assert Pace.from_dict(json.loads(json.dumps(PACE.as_dict()))) == PACE


# Measuring


def test_a_probe_measures_every_mode_once_and_is_remembered(workspace: Workspace, houses: Dataset, size: TrainingSize):
    assert estimate_for(workspace, houses, REQUEST, size) is None
    assert start_probe(workspace, houses, REQUEST, size)
    assert not start_probe(workspace, houses, REQUEST, size)  # one is at work
    found = wait_for_estimate(workspace, houses, REQUEST, size)
    wait_until_free(workspace)
    assert found.trouble == ""
    assert set(found.modes) == set(TRAINING_MODES) - set(CLASSIFICATION_ONLY_MODES)
    assert all(0 < its.epoch_seconds < its.seconds for its in found.modes.values())
    assert found.modes["linear_glm_baseline"].epoch_seconds < found.modes["tabresnet"].epoch_seconds
    assert found.start_seconds > 0
    assert found.imported_bytes > 100_000_000
    assert not start_probe(workspace, houses, REQUEST, size)  # it is known
    assert list(workspace.incoming.iterdir()) == []


def test_training_longer_needs_no_new_measurement_and_a_wider_network_does(
    workspace: Workspace, houses: Dataset, size: TrainingSize
):
    write_pace(pace_path(workspace, houses, REQUEST, size), PACE)
    first = estimate_for(workspace, houses, REQUEST, size)
    longer = replace(size, cfg=replace(size.cfg, epochs=2 * size.cfg.epochs, learning_rate=0.01))
    later = estimate_for(workspace, houses, REQUEST, longer)
    assert first is not None
    assert later is not None
    assert later.modes["mlp_dense"].seconds > 1.5 * first.modes["mlp_dense"].seconds
    wider = replace(size, cfg=replace(size.cfg, hidden_dim=256))
    assert estimate_for(workspace, houses, REQUEST, wider) is None
    assert estimate_for(workspace, houses, replace(REQUEST, excluded=()), size) is None
    assert estimate_for(workspace, houses, REQUEST, replace(size, task="classification")) is None


def test_another_choice_of_codes_or_of_a_time_column_is_measured_anew(
    workspace: Workspace, houses: Dataset, size: TrainingSize
):
    def path_of(**settings: object) -> Path:
        return pace_path(workspace, houses, REQUEST, replace(size, cfg=replace(size.cfg, **settings)))

    both = path_of(categorical_columns=("town", "area"))
    assert both == path_of(categorical_columns=("area", "town"))
    assert len({path_of(), both, path_of(categorical_columns=("town",)), path_of(time_column="sold")}) == 4


def test_what_is_forgotten_or_damaged_is_measured_again_and_a_run_at_work_is_told(
    workspace: Workspace, store: Store, houses: Dataset, size: TrainingSize
):
    path = pace_path(workspace, houses, REQUEST, size)
    write_pace(path, PACE)
    forget_pace(workspace, houses, REQUEST, size)
    assert estimate_for(workspace, houses, REQUEST, size) is None
    for damaged in (b"", b"[]", b'{"modes": 3}', b"\xff"):
        path.write_bytes(damaged)
        assert estimate_for(workspace, houses, REQUEST, size) is None
    store.add_run("r1", kind="train", name="other", dataset_id=houses.id, request=REQUEST.as_dict(), epochs=5)
    store.claim("r1", this_process())
    assert start_probe(workspace, houses, REQUEST, size)
    found = wait_for_estimate(workspace, houses, REQUEST, size)
    assert (found.trouble, found.is_busy) == ("", True)
    wait_until_free(workspace)


def test_a_training_that_could_not_begin_is_said_in_its_own_sentence(workspace: Workspace, store: Store):
    text = "x,y\n" + "".join(f"{i},{'abc'[i % 3]}\n" for i in range(60))
    dataset = add_table(workspace, store, io.BytesIO(text.encode()), "words.csv")
    request = TrainRequest(config={"target_column": "y", "task": "regression"}, device="cpu")
    size = training_size(workspace, dataset, request)
    start_probe(workspace, dataset, request, size)
    found = wait_for_estimate(workspace, dataset, request, size)
    assert found.trouble.startswith("Column 'y' holds 60 values that are not numbers")
    assert found.modes == {}
    wait_until_free(workspace)


def test_a_probe_that_takes_too_long_is_ended(
    workspace: Workspace, houses: Dataset, size: TrainingSize, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(estimate, "PROBE", replace(PROBE, seconds=0.3))
    assert start_probe(workspace, houses, REQUEST, size)
    assert "took longer than" in wait_for_estimate(workspace, houses, REQUEST, size, 10).trouble
    wait_until_free(workspace)


def test_a_probe_ends_with_the_process_that_started_it(
    workspace: Workspace, houses: Dataset, size: TrainingSize, start_python: Start
):
    code = (
        "import sys, json\n"
        "from core.runs.preflight.estimate import start_probe\n"
        "from core.runs.requests import TrainRequest\n"
        "from core.runs.preflight.sizes import training_size\n"
        "from core.runs.store import open_store\n"
        "from core.workspace import open_workspace\n"
        "workspace = open_workspace()\n"
        "dataset = open_store(workspace).dataset(sys.argv[1])\n"
        "request = TrainRequest.from_dict(json.loads(sys.argv[2]))\n"
        "print(start_probe(workspace, dataset, request, training_size(workspace, dataset, request)), flush=True)\n"
        "sys.stdin.read()\n"
    )
    caller = start_python(code, houses.id, json.dumps(REQUEST.as_dict()))
    assert caller.stdout is not None
    assert caller.stdout.readline() == "True\n"
    caller.kill()
    wait_until_free(workspace)
    assert estimate_for(workspace, houses, REQUEST, size) is None


def test_a_run_that_starts_ends_the_probe_which_is_not_called_a_failure_and_begins_again_later(
    workspace: Workspace, houses: Dataset, size: TrainingSize
):
    stop_probe(workspace)  # where there was never one
    assert start_probe(workspace, houses, REQUEST, size)
    stop_probe(workspace)
    wait_until_free(workspace)
    stop_probe(workspace)  # where the one that was has ended
    time.sleep(0.2)  # the thread that attended it would write its trouble now
    assert estimate_for(workspace, houses, REQUEST, size) is None
    assert start_probe(workspace, houses, REQUEST, size)
    assert not wait_for_estimate(workspace, houses, REQUEST, size).trouble
