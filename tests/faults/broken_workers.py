"""Workers that run out of memory, crash, cannot import what they need, or hang."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from core.runs import summon
from core.runs.records import Run
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, wait_until
from tests.faults.tally import Skipped, Tally

NOTICED_SECONDS = 10.0
WIDE = {"hidden_dim": 4096, "num_hidden_layers": 3}  # 34 million weights, and three numbers more for each
ROOM_BYTES = 64 * 2**20
GROUPS = Path("/sys/fs/cgroup")

Fault = Callable[[Ground, Tally], None]


def play(n_points: int, seed: int) -> Tally:
    """Break workers in `n_points` ways, beside one that must go on unharmed."""
    tally = Tally("broken")
    with living.scene(ROWSMITH_MAX_JOBS="2") as place:
        beside = living.begin(place, "beside", epochs=living.ENDLESS)
        living.until(place, beside.id, living.learning)
        for fault in FAULTS[:n_points]:
            _inject(fault, place, beside, tally)
        for run in place.store.active_runs():
            tally.took(living.cancel(place, run.id))
        for process in living.found(place, living.SUPERVISOR):
            living.send(process, signal.SIGTERM)
        tally.orphans += orphans_in(place.home)
    return tally


def _inject(fault: Fault, place: Ground, beside: Run, tally: Tally) -> None:
    """Inject one fault; the training beside it must neither notice nor stand still."""
    reached, name = place.store.run(beside.id).epoch, fault.__name__.strip("_").replace("_", " ")
    try:
        fault(place, tally)
    except Skipped as reason:
        tally.notes.append(f"{name} skipped: {reason}")
        return
    except AssertionError as error:
        tally.broken.append(f"{name}: {error}")
    tally.points += 1
    went_on = wait_until(lambda: place.store.run(beside.id).epoch > reached, 30)
    now = place.store.run(beside.id)
    tally.expect(went_on and now.attempt == 1 and not now.trouble, f"{name} has harmed another: {place.words(now.id)}")


def _crash(place: Ground, tally: Tally) -> None:
    run = living.until(place, living.begin(place, "crash", epochs=living.ENDLESS, random_seed=1).id, living.learning)
    os.kill(_pid(run), signal.SIGSEGV)
    _must_fail(place, run, ("crashed", "SIGSEGV"), tally)


def _hang(place: Ground, tally: Tally) -> None:
    """Halt a worker: its trouble is named, and it can be cancelled while it hangs."""
    run = living.until(place, living.begin(place, "hang", epochs=living.ENDLESS, random_seed=2).id, living.learning)
    os.kill(_pid(run), signal.SIGSTOP)
    began = time.monotonic()
    noticed = wait_until(lambda: place.store.run(run.id).trouble.startswith("No progress for "), 20)
    tally.took(time.monotonic() - began)
    tally.expect(noticed, f"nothing is said of a worker that hangs: {place.words(run.id)}")
    seconds = living.cancel(place, run.id)
    tally.took(seconds)
    tally.expect(seconds <= living.END_SECONDS, f"one that hangs was cancelled after {seconds:.1f} s")
    tally.expect(place.store.run(run.id).state == "interrupted", f"cancelled: {place.words(run.id)}")
    tally.corrupt += soundness.flaws(place, run.id)


def _import_error(place: Ground, tally: Tally) -> None:
    """Let a broken torch lie in the way, as a half-finished installation does."""
    broken = place.home.parent / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "torch.py").write_text("raise ImportError('libtorch_cpu.so: cannot open shared object file')")
    with living.environment({"PYTHONPATH": str(broken)}), _new_supervisor(place):
        run = living.begin(place, "import error")
        _must_fail(place, run, ("ImportError",), tally)


def _little_address_space(place: Ground, tally: Tally) -> None:
    """Leave a worker no room for its network, as `ulimit -v` does."""
    summon.warm(place.workspace)
    ready = wait_until(lambda: bool(_spares(place)), 60)
    assert ready, "no spare came"
    (spare,) = _spares(place)
    wait_until(lambda: spare.status() == psutil.STATUS_SLEEPING and spare.cpu_times().user > 1, 60)
    time.sleep(1)
    limit = spare.memory_info().vms + ROOM_BYTES
    resource.prlimit(spare.pid, resource.RLIMIT_AS, (limit, limit))
    run = living.begin(place, "little room", **WIDE)
    _must_fail(place, run, ("memory",), tally)
    tally.expect(place.store.run(run.id).pid == spare.pid, "the spare did not get the run")
    summon.cool(place.workspace)


def _out_of_memory(place: Ground, tally: Tally) -> None:
    """Have the system end a worker for want of memory: in a control group of its own, with room for no step."""
    run = living.begin(place, "out of memory", epochs=living.ENDLESS, **WIDE)
    run = living.until(place, run.id, lambda run: run.epoch >= 1)
    with _group(_pid(run), ROOM_BYTES):
        _must_fail(place, run, ("Memory ran out",), tally)


FAULTS: tuple[Fault, ...] = (_crash, _hang, _little_address_space, _import_error, _out_of_memory)


def _must_fail(place: Ground, run: Run, words: tuple[str, ...], tally: Tally) -> None:
    """Wait for the run's failure, which must give its reason in these words."""
    began = time.monotonic()
    rests = wait_until(lambda: living.rests(place.store.run(run.id)), 90)
    tally.took(time.monotonic() - began)
    run = place.store.run(run.id)
    said = all(word in run.message for word in words)
    tally.expect(rests and run.state == "failed" and said, f"not failed for {words}: {place.words(run.id)}")
    tally.corrupt += soundness.flaws(place, run.id)


@contextmanager
def _new_supervisor(place: Ground) -> Iterator[None]:
    """Have one that knows the environment of now, and again one that knows that of before."""
    _end_supervisor(place)
    summon.ensure(place.workspace)
    yield
    _end_supervisor(place)


def _end_supervisor(place: Ground) -> None:
    for process in living.found(place, living.SUPERVISOR):
        process.kill()
        process.wait(10)


@contextmanager
def _group(pid: int, limit: int) -> Iterator[None]:
    """Put a process under a limit of memory. Raises Skipped where control groups cannot be made."""
    group, limit_name = _own_group()
    group = group / f"rowsmith-faults-{pid}"
    try:
        group.mkdir()
        (group / limit_name).write_text(str(limit))
        (group / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        with suppress(OSError):
            group.rmdir()
        raise Skipped(f"no control group with a limit of memory can be made here ({error.strerror})") from error
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _try_to_remove(group), 10)


def _own_group() -> tuple[Path, str]:
    """Return the folder of the control group that limits this process's memory, and the name of that limit."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        number, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return _inside(GROUPS / "memory", path), "memory.limit_in_bytes"
        if number == "0" and (GROUPS / "cgroup.controllers").exists():
            return _inside(GROUPS, path), "memory.max"
    raise Skipped("there are no control groups for memory here")


def _inside(root: Path, path: str) -> Path:
    """Return the group's folder; in a container it may be the root itself."""
    folder = root / path.strip("/")
    return folder if folder.is_dir() else root


def _try_to_remove(group: Path) -> bool:
    """Remove a group; return whether it is still there."""
    with suppress(OSError):
        group.rmdir()
    return group.exists()


def _spares(place: Ground) -> list[psutil.Process]:
    return living.found(place, living.SPARE)


def _pid(run: Run) -> int:
    assert run.pid is not None
    return run.pid
