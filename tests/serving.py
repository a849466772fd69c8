"""Starting the real server and the system's browser, for the browser tests and the benchmarks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import end_all_in

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server, the workspace it writes to, and what it printed."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]


def start_server(home: Path, log: Path) -> Server:
    """Start the app as a user does, without opening a browser, and return without waiting for it."""
    port = _free_port()
    command = [sys.executable, "-m", "core.cli", "app", "--no-browser", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "ROWSMITH_HOME": str(home)}, stdout=output, stderr=subprocess.STDOUT
        )
    return Server(f"http://127.0.0.1:{port}", home, log, process)


def wait_until_it_answers(server: Server) -> None:
    """Return when the server is healthy; fail with its output when it ends or says nothing."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"the server does not answer: {server.log.read_text()}")


def stop_server(server: Server) -> None:
    """End the server, and the processes that would outlive it."""
    server.process.terminate()
    server.process.wait(timeout=15)
    end_all_in(server.home)


@contextmanager
def serving(home: Path, log: Path) -> Iterator[Server]:
    """Run a server for the duration of a `with` block."""
    server = start_server(home, log)
    try:
        wait_until_it_answers(server)
        yield server
    finally:
        stop_server(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
