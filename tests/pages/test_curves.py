"""The curve that the server keeps: only what is new is read, and what a resumed run replaces is read again."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from core.runs.records import Dataset, Epoch
from core.runs.store import Store
from pages.shared.curves import GrowingCurve


def points(first: int, last: int, loss: float = 1.0) -> list[Epoch]:
    return [Epoch(e, loss, loss / e, 1e-3, 0.1) for e in range(first, last + 1)]


@pytest.fixture
def run_id(store: Store, churn: Dataset) -> str:
    return store.add_run("r", kind="train", name="n", dataset_id=churn.id, request={}, epochs=9).id


def test_it_is_always_what_the_store_has(store: Store, run_id: str):
    curve = GrowingCurve()
    for change in (
        lambda: None,
        lambda: store.add_epochs(run_id, points(1, 1)),
        lambda: store.add_epochs(run_id, points(2, 5)),
        lambda: None,
        lambda: store.set_epochs(run_id, points(1, 3)),  # resumed from epoch 3
        lambda: store.add_epochs(run_id, points(4, 9)),
        lambda: store.set_epochs(run_id, points(1, 12, loss=0.5)),  # another curve, and longer
        lambda: store.add_epochs(run_id, [Epoch(13, math.nan, None, 1e-3, 0.1)]),
        lambda: store.add_epochs(run_id, points(14, 15)),
        lambda: store.set_epochs(run_id, []),
    ):
        change()
        assert repr(list(curve.read(store, run_id))) == repr(store.epochs(run_id))


def test_only_new_epochs_are_read(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch):
    curve, asked = GrowingCurve(), []
    store.add_epochs(run_id, points(1, 500))
    curve.read(store, run_id)
    read = store.epochs
    monkeypatch.setattr(store, "epochs", lambda run_id, after=0: asked.append(after) or read(run_id, after))
    store.add_epochs(run_id, points(501, 502))
    assert curve.read(store, run_id)[-1].epoch == 502
    assert asked == [499]


def test_what_was_handed_out_stays_as_it_was(store: Store, run_id: str):
    curve = GrowingCurve()
    store.add_epochs(run_id, points(1, 3))
    handed_out = curve.read(store, run_id)
    store.add_epochs(run_id, [replace(point, epoch=point.epoch + 3) for point in points(1, 3)])
    assert len(curve.read(store, run_id)) == 6
    assert len(handed_out) == 3
