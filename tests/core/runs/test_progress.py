"""Promises of the progress line: its times add up, its words say what is so, and the queue has an order."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.leaderboard import Leaderboard
from core.runs.progress import progress_of, queue_sentence, state_words
from core.runs.records import LEADERBOARD, RESTING_STATES, STATE_WORDS, Epoch, Run

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=42)
METRICS = {"test_metric_value": 0.8}


def a_run(**changes: object) -> Run:
    run = Run(
        id="r", kind="train", name="n", state="running", dataset_id="d", request={"config": {}},
        created_at=START - timedelta(seconds=5), updated_at=START, started_at=START, epochs=100, seconds=40.0,
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
    assert (progress.epoch, progress.epochs, progress.fraction, progress.best) == (0, 100, 0.0, None)


def test_what_elapsed_is_what_processes_worked_whatever_the_clock_says() -> None:
    for now in (NOW, START - timedelta(days=2), START + timedelta(days=2)):
        assert progress_of(a_run(), [], now).elapsed_seconds == 40.0
        paused = a_run(state="paused", finished_at=START + timedelta(hours=3))
        assert progress_of(paused, [], now).elapsed_seconds == 40.0


def test_a_queued_run_counts_how_long_it_waits_and_never_below_nothing() -> None:
    queued = a_run(state="queued", queued_at=START + timedelta(seconds=12))
    assert progress_of(queued, [], NOW).elapsed_seconds == 30.0
    assert progress_of(queued, [], START - timedelta(days=2)).elapsed_seconds == 0.0


def test_a_run_from_before_processes_counted_takes_its_time_from_the_clock() -> None:
    old = a_run(state="finished", seconds=0.0, finished_at=START + timedelta(seconds=30))
    assert progress_of(old, curve([1.0] * 7), NOW).elapsed_seconds == 30.0
    assert progress_of(replace(old, finished_at=START - timedelta(days=1)), [], NOW).elapsed_seconds == 0.0


def test_what_remains_is_the_usual_epoch_times_those_to_come() -> None:
    epochs = [*curve([1.0] * 10), Epoch(11, 1.0, None, 1e-3, 500.0)]  # one that was held up does not count
    progress = progress_of(a_run(), epochs, NOW)
    assert progress.remaining_seconds == pytest.approx(2.0 * 89)
    assert progress.fraction == pytest.approx(0.11)


def test_only_recent_epochs_tell_what_remains() -> None:
    slow, fast = curve([1.0] * 30, seconds=9.0), curve([1.0] * 20, seconds=1.0)
    epochs = slow + [replace(point, epoch=point.epoch + 30) for point in fast]
    assert progress_of(a_run(), epochs, NOW).remaining_seconds == pytest.approx(50.0)


@pytest.mark.parametrize("state", ["queued", "paused", "interrupted", "finished", "stopped", "failed"])
def test_nothing_remains_of_a_run_that_no_process_works_on(state: str) -> None:
    progress = progress_of(a_run(state=state), curve([1.0] * 7), NOW)
    assert progress.remaining_seconds is None
    assert progress.fraction == (1.0 if state == "finished" else 0.07)


@pytest.mark.parametrize("state", STATE_WORDS)
@pytest.mark.parametrize("kind", ["train", "distil", "score"])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 40])
def test_every_state_has_its_words_and_one_sentence(state: str, kind: str, n: int) -> None:
    losses = [1 / (k + 1) for k in range(n)]
    for epochs in (curve(losses), curve(losses, losses) if n else []):
        progress = progress_of(a_run(state=state, kind=kind), epochs, NOW)
        assert progress.state_words.startswith(STATE_WORDS[state].split(" (")[0])
        assert progress.sentence.endswith(".")
        assert 0.0 <= progress.fraction <= 1.0


def test_a_stopped_run_says_what_was_kept_of_it() -> None:
    stopped = a_run(state="stopped")
    assert state_words(stopped) == "Stopped (nothing kept)"
    assert state_words(replace(stopped, metrics=METRICS)) == "Stopped (last epoch kept)"
    assert state_words(replace(stopped, metrics={**METRICS, "best_epoch": 3})) == "Stopped (best kept)"
    assert state_words(replace(stopped, kind="score")) == "Stopped"


def test_the_message_of_a_run_is_its_sentence() -> None:
    assert sentence(a_run(state="failed", message="The disk is full."), curve([1.0])) == "The disk is full."


def test_a_run_at_work_has_its_curve_read() -> None:
    epochs = curve([1.0, 0.9, 0.8], [1.0, 0.8, 0.6])
    run = a_run(baseline_loss=1.0)
    assert sentence(run, epochs) == (
        "Validation is still improving: epoch 3 is the best so far; 40 % better than guessing."
    )
    assert "lower learning rate" in sentence(run, curve([1.0, math.nan]))
    patient = a_run(request={"config": {"early_stopping_patience": 19}})
    assert sentence(patient, curve([0.6] * 12, [1.0, 0.5] + [0.6] * 10)) == (
        "Validation stopped improving at epoch 2; 9 more before early stopping."
    )


def test_what_a_click_asked_for_is_said_until_it_is_done() -> None:
    epochs = curve([1.0] * 4, [1.0, 0.5, 0.6, 0.7])
    assert sentence(a_run(state="stopping"), epochs) == "Stopping; epoch 2, the best, is being kept and scored."
    assert sentence(a_run(state="stopping"), []) == (
        "Stopping; no epoch has ended yet, so there may be no model to keep."
    )
    assert sentence(a_run(state="stopping", kind="score"), []) == "Stopping. No file will be written."
    assert sentence(a_run(state="pausing"), epochs) == "Pausing: what it has reached is being written down."
    assert sentence(a_run(state="cancelling"), epochs) == "Ending its process. The last checkpoint stays."


@pytest.mark.parametrize("state", RESTING_STATES)
def test_a_resting_run_says_how_far_it_came(state: str) -> None:
    word = STATE_WORDS[state].split(" (")[0]
    assert sentence(a_run(state=state), curve([1.0] * 4)) == f"{word} after 4 epochs."
    assert sentence(a_run(state=state), []) == f"{word} before the first epoch."


def test_the_end_says_which_epoch_is_kept() -> None:
    epochs = curve([1.0] * 4, [1.0, 0.5, 0.6, 0.7])
    finished = a_run(state="finished", epochs=4, metrics=METRICS)
    restored = replace(finished, request={"config": {"restore_best": True}}, baseline_loss=2.0)
    assert sentence(restored, epochs) == (
        "Finished after 4 epochs; kept is epoch 2, the best, 75 % better than guessing."
    )
    assert sentence(finished, epochs) == "Finished after 4 epochs; kept is the last epoch, 4."
    # a stopped training keeps the best wherever there is a validation split
    assert sentence(replace(finished, state="stopped"), epochs) == "Stopped after 4 epochs; kept is epoch 2, the best."
    assert sentence(a_run(state="stopped"), epochs) == "Stopped after 4 epochs."


def test_an_early_end_says_why() -> None:
    epochs = curve([1.0] * 12, [1.0, 0.5] + [0.6] * 10)
    config = {"early_stopping_patience": 10, "restore_best": True}
    early = a_run(state="finished", metrics=METRICS, request={"config": config})
    assert sentence(early, epochs) == (
        "Finished after 12 epochs of 100: validation had not improved for 10; kept is epoch 2, the best."
    )
    exploded = replace(early, request={"config": {}})
    assert sentence(exploded, epochs) == (
        "Finished after 12 epochs of 100: the loss exploded, and the best epoch before that is kept."
    )


def test_an_added_mode_ends_with_a_wave_of_its_rate_and_keeps_the_best_epoch() -> None:
    config = {"training_mode": "tabm", "early_stopping_patience": 0, "restore_best": False}
    running = a_run(request={"config": config})
    waves = curve([0.5] * 20, [1.0, 0.5] + [0.6] * 18)  # 100 epochs are four waves, the second of which ends with 20
    assert sentence(running, waves[:12]) == "Validation stopped improving at epoch 2."
    ended = replace(running, state="finished", metrics=METRICS)
    assert sentence(ended, waves) == (
        "Finished after 20 epochs of 100: the last wave of its rate brought less than 1 %; kept is epoch 2, the best."
    )
    long = replace(ended, epochs=500)
    assert sentence(long, curve([0.5] * 247, [0.6] * 200 + [0.5] * 47)) == (
        "Finished after 247 epochs of 500: the last wave of its rate brought less than 10 %; kept is epoch 201, "
        "the best."
    )
    assert sentence(ended, waves[:18]) == (
        "Finished after 18 epochs of 100: the loss exploded, and the best epoch before that is kept."
    )
    of_before = replace(ended, request={"config": {**config, "early_stopping_patience": 16}})
    assert "validation had not improved for 16" in sentence(of_before, waves[:18])


def test_predicting_counts_rows() -> None:
    progress = progress_of(a_run(kind="score", epoch=20_000, epochs=80_000), [], NOW)
    assert progress.sentence == "20,000 of 80,000 rows predicted."
    assert progress.remaining_seconds == pytest.approx(40.0 * 3)
    assert progress.fraction == 0.25


def in_queue(name: str, seconds: int, **changes: object) -> Run:
    waiting = {"state": "queued", "queued_at": START + timedelta(seconds=seconds), "request": {"device": "cpu"}}
    return a_run(id=name, **waiting | changes)


def test_a_queued_run_is_told_how_many_are_before_it_and_why() -> None:
    working = in_queue("a", 9, state="running")  # it was resumed, after others had come to wait
    first, second = in_queue("b", 1), in_queue("c", 2)
    active = [first, second, working]
    assert queue_sentence(first, active, 1, has_gpu=False) == (
        "Waiting for its turn: 1 run is before it. This computer takes one training at a time."
    )
    assert queue_sentence(second, active, 1, has_gpu=False) == (
        "Waiting for its turn: 2 runs are before it. This computer takes one training at a time."
    )
    assert queue_sentence(second, active, 2, has_gpu=False) == (
        "Waiting for its turn: 2 runs are before it. This computer takes 2 at a time."
    )
    assert queue_sentence(first, active, 2, has_gpu=False) == "It is about to start."


def test_only_what_takes_the_same_place_is_before_a_run() -> None:
    scoring = in_queue("s", 0, kind="score", state="running")
    on_gpu = in_queue("g", 1, state="running", request={"device": "cuda"})
    active = [scoring, on_gpu]
    assert queue_sentence(in_queue("t", 5), active, 1, has_gpu=True) == "It is about to start."
    assert queue_sentence(in_queue("t", 5, request={}), active, 1, has_gpu=True) == (
        "Waiting for its turn: 1 run is before it. The GPU takes one training at a time."
    )
    assert queue_sentence(in_queue("p", 5, kind="score"), active, 1, has_gpu=True) == (
        "Waiting for its turn: 1 run is before it. One table at a time is predicted for."
    )


def a_blend(**changes: object) -> Run:
    config = {"training_mode": "auto", "time_budget": 160.0, "restore_best": True, "early_stopping_patience": 3}
    return a_run(**{"request": {"config": config}, "baseline_loss": 0.7, **changes})


BLENDED = curve([0.9, 0.2, 0.5], [0.6, 0.5, 0.413])


def test_a_blend_counts_its_time_and_its_networks() -> None:
    progress = progress_of(a_blend(), BLENDED, NOW)
    assert (progress.fraction, progress.remaining_seconds) == (0.25, 120.0)
    assert (progress.epoch, progress.best, progress.is_timed) == (3, None, True)
    assert progress.sentence == "3 networks trained; the blend is 41 % better than guessing."
    assert sentence(a_blend(), BLENDED[:1]) == "1 network trained; it is 14 % better than guessing."
    assert sentence(a_blend(baseline_loss=None), BLENDED) == "3 networks trained."
    beyond = progress_of(a_blend(seconds=200.0), BLENDED, NOW)
    assert (beyond.fraction, beyond.remaining_seconds) == (1.0, 0.0)


def test_a_blend_says_what_it_does_before_its_first_network() -> None:
    assert sentence(a_blend(), []) == "Reading the table and preparing its columns."
    board = Leaderboard((), 0, None, 0.7, 5.0, 160.0).as_dict()
    assert sentence(a_blend(vitals={LEADERBOARD: board}), []) == "The first networks are being trained."
    assert sentence(a_blend(state="starting"), []) == "Starting the process that does the work."
    assert sentence(a_blend(state="starting"), BLENDED) == "Going on after 3 networks."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "stopping"}, "Stopping; the blend of 3 networks is being kept and scored."),
        ({"state": "paused"}, "Paused after 3 networks."),
        ({"state": "interrupted"}, "Interrupted after 3 networks."),
        (
            {"state": "finished", "metrics": METRICS},
            "Finished; kept is the blend of 3 networks, 41 % better than guessing.",
        ),
        (
            {"state": "stopped", "metrics": METRICS},
            "Stopped; kept is the blend of 3 networks, 41 % better than guessing.",
        ),
        ({"state": "stopped"}, "Stopped after 3 networks."),
        ({"state": "failed"}, "Failed after 3 networks."),
    ],
)
def test_the_blend_is_kept_and_no_epoch(changes: dict[str, object], words: str) -> None:
    assert sentence(a_blend(**changes), BLENDED) == words


def test_a_blend_without_a_network_says_so() -> None:
    assert sentence(a_blend(state="stopping"), []) == (
        "Stopping; no network is trained yet, so there may be no model to keep."
    )
    assert sentence(a_blend(state="paused"), []) == "Paused before the first network."
    finished = a_blend(state="finished", metrics=METRICS)
    assert sentence(finished, BLENDED[:1]) == "Finished; kept is the one network, 14 % better than guessing."


def test_a_stopped_blend_is_kept() -> None:
    assert state_words(a_blend(state="stopped", metrics=METRICS)) == "Stopped (blend kept)"
    assert state_words(a_blend(state="stopped")) == "Stopped (nothing kept)"


@pytest.mark.parametrize("state", STATE_WORDS)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_no_word_of_a_blend_speaks_of_epochs(state: str, n: int) -> None:
    for run in (a_blend(state=state), a_blend(state=state, metrics=METRICS)):
        progress = progress_of(run, BLENDED[:n], NOW)
        assert "epoch" not in f"{progress.sentence} {progress.state_words}".lower()
        assert 0.0 <= progress.fraction <= 1.0
