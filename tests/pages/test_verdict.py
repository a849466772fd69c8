"""The settings of a run as they were read: an added mode decides some itself."""

from dataclasses import asdict

from core.types import TrainingConfig
from pages.shared.verdict import data_table, metric_tiles, settings_table

METRICS = {"n_train": 1_020, "n_validation": 180}


def shown(mode: str) -> dict[str, str]:
    config = asdict(TrainingConfig("y", training_mode=mode, batch_size=16))
    return {row["Setting"]: row["Value"] for row in settings_table({"config": config}, METRICS)}


def test_the_settings_of_an_added_mode_are_those_it_was_trained_with():
    added, asked = shown("tabm"), shown("mlp_dense")
    assert (added["Mode"], asked["Mode"]) == ("Accurate network", "Standard network")
    names = ("Batch size", "Validation share", "Keep the best epoch")
    assert [added[name] for name in names] == ["8", "0.15", "yes"]
    assert [asked[name] for name in names] == ["16", "0", "no"]
    assert "Patience" not in added  # it ends with a wave of its rate
    assert asked["Patience"] == "0"
    assert {name for name in added if added[name] != asked[name]} == {"Mode", *names}


def test_only_what_a_mode_reads_is_shown():
    blend, network = shown("auto"), shown("mlp_dense")
    assert (blend["Mode"], blend["Time in seconds"]) == ("Blend of networks", "300")
    assert not {"Epochs", "Validation share", "Patience", "Keep the best epoch"} & set(blend)
    assert "Time in seconds" not in network
    tuned = shown("realmlp")
    assert "Patience" not in tuned
    assert tuned["Keep the best epoch"] == "yes"


def test_the_figures_of_a_blend_count_networks():
    metrics = METRICS | {
        "task": "regression", "test_metric_value": 2.0, "test_loss": 0.2, "train_loss": 0.1, "best_epoch": None,
        "epochs_run": 12, "seconds": 118.0, "leaderboard": {"members": 12},
    }  # fmt: skip
    tiles = {label: value for label, value, _ in metric_tiles(metrics)}
    assert (tiles["Networks"], tiles["Time"]) == ("12", "1:58")
    assert "Best epoch" not in tiles
    assert not [words for tile in metric_tiles(metrics) for words in tile if "epoch" in words.lower()]
    assert not [row for row in data_table({}, metrics | {"n_validation": 0}) if "ranges" in row["Data"]]
