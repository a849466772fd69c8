"""The settings of a run as they were read: an added mode decides some itself."""

from dataclasses import asdict

from core.types import TrainingConfig
from pages.shared.verdict import settings_table

METRICS = {"n_train": 1_020, "n_validation": 180}


def shown(mode: str) -> dict[str, str]:
    config = asdict(TrainingConfig("y", training_mode=mode, batch_size=16))
    return {row["Setting"]: row["Value"] for row in settings_table({"config": config}, METRICS)}


def test_the_settings_of_an_added_mode_are_those_it_was_trained_with():
    added, asked = shown("tabm"), shown("mlp_dense")
    assert (added["Mode"], asked["Mode"]) == ("Accurate network", "Standard network")
    names = ("Batch size", "Validation share", "Patience", "Keep the best epoch")
    assert [added[name] for name in names] == ["8", "0.15", "16", "yes"]
    assert [asked[name] for name in names] == ["16", "0", "0", "no"]
    assert {name for name in added if added[name] != asked[name]} == {"Mode", *names}
