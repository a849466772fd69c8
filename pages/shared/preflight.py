"""Preflight: the time and memory that a training will take on this machine, said before it starts."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import streamlit as st

from core.errors import AppError
from core.runs.preflight.estimate import Estimate, ModeEstimate, estimate_for, forget_pace, start_probe
from core.runs.preflight.free_memory import memory_available
from core.runs.preflight.memory import Driver, MemoryFree, MemoryNeed, gigabytes, memory_needed, refusal
from core.runs.preflight.recommend import ACCURATE_MODE, Recommendation, recommend
from core.runs.preflight.sizes import TrainingSize
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.types import TIMED_MODE, TRAINING_MODES
from pages.shared.cached import devices, read_size
from pages.shared.state import get_workspace
from pages.shared.text import count, duration, escape, percent, plural

POLL_SECONDS = 1.0
AT_REST_SECONDS = 1.0  # nothing is measured for settings that are still being changed
DRIVERS_SHOWN = 3
DRAWN = "preflight_drawn"


@dataclass(frozen=True)
class Preflight:
    """What is known of a training before it starts; `estimate` is None while the machine is being measured.

    The mode of `request` and `size` does not count: all that is said is said of one mode or of each.
    """

    dataset: Dataset
    request: TrainRequest
    size: TrainingSize
    free: MemoryFree
    estimate: Estimate | None

    def need(self, mode: str) -> MemoryNeed:
        """Return what a mode takes of the memory."""
        found = self.estimate
        measured = {"imported_bytes": found.imported_bytes} if found and found.imported_bytes else {}
        return memory_needed(self.size.in_mode(mode), on_gpu=self.free.gpu_bytes > 0, **measured)

    def refusal(self, mode: str) -> str:
        """Return why the training cannot fit, empty where it can."""
        return refusal(self.need(mode), self.free)

    def times(self, chosen: str) -> dict[str, str]:
        """Return the expected time of each mode in words: while it is measured the same for all but a given one."""
        found, given = self.estimate, {TIMED_MODE: f"{duration(self.size.cfg.time_budget)}, as you choose"}
        if found is None:
            return given if self.refusal(chosen) else dict.fromkeys(TRAINING_MODES, "Measuring…") | given
        return {mode: _expected(its) for mode, its in found.modes.items()} | given

    @property
    def advice(self) -> Recommendation:
        """Return the mode to start with."""
        return recommend(self.estimate, self.need(ACCURATE_MODE), self.free)


def look_ahead(dataset: Dataset, request: TrainRequest, task: str) -> Preflight | None:
    """Return what the training will take; None where it could not begin, which Start then explains."""
    on_gpu = devices().has_gpu and request.device != "cpu"
    try:
        size = read_size(dataset, request, task)
        estimate = estimate_for(get_workspace(), dataset, request, size)
    except AppError:
        return None
    free = MemoryFree(memory_available(), devices().gpu_free_bytes if on_gpu else 0)
    return Preflight(dataset, request, size, free, estimate)


def show_preflight(found: Preflight, mode: str) -> None:
    """Draw time, memory and what drives them; measure the machine first where that has not been done."""
    if trouble := found.refusal(mode):
        st.error(escape(trouble), icon=":material/memory:")
        return
    need = found.need(mode)
    with st.container(border=True):
        if found.estimate is None:
            st.session_state[DRAWN] = time.monotonic()
            _await_estimate(found)
        else:
            _show_time(found, found.estimate, mode)
            _warn_of_too_little_time(found.size.cfg.time_budget, found.estimate.modes.get(mode))
        st.markdown(_memory_words(need, found.free))
        st.caption(_driver_words(need, found.size))


def _expected(its: ModeEstimate) -> str:
    return f"{'At most' if its.may_end_early else 'About'} {duration(max(1.0, its.seconds))}"


@st.fragment(run_every=POLL_SECONDS)
def _await_estimate(found: Preflight) -> None:
    """Wait for the figures, and have them measured once the page is at rest; then draw the page with them."""
    workspace, training = get_workspace(), (found.dataset, found.request, found.size)
    if estimate_for(workspace, *training) is not None:
        st.rerun()
    st.markdown(":material/timer: Measuring how fast this machine is…")
    if time.monotonic() - st.session_state[DRAWN] >= AT_REST_SECONDS:
        try:
            start_probe(workspace, *training)
        except AppError as error:
            st.caption(escape(error.sentence))


def _show_time(found: Preflight, estimate: Estimate, mode: str) -> None:
    words, again = st.columns([4, 1], vertical_alignment="center")
    words.markdown(f":material/timer: {_time_words(found, estimate, mode)}")
    if estimate.trouble or estimate.is_busy:
        again.button(
            "Measure again", key="preflight_again", width="stretch", on_click=forget_pace,
            args=(get_workspace(), found.dataset, found.request, found.size),
        )  # fmt: skip


def _warn_of_too_little_time(budget: float, its: ModeEstimate | None) -> None:
    """Say where a given time does not suffice for anything."""
    if its is not None and budget < its.least_seconds:
        st.warning(
            f"{duration(budget)} is too little here: to prepare the table and train one epoch of the quickest network "
            f"takes about {duration(math.ceil(its.least_seconds))}. Give it more time.",
            icon=":material/warning:",
        )


def _time_words(found: Preflight, estimate: Estimate, mode: str) -> str:
    if estimate.trouble:
        return f"The time could not be measured: {escape(estimate.trouble)}"
    its, epochs = estimate.modes[mode], found.size.cfg.epochs
    busy = " Measured while the machine was busy, so it may be quicker." if estimate.is_busy else ""
    if mode == TIMED_MODE:
        given = duration(found.size.cfg.time_budget)
        return f"**{_expected(its)}**: {given} of training, as you choose, then the model is evaluated.{busy}"
    each = f"{its.epoch_seconds:.2f} s" if its.epoch_seconds < 10 else duration(its.epoch_seconds)
    words = f"**{_expected(its)}** for {plural(epochs, 'epoch')} of {each}."
    if its.may_end_early:
        words += " Less if it stops improving."
    return f"{words}{busy} Evaluating the model is counted in."


def _memory_words(need: MemoryNeed, free: MemoryFree) -> str:
    words = (
        f":material/memory: About **{gigabytes(need.bytes)}** of memory at the peak; {gigabytes(free.bytes)} are free."
    )
    if need.gpu_bytes:
        words += f" About {gigabytes(need.gpu_bytes)} on the GPU; {gigabytes(free.gpu_bytes)} are free."
    return words


def _driver_words(need: MemoryNeed, size: TrainingSize) -> str:
    """Say which columns make the encoded table wide, for that is what costs time and memory."""
    table = f"Encoded, the table has {plural(need.encoded_width, 'column')} and {count(size.n_usable)} rows."
    wide = [driver for driver in need.drivers if driver.width > 1][:DRIVERS_SHOWN]
    if not wide:
        return f"{table} Every column costs the same."
    named = ", ".join(f"**{escape(driver.column)}** ({_width_words(driver, need)})" for driver in wide)
    return f"{table} What drives the cost: {named}."


def _width_words(driver: Driver, need: MemoryNeed) -> str:
    what = plural(driver.levels, "text") if driver.levels else "a date"
    return f"{what}, {percent(driver.width / need.encoded_width)}"
