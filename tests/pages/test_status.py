"""How it stands with a run, in few words: its head, the browser's tab, its device, and how often a page looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.runs.progress import progress_of
from core.runs.records import Epoch, Run
from pages.shared.live import LONG_SECONDS, USUAL_SECONDS, YOUNG_SECONDS, refresh_seconds
from pages.shared.status import ended_line, progress_line, state_badge, tab_title, vitals_line

NOW = datetime(2026, 3, 1, 12, 0, 42, tzinfo=UTC)
RUN = Run(
    id="r", kind="train", name="churn · Standard network · 1 Mar 12:00", state="running", dataset_id="d", request={},
    created_at=NOW - timedelta(minutes=2), updated_at=NOW, started_at=NOW - timedelta(minutes=1), epochs=100,
    seconds=42.0,
)  # fmt: skip


def curve(n: int, seconds: float = 1.0) -> list[Epoch]:
    return [Epoch(e, 1 / e, None, 1e-3, seconds) for e in range(1, n + 1)]


def title(run: Run, n_epochs: int = 0) -> str:
    return tab_title(run, progress_of(run, curve(n_epochs), NOW))


def test_the_tab_says_how_far_a_run_is_and_what_it_is_called():
    assert title(RUN, 37) == "37 % · churn · Rowsmith"
    assert title(RUN) == "Running · churn · Rowsmith"
    assert title(replace(RUN, state="stopping"), 37) == "37 % · churn · Rowsmith"
    assert title(replace(RUN, state="queued"), 37) == "Queued · churn · Rowsmith"
    assert title(replace(RUN, name="<b>my</b> run")) == "Running · <b>my</b> run · Rowsmith"


@pytest.mark.parametrize(
    ("state", "word"),
    [("finished", "Finished"), ("paused", "Paused"), ("interrupted", "Interrupted"), ("stopped", "Stopped")],
)
def test_the_tab_of_a_run_that_is_not_at_work_says_its_state(state: str, word: str):
    assert tab_title(replace(RUN, state=state)) == f"{word} · churn · Rowsmith"


def test_the_head_says_how_far_how_long_and_how_long_yet():
    assert progress_line(RUN, progress_of(RUN, curve(37), NOW)) == "Epoch 37 of 100 · 0:42 elapsed · about 1:03 left"
    assert progress_line(RUN, progress_of(RUN, [], NOW)) == "0:42 elapsed"
    stopping = replace(RUN, state="stopping")
    assert progress_line(stopping, progress_of(stopping, curve(37), NOW)) == "Epoch 37 of 100 · 0:42 elapsed"
    rows = replace(RUN, kind="score", epoch=20_000, epochs=80_000)
    assert progress_line(rows, progress_of(rows, [], NOW)) == "Row 20,000 of 80,000 · 0:42 elapsed · about 2:06 left"
    queued = replace(RUN, state="queued", queued_at=NOW - timedelta(seconds=90))
    assert progress_line(queued, progress_of(queued, [], NOW)) == "1:30 waiting"


BLEND = replace(RUN, request={"config": {"training_mode": "auto", "time_budget": 300.0}})


def test_the_head_of_a_blend_counts_networks_and_says_what_is_left_of_its_time():
    assert progress_line(BLEND, progress_of(BLEND, curve(12), NOW)) == "12 networks · 0:42 elapsed · 4:18 left"
    assert progress_line(BLEND, progress_of(BLEND, [], NOW)) == "0:42 elapsed · 4:18 left"
    late = replace(BLEND, seconds=304.0)
    assert progress_line(late, progress_of(late, curve(1), NOW)) == "1 network · 5:04 elapsed"
    assert title(BLEND) == "14 % · churn · Rowsmith"
    assert title(replace(BLEND, seconds=0.0)) == "Running · churn · Rowsmith"


def test_the_head_of_an_ended_run_says_how_long_it_took():
    assert ended_line(replace(RUN, state="finished")).endswith(" · took 0:42")
    assert ended_line(replace(RUN, state="finished")).startswith("started ")
    assert ended_line(replace(RUN, state="stopped", started_at=None, seconds=0.0)).startswith("asked for ")


def test_green_is_only_where_something_was_kept():
    stopped = replace(RUN, state="stopped")
    assert "green" not in state_badge(stopped)
    assert "Stopped (nothing kept)" in state_badge(stopped)
    kept = replace(stopped, metrics={"best_epoch": 3})
    assert state_badge(kept).startswith(":green-badge[")
    assert "Stopped (best kept)" in state_badge(kept)


def test_the_device_and_its_memory_are_named_as_far_as_they_are_known():
    assert vitals_line(RUN) == ""
    assert vitals_line(replace(RUN, vitals={"rss_bytes": 412_000_000})) == "On the CPU · 412 MB of memory in use"
    cpu = {"rss_bytes": 1_200_000_000, "threads": 2, "steps": 4}
    assert vitals_line(replace(RUN, vitals=cpu)) == "On the CPU with 2 threads · 1.2 GB of memory in use"
    gpu = cpu | {"gpu_bytes": 3_400_000_000}
    assert vitals_line(replace(RUN, vitals=gpu)) == "On the GPU · 3.4 GB of its memory and 1.2 GB of memory in use"


def test_a_page_looks_more_often_where_there_is_more_to_see():
    def seconds(run: Run, *epochs: Epoch) -> float:
        return refresh_seconds(run, progress_of(run, epochs, NOW))

    assert seconds(RUN) == YOUNG_SECONDS
    assert seconds(replace(RUN, state="queued")) == USUAL_SECONDS
    assert seconds(RUN, *curve(5)) == USUAL_SECONDS
    assert seconds(RUN, *curve(5, seconds=10.0)) == LONG_SECONDS
    assert seconds(replace(BLEND, seconds=5.0)) == YOUNG_SECONDS
    assert seconds(BLEND) == USUAL_SECONDS  # a first network may take a while
    assert YOUNG_SECONDS < USUAL_SECONDS < LONG_SECONDS
