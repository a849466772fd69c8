"""Promises of the progress line: its times add up, and its sentence says what the curve does."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.runs.progress import progress_of
from core.runs.records import STATE_WORDS, Epoch, Run

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=42)


def a_run(**changes: object) -> Run:
    run = Run(
        id="r", kind="train", name="n", state="running", dataset_id="d", request={"config": {}},
        created_at=START - timedelta(seconds=5), updated_at=START, started_at=START, epochs=100,
    )  # fmt: skip
    return replace(run, **changes)  # type: ignore[arg-type]


def curve(train: list[float], validation: list[float] | None = None, seconds: float = 2.0) -> list[Epoch]:
    held_out: list[float | None] = [*validation] if validation else [None] * len(train)
    pairs = zip(train, held_out, strict=True)
    return [Epoch(n, loss, judged, 1e-3, seconds) for n, (loss, judged) in enumerate(pairs, start=1)]


def sentence(run: Run, epochs: list[Epoch]) -> str:
    return progress_of(run, epochs, NOW).sentence


def test_nothing_is_promised_before_the_first_epoch() -> None:
    progress = progress_of(a_run(), [], NOW)
    assert progress.remaining_seconds is None
    assert (progress.epoch, progress.epochs, progress.fraction, progress.elapsed_seconds) == (0, 100, 0.0, 42.0)


def test_what_remains_is_the_usual_epoch_times_those_to_come() -> None:
    epochs = [*curve([1.0] * 10), Epoch(11, 1.0, None, 1e-3, 500.0)]  # one that was held up does not count
    progress = progress_of(a_run(), epochs, NOW)
    assert progress.remaining_seconds == pytest.approx(2.0 * 89)
    assert progress.fraction == pytest.approx(0.11)


def test_only_recent_epochs_tell_what_remains() -> None:
    slow, fast = curve([1.0] * 30, seconds=9.0), curve([1.0] * 20, seconds=1.0)
    epochs = slow + [replace(point, epoch=point.epoch + 30) for point in fast]
    assert progress_of(a_run(), epochs, NOW).remaining_seconds == pytest.approx(50.0)


def test_an_ended_run_counts_to_its_end_and_has_nothing_left() -> None:
    run = a_run(state="finished", finished_at=START + timedelta(seconds=30))
    progress = progress_of(run, curve([1.0] * 7), NOW)
    assert (progress.elapsed_seconds, progress.remaining_seconds, progress.fraction) == (30.0, None, 1.0)


def test_a_clock_that_is_set_back_gives_no_negative_time() -> None:
    assert progress_of(a_run(), [], START - timedelta(days=2)).elapsed_seconds == 0.0


@pytest.mark.parametrize("state", STATE_WORDS)
@pytest.mark.parametrize("kind", ["train", "distil", "score"])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 40])
def test_every_state_has_its_words_and_one_sentence(state: str, kind: str, n: int) -> None:
    losses = [1 / (k + 1) for k in range(n)]
    for epochs in (curve(losses), curve(losses, losses) if n else []):
        progress = progress_of(a_run(state=state, kind=kind), epochs, NOW)
        assert progress.state_words == STATE_WORDS[state]
        assert progress.sentence.endswith(".")
        assert 0.0 <= progress.fraction <= 1.0


def test_the_message_of_a_run_is_its_sentence() -> None:
    assert sentence(a_run(state="failed", message="The disk is full."), curve([1.0])) == "The disk is full."


def test_a_falling_loss_is_measured_over_the_recent_epochs() -> None:
    falling = [2.0] * 30 + [1.0] * 4 + [0.9] * 12 + [0.75] * 4
    assert sentence(a_run(), curve(falling)) == "The training loss fell by 25.0% over the last 20 epochs."


def test_a_rising_and_a_flat_loss_are_told_apart() -> None:
    assert "rose by 50.0%" in sentence(a_run(), curve([1.0] * 4 + [1.2] * 12 + [1.5] * 4))
    assert "flat over the last 20" in sentence(a_run(), curve([1.0, 1.004] * 10))


def test_a_loss_that_is_no_number_says_what_to_do() -> None:
    assert "lower learning rate" in sentence(a_run(), curve([1.0, math.nan]))


def test_an_improving_validation_names_the_best_epoch() -> None:
    said = sentence(a_run(), curve([1.0, 0.9, 0.8], [1.0, 0.8, 0.6]))
    assert said == "Validation is still improving: epoch 3 is the best so far, 40.0% below the first."


def test_a_validation_that_stopped_improving_counts_to_early_stopping() -> None:
    epochs = curve([1.0] * 12, [1.0, 0.5] + [0.6] * 10)
    patient = a_run(request={"config": {"early_stopping_patience": 19}})
    assert sentence(patient, epochs) == (
        "Validation has not improved since epoch 2, 10 epochs ago; 9 more epochs before early stopping."
    )
    assert sentence(a_run(), epochs) == "Validation has not improved since epoch 2, 10 epochs ago."


def test_the_end_says_which_epoch_is_kept() -> None:
    epochs = curve([1.0] * 4, [1.0, 0.5, 0.6, 0.7])
    restored = a_run(state="finished", request={"config": {"restore_best": True}})
    assert sentence(restored, epochs) == "Finished after 4 epochs; kept is epoch 2, the best."
    assert sentence(a_run(state="finished"), epochs) == "Finished after 4 epochs; kept is the last epoch, 4."
    # a stopped training keeps the best wherever there is a validation split
    assert sentence(a_run(state="stopped"), epochs) == "Stopped after 4 epochs; kept is epoch 2, the best."


def test_predicting_counts_rows() -> None:
    progress = progress_of(a_run(kind="score", epoch=20_000, epochs=80_000), [], NOW)
    assert progress.sentence == "20,000 of 80,000 rows predicted."
    assert progress.remaining_seconds == pytest.approx(42.0 * 3)
    assert progress.fraction == 0.25
