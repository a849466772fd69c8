"""Trainings that cannot go well: each ends with an explanation, and with the best sound model where there is one."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import AppError
from core.runs import summon
from core.runs.datasets import add_table
from core.runs.records import Run
from core.runs.requests import MODEL_NAME, TrainRequest
from core.runs.supervisor import Supervisor
from tests.faults import forks, ground, soundness
from tests.faults.ground import Ground
from tests.faults.sweep import LOOK_SECONDS
from tests.faults.tally import Tally

UNEXPLAINED = ("unexpected", "Traceback", "by itself")


@dataclass(frozen=True)
class Case:
    """A table, how it is trained on, and the states that it may end in."""

    name: str
    table: str
    ends: tuple[str, ...]
    words: str = ""  # which the explanation must hold
    config: dict[str, Any] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()


def part(n_points: int, seed: int, which: tuple[int, int]) -> Tally:
    """Train on `n_points` odd tables, one after the other, in this process's workspace."""
    tally = Tally("odd_tables")
    home = ground.home_of_this_process()
    assert home is not None, "a part is started by in_parts"
    forks.import_all()
    place = ground.prepare(Path(home))
    nursery = forks.Nursery(place.store)
    supervisor = Supervisor(place.workspace, place.store, 1, False, spare=nursery)  # type: ignore[arg-type]
    with summon.the_lock(place.workspace):
        for case in CASES[:n_points][which[0] :: which[1]]:
            _try(case, place, supervisor, tally)
    tally.orphans += ground.orphans_in(place.home)
    place.store.close()
    return tally


def _try(case: Case, place: Ground, supervisor: Supervisor, tally: Tally) -> None:
    tally.points += 1
    try:
        run = _ask(case, place)
    except AppError as error:
        tally.ended("refused")
        tally.expect("refused" in case.ends, f"{case.name}: refused: {error.sentence}")
        return

    def has_ended() -> bool:
        supervisor.look()
        return not place.store.run(run.id).is_active

    tally.expect(ground.wait_until(has_ended, 60, LOOK_SECONDS), f"{case.name}: does not end: {place.words(run.id)}")
    _judge(case, place, place.store.run(run.id), tally)


def _ask(case: Case, place: Ground) -> Run:
    dataset = add_table(place.workspace, place.store, io.BytesIO(case.table.encode()), f"{case.name}.csv")
    config = ground.SHORT | {"target_column": "y", "epochs": 30} | case.config
    request = TrainRequest(config, excluded=case.excluded).as_dict()
    name = case.name.replace(" ", "-")
    return place.store.add_run(
        name, kind="train", name=case.name, dataset_id=dataset.id, request=request, epochs=config["epochs"]
    )


def _judge(case: Case, place: Ground, run: Run, tally: Tally) -> None:
    """See how it ended, whether it says why, and whether the model that it kept is sound."""
    tally.ended(run.state)
    said = " ".join([run.message, *map(str, (run.results or {}).get("notices", []))])
    tally.notes.append(f"{case.name}: {run.state} after {run.epoch} epochs. {said}")
    tally.expect(run.state in case.ends, f"{case.name}: {run.state} and not {case.ends}: {place.words(run.id)}")
    tally.expect(case.words in said, f"{case.name}: does not say {case.words!r}: {said!r}")
    explained = run.state != "failed" or not any(word in run.message for word in UNEXPLAINED)
    tally.expect(explained, f"{case.name}: not explained: {place.words(run.id)}")
    tally.corrupt += [f"{case.name}: {flaw}" for flaw in soundness.flaws(place, run.id)]
    if (place.workspace.run_dir(run.id) / MODEL_NAME).exists():
        weights = soundness.weights_of(place, run.id).values()
        tally.expect(all(np.isfinite(w.numpy()).all() for w in weights), f"{case.name}: the model is not finite")
        value = (run.metrics or {}).get("test_metric_value", math.nan)
        tally.expect(math.isfinite(value), f"{case.name}: its figure is {value}")


def _table(n_rows: int, y: list[Any], **columns: list[Any]) -> str:
    rng = np.random.default_rng(3)
    columns = {"a": rng.normal(size=n_rows).round(3).tolist(), **columns, "y": y}
    lines = [",".join(str(column[k]) for column in columns.values()) for k in range(n_rows)]
    return "\n".join([",".join(columns), *lines]) + "\n"


def _cases() -> tuple[Case, ...]:
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=80).round(3).tolist()
    huge = [1e30 if k % 7 == 0 else value for k, value in enumerate(numbers)]
    # Whether and when a loss explodes goes by the last digits; nearly all such trainings do within 60 epochs.
    rising = {"learning_rate": 9.9, "hidden_dim": 32, "batch_size": 16, "dropout": 0.5, "epochs": 2_000}
    deep = rising | {"training_mode": "tabresnet", "num_hidden_layers": 30}
    lower = "Lower the learning rate"
    kept = ("finished", "failed")
    return (
        Case("exploding", _table(80, numbers), kept, lower, rising),
        Case("exploding at once", _table(80, numbers), ("failed",), lower, deep),
        Case("huge target", _table(80, huge), kept),
        Case("huge feature", _table(80, numbers, b=huge), kept),
        Case("constant target", _table(80, [3.5] * 80), kept),
        Case("one class", _table(80, ["yes"] * 80), ("failed", "finished", "refused")),
        Case("one row", _table(1, [1.5]), ("failed", "refused")),
        Case("two rows", _table(2, [1.5, 2.5]), ("failed", "finished", "refused")),
        Case("all-missing column", _table(80, numbers, b=[""] * 80), ("finished",)),
        Case("all-missing target", _table(80, [""] * 80), ("failed", "refused")),
        Case("more classes than test rows", _table(80, [f"c{k % 40}" for k in range(80)]), ("failed", "finished")),
        Case("every row its own class", _table(80, [f"c{k}" for k in range(80)]), ("failed", "finished")),
        Case("batch of one", _table(80, numbers), ("failed",), config={"batch_size": 1}),
        Case("nothing but the target", _table(80, numbers), ("failed", "finished", "refused"), excluded=("a",)),
        Case("rare class", _table(80, ["no"] * 79 + ["yes"]), ("failed", "finished")),
    )


CASES = _cases()
