"""A process that trains members for another: small steps are for the most part Python, which threads take turns at.

It reads orders from its input and writes what became of them to its output, both as pickles of the process that started
it; it ends with that one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any, BinaryIO, cast

import torch

from core.added.members import Assignment, Member, Problem, train_member
from core.epoch import EpochReport
from core.errors import TrainingError
from core.fitting import RowSets
from core.rows import take

TOLD_SECONDS = 0.3  # between two words on an epoch
GRACE_SECONDS = 5.0  # for a step and what comes after it, before a process is killed

OnEpoch = Callable[[EpochReport], object]


@dataclass(frozen=True)
class Order:
    """A member to train, whose rate falls to 0 within `curve_seconds`; it ends at the `deadline` whatever it does.

    That is of `time.perf_counter`, which all processes of a machine share.
    """

    assignment: Assignment
    curve_seconds: float
    deadline: float


@dataclass(frozen=True)
class Halt:
    """No more is wanted: what is being trained ends as it is."""


class LaneEndedError(TrainingError):
    """The process is not there any more."""


def train(problem: Problem, order: Order, is_halted: Callable[[], bool], on_epoch: OnEpoch) -> Member:
    """Do an order in this process, in which nothing else may draw random numbers."""
    torch.manual_seed(problem.seed(order.assignment))
    return train_member(
        problem, order.assignment,
        curve_seconds=order.curve_seconds,
        is_over=lambda: is_halted() or time.perf_counter() >= order.deadline,
        on_epoch=on_epoch,
    )  # fmt: skip


class RemoteLane:
    """A process beside this one that trains members of `problem`, on one thread."""

    command = ("-X", "faulthandler", "-c", "from core.added.lane import main; main()")

    def __init__(self, problem: Problem) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, *self.command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
            start_new_session=True,  # Ctrl+C is for the process that gives the orders
        )  # fmt: skip
        self._orders, self._lock = cast(BinaryIO, self._process.stdin), threading.Lock()
        self._answers = cast(BinaryIO, self._process.stdout)
        x, y = problem.x, problem.y
        own = RowSets(x, y, take(x, slice(0)), y[:0], take(x, slice(0)), y[:0])
        self._problem: Problem | None = replace(problem, rows=own)

    def train(self, order: Order, on_epoch: OnEpoch) -> Member:
        """Have a member trained. Raises what training it raises, and LaneEndedError where the process has ended."""
        try:
            if self._problem is not None:
                self._send(self._problem)
                self._problem = None
            self._send(order)
            while isinstance(answer := _received(self._answers), EpochReport):
                on_epoch(answer)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise LaneEndedError("A process that trained networks for the blend ended before its time.") from error
        if isinstance(answer, Exception):
            raise answer
        member: Member = answer
        return member

    @property
    def is_running(self) -> bool:
        """Return whether the process is there."""
        return self._process.poll() is None

    def halt(self) -> None:
        """Let what is being trained end as it is."""
        with suppress(OSError):
            self._send(Halt())

    def end(self) -> None:
        """End the process, whatever it does."""
        with suppress(OSError):
            self._orders.close()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _send(self, message: object) -> None:
        with self._lock:
            pickle.dump(message, self._orders, protocol=pickle.HIGHEST_PROTOCOL)
            self._orders.flush()


def main() -> None:
    """Train what is asked for until there is nobody who asks."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    torch.set_num_threads(1)
    orders: SimpleQueue[Order] = SimpleQueue()
    halted = threading.Event()
    problem: Problem = _received(sys.stdin.buffer)
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders, halted), daemon=True).start()
    while True:
        order, told = orders.get(), 0.0

        def tell(report: EpochReport) -> None:
            nonlocal told
            if time.perf_counter() - told > TOLD_SECONDS:
                told = time.perf_counter()
                _answer(answers, report)

        try:
            _answer(answers, train(problem, order, halted.is_set, tell))
        except Exception as error:
            _answer(answers, error)


def _listen(source: BinaryIO, orders: SimpleQueue[Order], halted: threading.Event) -> None:
    """Hear orders while a member is being trained; end the process when the one that gives them has ended."""
    while True:
        try:
            message = _received(source)
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)
        if isinstance(message, Halt):
            halted.set()
        else:
            orders.put(message)


def _received(source: BinaryIO) -> Any:
    """Return the next message of the process at the other end, which is one of ours."""
    return pickle.load(source)  # noqa: S301


def _answer(answers: BinaryIO, message: object) -> None:
    try:
        pickle.dump(message, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
    except OSError:  # nobody listens any more
        os._exit(0)
