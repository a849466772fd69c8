"""The load test's tabs speak the installed Streamlit's protocol, and notice what goes wrong."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pytest
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.load.curve import EpochWatch
from tests.load.figures import Promise, spread
from tests.load.protocol import MessageCache, complaint, largest_x
from tests.load.report import as_json, failures, promises, table
from tests.load.scenario import Plan, play
from tests.load.session import Session, Visit
from tests.load.stage import Stage, log_complaints, staged
from tests.serving import Server

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it in a thread of its own: a browser test's driver may keep an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged(with_model=False) as stage:
        yield stage


def test_two_tabs_are_drawn_and_a_live_chart_shows_new_epochs_by_itself(stage):
    visit = Visit(stage.server.url, stage.xsrf)
    epochs = EpochWatch(stage.store, stage.training_run)
    run(_follow_and_walk(stage, visit, epochs))
    assert visit.notes.failures == {}
    assert log_complaints(stage.server) == []
    pages = [drawing.page for drawing in visit.notes.drawings if not drawing.fragment]
    assert sorted(pages) == ["", "model", "runs", "train"]
    again = [drawing.fragment for drawing in visit.notes.drawings if drawing.page == "model" and drawing.fragment]
    assert len(again) >= 2
    assert {visit.notes.intervals[fragment] for fragment in again} == {0.5}
    assert epochs.seconds
    assert min(epochs.seconds) >= 0


async def _follow_and_walk(stage: Stage, visit: Visit, epochs: EpochWatch) -> None:
    looking = asyncio.create_task(epochs.look())
    async with Session(visit, every=0.5, take_epoch=epochs.new_tab()) as chart, Session(visit) as walker:
        await asyncio.gather(
            chart.open("model", f"run={stage.training_run}"), walker.open("", f"dataset={stage.dataset}")
        )
        await walker.follow("train")
        await walker.follow("runs")
        deadline = time.monotonic() + 10
        while not epochs.seconds or sum(drawing.fragment != "" for drawing in visit.notes.drawings) < 4:
            assert time.monotonic() < deadline, "the chart does not draw itself again"
            await asyncio.sleep(0.05)
    looking.cancel()


def test_an_error_on_a_page_and_a_page_that_is_not_there_are_noticed(stage):
    visit = Visit(stage.server.url, stage.xsrf)

    async def look_for_what_is_not_there() -> None:
        async with Session(visit) as tab:
            await tab.open("model", "run=nope")
            await tab.open("nowhere")

    run(look_for_what_is_not_there())
    assert len([words for words in visit.notes.failures if "There is no run" in words]) == 1
    assert [words for words in visit.notes.failures if "page not found" in words] != [], visit.notes.failures


def test_a_server_that_hangs_up_is_noticed(stage):
    visit = Visit(stage.server.url, stage.xsrf)

    async def send_nonsense() -> None:
        async with Session(visit) as tab:
            await tab.open("runs")
            await tab._socket.send("a text, where the server wants bytes")
            await tab._listener

    run(send_nonsense())
    assert [words for words in visit.notes.failures if words.startswith("/runs: disconnected")]


def test_a_small_load_is_measured_and_one_failure_breaks_a_promise(stage):
    plan = Plan(
        n_charts=1, n_walkers=1, seconds=3, opening_seconds=0.5, think_seconds=(0.2, 0.4), every=0.5, n_connects=0
    )
    outcome = run(play(stage, plan))
    assert failures(outcome) == {}
    assert {promise.what for promise in promises(outcome) if math.isnan(promise.value)} == set()
    assert {process.what for process in outcome.processes} >= {"server"}
    assert outcome.first_epoch < outcome.last_epoch
    assert "MISSED  failures" not in table(outcome)
    outcome.loaded.notes.fail("runs", "something")
    assert "failure: /runs: something (1×)" in table(outcome)
    assert "MISSED  failures" in table(outcome)
    assert json.loads(json.dumps(as_json(outcome)))["failures"] == {"/runs: something": 1}


def _element(kind: str) -> ForwardMsg:
    message = ForwardMsg()
    getattr(message.delta.new_element, kind).SetInParent()
    return message


def test_an_exception_and_an_error_are_complaints_and_a_warning_is_none():
    broken = _element("exception")
    broken.delta.new_element.exception.message = "no such column"
    assert complaint(broken) == "exception:  no such column"
    alert = _element("alert")
    alert.delta.new_element.alert.format = Alert.WARNING
    assert complaint(alert) is None
    alert.delta.new_element.alert.format = Alert.ERROR
    assert complaint(alert) is not None
    assert complaint(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)) is None
    assert complaint(ForwardMsg(script_finished=ForwardMsg.FINISHED_WITH_COMPILE_ERROR)) is not None


def test_a_kept_message_stands_for_its_reference_until_no_drawing_uses_it():
    cache = MessageCache()
    large = _element("text")
    large.delta.new_element.text.body = "long"
    large.hash, large.metadata.cacheable = "abc", True
    assert cache.resolve(large.SerializeToString()) == large
    assert cache.hashes == ["abc"]
    cache.end_drawing([], max_age=2)
    reference = ForwardMsg(ref_hash="abc")
    reference.metadata.delta_path.extend([0, 3])
    resolved = cache.resolve(reference.SerializeToString())
    assert resolved.delta == large.delta
    assert list(resolved.metadata.delta_path) == [0, 3]
    for _ in range(2):
        cache.end_drawing([], max_age=2)
        cache.end_drawing(["a fragment that did not draw it"], max_age=2)
    assert cache.hashes == []
    with pytest.raises(KeyError):
        cache.resolve(reference.SerializeToString())


def test_the_largest_x_is_read_from_any_data_of_a_chart():
    chart = _element("vega_lite_chart").delta.new_element.vega_lite_chart
    message = ForwardMsg()
    assert largest_x(message) is None
    layers = [{"encoding": {"x": {"field": "epoch"}, "y": {"field": "loss"}}}, {"encoding": {"x": {"value": 900}}}]
    chart.spec = json.dumps({"vconcat": [{"layer": layers}]})
    for values in ([1, 37, None], [5, None, None]):
        table = pa.table({"epoch": values, "loss": [100.0, 200.0, 300.0]})
        chart.datasets.add().data.data = _arrow(table)
    message.delta.new_element.vega_lite_chart.CopyFrom(chart)
    assert largest_x(message) == 37
    del message.delta.new_element.vega_lite_chart.datasets[:]
    assert largest_x(message) is None


def _arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_a_traceback_in_the_log_is_a_complaint_plain_or_framed(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text(
        "started\nTraceback (most recent call last):\n  File 'a.py', line 1\n    1 / 0\nZeroDivisionError: division\n"
        "\x1b[31m╭─\x1b[0m Traceback (most recent call last) ─╮\n\x1b[31m│\x1b[0m a.py:1 │\n╰─╯\nKeyError: 'b'\nended\n"
    )
    server = Server("", tmp_path, log, process=None)
    assert log_complaints(server) == ["ZeroDivisionError: division", "KeyError: 'b'"]
    assert log_complaints(server, after=log.stat().st_size - len("KeyError: 'b'\nended\n")) == []


def test_quantiles_are_those_of_the_nearest_rank():
    values = list(np.random.default_rng(3).exponential(size=157))
    found = spread(values)
    for share, value in ((0.5, found.p50), (0.95, found.p95), (1.0, found.highest)):
        assert value == np.quantile(values, share, method="inverted_cdf")


def test_what_was_not_measured_was_not_kept():
    assert Promise("page", 1.5, 1.5, "s").is_kept
    assert not Promise("page", 1.51, 1.5, "s").is_kept
    assert not Promise("page", spread([]).p95, 1.5, "s").is_kept
