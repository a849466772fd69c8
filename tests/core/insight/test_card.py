"""The model card: its sections, in a bundle and beside an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.calibration import Calibration
from core.insight.card import card_text, model_card
from core.insight.evaluate import evaluate, save_evaluated
from core.serialization import inspect_bundle, save_bundle
from core.tables.read import load_tabular_file
from core.trainer import train_model_from_file
from core.types import TrainingConfig


@pytest.fixture(scope="module")
def saved(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("card")
    churn_frame.to_csv(folder / "churn.csv", index=False)
    cfg = TrainingConfig("churn", epochs=4, validation_size=0.3, time_column="joined")
    bundle, metrics = train_model_from_file(
        folder / "churn.csv", cfg, exclude_columns=["customer_id"], date_columns=["joined"], device="cpu"
    )
    path = save_bundle(bundle, folder, metrics)
    found = evaluate(bundle, load_tabular_file(folder / "churn.csv"), cfg, metrics)
    save_evaluated(path, found)
    return path, found.evaluation.as_dict()


def test_the_bundle_carries_the_card_of_its_evaluation(saved: tuple[Path, Any]) -> None:
    path, document = saved
    summary = inspect_bundle(path)
    assert summary.record is not None
    assert summary.schema is not None
    assert summary.calibration is not None
    card = summary.record.model_card
    assert card == card_text(model_card(summary.record, summary.schema, document, summary.calibration))
    heads = [line for line in card.splitlines() if line.isupper()]
    assert heads == [
        "WHAT IT PREDICTS", "INTENDED USE", "DATA", "HOW GOOD IT IS", "HOW SURE IT IS", "LIMITS", "TRAINING",
    ]  # fmt: skip
    right = 100 * document["figures"]["accuracy"]
    assert f"Right for {right:.1f} % of the test rows" in card
    assert f"Fingerprint of the table (SHA-256): {summary.record.data_fingerprint}." in card
    counts = (summary.record.metrics[name] for name in ("n_train", "n_validation", "n_test"))
    learned, judged, kept = counts
    assert f"240 rows: {learned} to learn from, {judged} to judge the training, {kept} kept aside" in card
    assert f"The rows kept aside are the latest ones, from {summary.record.metrics['test_from']} on." in card
    assert f"Only {kept} rows were kept aside, so the figures are rough." in card


def test_without_an_evaluation_it_says_so(saved: tuple[Path, Any]) -> None:
    summary = inspect_bundle(saved[0])
    assert summary.record is not None
    assert summary.schema is not None
    sections = {section.title: section.lines for section in model_card(summary.record, summary.schema, None)}
    assert sections["How good it is"] == ("It has not been evaluated.",)
    assert "How sure it is" not in sections


def test_the_chosen_level_stands_in_it(saved: tuple[Path, Any]) -> None:
    path, document = saved
    summary = inspect_bundle(path)
    assert summary.record is not None
    assert summary.schema is not None
    chosen = document["coverage"][0]
    calibration = Calibration(level=chosen["level"], margins=((chosen["level"], chosen["margin"]),))
    sections = {s.title: s.lines for s in model_card(summary.record, summary.schema, document, calibration)}
    assert any(f"{100 * chosen['covered']:.1f} %" in line for line in sections["How sure it is"])
