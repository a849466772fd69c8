"""A calibration in a model file: kept, replaced without touching the rest, and refused where it cannot be."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.bundle.calibration import calibration_from_json, calibration_to_json
from core.bundle.flaw import FlawError
from core.calibration import Calibration
from core.errors import BundleError
from core.scoring import predict_proba_rows
from core.serialization import inspect_bundle, load_bundle, recalibrate, save_bundle
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig

KNOWN = Calibration(1.7, 0.25, 0.9, ((0.5, 0.1), (0.9, 0.75)), 120)


@pytest.fixture(scope="module")
def bundle(churn_frame: Any, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    path = tmp_path_factory.mktemp("calibrated") / "churn.csv"
    churn_frame.to_csv(path, index=False)
    cfg = TrainingConfig("churn", epochs=3)
    return train_model_from_file(path, cfg, exclude_columns=["customer_id"], device="cpu")[0]


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_comes_back_as_it_was(bundle: ModelBundle, tmp_path: Path) -> None:
    path = save_bundle(replace(bundle, calibration=KNOWN), tmp_path)
    assert load_bundle(path).calibration == KNOWN
    assert inspect_bundle(path).calibration == KNOWN


def test_a_model_without_one_has_none_and_says_nothing_of_it(bundle: ModelBundle, tmp_path: Path) -> None:
    path = save_bundle(bundle, tmp_path)
    assert load_bundle(path).calibration is None
    assert "calibration" not in json.loads(members(path)["manifest.json"])


def test_another_one_changes_nothing_else(bundle: ModelBundle, tmp_path: Path) -> None:
    path = save_bundle(replace(bundle, calibration=KNOWN), tmp_path)
    before = members(path)
    recalibrate(path, replace(KNOWN, threshold=0.6, level=0.5))
    after = members(path)
    assert load_bundle(path).calibration == replace(KNOWN, threshold=0.6, level=0.5)
    assert {name for name in before if before[name] != after[name]} == {"manifest.json"}
    recalibrate(path, KNOWN)
    assert members(path) == before


def test_one_that_cannot_be_is_not_saved(bundle: ModelBundle, tmp_path: Path) -> None:
    path = save_bundle(bundle, tmp_path)
    with pytest.raises(BundleError, match="its threshold is 7, not from 0 to 1"):
        recalibrate(path, Calibration(threshold=7))
    assert load_bundle(path).calibration is None


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("temperature", 0), ("temperature", "hot"), ("temperature", 1e9), ("temperature", None),
        ("threshold", 2), ("threshold", True), ("level", 0.7), ("level", "0.9"),
        ("levels", [0.9, 0.5]), ("levels", [0.5]), ("levels", [True, 0.9]), ("levels", 3), ("levels", [0.5] * 200),
        ("margins", [-1, 2]), ("margins", [[], 2]), ("n_rows", -1), ("n_rows", 1.5),
    ],
)  # fmt: skip
def test_hostile_values_are_refused(entry: str, value: Any) -> None:
    document = calibration_to_json(KNOWN) | {entry: value}
    with pytest.raises(FlawError):
        calibration_from_json(document)


def test_unknown_and_lacking_entries_are_refused() -> None:
    document = calibration_to_json(KNOWN)
    with pytest.raises(FlawError, match="unknown entry"):
        calibration_from_json(document | {"code": "import os"})
    del document["n_rows"]
    with pytest.raises(FlawError, match="lacks the entry 'n_rows'"):
        calibration_from_json(document)


def test_the_temperature_softens_probabilities_and_leaves_labels(bundle: ModelBundle, churn_frame: Any) -> None:
    rows = churn_frame.head(40)
    plain, cooled = (predict_proba_rows(b, rows) for b in (bundle, replace(bundle, calibration=Calibration(2.0))))
    odds = np.log(plain / (1 - plain)) / 2
    assert cooled == pytest.approx(1 / (1 + np.exp(-odds)))
    records = rows.to_dict("records")
    assert predict_rows(replace(bundle, calibration=Calibration(2.0)), records) == predict_rows(bundle, records)


def test_the_threshold_decides_for_raw_rows(bundle: ModelBundle, churn_frame: Any) -> None:
    rows = churn_frame.head(60)
    shares = predict_proba_rows(bundle, rows)[:, 1]
    threshold = float(np.quantile(shares, 0.3))
    says = predict_rows(replace(bundle, calibration=Calibration(threshold=threshold)), rows.to_dict("records"))
    assert says == ["Yes" if share >= threshold else "No" for share in shares]
    assert says != predict_rows(bundle, rows.to_dict("records"))
