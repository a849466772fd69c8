"""Promises on what a worker says of itself: true figures, at any moment, and never an end to who asks."""

import subprocess
import sys

import torch  # noqa: F401  # which counts them

from core.runs.vitals import vitals

WHILE_IT_IMPORTS = """
import threading
from core.runs.vitals import vitals
importing = threading.Thread(target=lambda: __import__("torch"))
importing.start()
seen = []
while importing.is_alive():
    seen.append(vitals())
importing.join()
print(len(seen) > 10, all(found["rss_bytes"] > 0 for found in seen), "threads" in vitals())
"""


def test_memory_is_that_of_the_process() -> None:
    before = vitals()["rss_bytes"]
    ballast = bytearray(b"x" * 80_000_000)
    assert vitals()["rss_bytes"] - before > 60_000_000
    assert len(ballast) == 80_000_000


def test_it_can_be_asked_at_every_moment_of_torchs_import() -> None:
    done = subprocess.run([sys.executable, "-c", WHILE_IT_IMPORTS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True True True\n", 0), done.stderr


def test_the_memory_and_the_threads_of_processes_that_it_has_started_count_too() -> None:
    code = "ballast = bytearray(b'x' * 80_000_000); print(len(ballast), flush=True); input()"
    before, threads = vitals()["rss_bytes"], vitals()["threads"]
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        during = vitals()
        other.kill()
    assert during["rss_bytes"] - before > 60_000_000
    assert during["threads"] == threads + 1
