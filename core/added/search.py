"""Trains members side by side until the time is over: one in this process, others in processes beside it."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.added.folds import FOLDS
from core.added.lane import LaneEndedError, Order, RemoteLane, train
from core.added.members import KINDS, Assignment, Member, Problem
from core.added.standings import LEAST_WEIGHT, Floats, Standings
from core.checkpoint.members_file import MOST_KEPT
from core.epoch import EpochReport
from core.errors import AppError, TrainingError
from core.leaderboard import Entry, Leaderboard
from core.loop import Control
from core.networks.blend import Blend
from core.steps.threads import only_threads

MOST_LANES = 4
RESERVE = 0.02  # of the time, for what comes after the members, beside their own predictions
LONGEST_CURVE = 0.3  # of the time, that a member may take, or up to half as much again to fill what is left
SCOUT_CURVE, LEAST_SCOUT_SECONDS = 0.12, 5.0  # the same of a kind's first, by which kinds are compared early
NEARLY = 0.9  # of a scout's time: it could have used more
WORTH_BEGINNING = 0.6  # of its usual time, that must be left: its rate falls in what there is
IN_TIME = 0.98  # of what is left, in which a rate falls to 0, so that it does before the end
LEAST_SHARE = 0.05  # of the time, that must be left for any
FEW = 2  # members of a kind, by which it is judged
LEAST_CLAIM = 0.15  # to the time, of a kind: beyond that, as its share of the blend
NOT_BEATEN = 0.5  # of the claim of the kind with the largest, that one has which may be as good
WORSE = 1.1  # times the loss of the worst other, that a member may have whose training was cut short
TICK_SECONDS, BOARD_SECONDS = 0.05, 0.5

logger = logging.getLogger(__name__)


class Search:
    """The members so far, and what is to be trained next.

    Lanes, which are threads, ask for that under a lock and put what they have trained in a queue; all but the first
    have a process that trains for them. Everything else is done by the thread that runs the search, so that a caller
    hears of it there.
    """

    def __init__(self, problem: Problem, target_scaler: Any, began: float, earlier: Sequence[Member] = ()) -> None:
        self._problem, self._began, self._budget = problem, began, problem.cfg.time_budget
        self._n_scored = len(problem.x) + len(problem.rows.x_test)
        self._n_folds = min(len(problem.y), FOLDS)
        self._scout_seconds = min(LONGEST_CURVE * self._budget, max(SCOUT_CURVE * self._budget, LEAST_SCOUT_SECONDS))
        self._scale = 1.0 if problem.n_classes else float(target_scaler.scale_[0])
        self._standings = Standings(problem.y.flatten().numpy(), problem.output_dim, problem.groups)
        self._lock, self._halt = threading.Lock(), threading.Event()
        self._finished: queue.Queue[Member] = queue.Queue()
        self._kinds = problem.kinds
        self._places: dict[str, set[int]] = {kind: set() for kind in KINDS}  # what members were trained for
        self._spent: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        self._doing: dict[int, tuple[str, str, float]] = {}  # what each lane trains, in words, and since when
        self._errors: dict[str, Exception] = {}
        on_gpu = problem.device.type == "cuda"
        self.n_lanes = 1 if on_gpu else max(1, min(MOST_LANES, torch.get_num_threads()))
        self.members: list[Member] = []
        self.losses: list[float] = []  # of the blend, after each member
        self.was_stopped = self.was_paused = False
        for member in earlier:
            self._places[member.assignment.kind].add(self._place(member.assignment))
            self._spent[member.assignment.kind] += member.seconds
            self._take(member)

    def run(self, control: Control, *, on_member: Any = None) -> None:
        """Train members until the time is over, or someone asks to stop or to pause.

        `on_member` is called after each. Raises TrainingError, or what went wrong, where there is no member at the end.
        """
        remotes = [RemoteLane(self._problem) for _ in range(self.n_lanes - 1)]
        lanes = [
            threading.Thread(target=self._lane, args=(lane, remote), daemon=True)
            for lane, remote in enumerate([None, *remotes])
        ]
        self._ask(control, remotes)
        told = -BOARD_SECONDS
        with only_threads(max(1, torch.get_num_threads() // self.n_lanes)):
            for lane in lanes:
                lane.start()
            try:
                while any(lane.is_alive() for lane in lanes) or not self._finished.empty():
                    self._next_finished(control, on_member)
                    self._ask(control, remotes)
                    if control.on_board is not None and time.perf_counter() - told > BOARD_SECONDS:
                        told = time.perf_counter()
                        control.on_board(self.board())
            finally:
                self._halt_lanes(remotes)
                for remote in remotes:
                    remote.end()
                for lane in lanes:
                    lane.join()
        if not self.members and not self.was_paused:
            raise self._why_none()

    @property
    def reports(self) -> tuple[EpochReport, ...]:
        """Return one report for each member."""
        return tuple(map(self._report, range(len(self.members))))

    def blend(self) -> Blend:
        """Return the members as one network, those without a share left out."""
        shares = self._standings.shares
        chosen = [member for kind, share in shares.items() if share > 0 for member in self._used(kind)]
        own = [shares[member.assignment.kind] / len(self._used(member.assignment.kind)) for member in chosen]
        return Blend([member.network for member in chosen], own)

    def out_of_fold(self) -> tuple[NDArray[np.intp], Floats]:
        """Return which rows members have held out `(n,)`, and what the blend of these says of each `(n, outputs)`."""
        return self._standings.out_of_fold()

    def board(self) -> Leaderboard:
        """Return how the kinds stand, the best first."""
        with self._lock:
            doing = list(self._doing.values())
        standings = self._standings
        entries = [
            Entry(
                name=KINDS[kind].title,
                members=len(self._of(kind)),
                seconds=sum(member.seconds for member in self._of(kind)),
                loss=self._in_unit(standings.losses.get(kind)),
                weight=standings.shares.get(kind, 0.0),
                now="; ".join(words for which, words, _ in doing if which == kind),
            )
            for kind in self._kinds
        ]
        return Leaderboard(
            entries=tuple(sorted(entries, key=lambda entry: np.inf if entry.loss is None else entry.loss)),
            members=len(self.members),
            loss=self._in_unit(standings.loss),
            baseline_loss=self._in_unit(self._problem.baseline_loss),
            seconds=time.perf_counter() - self._began,
            time_budget=self._budget,
        )

    # What lanes do

    def _lane(self, lane: int, remote: RemoteLane | None) -> None:
        while (assignment := self._next(lane)) is not None:
            began = time.perf_counter()
            try:
                self._finished.put(self._train(assignment, lane, remote))
                while self._finished.unfinished_tasks and not self._halt.wait(TICK_SECONDS / 10):
                    pass  # so that what is next is chosen by what is known
            except LaneEndedError as error:
                logger.warning("%s The others go on.", error.sentence)
                with self._lock:
                    self._doing.pop(lane, None)
                return
            except AppError as error:  # the other kind may still come to something
                self._errors[assignment.kind] = error
            except Exception as error:
                logger.exception("A network of the blend could not be trained.")
                self._errors[assignment.kind] = error
            with self._lock:
                self._spent[assignment.kind] += time.perf_counter() - began

    def _next(self, lane: int) -> Assignment | None:
        """Return what to train next: of the kind trained for the shortest time, where there is time for another.

        The time is measured by the kind's share of the blend, which is what its members' mean should be good for.
        """
        with self._lock:
            self._doing.pop(lane, None)
            if self._halt.is_set() or len(self.members) + len(self._doing) + self._finished.qsize() >= MOST_KEPT:
                return None
            for kind in sorted(self._kinds, key=self._turn):
                if kind not in self._errors and self._is_worth(kind):
                    place = next(place for place in itertools.count() if place not in self._places[kind])
                    self._places[kind].add(place)
                    assignment = Assignment(kind, *divmod(place, self._n_folds))
                    self._doing[lane] = (kind, _fold_words(assignment), time.perf_counter())
                    return assignment
            return None

    def _train(self, assignment: Assignment, lane: int, remote: RemoteLane | None) -> Member:
        def on_epoch(report: EpochReport) -> None:
            words = f"{_fold_words(assignment)}, epoch {report.epoch:,}"
            self._doing[lane] = (assignment.kind, words, self._doing[lane][2])

        left = self._seconds_left()
        if self._has_any(assignment.kind):  # so many after one another that none is left with a short rest
            curve_seconds = IN_TIME * left / max(1, round(left / (LONGEST_CURVE * self._budget)))
        else:
            curve_seconds = min(self._scout_seconds, IN_TIME * left)
        curve_seconds = max(1e-3, curve_seconds)
        order = Order(assignment, curve_seconds, time.perf_counter() + left)
        if remote is not None:
            return remote.train(order, on_epoch)
        return train(self._problem, order, self._halt.is_set, on_epoch)

    def _seconds_of(self, kind: str) -> float:
        """Return how long a kind has been trained, what is being trained included."""
        now = time.perf_counter()
        return self._spent[kind] + sum(now - began for which, _, began in self._doing.values() if which == kind)

    def _turn(self, kind: str) -> tuple[bool, float]:
        """Return what the kinds are ordered by: the lowest has its turn."""
        shares = self._standings.shares
        claim = max(LEAST_CLAIM, shares.get(kind, 0.0))
        if kind not in self._standings.beaten:
            claim = max(claim, NOT_BEATEN * max(shares.values(), default=0.0))
        return self._is_last(kind), self._seconds_of(kind) / claim

    def _is_last(self, kind: str) -> bool:
        """Return whether a kind has its turn when no other can use the time: it adds nothing to the blend."""
        return len(self._of(kind)) >= FEW and self._standings.shares.get(kind, 0.0) < LEAST_WEIGHT

    def _is_worth(self, kind: str) -> bool:
        if not any(self._places.values()):
            return True
        usual = [member.seconds for member in self._of(kind) if not member.was_cut]
        least = WORTH_BEGINNING * median(usual) if usual else 0.0
        return self._seconds_left() > max(LEAST_SHARE * self._budget, least)

    def _seconds_left(self) -> float:
        """Return how long members may still be trained, so that the blend can be scored within the time."""
        scoring = self._n_scored * sum(member.forward_seconds for member in self.members)
        return self._began + (1 - RESERVE) * self._budget - scoring - time.perf_counter()

    # What the search does with them

    def _next_finished(self, control: Control, on_member: Any) -> None:
        """Take up a member that a lane has finished, where there is one, and report it."""
        try:
            member = self._finished.get(timeout=TICK_SECONDS)
        except queue.Empty:
            return
        is_sound = self._is_sound(member)
        if is_sound:
            self._take(member)
        self._finished.task_done()
        if not is_sound:
            return
        if control.on_epoch is not None:
            control.on_epoch(self._report(len(self.members) - 1))
        if on_member is not None:
            on_member()

    def _take(self, member: Member) -> None:
        """Enter a member; one that does better than another on the same rows takes its place in the blend."""
        kind, place = member.assignment.kind, self._place(member.assignment)
        before = next((other for other in self._used(kind) if other.assignment == member.assignment), None)
        if before is None:
            self._standings.add(kind, member.held, member.predicted)
        elif member.loss < before.loss:
            self._standings.add(kind, member.held, member.predicted, instead_of=before.predicted)
        if self._is_short(member):
            with self._lock:
                self._places[kind].discard(place)
        self.members.append(member)
        self.losses.append(self._standings.loss or 0.0)

    def _is_short(self, member: Member) -> bool:
        """Return whether a member is a scout that took all of its time, and others get more: it is trained again."""
        is_scout = not self._of(member.assignment.kind) and self._scout_seconds < LONGEST_CURVE * self._budget
        return is_scout and member.seconds > NEARLY * self._scout_seconds

    def _ask(self, control: Control, remotes: Sequence[RemoteLane]) -> None:
        if control.should_stop is not None and control.should_stop():
            self.was_stopped = True
        if control.should_pause is not None and control.should_pause():
            self.was_paused = True
        if self.was_stopped or self.was_paused:
            self._halt_lanes(remotes)

    def _halt_lanes(self, remotes: Sequence[RemoteLane]) -> None:
        if not self._halt.is_set():
            self._halt.set()
            for remote in remotes:
                remote.halt()

    def _is_sound(self, member: Member) -> bool:
        """Return whether a member may be blended in; one cut short not where it is worse than others of its kind."""
        others = [other.loss for other in self._of(member.assignment.kind)]
        if not np.isfinite(member.predicted).all():
            return False
        return not (member.was_cut and others and member.loss > WORSE * max(others))

    def _of(self, kind: str) -> list[Member]:
        return [member for member in self.members if member.assignment.kind == kind]

    def _used(self, kind: str) -> list[Member]:
        """Return the members of a kind that a blend takes: of those for the same rows the best."""
        best_last = sorted(self._of(kind), key=lambda member: -member.loss)
        return list({member.assignment: member for member in best_last}.values())

    def _has_any(self, kind: str) -> bool:
        return bool(self._of(kind)) or len(self._places[kind]) > 1

    def _place(self, assignment: Assignment) -> int:
        return assignment.division * self._n_folds + assignment.fold

    def _report(self, which: int) -> EpochReport:
        member = self.members[which]
        return EpochReport(
            epoch=which + 1,
            epochs=which + 1,
            train_loss=member.train_loss,
            validation_loss=self.losses[which],
            learning_rate=self._problem.cfg.learning_rate,
            seconds=member.seconds,
            baseline_loss=self._problem.baseline_loss,
        )

    def _in_unit(self, loss: float | None) -> float | None:
        """Return a loss of scaled numbers in the target's unit; one of classes as it is."""
        return None if loss is None else loss * self._scale**2

    def _why_none(self) -> Exception:
        if self.was_stopped:
            return TrainingError(
                "Training was stopped before its first network, so there is no model to keep. Start it again."
            )
        if self._errors and self._seconds_left() > 0:
            return next(iter(self._errors.values()))
        return TrainingError(
            f"The {self._budget:g} seconds were over before one network was trained. "
            "Give it more time, or choose another mode."
        )


def _fold_words(assignment: Assignment) -> str:
    return f"fold {assignment.fold + 1}"
